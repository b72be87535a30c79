// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"

namespace txfm {

/// Bytes that new work can take without swapping (the kernel's MemAvailable); nullopt where the system does not say.
std::optional<double> availableMemory();

/// OutOfMemory when the system says that fewer than `bytes` are free; `what` begins the sentence: "A model of …".
Result<void> requireMemory(double bytes, const std::string& what, const std::string& hint);

/// Resident memory of this process in MB, mapped pages included: now, and at its highest so far.
double residentMb();
double peakResidentMb();

}  // namespace txfm
