// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/lzf.h"

#include <cstring>

namespace txfm::io {

// A control byte below 32 announces that many literals plus one; otherwise its upper three bits are a
// length (7 = one more byte follows) and its lower five with the next byte the distance back, less one.
size_t unpackLzf(const uint8_t* in, size_t inSize, uint8_t* out, size_t outSize) {
    const uint8_t* const inEnd = in + inSize;
    uint8_t* const outBegin = out;
    uint8_t* const outEnd = out + outSize;
    while (in < inEnd) {
        const size_t control = *in++;
        if (control < 32) {
            const size_t run = control + 1;
            if (static_cast<size_t>(inEnd - in) < run || static_cast<size_t>(outEnd - out) < run) return 0;
            std::memcpy(out, in, run);
            in += run;
            out += run;
            continue;
        }
        size_t length = control >> 5;
        if (length == 7) {
            if (in >= inEnd) return 0;
            length += *in++;
        }
        length += 2;
        if (in >= inEnd) return 0;
        const size_t distance = ((control & 31) << 8 | *in++) + 1;
        if (distance > static_cast<size_t>(out - outBegin) || static_cast<size_t>(outEnd - out) < length) return 0;
        for (const uint8_t* from = out - distance; length > 0; --length) *out++ = *from++;  // may overlap itself
    }
    return static_cast<size_t>(out - outBegin);
}

}  // namespace txfm::io
