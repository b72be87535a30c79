// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace txfm::evaluation {

/// Normalised mutual information 2 I / (H_a + H_b), natural logarithm (spec §7.2, eq. 20); 1 when both are one cluster.
double normalisedMutualInformation(const std::vector<int32_t>& a, const std::vector<int32_t>& b);

/// Adjusted Rand index by pair counting (spec §7.2, eq. 21); 0/0 is 1.
double adjustedRandIndex(const std::vector<int32_t>& a, const std::vector<int32_t>& b);

}  // namespace txfm::evaluation
