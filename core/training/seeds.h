// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace txfm::training {

/// Uses of random numbers in a run; each has Philox streams of its own.
enum class SeedDomain : uint64_t { Masks, Split, Shuffle, Quota, DropPath, Weights, Codebook, Trial };

/// Seed of one use, mixed from the user's seed (the finaliser of SplitMix64). Masks use the user's seed as it is.
inline uint64_t domainSeed(uint64_t seed, SeedDomain domain) {
    if (domain == SeedDomain::Masks) return seed;
    uint64_t z = seed + 0x9E3779B97F4A7C15ull * static_cast<uint64_t>(domain);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

}  // namespace txfm::training
