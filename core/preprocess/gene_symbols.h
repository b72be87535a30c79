// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/table.h"

namespace txfm {

/// The symbol of each gene of a gene table: from the first symbol column of the contract, else the index;
/// Ensembl ids are translated through the shipped HGNC table where it knows them.
Result<std::vector<std::string>> geneSymbols(const Table& var);

/// MT-*, in any case (human mitochondrial genes).
bool isMitochondrial(const std::string& symbol);
/// RPS*, RPL* (ribosomal proteins).
bool isRibosomal(const std::string& symbol);

}  // namespace txfm
