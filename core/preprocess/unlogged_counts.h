// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <numbers>

#include "core/data/dataset.h"

namespace txfm {

/// Undoes the logarithm of 1 + v to `base` as the values are read: depth normalisation does the rest, since every cell is scaled anyway.
std::shared_ptr<const CountSource> unlogged(std::shared_ptr<const CountSource> values, double base = std::numbers::e);

}  // namespace txfm
