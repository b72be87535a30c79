// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>

namespace txfm {

/// Philox4x32-10 counter-based generator (Salmon et al., SC 2011): block `counter` of stream `key`.
/// The same numbers come out on any device, thread count and after a resume.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// Sequential view of one Philox stream. The stream is named by (seed, a, b): e.g. (seed, epoch,
/// sample). Not thread-safe; make one per item, it costs nothing.
class RandomStream {
public:
    RandomStream(uint64_t seed, uint32_t a = 0, uint32_t b = 0) : m_seed(seed), m_a(a), m_b(b) {}

    uint32_t next32();
    uint64_t next64() { return (uint64_t{next32()} << 32) | next32(); }
    /// Uniform on the open interval (0, 1), 24 bits; exactly representable in float32.
    float uniform() { return (static_cast<float>(next32() >> 8) + 0.5f) * 0x1p-24f; }
    /// Uniform on (0, 1) with 53 bits.
    double uniform53() { return (static_cast<double>(next64() >> 11) + 0.5) * 0x1p-53; }
    /// Uniform integer in [0, bound), bound > 0, without modulo bias.
    uint64_t below(uint64_t bound);
    /// Standard normal (Box-Muller).
    double normal();

    using result_type = uint64_t;
    static constexpr uint64_t min() { return 0; }
    static constexpr uint64_t max() { return ~uint64_t{0}; }
    uint64_t operator()() { return next64(); }

private:
    uint64_t m_seed;
    uint32_t m_a, m_b;
    uint64_t m_block = 0;
    int m_left = 0;
    std::array<uint32_t, 4> m_words{};
};

}  // namespace txfm
