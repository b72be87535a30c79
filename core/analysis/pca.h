// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::analysis {

/// Principal components of rows [n × d] after subtracting the column means.
struct Pca {
    DenseMatrix scores;       ///< [n × k]
    DenseMatrix components;   ///< [k × d], unit rows; the largest loading of each is positive
    std::vector<double> mean;           ///< [d]
    std::vector<double> variance;       ///< [k], ddof 1
    std::vector<double> varianceRatio;  ///< [k], share of totalVariance
    double totalVariance = 0;
};

/// k is reduced to min(n − 1, d). From the eigenvectors of the d × d covariance. Errors: BadInput for fewer than two
/// rows or non-finite values; Cancelled.
Result<Pca> principalComponents(const DenseMatrix& data, int64_t k, Progress& progress);
/// The same for sparse rows; never made dense as a whole. Few rows are multiplied with directly, of many rows the
/// covariance is taken.
Result<Pca> principalComponents(const CsrMatrix& data, int64_t k, Progress& progress);
/// The same for rows that need not fit in memory; they are read twice.
Result<Pca> principalComponents(const CountSource& data, int64_t k, Progress& progress);

}  // namespace txfm::analysis
