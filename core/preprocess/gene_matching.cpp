// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/gene_matching.h"

#include <algorithm>
#include <unordered_set>

#include "core/preprocess/gene_mapping.h"
#include "core/preprocess/gene_names.h"
#include "core/preprocess/gene_notes.h"
#include "core/preprocess/vocabulary_index.h"

namespace txfm {
namespace {

/// Columns of var that the contract names, in the order in which they are asked; the index comes last.
const std::vector<std::string> kColumns = {"ensembl_id",   "gene_id",      "gene_ids",  "symbol",      "gene_symbol",
                                           "gene_symbols", "gene_name",    "gene_names", "feature_name"};
/// Asked only when none of those and not the index match anything.
const std::vector<std::string> kOtherColumns = {"ensembl", "ensembl_gene_id", "feature_id", "hgnc_symbol", "gene",
                                                "genes",   "entrez_id",       "entrez",     "ncbi_gene_id"};

/// One place in var that may hold identifiers.
struct NameSource {
    std::string label;
    std::vector<std::string> names;
    bool numbersAreEntrez = false;
};

/// Digits alone are Entrez ids only where the whole column is made of them and is no row number.
bool holdsEntrezIds(const std::vector<std::string>& names) {
    std::vector<long long> values;
    for (const std::string& name : names) {
        if (name.empty()) continue;
        if (name.size() > 12 || geneNameKind(name) != GeneNameKind::Number) return false;
        values.push_back(std::stoll(name));
    }
    if (values.empty()) return false;
    if (values.size() == 1) return true;
    const bool rowNumbers = std::ranges::is_sorted(values) &&
                            values.back() - values.front() == static_cast<long long>(values.size()) - 1;
    return !rowNumbers;
}

NameSource makeSource(std::string label, std::vector<std::string> names) {
    NameSource source{std::move(label), std::move(names), false};
    source.numbersAreEntrez = holdsEntrezIds(source.names);
    return source;
}

std::vector<NameSource> sourcesOf(const Table& var, const std::vector<std::string>& columns) {
    std::vector<NameSource> sources;
    for (const std::string& wanted : columns) {
        for (const Column& column : var.columns) {
            if (geneKey(column.name) != geneKey(wanted)) continue;
            std::vector<std::string> names(var.rows());
            for (size_t g = 0; g < names.size(); ++g) names[g] = column.text(g);
            sources.push_back(makeSource("var['" + column.name + "']", std::move(names)));
        }
    }
    return sources;
}

struct Hit {
    int32_t gene = -1;
    GeneMatchKind kind = GeneMatchKind::Dropped;
    int source = -1;
};

/// Resolves one gene of the file after the other; remembers what the notes tell.
class Matcher {
public:
    Matcher(const VocabularyIndex& index, const GeneMapping& mapping)
        : m_index(index), m_mapping(mapping) {}

    Hit resolve(const std::vector<NameSource>& sources, size_t gene) {
        Hit hit;
        for (const NameSource& source : sources) m_seen.insert(geneKey(source.names[gene]));
        const auto tryAll = [&](auto&& find, GeneMatchKind kind) {
            for (size_t s = 0; s < sources.size() && hit.gene < 0; ++s) {
                const std::string& name = sources[s].names[gene];
                if (name.empty()) continue;
                hit = {find(sources[s], name), kind, static_cast<int>(s)};
            }
            return hit.gene >= 0;
        };
        if (tryAll([&](const auto&, const auto& name) { return mapped(name); }, GeneMatchKind::Renamed)) return hit;
        if (tryAll([&](const auto&, const auto& name) { return ensemblIn(name); }, GeneMatchKind::Matched)) return hit;
        if (tryAll([&](const auto&, const auto& name) { return m_index.findSymbol(name); }, GeneMatchKind::Matched)) return hit;
        if (tryAll([&](const NameSource& source, const auto& name) {
                return source.numbersAreEntrez ? m_index.findApproved(name) : -1;
            }, GeneMatchKind::Matched))
            return hit;
        // An Ensembl id that the table knows says which gene this is; an alias must not say otherwise.
        for (const NameSource& source : sources) {
            if (!m_index.table().approvedSymbol(stableEnsemblId(source.names[gene])).empty()) return {};
        }
        if (tryAll([&](const auto&, const auto& name) { return byAlias(name); }, GeneMatchKind::Renamed)) return hit;
        if (tryAll([&](const auto&, const auto& name) { return byDate(name); }, GeneMatchKind::Renamed)) return hit;
        if (tryAll([&](const auto&, const auto& name) { return byParts(name); }, GeneMatchKind::Renamed)) return hit;
        if (tryAll([&](const auto&, const auto& name) { return byRepair(name); }, GeneMatchKind::Renamed)) return hit;
        noteAmbiguous(sources, gene);
        return {};
    }

    GeneNoteFacts& facts() { return m_facts; }

private:
    int32_t mapped(const std::string& name) const {
        const std::string* wanted = m_mapping.find(name);
        return wanted ? m_index.find(*wanted) : -1;
    }

    /// An Ensembl gene id, alone or within a name: "ENST00000456328.2|ENSG00000290825.1|..." of GENCODE, "TP53_ENSG00000141510".
    int32_t ensemblIn(const std::string& name) const {
        if (const int32_t gene = m_index.findEnsembl(name); gene >= 0) return gene;
        const std::string key = geneKey(name);
        const size_t at = key.find("ENSG");
        return at == 0 || at == std::string::npos ? -1 : m_index.findEnsembl(key.substr(at));
    }

    int32_t byAlias(const std::string& name) const {
        return geneNameKind(name) == GeneNameKind::Symbol ? m_index.findApproved(name) : -1;
    }

    void noteAmbiguous(const std::vector<NameSource>& sources, size_t gene) {
        for (const NameSource& source : sources) {
            if (!m_index.table().isAmbiguous(source.names[gene])) continue;
            m_facts.ambiguous.add(source.names[gene]);
            return;
        }
    }

    int32_t byDate(const std::string& name) {
        for (const std::string& symbol : symbolsBehindDate(name)) {
            const int32_t gene = m_index.find(symbol);
            if (gene < 0) continue;
            // 1-Mar stands for MARCH1 and for MARC1: a second column of that name is not MARCH1 again.
            if (!m_dates.insert(geneKey(name)).second) {
                m_facts.repeatedDates.add(name);
                return -1;
            }
            m_facts.dates.add(name + " -> " + symbol);
            return gene;
        }
        return -1;
    }

    /// "TP53|7157" (symbol and Entrez id, as TCGA writes them; "?" without a symbol).
    int32_t byParts(const std::string& name) const {
        const size_t bar = name.find('|');
        if (bar == std::string::npos) return -1;
        const std::string symbol = name.substr(0, bar), id = name.substr(bar + 1);
        if (const int32_t gene = m_index.find(symbol); gene >= 0) return gene;
        return geneNameKind(id) == GeneNameKind::Number ? m_index.findApproved(id) : -1;
    }

    /// "TP53-1" after "TP53" (names made unique), "GRCh38_TP53", "HLA.A" (R's make.names).
    int32_t byRepair(const std::string& name) {
        const size_t dash = name.find_last_of("-.");
        if (dash != std::string::npos && dash + 1 < name.size() && dash > 0 &&
            std::ranges::all_of(name.substr(dash + 1), [](char c) { return c >= '0' && c <= '9'; })) {
            const std::string base = name.substr(0, dash);
            if (m_seen.contains(geneKey(base))) {
                if (const int32_t gene = m_index.find(base); gene >= 0) return gene;
            }
        }
        for (const char* prefix : {"GRCH38_", "GRCH37_", "HG19_", "HG38_"}) {
            if (geneKey(name).starts_with(prefix)) return m_index.find(name.substr(std::string(prefix).size()));
        }
        if (name.find('.') != std::string::npos) {
            std::string dashed = name;
            std::ranges::replace(dashed, '.', '-');
            return m_index.findSymbol(dashed);
        }
        return -1;
    }

    const VocabularyIndex& m_index;
    const GeneMapping& m_mapping;
    std::unordered_set<std::string> m_seen, m_dates;
    GeneNoteFacts m_facts;
};

/// The name shown to the user: a symbol rather than an id where the file has both.
std::string displayName(const std::vector<NameSource>& sources, size_t gene, const std::string& index) {
    for (const NameSource& source : sources) {
        const std::string& name = source.names[gene];
        if (!name.empty() && geneNameKind(name) == GeneNameKind::Symbol) return name;
    }
    return index;
}

GeneMatch matchWith(const std::vector<NameSource>& sources, const Table& var, const VocabularyIndex& index,
                    const GeneMapping& mapping, int64_t vocabularySize) {
    GeneMatch match;
    const size_t genes = var.rows();
    match.target.assign(genes, -1);
    match.kind.assign(genes, GeneMatchKind::Dropped);
    match.name.resize(genes);
    match.measured.assign(static_cast<size_t>(vocabularySize), 0);
    std::vector<int64_t> bySource(sources.size(), 0);
    Matcher matcher(index, mapping);
    for (size_t g = 0; g < genes; ++g) {
        match.name[g] = displayName(sources, g, var.index[g]);
        Hit hit = matcher.resolve(sources, g);
        if (hit.gene < 0) {
            ++match.dropped;
            matcher.facts().addDropped(match.name[g]);
            continue;
        }
        if (isMouseStyle(match.name[g])) matcher.facts().mouseStyle.add(match.name[g]);
        ++bySource[static_cast<size_t>(hit.source)];
        uint8_t& measured = match.measured[static_cast<size_t>(hit.gene)];
        if (measured) hit.kind = GeneMatchKind::Duplicated;
        match.vocabularyCovered += measured == 0;
        measured = 1;
        match.target[g] = hit.gene;
        match.kind[g] = hit.kind;
        match.matched += hit.kind == GeneMatchKind::Matched;
        match.renamed += hit.kind == GeneMatchKind::Renamed;
        match.duplicated += hit.kind == GeneMatchKind::Duplicated;
    }
    if (!bySource.empty()) {
        const auto most = std::ranges::max_element(bySource) - bySource.begin();
        if (bySource[static_cast<size_t>(most)] > 0) match.matchedBy = sources[static_cast<size_t>(most)].label;
    }
    match.notes = matcher.facts().sentences(static_cast<int64_t>(genes), match.duplicated);
    return match;
}

std::string examples(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < names.size() && i < 3; ++i) text += (i ? ", " : "") + names[i].substr(0, 40);
    return text;
}

}  // namespace

Result<GeneMatch> matchGenes(const Table& var, const io::Vocabulary& vocabulary, const std::string& fileName,
                             const std::filesystem::path& mappingFile) {
    TXFM_TRY(const auto table, GeneTable::shared());
    GeneMapping mapping;
    if (!mappingFile.empty()) {
        TXFM_TRY(mapping, GeneMapping::read(mappingFile));
        TXFM_CHECK(mapping.checkUsed(var, mappingFile, fileName));
    }
    const VocabularyIndex index(vocabulary, *table);
    std::vector<NameSource> sources = sourcesOf(var, kColumns);
    sources.push_back(makeSource("the index of var", var.index));
    GeneMatch match = matchWith(sources, var, index, mapping, vocabulary.size());
    if (match.vocabularyCovered == 0) {
        const std::vector<NameSource> others = sourcesOf(var, kOtherColumns);
        if (!others.empty()) match = matchWith(others, var, index, mapping, vocabulary.size());
    }
    if (match.vocabularyCovered == 0) {
        std::string hint = "Check that the gene names are human symbols or Ensembl ids, or give a mapping file.";
        if (!match.notes.empty()) hint = match.notes.front();
        return badInput("None of the " + std::to_string(var.rows()) + " genes of " + fileName + " (for example " +
                            examples(match.name) + ") is among the " + std::to_string(vocabulary.size()) +
                            " genes of the model (for example " + examples(vocabulary.symbols) + ").",
                        hint);
    }
    return match;
}

}  // namespace txfm
