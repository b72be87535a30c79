// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace txfm {

/// Picks the values of some genes out of sparse rows. Most genes are dropped, without a pattern that a processor could
/// guess, so nothing here branches on a gene; with AVX-512 sixteen are looked at together.
class GeneFilter {
public:
    /// Entries that keep() may write beyond the last one that stays.
    static constexpr size_t kSlack = 16;

    /// `genes` of `allGenes` stay.
    GeneFilter(std::span<const int64_t> genes, int64_t allGenes);

    /// Writes the genes of a row that stay, and their values, in their order, and returns how many. The indices ascend
    /// within [0, allGenes). Room in the results: indices.size() + kSlack entries each.
    size_t keep(std::span<const int32_t> indices, const float* values, int32_t* keptIndices, float* keptValues) const;

private:
    std::vector<uint32_t> m_words;  ///< a bit for each gene: small enough for the first cache
};

}  // namespace txfm
