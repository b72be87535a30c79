// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/masking.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/base/random.h"

namespace txfm::model {
namespace {

std::array<uint32_t, 4> noiseBlock(const MaskKey& key, uint32_t block) {
    return philox4x32({block, key.view, key.epoch, key.sample},
                      {static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)});
}

// ln(v) for normal v > 0: v = m·2^e with m in [sqrt(1/2), sqrt(2)), ln m by the series of 2·atanh((m-1)/(m+1)).
// Only + - * /, so every IEEE device gets the same bits (this file is compiled without contraction).
double portableLog(double v) {
    constexpr double kLn2 = 0.69314718055994530942;
    uint64_t bits = std::bit_cast<uint64_t>(v);
    int exponent = static_cast<int>(bits >> 52) - 1022;
    double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFull) | 0x3FE0000000000000ull);
    if (m < 0.70710678118654752440) {
        m = m * 2.0;
        exponent -= 1;
    }
    const double s = (m - 1.0) / (m + 1.0);
    const double q = s * s;
    double series = 0;
    for (int k = 21; k >= 1; k -= 2) series = series * q + 1.0 / k;
    return 2.0 * s * series + exponent * kLn2;
}

struct Keyed {
    uint32_t key;  // smaller = revealed first
    int32_t gene;
    bool operator<(const Keyed& other) const { return key != other.key ? key < other.key : gene < other.gene; }
};

// Maps floats to integers of the opposite order, so that the largest key is the smallest integer.
uint32_t descendingBits(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t ascending = (bits & 0x80000000u) ? ~bits : (bits | 0x80000000u);
    return ~ascending;
}

}  // namespace

uint32_t maskNoise(const MaskKey& key, uint32_t gene) { return noiseBlock(key, gene / 4)[gene % 4]; }

float gumbelKey(uint32_t noise, float logWeight) {
    const double u = (static_cast<double>(noise >> 8) + 0.5) * 0x1p-24;
    return static_cast<float>(static_cast<double>(logWeight) - portableLog(-portableLog(u)));
}

std::vector<float> maskLogWeights(std::span<const double> nonZeroSamples, double tau,
                                  std::span<const double> measuredIn) {
    if (tau == 0) return {};
    std::vector<float> weights(nonZeroSamples.size());
    for (size_t gene = 0; gene < weights.size(); ++gene) {
        const double count = std::max(nonZeroSamples[gene], 1.0);
        const double share = measuredIn.empty() ? count : count / std::max(measuredIn[gene], 1.0);
        weights[gene] = static_cast<float>(tau * std::log(share));
    }
    return weights;
}

std::vector<int32_t> selectGenes(const MeasuredGenes& measured, int64_t k, const MaskKey& key,
                                 std::span<const float> logWeights) {
    if (k >= measured.count()) return measured.genes;
    std::vector<Keyed> keyed(measured.genes.size());
    uint32_t block = ~0u;
    std::array<uint32_t, 4> words{};
    for (size_t i = 0; i < keyed.size(); ++i) {
        const auto gene = static_cast<uint32_t>(measured.genes[i]);
        if (gene / 4 != block) {
            block = gene / 4;
            words = noiseBlock(key, block);
        }
        const uint32_t noise = words[gene % 4];
        const uint32_t sortKey = logWeights.empty() ? noise : descendingBits(gumbelKey(noise, logWeights[gene]));
        keyed[i] = {sortKey, measured.genes[i]};
    }
    std::nth_element(keyed.begin(), keyed.begin() + k, keyed.end());
    std::vector<int32_t> revealed(static_cast<size_t>(k));
    for (int64_t i = 0; i < k; ++i) revealed[i] = keyed[i].gene;
    std::sort(revealed.begin(), revealed.end());
    return revealed;
}

}  // namespace txfm::model
