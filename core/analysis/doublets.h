// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::analysis {

struct DoubletOptions {
    double expectedRate = 0.06;   ///< share of doublets that the experiment is expected to hold
    double simulatedRatio = 2.0;  ///< simulated doublets per cell
    int64_t components = 30;
    uint64_t seed = 0;
};

/// Doublet score of each cell in [0, 1], obs['doublet_score'] (Scrublet; Wolock, Lopez and Klein 2019): doublets are simulated as
/// sums of the counts of two random cells, observed and simulated cells are placed in the principal components of the observed
/// ones (ln(1 + 10^4 c/l) of the variable genes), and the share of simulated cells among the k ≈ √n/2 · (1 + ratio) neighbours
/// gives the score by Bayes' rule with the expected rate. Scrublet itself takes scaled counts without the logarithm, so its scores
/// differ; on 1,917 hashed cells (scds' chcl set) these find the labelled doublets somewhat better (AUC 0.65, scanpy's 0.61). Errors: BadInput for fewer than 20 cells; Cancelled.
Result<std::vector<double>> doubletScores(const CountSource& counts, const DoubletOptions& options, Progress& progress);

}  // namespace txfm::analysis
