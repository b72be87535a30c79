// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace txfm::analysis {

/// A named set of genes, as indices into the universe it was read for (ascending).
struct GeneSet {
    std::string name;
    std::vector<int32_t> genes;
};

/// Reads a GMT file (name, description, genes; tab separated); genes that are not among `symbols` are left out, sets with
/// none dropped. BadInput when the file is missing or holds no set.
Result<std::vector<GeneSet>> readGeneSets(const std::filesystem::path& gmt, const std::vector<std::string>& symbols);

struct Enrichment {
    std::string set;
    int64_t setSize = 0;   ///< genes of the set in the universe
    int64_t overlap = 0;
    double foldEnrichment = 0;
    double pValue = 1;     ///< hypergeometric, P(X >= overlap)
    double pAdjusted = 1;  ///< Benjamini-Hochberg over all sets
    std::vector<int32_t> genes;  ///< the overlap
};

/// Over-representation of sets among `chosen` (distinct indices) of a universe of `universe` genes; sorted by p value.
std::vector<Enrichment> enrich(const std::vector<int32_t>& chosen, const std::vector<GeneSet>& sets, int64_t universe);

/// P(X >= k) for k successes among n draws from N with K successes.
double hypergeometricUpperTail(int64_t k, int64_t n, int64_t K, int64_t N);

/// Benjamini-Hochberg adjusted p values (spec §10.1), in the order given; NaN stays NaN and is not counted.
std::vector<double> benjaminiHochberg(const std::vector<double>& pValues);

}  // namespace txfm::analysis
