// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exception>
#include <string>

#include "core/base/result.h"

namespace txfm::model {

/// Turns what LibTorch and the standard library throw into an Error: OutOfMemory with advice, else Failed with the
/// first line of the message. `doing` completes the sentence "... while <doing>".
Error translateException(const std::exception& exception, const std::string& doing);

}  // namespace txfm::model
