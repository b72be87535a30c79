// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace txfm {

/// "12 seconds", "3 minutes", "1.5 hours": for forecasts, so rounded to what those are good for.
std::string readableDuration(double seconds);
/// "12 MiB", "3.4 GiB".
std::string readableBytes(double bytes);

}  // namespace txfm
