// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace txfm::io {

/// One row of counts in about three bytes per non-zero: its columns (u16, or u32 where `wide`), its counts (u8)
/// and, for every count byte 255, the value as float32. Little-endian.

/// Columns up to this number fit 16 bits.
constexpr int64_t kNarrowColumns = 65'536;

/// Appends a row to `out`; `columns` and `values` are equally long.
void packRow(std::span<const int32_t> columns, std::span<const float> values, bool wide, std::vector<uint8_t>& out);

/// The reverse: `count` columns and values. False when the bytes do not add up or a column is not below `limit`.
bool unpackRow(std::span<const uint8_t> bytes, uint32_t count, bool wide, int64_t limit, int32_t* columns, float* values);

}  // namespace txfm::io
