// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/hvg.h"

#include <cmath>
#include <limits>

#include "core/base/parallel.h"
#include "core/preprocess/row_blocks.h"

namespace txfm {
namespace {

constexpr int64_t kPieceRows = 2048;
constexpr int64_t kPieces = 8;  // per block, shared out over threads
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Sums of one piece of rows; pieces are added in their order whatever thread made them.
struct PieceSums {
    std::vector<double> sum, squares;
};

void sumPiece(const CsrMatrix& m, int64_t first, int64_t last, double target, double* totals, PieceSums& out) {
    std::fill(out.sum.begin(), out.sum.end(), 0.0);
    std::fill(out.squares.begin(), out.squares.end(), 0.0);
    for (int64_t row = first; row < last; ++row) {
        double total = 0;
        for (int64_t k = m.indptr[row]; k < m.indptr[row + 1]; ++k) total += m.values[k];
        totals[row - first] = total;
        if (total <= 0) continue;
        const double scale = target / total;
        for (int64_t k = m.indptr[row]; k < m.indptr[row + 1]; ++k) {
            const double value = scale * m.values[k];
            const auto gene = static_cast<size_t>(m.indices[k]);
            out.sum[gene] += value;
            out.squares[gene] += value * value;
        }
    }
}

/// Bin of each value among `bins` of equal width (pandas.cut: right-closed, the lowest edge moved down by 0.1 %).
std::vector<int> equalWidthBins(const std::vector<double>& values, int bins) {
    const auto [lowest, highest] = std::ranges::minmax_element(values);
    double low = *lowest, high = *highest;
    std::vector<double> edges(static_cast<size_t>(bins) + 1);
    if (low == high) {
        low -= low != 0 ? 0.001 * std::abs(low) : 0.001;
        high += high != 0 ? 0.001 * std::abs(high) : 0.001;
    }
    const double step = (high - low) / bins;
    for (int i = 0; i <= bins; ++i) edges[static_cast<size_t>(i)] = low + step * i;
    edges.back() = high;
    if (*lowest != *highest) edges.front() -= 0.001 * (high - low);
    std::vector<int> bin(values.size());
    for (size_t g = 0; g < values.size(); ++g) {
        const auto edge = std::ranges::lower_bound(edges, values[g]) - edges.begin();
        bin[g] = std::clamp(static_cast<int>(edge) - 1, 0, bins - 1);
    }
    return bin;
}

}  // namespace

Result<GeneMoments> geneMoments(const CountSource& counts, double target, Progress& progress) {
    const auto genes = static_cast<size_t>(counts.genes());
    const auto cells = static_cast<double>(counts.cells());
    GeneMoments moments;
    moments.cellTotals.resize(static_cast<size_t>(counts.cells()));
    std::vector<double> sum(genes, 0.0), squares(genes, 0.0);
    std::vector<PieceSums> pieces(kPieces);
    for (PieceSums& piece : pieces) {
        piece.sum.resize(genes);
        piece.squares.resize(genes);
    }
    StageProgress stage(progress, "hvg", cells, "cells");
    TXFM_CHECK(forEachRowBlock(counts, kPieceRows * kPieces, progress, [&](const RowBlock& block) -> Result<void> {
        const int64_t rows = block.last - block.first;
        const int64_t used = (rows + kPieceRows - 1) / kPieceRows;
        parallelFor(static_cast<size_t>(used), 1, [&](size_t begin, size_t end) {
            for (size_t p = begin; p < end; ++p) {
                const int64_t from = static_cast<int64_t>(p) * kPieceRows;
                sumPiece(block.matrix, block.first + from, block.first + std::min(from + kPieceRows, rows), target,
                         moments.cellTotals.data() + block.cell + from, pieces[p]);
            }
        });
        for (int64_t p = 0; p < used; ++p) {
            for (size_t g = 0; g < genes; ++g) {
                sum[g] += pieces[static_cast<size_t>(p)].sum[g];
                squares[g] += pieces[static_cast<size_t>(p)].squares[g];
            }
        }
        stage.set(static_cast<double>(block.cell + rows));
        return {};
    }));
    moments.mean.resize(genes);
    moments.variance.resize(genes);
    for (size_t g = 0; g < genes; ++g) {
        const double mean = cells > 0 ? sum[g] / cells : 0;
        moments.mean[g] = mean;
        moments.variance[g] = cells > 1 ? std::max(0.0, (squares[g] - cells * mean * mean) / (cells - 1)) : 0;
    }
    return moments;
}

HvgResult highlyVariableGenes(const GeneMoments& moments, int64_t top, int bins) {
    const size_t genes = moments.mean.size();
    HvgResult result;
    result.means.resize(genes);
    result.dispersions.assign(genes, kNaN);
    result.dispersionsNorm.assign(genes, kNaN);
    if (genes == 0) return result;
    for (size_t g = 0; g < genes; ++g) {
        const double mean = moments.mean[g] == 0 ? 1e-12 : moments.mean[g];
        const double dispersion = moments.variance[g] / mean;
        if (dispersion > 0) result.dispersions[g] = std::log(dispersion);
        result.means[g] = std::log1p(mean);
    }
    const std::vector<int> bin = equalWidthBins(result.means, bins);
    for (int b = 0; b < bins; ++b) {
        double sum = 0, squares = 0;
        int64_t n = 0;
        for (size_t g = 0; g < genes; ++g) {
            if (bin[g] != b || std::isnan(result.dispersions[g])) continue;
            sum += result.dispersions[g];
            ++n;
        }
        const double mean = n > 0 ? sum / static_cast<double>(n) : kNaN;
        for (size_t g = 0; g < genes; ++g) {
            if (bin[g] == b && !std::isnan(result.dispersions[g]))
                squares += (result.dispersions[g] - mean) * (result.dispersions[g] - mean);
        }
        const double deviation = n > 1 ? std::sqrt(squares / static_cast<double>(n - 1)) : kNaN;
        for (size_t g = 0; g < genes; ++g) {
            if (bin[g] != b || std::isnan(result.dispersions[g])) continue;
            // A gene alone in its bin gets the value 1.
            result.dispersionsNorm[g] = n == 1 ? 1.0 : (result.dispersions[g] - mean) / deviation;
        }
    }
    std::vector<double> ranked;
    for (const double value : result.dispersionsNorm) {
        if (!std::isnan(value)) ranked.push_back(value);
    }
    std::ranges::sort(ranked, std::greater<>());
    if (ranked.empty() || top <= 0) return result;
    const double cutOff = ranked[static_cast<size_t>(std::min<int64_t>(top, static_cast<int64_t>(ranked.size())) - 1)];
    for (size_t g = 0; g < genes; ++g) {
        if (result.dispersionsNorm[g] >= cutOff) result.selected.push_back(static_cast<int64_t>(g));
    }
    return result;
}

Result<CsrMatrix> logNormalised(const CountSource& counts, const std::vector<int64_t>& genes,
                                const std::vector<double>& cellTotals, double target, Progress& progress) {
    std::vector<int32_t> column(static_cast<size_t>(counts.genes()), -1);
    for (size_t g = 0; g < genes.size(); ++g) column[static_cast<size_t>(genes[g])] = static_cast<int32_t>(g);
    CsrMatrix out;
    out.rows = counts.cells();
    out.cols = static_cast<int64_t>(genes.size());
    out.indptr.reserve(static_cast<size_t>(out.rows) + 1);
    StageProgress stage(progress, "normalise", static_cast<double>(counts.cells()), "cells");
    TXFM_CHECK(forEachRowBlock(counts, kPieceRows, progress, [&](const RowBlock& block) -> Result<void> {
        for (int64_t row = block.first; row < block.last; ++row) {
            const double total = cellTotals[static_cast<size_t>(block.cell + row - block.first)];
            const double scale = total > 0 ? target / total : 0;
            for (int64_t k = block.matrix.indptr[row]; k < block.matrix.indptr[row + 1]; ++k) {
                const int32_t to = column[static_cast<size_t>(block.matrix.indices[k])];
                if (to < 0) continue;
                out.indices.push_back(to);
                out.values.push_back(static_cast<float>(std::log1p(scale * block.matrix.values[k])));
            }
            out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
        }
        stage.set(static_cast<double>(block.cell + block.last - block.first));
        return {};
    }));
    return out;
}

}  // namespace txfm
