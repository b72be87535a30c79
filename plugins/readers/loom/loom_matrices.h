// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "core/io/hdf5_node.h"

namespace txfm::readers {

struct LoomShape {
    int64_t genes = 0, cells = 0;
};

/// A matrix [genes × cells] of a loom file that may hold the counts.
struct LoomMatrix {
    std::string name;    ///< as Provenance::countsIn shows it: "matrix", "layers['spliced']"
    std::string option;  ///< as ReadOptions::countsIn takes it: "matrix", "layers/spliced"
    io::hdf5::Node node;
    ValueKind kind = ValueKind::Unknown;  ///< of some of its cells
    std::string values;                   ///< what these look like
};

/// The extents of the main matrix. BadInput when it is empty, impossible or no table of numbers.
Result<LoomShape> loomShape(const io::hdf5::Node& root);

/// The main matrix, then every layer of its shape; a layer that is damaged or no matrix is left out.
Result<std::vector<LoomMatrix>> findLoomMatrices(const io::hdf5::Node& root, const LoomShape& shape);

/// Where the counts are: what `wanted` names ("matrix" or "X", "layers/<name>"); else layers['counts'] when it holds whole
/// numbers, as anndata writes it beside normalised values; else the main matrix. BadInput when there is no such matrix.
Result<const LoomMatrix*> chooseLoomMatrix(const std::vector<LoomMatrix>& matrices, const std::string& wanted, const std::string& file);

/// A sentence that names matrices which hold whole numbers when `chosen` does not; "" otherwise.
std::string otherCounts(const std::vector<LoomMatrix>& matrices, const LoomMatrix& chosen);

}  // namespace txfm::readers
