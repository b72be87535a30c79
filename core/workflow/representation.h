// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "core/analysis/neighbor_graph.h"
#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/h5ad_writer.h"
#include "core/workflow/stage_clock.h"

namespace txfm::workflow {

/// What maps and clusters are made from (interface contract §4, "Representations").
struct Representation {
    DenseMatrix values;   ///< [cells × d]; for X the principal components of the variable genes
    std::string usedKey;  ///< obsm key that holds the values: "X_pca" for X
    std::string prefix;   ///< of the results: "X_" for X, else "X_txfm_"
    nlohmann::json pcaUns;  ///< variances of the components, only for X
};

/// Usage error when `out` is `in`; Failed when `out` cannot be written (known before any work).
Result<void> checkOutput(const std::filesystem::path& in, const std::filesystem::path& out);

/// Opens a file for analysis: values that are not counts are accepted, a representation may not need them. Where it does
/// not need any (`counts` false), they are left in the file. `countsIn` as ReadOptions has it.
Result<Dataset> openForAnalysis(const std::string& path, const std::string& countsIn, Progress& progress, bool counts = true);

/// obsm[rep], or for "X" the first `components` principal components of ln(1 + 10^4 c/l) of the 2,000 most variable
/// genes; values that are logarithms already are not transformed again. Adds X_pca to `additions` for X.
/// Errors: BadInput naming the file and the keys it has.
Result<Representation> loadRepresentation(const Dataset& dataset, const std::string& rep, int64_t components, StageClock& clock,
                                          Progress& progress, io::H5adAdditions& additions);

/// The connectivities [cells × cells] stored in the file if they were made from the same representation (name and values)
/// with as many neighbours, else new ones, which are added to `additions` as obsp['txfm_*'] and uns['txfm_neighbors'].
Result<std::shared_ptr<const CsrMatrix>> loadOrMakeGraph(const Dataset& dataset, const Representation& rep, int64_t neighbors, uint64_t seed,
                                                bool reuse, StageClock& clock, Progress& progress, io::H5adAdditions& additions);

}  // namespace txfm::workflow
