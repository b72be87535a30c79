// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/preprocess/gene_matching.h"

namespace txfm {

/// Finds vocabulary genes by any identifier. Keeps references to vocabulary and table.
class VocabularyIndex {
public:
    VocabularyIndex(const io::Vocabulary& vocabulary, const GeneTable& table);

    /// By Ensembl gene id (version ignored), directly or through the gene table; -1 when absent.
    int32_t findEnsembl(const std::string& identifier) const;
    /// By the symbol as the vocabulary writes it, in any case; -1 when absent.
    int32_t findSymbol(const std::string& symbol) const;
    /// Through the approved symbol behind an alias, previous symbol or Entrez id; -1 when absent.
    int32_t findApproved(const std::string& identifier) const;
    /// Any of these, in this order.
    int32_t find(const std::string& identifier) const;

    const GeneTable& table() const { return m_table; }

private:
    const GeneTable& m_table;
    std::unordered_map<std::string, int32_t> m_byEnsembl, m_bySymbol, m_byApproved;
};

}  // namespace txfm
