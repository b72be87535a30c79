// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace txfm::analysis {

/// Eigenvalues in descending order with their unit vectors, [values.size() × n] row-major.
struct EigenPairs {
    std::vector<double> values;
    std::vector<double> vectors;
};

/// The `count` largest eigenvalues of a symmetric matrix [n × n]: a dense solver for small n or many pairs, else
/// Lanczos with full reorthogonalisation. Deterministic; signs are arbitrary.
EigenPairs topEigenpairs(const std::vector<double>& matrix, int64_t n, int64_t count);

}  // namespace txfm::analysis
