// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

struct LayoutOptions {
    float a = 1, b = 1;          ///< the curve 1 / (1 + a d^2b)
    float repulsion = 1;
    float learningRate = 1;
    int negativeSamples = 5;
    int epochs = 200;
    uint64_t seed = 0;
};

/// Stochastic gradient descent of UMAP's cross entropy (McInnes et al. 2018, Algorithm 5; the schedule of
/// umap-learn's optimize_layout_euclidean) on flat arrays; `layout` [n × 2 or 3] holds the start and gets the result.
/// Edges are visited cell by cell on one thread, so a seed gives the same bits everywhere. Cancel is seen within a few milliseconds.
Result<void> optimiseLayout(const CsrMatrix& graph, const LayoutOptions& options, DenseMatrix& layout, Progress& progress);

}  // namespace txfm::analysis
