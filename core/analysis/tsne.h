// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/analysis/neighbors.h"

namespace txfm::analysis {

struct TsneOptions {
    double perplexity = 30;  ///< needs 3 × perplexity neighbours
    int iterations = 1000;
    uint64_t seed = 0;
};

/// Neighbours that a perplexity asks for.
int64_t tsneNeighbors(double perplexity);

/// Barnes-Hut t-SNE [n × 2] of libscran's qdtsne (van der Maaten 2014), started from the first two columns of `start`
/// with a standard deviation of 1e-4 (Kobak and Berens 2019), learning rate n/12 but at least 200.
/// Cancel is seen every iteration. Errors: BadInput when `start` does not fit; Cancelled.
Result<DenseMatrix> tsneLayout(const Neighbors& neighbors, const DenseMatrix& start, const TsneOptions& options, Progress& progress);

}  // namespace txfm::analysis
