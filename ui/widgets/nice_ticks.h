// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

namespace txfm::ui {

/// At most about `count` round numbers (1, 2, 5 times a power of ten) inside [low, high].
std::vector<double> niceTicks(double low, double high, int count);
/// Powers of ten (and 2, 5 times them where there are few decades) inside [low, high], both > 0.
std::vector<double> niceLogTicks(double low, double high);

}  // namespace txfm::ui
