// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace txfm::analysis {

/// Known relations from a file that the user gives: two columns of gene symbols (CSV with the header entity1,entity2, or
/// tab separated). Unordered, without self pairs and repeats (spec §6.5). Named after the file.
struct GenePairDatabase {
    std::string name;
    std::vector<std::pair<int32_t, int32_t>> pairs;  ///< indices into the symbols, smaller first, ascending
    int64_t pairsInFile = 0;                          ///< unordered pairs before the match to the symbols
};

/// Pairs of which both genes are among `symbols` (of equal symbols the first). BadInput naming the file when it is missing or
/// has no pair in two columns.
Result<GenePairDatabase> readGenePairs(const std::filesystem::path& file, const std::vector<std::string>& symbols);

/// The union of databases, named "all_combined".
GenePairDatabase combined(const std::vector<GenePairDatabase>& databases);

/// For "is this pair known?": names of the databases that hold it.
class KnownPairs {
public:
    explicit KnownPairs(const std::vector<GenePairDatabase>& databases);
    bool empty() const { return m_sets.empty(); }
    std::vector<std::string> databasesWith(int64_t a, int64_t b) const;

private:
    std::vector<std::pair<std::string, std::unordered_set<uint64_t>>> m_sets;
};

}  // namespace txfm::analysis
