// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/io/reader.h"
#include "core/preprocess/join_datasets.h"

namespace txfm::readers {

/// A file or folder inside a bundle and the reader that wants it.
struct Part {
    std::filesystem::path path;
    const io::Reader* reader = nullptr;
};

/// Whether a part has no signature of its own, so that it may be a table of anything.
bool isTextTable(const Part& part);

/// The samples below a folder, and what was left out.
struct SampleParts {
    std::vector<Part> parts;
    std::string damaged;             ///< names of files that are called count files and are none, joined with commas
    std::vector<std::string> notes;  ///< one sentence for each other kind of file that was left out
};

/// Whether there is any count file below a folder; `self` is the reader that asks.
bool holdsParts(const std::filesystem::path& folder, const io::Reader* self);

/// The count files below a folder, a 10x folder being one. Of the matrices that Cell Ranger writes about one sample the
/// filtered one is taken, and text tables beside files with a signature are not. BadInput naming `shown` when there are none.
Result<SampleParts> findSampleParts(const std::filesystem::path& folder, const std::filesystem::path& shown, const io::Reader* self);

/// Name of a sample: what distinguishes its path from the others.
std::string sampleName(const std::filesystem::path& root, const std::filesystem::path& part);

/// Removes the text tables that name no known gene where other samples do: sheets about the samples. Returns their names.
std::string dropTablesWithoutGenes(std::vector<io::NamedDataset>& datasets, const std::vector<bool>& isText);

}  // namespace txfm::readers
