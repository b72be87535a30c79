// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "core/analysis/neighbor_scan.h"
#include "core/analysis/neighbors.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr int64_t kRowsPerList = 512;
constexpr int64_t kSampledPerList = 64;
constexpr int kRounds = 6;
/// Lists that each row is compared with, at least; rows of a block share theirs.
constexpr int64_t kProbes = 24;
constexpr int64_t kRecallRows = 384;

/// `count` different rows of `rows`, ascending.
std::vector<int32_t> sampleRows(int64_t rows, int64_t count, uint64_t seed) {
    RandomStream random(seed, 0x6b6e6e);
    std::vector<int32_t> all(static_cast<size_t>(rows));
    std::iota(all.begin(), all.end(), 0);
    count = std::min(count, rows);
    for (int64_t i = 0; i < count; ++i)
        std::swap(all[static_cast<size_t>(i)], all[static_cast<size_t>(i) + random.below(static_cast<uint64_t>(rows - i))]);
    all.resize(static_cast<size_t>(count));
    std::ranges::sort(all);
    return all;
}

/// The centres around which the rows lie, [lists × width].
class Centres {
public:
    explicit Centres(DenseMatrix centres) : m_centres(std::move(centres)), m_panels(m_centres, std::vector<double>(static_cast<size_t>(m_centres.cols), 0.0), {}) {}
    Centres(const Centres&) = delete;
    int64_t size() const { return m_centres.rows; }
    const DenseMatrix& values() const { return m_centres; }

    /// scores [rows × (panels · kPanel)] of centred rows, smaller = nearer.
    void score(const float* rows, int64_t count, std::vector<float>& scores) const {
        const int64_t stride = m_panels.panels() * PackedRows::kPanel;
        scores.resize(static_cast<size_t>(count * stride));
        float dots[kTileRows * PackedRows::kPanel];
        for (int64_t first = 0; first < count; first += kTileRows) {
            const int64_t tile = std::min(kTileRows, count - first);
            for (int64_t p = 0; p < m_panels.panels(); ++p) {
                dotTile(rows + first * m_centres.cols, tile, m_centres.cols, m_panels.panel(p), m_centres.cols, dots);
                for (int64_t i = 0; i < tile; ++i)
                    for (int64_t j = 0; j < PackedRows::kPanel; ++j)
                        scores[static_cast<size_t>((first + i) * stride + p * PackedRows::kPanel + j)] =
                            m_panels.norms(p)[j] - 2.0f * dots[i * PackedRows::kPanel + j];
            }
        }
    }
    int64_t stride() const { return m_panels.panels() * PackedRows::kPanel; }

private:
    DenseMatrix m_centres;
    ReferencePanels m_panels;
};

/// Rows `rows` of the data with the mean taken off.
void gather(const DenseMatrix& data, const std::vector<double>& mean, const int32_t* rows, int64_t count, std::vector<float>& out) {
    out.resize(static_cast<size_t>(count * data.cols));
    for (int64_t i = 0; i < count; ++i) {
        const float* from = data.row(rows[i]);
        for (int64_t j = 0; j < data.cols; ++j) out[static_cast<size_t>(i * data.cols + j)] = static_cast<float>(static_cast<double>(from[j]) - mean[static_cast<size_t>(j)]);
    }
}

/// The nearest centre of each row; false when cancelled.
bool assign(const DenseMatrix& data, const std::vector<double>& mean, const std::vector<int32_t>& rows, const Centres& centres,
            std::vector<int32_t>& nearest, const Progress& progress) {
    nearest.resize(rows.size());
    std::atomic<bool> finished{true};
    parallelFor(rows.size(), 1024, [&](size_t begin, size_t end) {
        std::vector<float> block, scores;
        for (size_t first = begin; first < end && finished; first += kQueryBlock) {
            if (progress.cancelled()) finished = false;
            const auto count = static_cast<int64_t>(std::min(static_cast<size_t>(kQueryBlock), end - first));
            gather(data, mean, rows.data() + first, count, block);
            centres.score(block.data(), count, scores);
            for (int64_t i = 0; i < count; ++i) {
                const float* row = scores.data() + i * centres.stride();
                nearest[first + static_cast<size_t>(i)] = static_cast<int32_t>(std::min_element(row, row + centres.stride()) - row);
            }
        }
    });
    return finished;
}

/// k-means on a sample; nothing when cancelled.
DenseMatrix findCentres(const DenseMatrix& data, const std::vector<double>& mean, int64_t lists, Progress& progress) {
    const std::vector<int32_t> sample = sampleRows(data.rows, lists * kSampledPerList, 1);
    DenseMatrix centres(lists, data.cols);
    std::vector<float> block;
    const std::vector<int32_t> starts = sampleRows(static_cast<int64_t>(sample.size()), lists, 2);
    for (int64_t l = 0; l < lists; ++l) {
        gather(data, mean, &sample[static_cast<size_t>(starts[static_cast<size_t>(l)])], 1, block);
        std::ranges::copy(block, centres.row(l));
    }
    StageProgress stage(progress, "knn lists", kRounds, "rounds");
    std::vector<int32_t> nearest;
    for (int round = 0; round < kRounds; ++round) {
        if (!assign(data, mean, sample, Centres(centres), nearest, progress)) return {};
        std::vector<double> sums(centres.values.size(), 0.0);
        std::vector<int64_t> members(static_cast<size_t>(lists), 0);
        for (size_t i = 0; i < sample.size(); ++i) {
            gather(data, mean, &sample[i], 1, block);
            double* sum = sums.data() + nearest[i] * data.cols;
            for (int64_t j = 0; j < data.cols; ++j) sum[j] += block[static_cast<size_t>(j)];
            ++members[static_cast<size_t>(nearest[i])];
        }
        for (int64_t l = 0; l < lists; ++l)
            for (int64_t j = 0; j < data.cols && members[static_cast<size_t>(l)] > 0; ++j)
                centres(l, j) = static_cast<float>(sums[static_cast<size_t>(l * data.cols + j)] / static_cast<double>(members[static_cast<size_t>(l)]));
        stage.set(round + 1);
    }
    return centres;
}

/// Rows by list, every list filled up with −1 to whole panels.
struct Lists {
    std::vector<int32_t> order;
    std::vector<int64_t> firstPanel;  ///< lists + 1
    std::vector<int32_t> rows;        ///< the same without gaps: the order in which rows are looked up
    std::vector<int64_t> firstRow;    ///< lists + 1, in `rows`
};

Lists makeLists(const std::vector<int32_t>& listOf, int64_t lists) {
    Lists out;
    std::vector<int64_t>& begin = out.firstRow;
    begin.assign(static_cast<size_t>(lists) + 1, 0);
    for (const int32_t list : listOf) ++begin[static_cast<size_t>(list) + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    out.rows.resize(listOf.size());
    std::vector<int64_t> next(begin.begin(), begin.end() - 1);
    for (size_t row = 0; row < listOf.size(); ++row) out.rows[static_cast<size_t>(next[static_cast<size_t>(listOf[row])]++)] = static_cast<int32_t>(row);
    out.firstPanel.push_back(0);
    for (int64_t list = 0; list < lists; ++list) {
        out.order.insert(out.order.end(), out.rows.begin() + begin[static_cast<size_t>(list)], out.rows.begin() + begin[static_cast<size_t>(list) + 1]);
        const auto kPanel = static_cast<size_t>(PackedRows::kPanel);
        out.order.resize((out.order.size() + kPanel - 1) / kPanel * kPanel, -1);
        out.firstPanel.push_back(static_cast<int64_t>(out.order.size() / kPanel));
    }
    return out;
}

/// Lists near any query of the block, those near its first one first; all of them when the nearest hold fewer than k rows.
std::vector<int64_t> listsNear(const QueryBlock& block, const Centres& centres, const Lists& lists, int64_t k, std::vector<float>& scores) {
    const auto count = static_cast<int64_t>(block.rows().size());
    centres.score(block.centred(0), count, scores);
    std::vector<uint8_t> wanted(static_cast<size_t>(centres.size()), 0);
    std::vector<int32_t> order(static_cast<size_t>(centres.size()));
    for (int64_t i = 0; i < count; ++i) {
        const float* row = scores.data() + i * centres.stride();
        std::iota(order.begin(), order.end(), 0);
        const auto nearer = [&](int32_t a, int32_t b) { return row[a] < row[b] || (row[a] == row[b] && a < b); };
        const int64_t first = std::min(kProbes, centres.size());
        std::nth_element(order.begin(), order.begin() + (first - 1), order.end(), nearer);
        int64_t rows = 0;
        for (int64_t p = 0; p < first; ++p) {
            const auto list = static_cast<size_t>(order[static_cast<size_t>(p)]);
            wanted[list] = 1;
            rows += lists.firstRow[list + 1] - lists.firstRow[list];
        }
        if (rows > k) continue;  // one of them may be the query
        std::ranges::fill(wanted, uint8_t{1});
        break;
    }
    std::vector<int64_t> near;
    for (size_t list = 0; list < wanted.size(); ++list)
        if (wanted[list]) near.push_back(static_cast<int64_t>(list));
    // The nearest first: what they hold keeps most of the rest out of the short lists at once.
    std::ranges::stable_sort(near, {}, [&](int64_t list) { return scores[static_cast<size_t>(list)]; });
    return near;
}

double measureRecall(const DenseMatrix& data, const Neighbors& found, Progress& progress) {
    Progress silent(progress.token());
    const std::vector<int32_t> rows = sampleRows(data.rows, kRecallRows, 3);
    DenseMatrix queries(static_cast<int64_t>(rows.size()), data.cols);
    for (size_t i = 0; i < rows.size(); ++i) std::copy_n(data.row(rows[i]), data.cols, queries.row(static_cast<int64_t>(i)));
    const Result<Neighbors> exact = nearestNeighbors(queries, data, found.k + 1, silent);
    if (!exact) return 0;
    int64_t hits = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
        // By distance, so that ties between equal cells do not count as misses. The row itself comes first.
        const float limit = exact->distances[(i + 1) * static_cast<size_t>(exact->k) - 1];
        for (int64_t j = 0; j < found.k; ++j) hits += found.distances[static_cast<size_t>(rows[i] * found.k + j)] <= limit;
    }
    return static_cast<double>(hits) / static_cast<double>(static_cast<int64_t>(rows.size()) * found.k);
}

}  // namespace

Result<Neighbors> approximateNeighbors(const DenseMatrix& data, int64_t k, double& recall, Progress& progress) {
    if (data.rows < 2) return badInput("Neighbours need at least two cells.");
    if (!std::ranges::all_of(data.values, [](float v) { return std::isfinite(v); }))
        return badInput("The representation holds values that are not finite numbers.");
    Neighbors out;
    out.rows = data.rows;
    out.k = std::min(k, data.rows - 1);
    const int64_t listCount = std::clamp<int64_t>(data.rows / kRowsPerList, 1, 8192);
    const std::vector<double> mean = columnMeans(data);
    DenseMatrix found = findCentres(data, mean, listCount, progress);
    if (found.rows == 0) return cancelledError();
    const Centres centres(std::move(found));
    Lists lists;
    {
        std::vector<int32_t> all(static_cast<size_t>(data.rows)), listOf;
        std::iota(all.begin(), all.end(), 0);
        if (!assign(data, mean, all, centres, listOf, progress)) return cancelledError();
        lists = makeLists(listOf, listCount);
    }
    const ReferencePanels panels(data, mean, std::move(lists.order));
    out.indices.resize(static_cast<size_t>(out.rows * out.k));
    out.distances.resize(out.indices.size());
    const int64_t blocks = (out.rows + kQueryBlock - 1) / kQueryBlock, perRound = std::max<int64_t>(1, threadCount()) * 8;
    StageProgress stage(progress, "knn", static_cast<double>(out.rows), "cells");
    for (int64_t first = 0; first < blocks; first += perRound) {
        if (progress.cancelled()) return cancelledError();
        const int64_t round = std::min(perRound, blocks - first);
        parallelFor(static_cast<size_t>(round), 1, [&](size_t begin, size_t end) {
            std::vector<float> scores;
            for (size_t b = begin; b < end; ++b) {
                const int64_t from = (first + static_cast<int64_t>(b)) * kQueryBlock, to = std::min(from + kQueryBlock, out.rows);
                QueryBlock block(panels, data, {lists.rows.begin() + from, lists.rows.begin() + to}, out.k, true);
                for (const int64_t list : listsNear(block, centres, lists, out.k, scores))
                    for (int64_t p = lists.firstPanel[static_cast<size_t>(list)]; p < lists.firstPanel[static_cast<size_t>(list) + 1]; ++p) block.scan(p);
                for (size_t i = 0; i < block.rows().size(); ++i) {
                    const int64_t at = block.rows()[i] * out.k;
                    block.nearest(i, out.indices.data() + at, out.distances.data() + at);
                }
            }
        });
        stage.set(static_cast<double>(std::min((first + round) * kQueryBlock, out.rows)));
    }
    recall = measureRecall(data, out, progress);
    if (progress.cancelled()) return cancelledError();
    return out;
}

}  // namespace txfm::analysis
