// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/io/reader.h"

namespace txfm::io {
namespace {

/// ln(1 + 10^7): no log1p of values that were scaled to a target of at most ten million exceeds it.
constexpr float kLargestLog1p = 16.2f;

}  // namespace

ValueKind classifyValues(std::span<const float> values) {
    bool whole = true, negative = false;
    float largest = 0;
    for (const float value : values) {
        if (!std::isfinite(value)) return ValueKind::Unknown;
        negative |= value < 0;
        whole &= value == std::floor(value);
        largest = std::max(largest, value);
    }
    if (negative) return ValueKind::Scaled;
    if (whole) return ValueKind::Counts;
    return largest <= kLargestLog1p ? ValueKind::Log1pNormalised : ValueKind::Normalised;
}

}  // namespace txfm::io
