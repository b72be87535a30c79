// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

/// Fills `layout` [n × 2 or 3] with the first non-trivial eigenvectors of the graph's normalised Laplacian
/// I − D^-½ A D^-½, each scaled to ±`extent`: UMAP's spectral start, by irlba, as far as a bounded number of restarts comes
/// (plenty for a start). False when the graph is not connected or too small. Deterministic for any thread count.
/// Errors: Cancelled, seen before every product with the graph; Failed.
Result<bool> spectralStart(const CsrMatrix& graph, double extent, DenseMatrix& layout, Progress& progress);

}  // namespace txfm::analysis
