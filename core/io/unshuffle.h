// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace txfm::io {

/// Undoes HDF5's shuffle filter: `in` holds `size` planes of `n` bytes, byte k of every element in
/// plane k; `out` receives the n elements of `size` bytes.
void unshuffle(const uint8_t* in, size_t n, size_t size, uint8_t* out);

/// Elements [skip, skip + count) of n shuffled four-byte elements.
void unshuffle4(const uint8_t* in, size_t n, size_t skip, size_t count, uint8_t* out);

}  // namespace txfm::io
