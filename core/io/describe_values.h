// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::io {

/// What values that are no counts are, from the sums of some rows: a logarithm is undone in base e and 2, and
/// the step before it is known by a sum that every cell shares.
struct ValueDescription {
    std::string text;     ///< e.g. "log1p of counts scaled to 10,000 per cell", "counts per million (CPM or TPM)"
    double logBase = 0;   ///< e or 2 of a logarithm of 1 + v; 0 = no logarithm
    double rowTotal = 0;  ///< the sum that the cells share once the logarithm is undone; 0 = they share none
};

/// Looks at up to 200 rows of all measured genes. A selection of genes has no common sum; then the general name of the
/// kind is given, and a logarithm is taken as natural. Errors: what reading rows fails with.
Result<ValueDescription> describeValues(const CountSource& values, ValueKind kind);

/// What to do with a file that holds no counts, as the hint of an error. `usable`: the values can be turned back into counts
/// after a fashion (not those of ValueKind::Scaled).
std::string normalisedHint(bool usable);

}  // namespace txfm::io
