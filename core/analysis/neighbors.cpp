// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/neighbors.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "core/analysis/neighbor_scan.h"
#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

/// Reference panels between two looks at the cancel flag (a few milliseconds).
constexpr int64_t kPanelsPerPass = 256;

Result<void> checkFinite(const DenseMatrix& data) {
    for (const float v : data.values) {
        if (!std::isfinite(v)) return badInput("The representation holds values that are not finite numbers.");
    }
    return {};
}

Result<Neighbors> search(const DenseMatrix& queries, const DenseMatrix& reference, int64_t k, bool same, Progress& progress) {
    Neighbors out;
    out.rows = queries.rows;
    out.k = std::min(k, reference.rows - (same ? 1 : 0));
    out.indices.resize(static_cast<size_t>(out.rows * out.k));
    out.distances.resize(out.indices.size());
    const ReferencePanels panels(reference, columnMeans(reference), {});
    const int64_t blocks = (out.rows + kQueryBlock - 1) / kQueryBlock;
    const int64_t perRound = std::max<int64_t>(1, threadCount()) * 4;
    StageProgress stage(progress, "knn", static_cast<double>(out.rows), "cells");
    std::atomic<bool> finished{true};
    const auto searchBlock = [&](int64_t block) {
        std::vector<int32_t> rows(static_cast<size_t>(std::min(kQueryBlock, out.rows - block * kQueryBlock)));
        std::iota(rows.begin(), rows.end(), static_cast<int32_t>(block * kQueryBlock));
        QueryBlock group(panels, queries, std::move(rows), out.k, same);
        for (int64_t p = 0; p < panels.panels(); ++p) {
            if (p % kPanelsPerPass == 0 && progress.cancelled()) {
                finished = false;
                return;
            }
            group.scan(p);
        }
        for (size_t i = 0; i < group.rows().size(); ++i) {
            const int64_t at = group.rows()[i] * out.k;
            group.nearest(i, out.indices.data() + at, out.distances.data() + at);
        }
    };
    for (int64_t first = 0; first < blocks && finished; first += perRound) {
        const int64_t round = std::min(perRound, blocks - first);
        parallelFor(static_cast<size_t>(round), 1, [&](size_t begin, size_t end) {
            for (size_t b = begin; b < end && finished; ++b) searchBlock(first + static_cast<int64_t>(b));
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
