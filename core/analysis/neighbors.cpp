// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/neighbors.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/analysis/dot_products.h"
#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

/// Candidates kept beyond k: float32 rounding may swap near ties, the exact distances decide among these.
constexpr int64_t kSpare = 8;
/// Query rows that share one pass over a panel while it is in cache.
constexpr int64_t kQueryBlock = 96;
/// Reference panels between two looks at the cancel flag (a few milliseconds).
constexpr int64_t kPanelsPerPass = 256;

struct Candidate {
    float score;
    int32_t row;
    bool operator<(const Candidate& other) const { return score < other.score || (score == other.score && row < other.row); }
};

/// The best candidates of one query in ascending order; score = |y|² − 2xy.
class Shortlist {
public:
    explicit Shortlist(size_t size) : m_size(size) { m_best.reserve(size + 1); }
    float worst() const { return m_best.size() < m_size ? std::numeric_limits<float>::infinity() : m_best.back().score; }
    void offer(Candidate c) {
        m_best.insert(std::ranges::upper_bound(m_best, c, std::less<>()), c);
        if (m_best.size() > m_size) m_best.pop_back();
    }
    const std::vector<Candidate>& best() const { return m_best; }

private:
    size_t m_size;
    std::vector<Candidate> m_best;
};

Result<void> checkFinite(const DenseMatrix& data) {
    for (const float v : data.values) {
        if (!std::isfinite(v)) return badInput("The representation holds values that are not finite numbers.");
    }
    return {};
}

/// Subtracting the mean keeps |x|² small against the distances and so the rounding error of the float32 form.
DenseMatrix centred(const DenseMatrix& data, const std::vector<double>& mean) {
    DenseMatrix out(data.rows, data.cols);
    for (int64_t i = 0; i < data.rows; ++i) {
        for (int64_t j = 0; j < data.cols; ++j)
            out(i, j) = static_cast<float>(static_cast<double>(data(i, j)) - mean[static_cast<size_t>(j)]);
    }
    return out;
}

float distance(const float* x, const float* y, int64_t width) {
    double sum = 0;
    for (int64_t k = 0; k < width; ++k) {
        const double d = static_cast<double>(x[k]) - static_cast<double>(y[k]);
        sum += d * d;
    }
    return static_cast<float>(std::sqrt(sum));
}

class Search {
public:
    Search(const DenseMatrix& queries, const DenseMatrix& reference, bool leaveSelfOut)
        : m_queries(queries), m_reference(reference), m_packed(reference.values.data(), reference.rows, reference.cols, reference.cols),
          m_norms(static_cast<size_t>(m_packed.panels() * PackedRows::kPanel), std::numeric_limits<float>::infinity()),
          m_leaveSelfOut(leaveSelfOut) {
        for (int64_t j = 0; j < reference.rows; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < reference.cols; ++k) sum += static_cast<double>(reference(j, k)) * reference(j, k);
            m_norms[static_cast<size_t>(j)] = static_cast<float>(sum);
        }
    }

    /// Neighbours of the queries [begin, end); false when cancelled.
    bool run(int64_t begin, int64_t end, const Progress& progress, Neighbors& out) const {
        std::vector<Shortlist> lists(static_cast<size_t>(end - begin), Shortlist(static_cast<size_t>(out.k + kSpare)));
        std::vector<float> limits(lists.size(), std::numeric_limits<float>::infinity());
        for (int64_t p = 0; p < m_packed.panels(); ++p) {
            if (p % kPanelsPerPass == 0 && progress.cancelled()) return false;
            for (int64_t row = begin; row < end; row += kTileRows)
                scan(row, std::min(kTileRows, end - row), begin, p, lists, limits);
        }
        for (int64_t row = begin; row < end; ++row) keepNearest(row, lists[static_cast<size_t>(row - begin)], out);
        return true;
    }

private:
    void scan(int64_t row, int64_t rows, int64_t begin, int64_t panel, std::vector<Shortlist>& lists, std::vector<float>& limits) const {
        float dots[kTileRows * PackedRows::kPanel];
        dotTile(m_queries.row(row), rows, m_queries.cols, m_packed.panel(panel), m_queries.cols, dots);
        const float* norms = m_norms.data() + panel * PackedRows::kPanel;
        for (int64_t i = 0; i < rows; ++i) {
            float scores[PackedRows::kPanel];
            float best = std::numeric_limits<float>::infinity();
            for (int64_t j = 0; j < PackedRows::kPanel; ++j) {
                scores[j] = norms[j] - 2.0f * dots[i * PackedRows::kPanel + j];
                best = std::min(best, scores[j]);
            }
            const auto list = static_cast<size_t>(row + i - begin);
            if (!(best < limits[list])) continue;
            for (int64_t j = 0; j < PackedRows::kPanel; ++j) {
                if (!(scores[j] < limits[list])) continue;
                const int64_t other = panel * PackedRows::kPanel + j;
                if (m_leaveSelfOut && other == row + i) continue;
                lists[list].offer({scores[j], static_cast<int32_t>(other)});
                limits[list] = lists[list].worst();
            }
        }
    }

    void keepNearest(int64_t row, const Shortlist& list, Neighbors& out) const {
        std::vector<Candidate> exact;
        for (const Candidate& c : list.best())
            exact.push_back({distance(m_queries.row(row), m_reference.row(c.row), m_queries.cols), c.row});
        std::ranges::sort(exact, std::less<>());
        for (int64_t j = 0; j < out.k; ++j) {
            out.indices[static_cast<size_t>(row * out.k + j)] = exact[static_cast<size_t>(j)].row;
            out.distances[static_cast<size_t>(row * out.k + j)] = exact[static_cast<size_t>(j)].score;
        }
    }

    const DenseMatrix& m_queries;
    const DenseMatrix& m_reference;
    PackedRows m_packed;
    std::vector<float> m_norms;
    bool m_leaveSelfOut;
};

Result<Neighbors> search(const DenseMatrix& queries, const DenseMatrix& reference, int64_t k, bool same, Progress& progress) {
    std::vector<double> mean(static_cast<size_t>(reference.cols), 0.0);
    for (int64_t i = 0; i < reference.rows; ++i) {
        for (int64_t j = 0; j < reference.cols; ++j) mean[static_cast<size_t>(j)] += reference(i, j);
    }
    for (double& m : mean) m /= static_cast<double>(reference.rows);
    const DenseMatrix centredReference = centred(reference, mean);
    const DenseMatrix centredQueries = same ? DenseMatrix() : centred(queries, mean);
    const DenseMatrix& q = same ? centredReference : centredQueries;

    Neighbors out;
    out.rows = queries.rows;
    out.k = std::min(k, reference.rows - (same ? 1 : 0));
    out.indices.resize(static_cast<size_t>(out.rows * out.k));
    out.distances.resize(out.indices.size());
    const Search engine(q, centredReference, same);
    const int64_t blocks = (out.rows + kQueryBlock - 1) / kQueryBlock;
    const int64_t perRound = std::max<int64_t>(1, threadCount()) * 4;
    StageProgress stage(progress, "knn", static_cast<double>(out.rows), "cells");
    std::atomic<bool> finished{true};
    for (int64_t first = 0; first < blocks && finished; first += perRound) {
        const int64_t round = std::min(perRound, blocks - first);
        parallelFor(static_cast<size_t>(round), 1, [&](size_t begin, size_t end) {
            for (size_t b = begin; b < end && finished; ++b) {
                const int64_t row = (first + static_cast<int64_t>(b)) * kQueryBlock;
                if (!engine.run(row, std::min(row + kQueryBlock, out.rows), progress, out)) finished = false;
            }
        });
        stage.set(static_cast<double>(std::min((first + round) * kQueryBlock, out.rows)));
    }
    if (!finished) return cancelledError();
    return out;
}

}  // namespace

Result<Neighbors> nearestNeighbors(const DenseMatrix& data, int64_t k, Progress& progress) {
    if (data.rows < 2) return badInput("Neighbours need at least two cells.");
    TXFM_CHECK(checkFinite(data));
    return search(data, data, k, true, progress);
}

Result<Neighbors> nearestNeighbors(const DenseMatrix& queries, const DenseMatrix& reference, int64_t k, Progress& progress) {
    if (reference.rows < 1 || queries.cols != reference.cols)
        return badInput("Neighbours need reference cells of the same width as the queries.");
    TXFM_CHECK(checkFinite(queries));
    TXFM_CHECK(checkFinite(reference));
    return search(queries, reference, k, false, progress);
}

}  // namespace txfm::analysis
