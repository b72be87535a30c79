// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace txfm::io {

/// Unpacks an LZF stream (the format of liblzf, as h5py's filter 32000 stores it). Returns the number
/// of bytes written, 0 when the stream is damaged or does not fit.
size_t unpackLzf(const uint8_t* in, size_t inSize, uint8_t* out, size_t outSize);

}  // namespace txfm::io
