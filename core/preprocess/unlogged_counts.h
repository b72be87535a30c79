// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/data/dataset.h"

namespace txfm {

/// Undoes ln(1 + v) as the values are read: depth normalisation does the rest, since every cell is scaled anyway.
std::shared_ptr<const CountSource> unlogged(std::shared_ptr<const CountSource> values);

}  // namespace txfm
