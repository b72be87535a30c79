// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::ui {

/// Expression of single genes for colouring cells: ln(1 + 1e4·c/l) of raw counts, l = counts of the
/// cell; values of files that hold no counts are passed on as they are.
class GeneValues {
public:
    explicit GeneValues(std::shared_ptr<const Dataset> dataset) : m_dataset(std::move(dataset)) {}

    /// One value per cell. Reads the matrix in row blocks (the first call also sums the cells when the
    /// counts are in memory). Run it off the UI thread, one call at a time. Errors: those of the source, Cancelled.
    Result<std::vector<float>> read(int64_t gene, Progress& progress);
    /// "log-normalised" or "as stored".
    std::string unit() const;

private:
    std::shared_ptr<const Dataset> m_dataset;
    std::vector<double> m_cellTotals;
};

/// Row of var with this index name, or with this text in a column of names; -1 when there is none.
int64_t findGene(const Table& var, const std::string& name);
/// The names people search by: symbols where a column holds them, else the index.
std::vector<std::string> geneDisplayNames(const Table& var);

}  // namespace txfm::ui
