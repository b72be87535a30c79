// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm {

/// Mean and variance (ddof 1) of each gene's depth-normalised counts target · c / l, l = all counts of the cell;
/// cells without counts stay zero (spec §1.1, scanpy's normalize_total).
struct GeneMoments {
    std::vector<double> mean, variance;
    std::vector<double> cellTotals;  ///< l per cell
};

/// Highly variable genes, flavour seurat (spec §8 no. 2; scanpy's default).
struct HvgResult {
    std::vector<double> means;            ///< ln(1 + mean)
    std::vector<double> dispersions;      ///< ln(variance / mean); NaN for constant genes
    std::vector<double> dispersionsNorm;  ///< within its bin of mean; NaN where undefined
    std::vector<int64_t> selected;        ///< gene indices, ascending
};

/// One pass in row blocks; the sums do not depend on the thread count.
Result<GeneMoments> geneMoments(const CountSource& counts, double target, Progress& progress);

/// `top` genes by normalised dispersion; genes that tie with the last one are kept too.
HvgResult highlyVariableGenes(const GeneMoments& moments, int64_t top, int bins = 20);

/// ln(1 + target · c / l) of the selected genes (ascending), still sparse [cells × selected]; l over all genes.
Result<CsrMatrix> logNormalised(const CountSource& counts, const std::vector<int64_t>& genes,
                                const std::vector<double>& cellTotals, double target, Progress& progress);

/// The same as a view that is computed as it is read, for counts that are not in memory.
std::shared_ptr<const CountSource> logNormalisedView(std::shared_ptr<const CountSource> counts, const std::vector<int64_t>& genes,
                                                     std::vector<double> cellTotals, double target);

}  // namespace txfm
