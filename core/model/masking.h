// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/model/sample.h"

namespace txfm::model {

/// Names one draw: the same key gives the same genes on any device, thread count and after a resume.
/// Word g of the Philox stream (seed, epoch, sample), block counter high word `view`, belongs to vocabulary gene g.
struct MaskKey {
    uint64_t seed = 0;
    uint32_t epoch = 0;
    uint32_t sample = 0;
    uint32_t view = 0;
};

/// 32 random bits of a gene under a key.
uint32_t maskNoise(const MaskKey& key, uint32_t gene);

/// Frequency-weighted key of a gene (spec §1.3): logWeight + Gumbel(0,1) from the 24 upper bits of `noise`.
/// Computed with IEEE additions, multiplications and divisions in double alone (no library logarithm, no
/// contraction) and rounded once to float, so that every device agrees on every bit.
float gumbelKey(uint32_t noise, float logWeight);

/// ln w_g = tau·ln(max(n_g, 1)) for every vocabulary gene (Table 5d); empty for tau = 0 (uniform).
/// `measuredIn` is the number of samples that measure each gene, for the definition fraction_of_measured;
/// empty = plain counts.
std::vector<float> maskLogWeights(std::span<const double> nonZeroSamples, double tau,
                                  std::span<const double> measuredIn = {});

/// min(k, G_n) of the measured genes without replacement, in ascending order (token order is irrelevant).
/// Uniform (logWeights empty): those with the k smallest noise words; weighted: the k largest Gumbel keys.
/// Ties go to the lower index. Thread-safe.
std::vector<int32_t> selectGenes(const MeasuredGenes& measured, int64_t k, const MaskKey& key,
                                 std::span<const float> logWeights = {});

}  // namespace txfm::model
