// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/io/hdf5_writing.h"

/// Copying parts of one file into another; values keep their type and their bytes. Errors of reading and cancelling are
/// results, those of writing are thrown as WriteFailure.
namespace txfm::io::hdf5 {

/// Positions to keep along one axis, ascending; nullptr keeps all of them.
using Positions = const std::vector<int64_t>*;

/// All attributes except references to objects, which would point into the other file.
void copyAttributes(hid_t from, hid_t to);

/// A data set or a group with all below it. Large data sets are copied piece by piece, so that cancelling is quick.
Result<void> copyObject(const Node& node, hid_t parent, const std::string& name, Progress& progress);

/// The named rows (and columns, for two dimensions and more) of a data set, in blocks of a few MiB.
Result<void> copySelected(const Node& node, hid_t parent, const std::string& name, Positions rows, Positions cols, Progress& progress);

/// Elements [begin, begin + count) of a one-dimensional data set as they lie in the file; `out` holds count × size bytes.
Result<void> readBytes(const Node& node, int64_t begin, int64_t count, uint8_t* out);

}  // namespace txfm::io::hdf5
