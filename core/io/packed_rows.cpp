// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/packed_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little, "packed rows are little-endian");

namespace txfm::io {
namespace {

constexpr uint8_t kEscape = 255;

bool isByte(float value) { return value >= 0 && value < kEscape && value == static_cast<float>(static_cast<int>(value)); }

}  // namespace

void packRow(std::span<const int32_t> columns, std::span<const float> values, bool wide, std::vector<uint8_t>& out) {
    const size_t count = columns.size(), width = wide ? 4 : 2, at = out.size();
    out.resize(at + count * (width + 1));
    uint8_t* bytes = out.data() + at;
    if (wide) {
        if (count > 0) std::memcpy(bytes, columns.data(), count * width);
    } else {
        for (size_t i = 0; i < count; ++i) {
            const auto narrow = static_cast<uint16_t>(columns[i]);
            std::memcpy(bytes + 2 * i, &narrow, sizeof narrow);
        }
    }
    uint8_t* codes = bytes + count * width;
    size_t escapes = 0;
    for (size_t i = 0; i < count; ++i) {
        const bool fits = isByte(values[i]);
        codes[i] = fits ? static_cast<uint8_t>(values[i]) : kEscape;
        escapes += !fits;
    }
    if (escapes == 0) return;
    size_t to = out.size();
    out.resize(to + 4 * escapes);
    for (const float value : values) {
        if (isByte(value)) continue;
        std::memcpy(out.data() + to, &value, sizeof value);
        to += sizeof value;
    }
}

bool unpackRow(std::span<const uint8_t> bytes, uint32_t count, bool wide, int64_t limit, int32_t* columns, float* values) {
    const size_t width = wide ? 4 : 2;
    if (bytes.size() < count * (width + 1)) return false;
    if (wide) {
        if (count > 0) std::memcpy(columns, bytes.data(), count * width);
    } else {
        for (uint32_t i = 0; i < count; ++i) {
            uint16_t narrow;
            std::memcpy(&narrow, bytes.data() + 2 * static_cast<size_t>(i), sizeof narrow);
            columns[i] = narrow;
        }
    }
    const uint8_t* codes = bytes.data() + count * width;
    uint32_t largest = 0;
    uint8_t highest = 0;
    for (uint32_t i = 0; i < count; ++i) {
        largest = std::max(largest, static_cast<uint32_t>(columns[i]));  // negative ones become huge
        highest = std::max(highest, codes[i]);
        values[i] = codes[i];
    }
    if (count > 0 && static_cast<int64_t>(largest) >= limit) return false;
    const uint8_t* escapes = codes + count;
    const uint8_t* const end = bytes.data() + bytes.size();
    for (uint32_t i = 0; i < count && highest == kEscape; ++i) {
        if (codes[i] != kEscape) continue;
        if (end - escapes < 4) return false;
        std::memcpy(&values[i], escapes, 4);
        escapes += 4;
    }
    return escapes == end;
}

}  // namespace txfm::io
