// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/join_datasets.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <unordered_set>

#include "core/preprocess/gene_matching.h"

namespace txfm {
namespace {

bool differOnlyInCase(const std::string& a, const std::string& b) {
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

/// The approved symbol of a name, or the name itself. Mouse-style names (Actb) do not become human genes by joining.
std::string approvedName(const GeneTable& table, const std::string& name) {
    std::string symbol = table.approvedSymbol(name);
    return symbol.empty() || differOnlyInCase(symbol, name) ? name : symbol;
}

/// Names of the genes under which each approved symbol occurs, over all parts.
class Spellings {
public:
    void add(const std::string& symbol, const std::string& name) {
        const auto [entry, added] = m_first.try_emplace(symbol, name);
        if (!added && entry->second != name) m_several.insert(symbol);
    }
    bool several(const std::string& symbol) const { return m_several.contains(symbol); }

private:
    std::unordered_map<std::string, std::string> m_first;
    std::unordered_set<std::string> m_several;
};

struct Renaming {
    int64_t count = 0;
    std::string from, to;  ///< the first one, as an example
};

void rename(Table& var, const std::vector<std::string>& symbols, const Spellings& spellings, Renaming& renaming) {
    std::unordered_set<std::string> taken(var.index.begin(), var.index.end());
    std::vector<std::string> names = var.index;
    int64_t ids = 0, renamed = 0;
    for (size_t gene = 0; gene < names.size(); ++gene) {
        if (names[gene].starts_with("ENS")) ++ids;
        if (names[gene] == symbols[gene] || !spellings.several(symbols[gene]) || !taken.insert(symbols[gene]).second) continue;
        if (renaming.count++ == 0) {
            renaming.from = names[gene];
            renaming.to = symbols[gene];
        }
        ++renamed;
        names[gene] = symbols[gene];
    }
    if (renamed > 0 && ids * 2 > static_cast<int64_t>(names.size()) && !var.find("gene_ids")) var.set(Column{"gene_ids", var.index, {}});
    var.index = std::move(names);
}

}  // namespace

Result<void> uniteGeneNames(std::vector<io::NamedDataset>& parts) {
    if (parts.size() < 2) return {};
    TXFM_TRY(const std::shared_ptr<const GeneTable> table, GeneTable::shared());
    Spellings spellings;
    std::vector<std::vector<std::string>> symbols(parts.size());
    for (size_t p = 0; p < parts.size(); ++p) {
        for (const std::string& name : parts[p].dataset.var.index) {
            symbols[p].push_back(approvedName(*table, name));
            spellings.add(symbols[p].back(), name);
        }
    }
    Renaming renaming;
    for (size_t p = 0; p < parts.size(); ++p) rename(parts[p].dataset.var, symbols[p], spellings, renaming);
    if (renaming.count > 0)
        parts.front().dataset.provenance.notes.push_back("The files name " + std::to_string(renaming.count) +
                                                         " genes differently (for instance " + renaming.from + "); they were joined under their approved symbols (" +
                                                         renaming.to + ").");
    return {};
}

Result<Dataset> joinDatasets(std::vector<io::NamedDataset> parts, Progress& progress) {
    TXFM_CHECK(uniteGeneNames(parts));
    // Also of an .h5ad whose arrays were not read, and of 10x files, whose antibodies are in obsm.
    const bool slotsStayBehind = std::ranges::any_of(parts, [](const io::NamedDataset& part) {
        return part.dataset.provenance.format == "h5ad" || !part.dataset.obsm.empty();
    });
    TXFM_TRY(Dataset joined, io::mergeDatasets(std::move(parts), progress));
    if (slotsStayBehind)
        joined.provenance.notes.push_back("Counts, obs and var were joined; layers, arrays (embeddings, antibody counts), pairwise arrays, raw and uns of the files were not.");
    return joined;
}

}  // namespace txfm
