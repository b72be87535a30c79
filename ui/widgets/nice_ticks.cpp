// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/nice_ticks.h"

#include <algorithm>
#include <cmath>

namespace txfm::ui {

std::vector<double> niceTicks(double low, double high, int count) {
    // A range of a few units in the last place has no round numbers inside, and counting in steps of it would not move.
    constexpr double kPrecision = 1e-12;
    const double range = high - low;
    if (!(range > kPrecision * std::max(std::abs(low), std::abs(high))) || count < 1 || !std::isfinite(range)) return {low};
    const double raw = range / count;
    const double power = std::pow(10, std::floor(std::log10(raw)));
    const double factor = raw / power;
    const double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    const double first = std::ceil(low / step - 1e-9);
    const auto steps = static_cast<int>(std::floor(high / step + 1e-9) - first);
    std::vector<double> ticks;
    for (int i = 0; i <= steps; ++i) ticks.push_back((first + i) * step);
    return ticks;
}

std::vector<double> niceLogTicks(double low, double high) {
    std::vector<double> ticks;
    const int first = static_cast<int>(std::floor(std::log10(low))), last = static_cast<int>(std::ceil(std::log10(high)));
    const bool few = std::log10(high / low) < 2.2;
    for (int e = first; e <= last; ++e) {
        for (const double factor : {1.0, 2.0, 5.0}) {
            if (factor != 1.0 && !few) continue;
            const double tick = factor * std::pow(10.0, e);
            if (tick >= low && tick <= high) ticks.push_back(tick);
        }
    }
    // Within less than a decade there may be no 1, 2 or 5: numbers at equal steps then, drawn at their places.
    return ticks.size() < 3 ? niceTicks(low, high, 5) : ticks;
}

}  // namespace txfm::ui
