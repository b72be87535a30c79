// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::evaluation {

/// Share of the variance of the first `components` principal components that the batch explains:
/// Σ var_k max(0, R²_k) / Σ var_k (spec §7.2, eq. 24).
Result<double> principalComponentRegression(const DenseMatrix& data, const std::vector<int32_t>& batches, int64_t components,
                                            Progress& progress);

/// max(0, (before − after) / before); 0 when nothing was explained before.
double regressionComparison(double before, double after);

}  // namespace txfm::evaluation
