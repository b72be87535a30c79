// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/io/anndata_elements.h"
#include "core/io/reader.h"

namespace txfm::io {

/// A matrix of the file that may hold the counts.
struct CountCandidate {
    std::string name;      ///< as Provenance::countsIn shows it: "X", "raw.X", "layers['counts']"
    std::string option;    ///< as ReadOptions::countsIn takes it: "X", "raw.X", "layers/counts"
    hdf5::Node matrix;
    hdf5::Node var;        ///< the gene table that belongs to it
    anndata::MatrixHeader header;
    ValueKind kind = ValueKind::Unknown;  ///< from a sample of its values
};

/// The candidates in the order of the contract: layers['counts'], raw.X, X; with `wanted` ("X", "raw.X",
/// "layers/<name>") that one alone. BadInput when there is none, or one is damaged.
Result<std::vector<CountCandidate>> findCandidates(const hdf5::Node& root, const std::string& wanted);

/// Every matrix that `wanted` could name: X, raw.X and all layers; one that is damaged or no matrix is left out.
Result<std::vector<CountCandidate>> findMatrices(const hdf5::Node& root);

}  // namespace txfm::io
