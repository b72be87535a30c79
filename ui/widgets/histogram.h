// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace txfm::ui {

/// Numbers of values in equal steps along an axis that starts at 0 (linear) or at the smallest positive value
/// (logarithmic; zeros stand in the first bin). Thread: any.
struct Histogram {
    enum class Scale { Linear, Logarithmic };
    static constexpr int kBins = 64;
    Scale scale = Scale::Linear;
    double min = 0, max = 1;    ///< of the axis
    std::vector<int64_t> bins;  ///< kBins, or none without values
    int64_t highest = 0;        ///< of the bins

    /// `values` >= 0.
    static Histogram of(const std::vector<double>& values, Scale scale);
    double toPosition(double value) const;  ///< value -> [0, 1] along the axis
    double toValue(double position) const;
};

}  // namespace txfm::ui
