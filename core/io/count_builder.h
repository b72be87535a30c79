// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::io {

struct ValueSummary;

/// One stored value of a cells × genes matrix.
struct CountEntry {
    int32_t cell = 0;
    int32_t gene = 0;
    float value = 0;
};

/// Rows in order, columns ascending, zeros dropped, duplicates summed (their number is returned in
/// `duplicates` when given). Entries must lie inside [cells × genes]. Cost: one counting sort.
CsrMatrix buildCsr(int64_t cells, int64_t genes, const std::vector<CountEntry>& entries, int64_t* duplicates = nullptr);

/// Sets provenance.valueKind; values that are no counts are named in a note.
void setValueKind(Provenance& provenance, ValueKind kind);
/// From what a pass over all values found: NaN and infinities are BadInput; otherwise sets provenance.valueKind and adds a
/// note that names normalised, log-transformed or scaled values. Opening never fails on normalised values: commands that
/// need counts check provenance.valueKind.
Result<void> checkValues(const ValueSummary& values, const std::filesystem::path& path, Provenance& provenance);

/// Keeps the features whose var column `feature_types` says "Gene Expression" (all when the column is
/// absent); other types go to obsm["X_<type>"] (e.g. X_antibody_capture) with a note. "Genes of <genome>" are left out.
Result<Dataset> keepGeneExpression(Dataset dataset, const std::filesystem::path& path, Progress& progress);

/// The number of features that keepGeneExpression keeps.
int64_t countGeneExpression(const Table& var);

/// Names made unique as AnnData does ("A", "A-1", "A-2"); returns how many were changed.
int64_t makeUnique(std::vector<std::string>& names);

}  // namespace txfm::io
