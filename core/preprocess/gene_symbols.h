// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/table.h"

namespace txfm {

class GeneTable;

/// Whether a name is that of a gene rather than of a sample: identifiers of any kind and species, dates that were genes,
/// symbols. Bare numbers say nothing, nor do aliases of up to three characters ("S1", "T2"). Without a table no symbol is known.
bool looksLikeGene(const std::string& name, const GeneTable* table);

/// The symbol of each gene of a gene table: from the first symbol column of the contract, else the index;
/// Ensembl ids are translated through the shipped HGNC table where it knows them.
Result<std::vector<std::string>> geneSymbols(const Table& var);

/// MT-*, in any case (human mitochondrial genes).
bool isMitochondrial(const std::string& symbol);
/// RPS*, RPL* (ribosomal proteins).
bool isRibosomal(const std::string& symbol);

}  // namespace txfm
