// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::analysis {

/// Eigenvalues in descending order with their unit vectors, [values.size() × n] row-major.
struct EigenPairs {
    std::vector<double> values;
    std::vector<double> vectors;
};

/// out = C·b for a symmetric C [n × n] and panels of kPanelColumns columns (panel_products.h).
using SymmetricOperator = std::function<void(const double* b, double* out)>;

/// The `count` largest eigenvalues by block Lanczos with full reorthogonalisation (Golub & Van Loan §10.3.6), until the
/// residual of each is below 10⁻⁶ of its value. Deterministic; signs are arbitrary. Worth it for count ≪ n.
/// Error: Cancelled, seen after every product.
Result<EigenPairs> topEigenpairs(const SymmetricOperator& multiply, int64_t n, int64_t count, const Progress& progress);

/// The same of a matrix [n × n] in memory; a dense solver for small n or many pairs.
Result<EigenPairs> topEigenpairs(const std::vector<double>& matrix, int64_t n, int64_t count, const Progress& progress);

}  // namespace txfm::analysis
