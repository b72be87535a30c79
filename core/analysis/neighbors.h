// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

/// The k nearest other rows of every row, nearest first; ties by index.
struct Neighbors {
    int64_t rows = 0;
    int64_t k = 0;
    std::vector<int32_t> indices;   ///< [rows × k]
    std::vector<float> distances;   ///< [rows × k], Euclidean
};

/// Exact Euclidean neighbours by knncolle's k-means index (Wang 2012). k is reduced to rows − 1. Same result for any
/// thread count. Errors: BadInput for fewer than two rows, values that are not finite or beyond 10¹⁵; Cancelled.
Result<Neighbors> nearestNeighbors(const DenseMatrix& data, int64_t k, Progress& progress);

/// The nearest rows of `reference` for every row of `queries` (nothing is left out as "itself").
Result<Neighbors> nearestNeighbors(const DenseMatrix& queries, const DenseMatrix& reference, int64_t k, Progress& progress);

/// From so many cells on the exact search takes minutes.
constexpr int64_t kExactNeighbors = 200'000;

/// Nearly all of the nearest neighbours, for large sets: rows are put into lists around k-means centres and compared
/// with the lists around them (inverted file, Jégou et al. 2011, without its compression). `recall` receives the share
/// of true neighbours found, measured against the exact search on a sample of rows. Same result for any thread count.
Result<Neighbors> approximateNeighbors(const DenseMatrix& data, int64_t k, double& recall, Progress& progress);

}  // namespace txfm::analysis
