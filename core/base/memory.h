// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

namespace txfm {

/// Bytes that new work can take without swapping (the kernel's MemAvailable); nullopt where the system does not say.
std::optional<double> availableMemory();

}  // namespace txfm
