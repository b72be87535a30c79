// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::analysis {

/// A matrix A [rows × cols] that is known by its products alone. Both must give the same bits for any thread count.
struct LinearOperator {
    using Product = std::function<void(const double* in, double* out)>;
    int64_t rows = 0, cols = 0;
    Product multiply;  ///< out [rows] = A·in
    Product adjoint;   ///< out [cols] = Aᵀ·in
};

/// Largest singular values in descending order with their right vectors, [values.size() × cols] row-major, signs arbitrary.
struct SingularVectors {
    std::vector<double> values;
    std::vector<double> vectors;
    bool converged = true;
};

struct SingularOptions {
    double tolerance = 1e-8;  ///< largest residual, as a share of the largest singular value
    int restarts = 1000;      ///< most restarts; what is found by then is returned with converged = false
};

/// The `count` largest ones by the augmented implicitly restarted Lanczos bidiagonalization of Baglama & Reichel (2005),
/// the irlba library. count is at most min(rows, cols). Deterministic. Errors: Cancelled, seen before every product; Failed.
Result<SingularVectors> topSingularVectors(const LinearOperator& matrix, int64_t count, const SingularOptions& options, const Progress& progress);

/// The same for a symmetric matrix [n × n] in memory without negative eigenvalues, whose singular vectors are its
/// eigenvectors. Small matrices and many vectors are left to Eigen's dense solver.
Result<SingularVectors> topEigenvectors(const std::vector<double>& matrix, int64_t n, int64_t count, const Progress& progress);

}  // namespace txfm::analysis
