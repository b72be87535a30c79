// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace txfm::ui {

Histogram Histogram::of(const std::vector<double>& values, Scale scale) {
    Histogram histogram;
    histogram.scale = scale;
    histogram.bins.assign(kBins, 0);
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (const double v : values) {
        if (scale == Scale::Logarithmic && v <= 0) continue;
        low = std::min(low, v);
        high = std::max(high, v);
    }
    if (!(low <= high)) low = high = 1;
    histogram.min = scale == Scale::Logarithmic ? std::max(low, 0.5) : 0;
    histogram.max = std::max(high, histogram.min * 1.01 + (scale == Scale::Linear ? 1e-3 : 0));
    for (const double v : values) {
        const int bin = static_cast<int>(histogram.toPosition(v) * kBins);
        ++histogram.bins[static_cast<size_t>(std::clamp(bin, 0, kBins - 1))];
    }
    histogram.highest = *std::ranges::max_element(histogram.bins);
    return histogram;
}

double Histogram::toPosition(double value) const {
    if (scale == Scale::Linear) return (value - min) / (max - min);
    return value <= min ? 0 : std::log(value / min) / std::log(max / min);
}

double Histogram::toValue(double position) const {
    if (scale == Scale::Linear) return min + position * (max - min);
    return min * std::pow(max / min, position);
}

}  // namespace txfm::ui
