// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/random.h"

#include <cmath>
#include <numbers>

namespace txfm {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
    constexpr uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
    constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = kMultiplier0 * counter[0];
        const uint64_t p1 = kMultiplier1 * counter[2];
        counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
                   static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
        key[0] += kWeyl0;
        key[1] += kWeyl1;
    }
    return counter;
}

uint32_t RandomStream::next32() {
    if (m_left == 0) {
        const std::array<uint32_t, 4> counter{static_cast<uint32_t>(m_block),
                                              static_cast<uint32_t>(m_block >> 32), m_a, m_b};
        m_words = philox4x32(counter, {static_cast<uint32_t>(m_seed), static_cast<uint32_t>(m_seed >> 32)});
        ++m_block;
        m_left = 4;
    }
    return m_words[4 - m_left--];
}

uint64_t RandomStream::below(uint64_t bound) {
    const uint64_t threshold = (0 - bound) % bound;
    for (;;) {
        const uint64_t value = next64();
        if (value >= threshold) return value % bound;
    }
}

double RandomStream::normal() {
    const double u = uniform53(), v = uniform53();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace txfm
