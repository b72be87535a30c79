// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

struct UmapOptions {
    double minDist = 0.5;
    double spread = 1.0;
    int components = 2;  ///< 2 or 3
    int epochs = 0;      ///< 0 = 500 up to 10,000 cells, 200 beyond (umap-learn)
    uint64_t seed = 0;
};

/// UMAP layout [n × components] of a fuzzy graph (McInnes et al. 2018) by umappp. Starts from the graph's spectral
/// embedding; when the graph falls apart, from the first columns of `start` (e.g. principal components) scaled to ±10.
/// On one thread, so a seed gives the same layout everywhere. Cancelled within milliseconds.
/// Errors: Usage for other numbers of components; BadInput when `start` is too narrow; Cancelled; Failed.
Result<DenseMatrix> umapLayout(const CsrMatrix& connectivities, const DenseMatrix& start, const UmapOptions& options,
                               Progress& progress);

}  // namespace txfm::analysis
