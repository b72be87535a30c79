// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <optional>

#include "core/base/progress.h"
#include "core/data/dataset.h"
#include "core/io/reader.h"

namespace txfm::io {

/// Copies of data sets larger than memory whose format cannot be read by cells (Matrix Market, loom, tables, folders of
/// samples, archives): their packed counts and, beside them, an .h5ad of everything else that opening gave. They belong to
/// one state of all files that the reader reads.

/// The copy that an earlier opening with these options made; nothing when there is none or a file has changed.
std::optional<Dataset> openDatasetCopy(const Reader& reader, const std::filesystem::path& path, const ReadOptions& options);

/// Makes the copy of a data set that was just opened and lets its counts be the packed ones. Failed when the disk is full,
/// Cancelled.
Result<void> makeDatasetCopy(const Reader& reader, const std::filesystem::path& path, const ReadOptions& options, Dataset& dataset,
                             Progress& progress);

}  // namespace txfm::io
