// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/io/hdf5_writing.h"

/// What a new .h5ad keeps of the one it is made from: everything but the counts themselves, cut to the kept cells and
/// genes, in the types it was stored with. Writing throws hdf5::WriteFailure.
namespace txfm::io::anndata {

/// The cells and genes of the original that the new file has, ascending; without a value: all of them.
struct KeptPart {
    std::optional<std::vector<int64_t>> cells, genes;
};

/// True for tables that copyElement can cut: a group without labels that live elsewhere in the file (before 0.8).
bool isModernFrame(const hdf5::Node& node);

/// One element (array, table, sparse matrix, column …) with the named positions along its axes; what cannot be cut is
/// left out with a note.
Result<void> copyElement(const hdf5::Node& node, hid_t parent, const std::string& name, const std::vector<int64_t>* rows,
                         const std::vector<int64_t>* cols, std::vector<std::string>& notes, Progress& progress);

/// Adds the columns of a table to a copy of another that lacks them; both of the current encoding, with the same rows.
Result<void> copyMissingColumns(const hdf5::Node& table, hid_t parent, const std::string& name, const std::vector<int64_t>* rows,
                                std::vector<std::string>& notes, Progress& progress);

/// layers, obsm, obsp, varm, varp, uns and raw of `root`. `countsIn` says where the counts came from ("X", "raw.X",
/// "layers['counts']"), since the new X holds those: another X is kept as layers['original_X'], and a raw that has become X
/// is not kept twice, with a note. `genesFit` false: the genes are those of raw, so that slots along the genes of `root` are left out.
Result<void> copySlots(const hdf5::Node& root, hid_t file, const KeptPart& part, const std::string& countsIn, bool genesFit,
                       std::vector<std::string>& notes, Progress& progress);

}  // namespace txfm::io::anndata
