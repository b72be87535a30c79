// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace txfm::workflow {

/// The help line of a group of commands: the first word of two-word names such as "genes neighbors". Every such word
/// has its line here; the test of the help texts fails on one that has not (it is then empty).
std::string groupSummary(const std::string& group);

}  // namespace txfm::workflow
