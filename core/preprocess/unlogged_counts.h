// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/data/dataset.h"

namespace txfm {

/// Undoes the logarithm of 1 + v to `base` as the values are read: depth normalisation does the rest, since every cell is scaled anyway.
std::shared_ptr<const CountSource> unlogged(std::shared_ptr<const CountSource> values, double base = std::numbers::e);

/// The counts of a data set for a model. Values that are no counts are BadInput naming `path` unless they are allowed;
/// then a logarithm is undone, with a warning that goes to `progress` and is appended to `warnings`. Scaled values with
/// negatives are BadInput in any case.
Result<std::shared_ptr<const CountSource>> countsForModel(const Dataset& dataset, const std::string& path, bool allowNormalised,
                                                          std::vector<std::string>& warnings, Progress& progress);

}  // namespace txfm
