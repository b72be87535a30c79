// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

enum class CommunityMethod { Leiden, Louvain };

struct Communities {
    std::vector<int32_t> membership;  ///< per cell; cluster 0 is the largest (ties: first cell first)
    int32_t count = 0;
    double modularity = 0;  ///< at the resolution asked for, on the weighted graph
};

/// Clusters of a symmetric weighted graph without self loops by modularity Q_γ = (1/2m) Σ (A_ij − γ k_i k_j / 2m) [c_i = c_j]
/// (spec §7.1), by igraph: the Leiden algorithm (Traag, Waltman & van Eck 2019) repeated from its own result until Q_γ gains
/// less than 10⁻⁶, or the Louvain method (Blondel et al. 2008). A seed gives the same clusters everywhere. Debian's igraph
/// keeps its state for the whole process, so one call runs at a time. Errors: Cancelled; OutOfMemory; Failed.
Result<Communities> findCommunities(const CsrMatrix& connectivities, CommunityMethod method, double resolution,
                                    uint64_t seed, Progress& progress);

/// Q_γ of any partition of a symmetric weighted graph without self loops.
double modularity(const CsrMatrix& connectivities, const std::vector<int32_t>& membership, double resolution);

}  // namespace txfm::analysis
