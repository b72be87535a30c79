// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/vocabulary_index.h"

#include "core/preprocess/gene_names.h"

namespace txfm {
namespace {

int32_t lookUp(const std::unordered_map<std::string, int32_t>& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? -1 : found->second;
}

}  // namespace

VocabularyIndex::VocabularyIndex(const io::Vocabulary& vocabulary, const GeneTable& table) : m_table(table) {
    const auto size = static_cast<int32_t>(vocabulary.size());
    for (int32_t i = 0; i < size; ++i) {
        const std::string& symbol = vocabulary.symbols[static_cast<size_t>(i)];
        m_bySymbol.emplace(geneKey(symbol), i);
        // Some vocabularies are lists of ids without symbols.
        if (const std::string id = stableEnsemblId(symbol); !id.empty()) m_byEnsembl.emplace(id, i);
        if (const std::string id = stableEnsemblId(vocabulary.ensemblIds[static_cast<size_t>(i)]); !id.empty())
            m_byEnsembl.emplace(id, i);
    }
    // A gene that carries its approved symbol comes before one that only an alias leads to.
    for (const bool exact : {true, false}) {
        for (int32_t i = 0; i < size; ++i) {
            const std::string& symbol = vocabulary.symbols[static_cast<size_t>(i)];
            std::string approved = table.approvedSymbol(symbol);
            if (approved.empty()) approved = table.approvedSymbol(vocabulary.ensemblIds[static_cast<size_t>(i)]);
            if (!approved.empty() && (geneKey(approved) == geneKey(symbol)) == exact) m_byApproved.emplace(approved, i);
        }
    }
}

int32_t VocabularyIndex::findEnsembl(const std::string& identifier) const {
    const std::string id = stableEnsemblId(identifier);
    if (id.empty()) return -1;
    const int32_t direct = lookUp(m_byEnsembl, id);
    return direct >= 0 ? direct : findApproved(id);
}

int32_t VocabularyIndex::findSymbol(const std::string& symbol) const { return lookUp(m_bySymbol, geneKey(symbol)); }

int32_t VocabularyIndex::findApproved(const std::string& identifier) const {
    const std::string approved = m_table.approvedSymbol(identifier);
    return approved.empty() ? -1 : lookUp(m_byApproved, approved);
}

int32_t VocabularyIndex::find(const std::string& identifier) const {
    if (const int32_t found = findEnsembl(identifier); found >= 0) return found;
    if (const int32_t found = findSymbol(identifier); found >= 0) return found;
    return findApproved(identifier);
}

}  // namespace txfm
