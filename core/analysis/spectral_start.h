// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

/// Fills `layout` [n × 2 or 3] with the first non-trivial eigenvectors of the graph's normalised Laplacian
/// I − D^-½ A D^-½, each scaled to ±`extent`: UMAP's spectral start. Found by Chebyshev-filtered subspace iteration
/// (Zhou et al. 2006) to about a percent, or as far as a few rounds come on more than 100,000 rows: plenty for a start. False when the graph is not connected or too small.
/// Deterministic for any thread count. Error: Cancelled, seen after every product with the graph.
Result<bool> spectralStart(const CsrMatrix& graph, double extent, DenseMatrix& layout, Progress& progress);

}  // namespace txfm::analysis
