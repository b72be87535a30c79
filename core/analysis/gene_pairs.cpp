// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/gene_pairs.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <unordered_map>

#include "core/base/atomic_file.h"

namespace txfm::analysis {
namespace {

std::string cell(std::string text) {
    std::erase_if(text, [](char c) { return c == '"' || c == '\r' || c == ' '; });
    return text;
}

uint64_t pairKey(int64_t a, int64_t b) {
    const auto [low, high] = std::minmax(a, b);
    return (static_cast<uint64_t>(low) << 32) | static_cast<uint64_t>(high);
}

}  // namespace

Result<GenePairDatabase> readGenePairs(const std::filesystem::path& file, const std::vector<std::string>& symbols) {
    TXFM_TRY(const std::string text, readWholeFile(file));
    std::unordered_map<std::string, int32_t> index;
    for (size_t i = 0; i < symbols.size(); ++i) index.emplace(symbols[i], static_cast<int32_t>(i));
    std::set<std::pair<std::string, std::string>> all;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        const size_t cut = line.find_first_of(",\t;");
        if (cut == std::string::npos) continue;
        std::string first = cell(line.substr(0, cut)), second = line.substr(cut + 1);
        second = cell(second.substr(0, second.find_first_of(",\t;")));
        if (first == "entity1" && second == "entity2") continue;
        if (first.empty() || second.empty() || first == second) continue;
        if (second < first) std::swap(first, second);
        all.emplace(std::move(first), std::move(second));
    }
    if (all.empty())
        return badInput(file.string() + " holds no gene pairs.", "Give a CSV file with two columns of gene symbols (header entity1,entity2).");
    GenePairDatabase database;
    database.name = file.stem().string();
    database.pairsInFile = static_cast<int64_t>(all.size());
    for (const auto& [first, second] : all) {
        const auto a = index.find(first), b = index.find(second);
        if (a == index.end() || b == index.end()) continue;
        database.pairs.emplace_back(std::min(a->second, b->second), std::max(a->second, b->second));
    }
    std::ranges::sort(database.pairs);
    return database;
}

GenePairDatabase combined(const std::vector<GenePairDatabase>& databases) {
    GenePairDatabase all;
    all.name = "all_combined";
    for (const auto& database : databases) {
        all.pairs.insert(all.pairs.end(), database.pairs.begin(), database.pairs.end());
        all.pairsInFile += database.pairsInFile;
    }
    std::ranges::sort(all.pairs);
    const auto repeated = std::ranges::unique(all.pairs);
    all.pairs.erase(repeated.begin(), repeated.end());
    return all;
}

KnownPairs::KnownPairs(const std::vector<GenePairDatabase>& databases) {
    for (const auto& database : databases) {
        auto& set = m_sets.emplace_back(database.name, std::unordered_set<uint64_t>{}).second;
        set.reserve(database.pairs.size());
        for (const auto& [a, b] : database.pairs) set.insert(pairKey(a, b));
    }
}

std::vector<std::string> KnownPairs::databasesWith(int64_t a, int64_t b) const {
    std::vector<std::string> names;
    for (const auto& [name, set] : m_sets) {
        if (set.contains(pairKey(a, b))) names.push_back(name);
    }
    return names;
}

}  // namespace txfm::analysis
