// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/analysis/neighbors.h"

namespace txfm::analysis {

/// The neighbour graph as scanpy's pp.neighbors stores it (spec §7.1): `distances` holds the k neighbours of each
/// cell, `connectivities` the symmetric fuzzy union of UMAP [cells × cells].
struct NeighborGraph {
    int64_t neighbors = 0;  ///< counting the cell itself, as scanpy's n_neighbors
    CsrMatrix distances;
    CsrMatrix connectivities;
};

/// Weights exp(−max(0, d−ρ)/σ) with ρ the smallest positive distance and σ from 64 bisections so that the weights
/// sum to log2(k+1); symmetrised as a + b − ab (McInnes et al. 2018; umap-learn's smooth_knn_dist).
NeighborGraph fuzzyGraph(const Neighbors& neighbors);

}  // namespace txfm::analysis
