// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::evaluation {

/// Euclidean silhouette of each row [n]: (b − a) / max(a, b), b = the smallest mean distance to another label; 0 for a label of
/// one row (spec §7.2, eq. 22). Fewer than two labels: all 0. Time n² · d / threads, memory n · labels. Cancelled.
Result<std::vector<double>> silhouetteSamples(const DenseMatrix& data, const std::vector<int32_t>& labels, Progress& progress);

/// Mean silhouette scaled to (s + 1) / 2, as scib reports it.
Result<double> scaledSilhouette(const DenseMatrix& data, const std::vector<int32_t>& labels, Progress& progress);

/// scib's silhouette_batch: per label the mean of 1 − |silhouette with respect to batch|, then the mean over labels; labels in
/// one batch or with a batch per row are skipped. NaN when every label is skipped.
Result<double> batchSilhouetteScib(const DenseMatrix& data, const std::vector<int32_t>& labels, const std::vector<int32_t>& batches,
                                   Progress& progress);

/// Silhouettes within each batch, pooled over cells, unscaled (spec §7.2, eq. 23: b = nearest other label in the batch).
Result<double> withinBatchSilhouette(const DenseMatrix& data, const std::vector<int32_t>& labels, const std::vector<int32_t>& batches,
                                     Progress& progress);

}  // namespace txfm::evaluation
