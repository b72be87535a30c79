// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/vocabulary_builder.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_set>

#include "core/base/atomic_file.h"
#include "core/io/reader.h"
#include "core/preprocess/gene_names.h"

namespace txfm::training {
namespace {

const std::vector<std::string> kColumns = {"ensembl_id",   "gene_id",   "gene_ids",   "symbol",      "gene_symbol",
                                           "gene_symbols", "gene_name", "gene_names", "feature_name"};

GeneIdentity identify(const std::vector<std::string>& candidates, const GeneTable& table) {
    GeneIdentity identity;
    for (const std::string& name : candidates) {
        if (const std::string symbol = table.approvedSymbol(name); !symbol.empty())
            return {geneKey(symbol), table.ensemblId(symbol), true};
        if (identity.ensemblId.empty()) identity.ensemblId = stableEnsemblId(name);
        if (identity.symbol.empty() && geneNameKind(name) == GeneNameKind::Symbol) identity.symbol = geneKey(name);
    }
    if (identity.symbol.empty()) identity.symbol = identity.ensemblId;
    if (identity.symbol.empty()) {
        for (const std::string& name : candidates)
            if (identity.symbol.empty()) identity.symbol = geneKey(name);
    }
    return identity;
}

/// Cells with a count, per column.
Result<std::vector<int64_t>> cellsPerGene(const CountSource& counts, Progress& progress) {
    constexpr int64_t kRowsPerBlock = 4096;
    std::vector<int64_t> cells(static_cast<size_t>(counts.genes()), 0);
    for (int64_t begin = 0; begin < counts.cells(); begin += kRowsPerBlock) {
        if (progress.cancelled()) return cancelledError();
        TXFM_TRY(const CsrMatrix block, counts.readRows(begin, std::min(begin + kRowsPerBlock, counts.cells())));
        for (size_t i = 0; i < block.indices.size(); ++i)
            if (block.values[i] != 0) ++cells[static_cast<size_t>(block.indices[i])];
    }
    return cells;
}

struct GeneUse {
    std::string ensemblId;
    int64_t sets = 0, cells = 0;
    bool approved = false;
};

void appendUnique(io::Vocabulary& vocabulary, std::unordered_set<std::string>& known, const GeneIdentity& gene) {
    if (gene.symbol.empty() || !known.insert(gene.symbol).second) return;
    vocabulary.symbols.push_back(gene.symbol);
    vocabulary.ensemblIds.push_back(gene.ensemblId);
}

bool isGeneListFile(const std::string& path) {
    return path.ends_with(".txt") || path.ends_with(".tsv") || path.ends_with(".list");
}

}  // namespace

std::vector<GeneIdentity> identifyGenes(const Table& var, const GeneTable& table) {
    std::vector<const Column*> columns;
    for (const std::string& wanted : kColumns) {
        for (const Column& column : var.columns)
            if (geneKey(column.name) == geneKey(wanted)) columns.push_back(&column);
    }
    std::vector<GeneIdentity> genes(var.rows());
    std::vector<std::string> candidates;
    for (size_t row = 0; row < genes.size(); ++row) {
        candidates.clear();
        for (const Column* column : columns) candidates.push_back(column->text(row));
        candidates.push_back(var.index[row]);
        std::erase_if(candidates, [](const std::string& name) { return name.empty(); });
        genes[row] = identify(candidates, table);
    }
    return genes;
}

Result<io::Vocabulary> buildVocabulary(const std::vector<Dataset>& sets, const VocabularyRule& rule,
                                       Progress& progress) {
    TXFM_TRY(const auto table, GeneTable::shared());
    std::map<std::string, GeneUse> uses;
    for (const Dataset& set : sets) {
        std::vector<int64_t> cells;
        if (rule.minCells > 0) {
            TXFM_TRY(cells, cellsPerGene(*set.counts, progress));
        }
        std::unordered_set<std::string> seen;
        const auto genes = identifyGenes(set.var, *table);
        for (size_t row = 0; row < genes.size(); ++row) {
            if (genes[row].symbol.empty()) continue;
            GeneUse& use = uses[genes[row].symbol];
            if (use.ensemblId.empty()) use.ensemblId = genes[row].ensemblId;
            use.approved = use.approved || genes[row].approved;
            if (seen.insert(genes[row].symbol).second) ++use.sets;
            if (!cells.empty()) use.cells += cells[row];
        }
    }
    io::Vocabulary vocabulary;
    for (const auto& [symbol, use] : uses) {
        if (use.sets < rule.minSets || use.cells < rule.minCells || (rule.approvedOnly && !use.approved)) continue;
        vocabulary.symbols.push_back(symbol);
        vocabulary.ensemblIds.push_back(use.ensemblId);
    }
    if (vocabulary.size() == 0)
        return badInput("No gene of the data sets is left for the vocabulary (--min-sets " +
                            std::to_string(rule.minSets) + ", --min-cells " + std::to_string(rule.minCells) + ").",
                        "Lower these limits or give --genes.");
    return vocabulary;
}

Result<io::Vocabulary> readGeneLists(const std::vector<std::string>& paths, Progress& progress) {
    TXFM_TRY(const auto table, GeneTable::shared());
    io::Vocabulary vocabulary;
    std::unordered_set<std::string> known;
    for (const std::string& path : paths) {
        if (!isGeneListFile(path)) {
            TXFM_TRY(const Dataset set, io::openDataset(path, {}, progress));
            for (const GeneIdentity& gene : identifyGenes(set.var, *table)) appendUnique(vocabulary, known, gene);
            continue;
        }
        TXFM_TRY(const std::string text, readWholeFile(path, size_t{256} << 20));
        std::istringstream lines(text);
        std::string line;
        bool first = true;
        while (std::getline(lines, line)) {
            if (!line.empty() && line.back() == '\r') line.pop_back();
            const size_t tab = line.find('\t');
            const std::string name = line.substr(0, tab);
            const bool header = first && geneKey(name) == "SYMBOL";
            first = false;
            if (header || geneKey(name).empty() || name[0] == '#') continue;
            std::vector<std::string> candidates{name};
            if (tab != std::string::npos) candidates.push_back(line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1));
            GeneIdentity gene = identify(candidates, *table);
            appendUnique(vocabulary, known, gene);
        }
    }
    if (vocabulary.size() == 0)
        return badInput("'" + (paths.empty() ? std::string("--genes") : paths.front()) + "' lists no gene.",
                        "Give one symbol or Ensembl id per line, a genes.tsv or a count file.");
    return vocabulary;
}

}  // namespace txfm::training
