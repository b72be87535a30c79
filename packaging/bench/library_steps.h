// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/neighbors.h"
#include "core/data/matrix.h"

/// The steps for which core/analysis has code of its own, done by the libscran family instead: what a change back to the
/// libraries would cost or bring. Exceptions of the libraries pass through.
namespace txfm::bench {

/// Exact neighbours by knncolle's k-means method (Wang 2012), its fastest exact one here.
analysis::Neighbors knncolleNeighbors(const DenseMatrix& data, int64_t k, int threads);

/// umappp from the same neighbours: fuzzy graph, spectral start, `epochs` rounds. [n × 2]
DenseMatrix umapppLayout(const analysis::Neighbors& neighbors, double minDist, int epochs, int threads);

/// Components [k × columns] by scran_pca (IRLBA on sparse values).
DenseMatrix scranComponents(const CsrMatrix& data, int64_t k, int threads);

}  // namespace txfm::bench
