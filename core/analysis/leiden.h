// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

/// How the next level's nodes are made: the whole communities, or well-connected parts of them.
enum class Levels { Louvain, Leiden };

/// The Leiden algorithm (Traag, Waltman & van Eck 2019) for modularity Q_γ on flat arrays: fast local moves, refinement
/// into well-connected parts (each node joins the part that gains most), aggregation of the parts; repeated from its own
/// result until Q_γ gains less than 10⁻⁶. Without the refinement it is the Louvain method (Blondel et al. 2008), run once.
/// `graph` is symmetric without self loops. One thread, so a seed gives the same
/// labels everywhere. Labels are consecutive in no particular order. Error: Cancelled, seen within milliseconds.
Result<std::vector<int32_t>> modularityCommunities(const CsrMatrix& graph, Levels levels, double resolution, uint64_t seed, Progress& progress);

}  // namespace txfm::analysis
