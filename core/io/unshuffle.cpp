// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/unshuffle.h"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace txfm::io {

void unshuffle4(const uint8_t* in, size_t n, size_t skip, size_t count, uint8_t* out) {
    const uint8_t *p0 = in + skip, *p1 = p0 + n, *p2 = p1 + n, *p3 = p2 + n;
    size_t i = 0;
#ifdef __SSE2__
    const auto load = [](const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); };
    for (; i + 16 <= count; i += 16) {
        const __m128i a = load(p0 + i), b = load(p1 + i), c = load(p2 + i), d = load(p3 + i);
        const __m128i abLow = _mm_unpacklo_epi8(a, b), abHigh = _mm_unpackhi_epi8(a, b);
        const __m128i cdLow = _mm_unpacklo_epi8(c, d), cdHigh = _mm_unpackhi_epi8(c, d);
        auto* to = reinterpret_cast<__m128i*>(out + 4 * i);
        _mm_storeu_si128(to, _mm_unpacklo_epi16(abLow, cdLow));
        _mm_storeu_si128(to + 1, _mm_unpackhi_epi16(abLow, cdLow));
        _mm_storeu_si128(to + 2, _mm_unpacklo_epi16(abHigh, cdHigh));
        _mm_storeu_si128(to + 3, _mm_unpackhi_epi16(abHigh, cdHigh));
    }
#endif
    for (; i < count; ++i) {
        out[4 * i] = p0[i];
        out[4 * i + 1] = p1[i];
        out[4 * i + 2] = p2[i];
        out[4 * i + 3] = p3[i];
    }
}

void unshuffle(const uint8_t* in, size_t n, size_t size, uint8_t* out) {
    if (size == 1) {
        std::memcpy(out, in, n);
    } else if (size == 4) {
        unshuffle4(in, n, 0, n, out);
    } else {
        for (size_t i = 0; i < n; ++i)
            for (size_t k = 0; k < size; ++k) out[i * size + k] = in[k * n + i];
    }
}

}  // namespace txfm::io
