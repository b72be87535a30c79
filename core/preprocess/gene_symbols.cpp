// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/gene_symbols.h"

#include "core/preprocess/gene_matching.h"
#include "core/preprocess/gene_names.h"

namespace txfm {

Result<std::vector<std::string>> geneSymbols(const Table& var) {
    std::vector<const Column*> columns;
    for (const char* wanted : {"symbol", "gene_symbol", "gene_symbols", "gene_name", "gene_names", "feature_name"}) {
        for (const Column& column : var.columns) {
            if (geneKey(column.name) == geneKey(wanted)) columns.push_back(&column);
        }
    }
    std::vector<std::string> symbols(var.rows());
    std::shared_ptr<const GeneTable> table;
    for (size_t g = 0; g < symbols.size(); ++g) {
        std::string name;
        for (const Column* column : columns) {
            name = column->text(g);
            if (!name.empty()) break;
        }
        if (name.empty()) name = var.index[g];
        if (geneNameKind(name) == GeneNameKind::EnsemblGene) {
            if (!table) {
                TXFM_TRY(table, GeneTable::shared());
            }
            if (const std::string approved = table->approvedSymbol(name); !approved.empty()) name = approved;
        }
        symbols[g] = std::move(name);
    }
    return symbols;
}

bool looksLikeGene(const std::string& name, const GeneTable* table) {
    constexpr size_t kShortAlias = 3;
    const GeneNameKind kind = geneNameKind(name);
    if (kind != GeneNameKind::Symbol) return kind != GeneNameKind::Number;
    if (!symbolsBehindDate(name).empty()) return true;
    const std::string approved = table ? table->approvedSymbol(name) : std::string();
    return !approved.empty() && (geneKey(approved) == geneKey(name) || geneKey(name).size() > kShortAlias);
}

bool isMitochondrial(const std::string& symbol) { return geneKey(symbol).starts_with("MT-"); }

bool isRibosomal(const std::string& symbol) {
    const std::string key = geneKey(symbol);
    return key.starts_with("RPS") || key.starts_with("RPL");
}

}  // namespace txfm
