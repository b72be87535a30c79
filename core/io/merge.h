// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::io {

/// A data set and the name that its cells carry in obs['sample'].
struct NamedDataset {
    std::string name;
    Dataset dataset;
};

/// One data set from several: genes are the union by name, in order of first appearance; a gene that a
/// part does not have is *unmeasured* there (Dataset::measured), not zero. obs columns are united too
/// (missing where a part lacks one) and obs['sample'] says where a cell is from. Counts are held in memory up to
/// memoryForCounts(), else read from the parts.
/// Errors: what reading a part fails with; Cancelled.
Result<Dataset> mergeDatasets(std::vector<NamedDataset> parts, Progress& progress);

}  // namespace txfm::io
