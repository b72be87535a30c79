// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/table.h"

namespace txfm::training {

/// Which samples of a data set are trained on and which are held out.
struct ValidationSplit {
    std::vector<int64_t> train, validation;  ///< ascending
    std::string column;                      ///< obs column whose values were held out as a whole; "" = single cells
    std::vector<std::string> batches;        ///< the values that were held out
};

/// Names of hold-out by --val-batches besides a column of obs.
inline constexpr const char* kSingleCells = "none";
inline constexpr const char* kBatchesIfNamed = "auto";

/// Labels of the batches of a data set: the column named, for kBatchesIfNamed the column `batch` (any case) where it
/// has at least five values, for kSingleCells none. BadInput when the named column does not exist.
Result<const Column*> batchColumn(const Table& obs, const std::string& choice, const std::string& path);

/// Draws the samples to hold out (spec §4.3) by (seed, stream) alone. `rows` are the samples of the set. Without a column
/// a share of `fraction` of them; with one, whole batches: that share of the batches, rounded, at least one and never
/// all, where a batch is a value of the column and cells without a value are one more. `rowInObs` maps a sample to its
/// row in the column (empty = the same number).
ValidationSplit splitSamples(std::span<const int64_t> rows, double fraction, uint64_t seed, uint32_t stream,
                             const Column* batches, std::span<const int64_t> rowInObs);

}  // namespace txfm::training
