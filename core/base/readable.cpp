// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/readable.h"

#include <algorithm>
#include <cstdio>

namespace txfm {

std::string readableDuration(double seconds) {
    char text[64];
    if (seconds < 90) std::snprintf(text, sizeof text, "%.0f seconds", std::max(1.0, seconds));
    else if (seconds < 5400) std::snprintf(text, sizeof text, "%.0f minutes", seconds / 60);
    else std::snprintf(text, sizeof text, "%.1f hours", seconds / 3600);
    return text;
}

std::string readableBytes(double bytes) {
    constexpr double kMiB = 1 << 20, kGiB = 1 << 30;
    char text[64];
    if (bytes < kGiB) std::snprintf(text, sizeof text, "%.0f MiB", std::max(1.0, bytes / kMiB));
    else std::snprintf(text, sizeof text, "%.1f GiB", bytes / kGiB);
    return text;
}

}  // namespace txfm
