// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace txfm::studio {

/// Seconds since the kernel started this process (loading of libraries included), to about 10 ms.
double secondsSinceProcessStart();

}  // namespace txfm::studio
