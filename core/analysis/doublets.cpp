// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/doublets.h"

#include <algorithm>
#include <cmath>

#include "core/analysis/neighbors.h"
#include "core/analysis/pca.h"
#include "core/base/random.h"
#include "core/preprocess/hvg.h"

namespace txfm::analysis {
namespace {

constexpr double kTarget = 1e4;
constexpr int64_t kVariableGenes = 2000;
constexpr int64_t kPairsPerRead = 2048;

struct Pairs {
    std::vector<int64_t> first, second;
};

Pairs drawPairs(int64_t cells, int64_t count, uint64_t seed) {
    RandomStream random(seed, 0x64626c74);
    Pairs pairs;
    for (int64_t i = 0; i < count; ++i) {
        pairs.first.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(cells))));
        pairs.second.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(cells))));
    }
    return pairs;
}

/// Scores of summed pairs in the components of the observed cells.
class Projector {
public:
    Projector(const Pca& pca, const std::vector<int64_t>& genes, int64_t allGenes) : m_pca(pca), m_column(static_cast<size_t>(allGenes), -1) {
        for (size_t g = 0; g < genes.size(); ++g) m_column[static_cast<size_t>(genes[g])] = static_cast<int32_t>(g);
        m_start.assign(static_cast<size_t>(pca.components.rows), 0.0);
        for (int64_t c = 0; c < pca.components.rows; ++c) {
            for (int64_t j = 0; j < pca.components.cols; ++j)
                m_start[static_cast<size_t>(c)] -= pca.mean[static_cast<size_t>(j)] * pca.components(c, j);
        }
    }

    void project(const CsrMatrix& a, const CsrMatrix& b, int64_t row, double total, float* out) {
        m_sum.assign(static_cast<size_t>(m_pca.components.cols), 0.0f);
        for (const CsrMatrix* m : {&a, &b}) {
            for (int64_t e = m->indptr[row]; e < m->indptr[row + 1]; ++e) {
                const int32_t column = m_column[static_cast<size_t>(m->indices[e])];
                if (column >= 0) m_sum[static_cast<size_t>(column)] += m->values[e];
            }
        }
        const double scale = total > 0 ? kTarget / total : 0;
        for (float& v : m_sum) v = static_cast<float>(std::log1p(scale * v));
        for (int64_t c = 0; c < m_pca.components.rows; ++c) {
            double score = m_start[static_cast<size_t>(c)];
            for (int64_t j = 0; j < m_pca.components.cols; ++j) score += static_cast<double>(m_sum[static_cast<size_t>(j)]) * m_pca.components(c, j);
            out[c] = static_cast<float>(score);
        }
    }

private:
    const Pca& m_pca;
    std::vector<int32_t> m_column;
    std::vector<double> m_start;
    std::vector<float> m_sum;
};

}  // namespace

Result<std::vector<double>> doubletScores(const CountSource& counts, const DoubletOptions& options, Progress& progress) {
    const int64_t cells = counts.cells();
    if (cells < 20) return badInput("Doublet scores need at least 20 cells.");
    TXFM_TRY(const GeneMoments moments, geneMoments(counts, kTarget, progress));
    const HvgResult hvg = highlyVariableGenes(moments, kVariableGenes);
    if (hvg.selected.empty()) return badInput("Doublet scores need genes that vary between cells.");
    TXFM_TRY(const CsrMatrix values, logNormalised(counts, hvg.selected, moments.cellTotals, kTarget, progress));
    TXFM_TRY(const Pca pca, principalComponents(values, options.components, progress));

    const auto simulated = static_cast<int64_t>(std::llround(options.simulatedRatio * static_cast<double>(cells)));
    const Pairs pairs = drawPairs(cells, simulated, options.seed);
    DenseMatrix all(cells + simulated, pca.scores.cols);
    std::copy(pca.scores.values.begin(), pca.scores.values.end(), all.values.begin());
    Projector projector(pca, hvg.selected, counts.genes());
    for (int64_t begin = 0; begin < simulated; begin += kPairsPerRead) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(begin + kPairsPerRead, simulated);
        TXFM_TRY(const CsrMatrix a, counts.readRowsAt({pairs.first.begin() + begin, pairs.first.begin() + end}));
        TXFM_TRY(const CsrMatrix b, counts.readRowsAt({pairs.second.begin() + begin, pairs.second.begin() + end}));
        for (int64_t i = begin; i < end; ++i) {
            const double total = moments.cellTotals[static_cast<size_t>(pairs.first[static_cast<size_t>(i)])] +
                                 moments.cellTotals[static_cast<size_t>(pairs.second[static_cast<size_t>(i)])];
            projector.project(a, b, i - begin, total, all.row(cells + i));
        }
    }
    const double ratio = static_cast<double>(simulated) / static_cast<double>(cells);
    const auto k = static_cast<int64_t>(std::llround(std::round(0.5 * std::sqrt(static_cast<double>(cells))) * (1 + ratio)));
    DenseMatrix observed(cells, pca.scores.cols);
    observed.values = pca.scores.values;
    TXFM_TRY(const Neighbors near, nearestNeighbors(observed, all, k + 1, progress));
    std::vector<double> scores(static_cast<size_t>(cells));
    const double rho = options.expectedRate;
    for (int64_t i = 0; i < cells; ++i) {
        double doublets = 0, counted = 0;
        for (int64_t j = 0; j < near.k && counted < static_cast<double>(k); ++j) {
            const int32_t other = near.indices[static_cast<size_t>(i * near.k + j)];
            if (other == i) continue;
            doublets += other >= cells;
            ++counted;
        }
        const double q = (doublets + 1) / (counted + 2);
        scores[static_cast<size_t>(i)] = q * rho / ratio / (1 - rho - q * (1 - rho - rho / ratio));
    }
    return scores;
}

}  // namespace txfm::analysis
