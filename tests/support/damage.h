// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace txfm::test {

/// A damaged copy of a file's bytes: flipped bits, random bytes, extreme numbers, cut off, a piece moved, a piece
/// zeroed, or, for texts, a number replaced, a line doubled or left out. `variant` names the damage: the same
/// number gives the same bytes everywhere.
std::string damaged(std::string bytes, uint32_t variant);

}  // namespace txfm::test
