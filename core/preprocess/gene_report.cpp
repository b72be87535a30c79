// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/preprocess/gene_matching.h"
#include "core/preprocess/gene_names.h"
#include "core/preprocess/vocabulary_index.h"

namespace txfm {
namespace {

constexpr int64_t kBlockRows = 2048;

std::string csvField(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

nlohmann::json share(double value) { return value < 0 ? nlohmann::json() : nlohmann::json(value); }

}  // namespace

std::string toString(GeneMatchKind kind) {
    switch (kind) {
        case GeneMatchKind::Matched: return "matched";
        case GeneMatchKind::Renamed: return "renamed";
        case GeneMatchKind::Duplicated: return "duplicated";
        case GeneMatchKind::Dropped: return "dropped";
    }
    return "dropped";
}

nlohmann::json GeneMatch::toJson() const {
    return {{"genes", target.size()},
            {"matched", matched},
            {"renamed", renamed},
            {"duplicated", duplicated},
            {"dropped", dropped},
            {"matched_share", share(matchedShare)},
            {"renamed_share", share(renamedShare)},
            {"duplicated_share", share(duplicatedShare)},
            {"dropped_share", share(droppedShare)},
            {"vocabulary_covered", vocabularyCovered},
            {"vocabulary_size", measured.size()},
            {"matched_by", matchedBy},
            {"notes", notes}};
}

std::string GeneMatch::toCsv(const io::Vocabulary& vocabulary) const {
    std::string text = "gene,match,symbol,ensembl_id\n";
    for (size_t g = 0; g < target.size(); ++g) {
        text += csvField(name[g]) + ',' + toString(kind[g]) + ',';
        if (target[g] >= 0) {
            const auto v = static_cast<size_t>(target[g]);
            text += csvField(vocabulary.symbols[v]) + ',' + csvField(vocabulary.ensemblIds[v]);
        } else {
            text += ',';
        }
        text += '\n';
    }
    return text;
}

std::string explainGene(const std::string& identifier, const GeneMatch& match, const io::Vocabulary& vocabulary,
                        const GeneTable& table) {
    const VocabularyIndex index(vocabulary, table);
    const int32_t gene = index.find(identifier);
    if (gene >= 0) {
        const std::string& symbol = vocabulary.symbols[static_cast<size_t>(gene)];
        for (size_t g = 0; g < match.target.size(); ++g) {
            if (match.target[g] == gene)
                return symbol + " is in the file as '" + match.name[g] + "' and used by the model.";
        }
        return symbol + " is a gene of the model, but no column of the file names it.";
    }
    for (size_t g = 0; g < match.name.size(); ++g) {
        if (geneKey(match.name[g]) == geneKey(identifier))
            return match.name[g] + " is in the file, but not among the genes of the model; its counts are dropped.";
    }
    if (table.isAmbiguous(identifier))
        return identifier + " is an alias that several genes share; search by an approved symbol or an Ensembl id.";
    const std::string approved = table.approvedSymbol(identifier);
    if (approved.empty()) return identifier + " is not known as a human gene and not in the file.";
    return identifier + (approved == identifier ? "" : " (" + approved + ")") +
           " is a human gene, but neither in the file nor among the genes of the model.";
}

void addCountShares(GeneMatch& match, const std::vector<double>& geneTotals) {
    double sums[4] = {0, 0, 0, 0};
    for (size_t g = 0; g < geneTotals.size() && g < match.kind.size(); ++g)
        sums[static_cast<size_t>(match.kind[g])] += geneTotals[g];
    const double all = sums[0] + sums[1] + sums[2] + sums[3];
    if (!(all > 0)) return;  // scaled values may add up to less than nothing
    const double scale = 1.0 / all;
    match.matchedShare = sums[static_cast<size_t>(GeneMatchKind::Matched)] * scale;
    match.renamedShare = sums[static_cast<size_t>(GeneMatchKind::Renamed)] * scale;
    match.duplicatedShare = sums[static_cast<size_t>(GeneMatchKind::Duplicated)] * scale;
    match.droppedShare = sums[static_cast<size_t>(GeneMatchKind::Dropped)] * scale;
}

Result<void> addCountShares(GeneMatch& match, const CountSource& counts, Progress& progress) {
    std::vector<double> totals(static_cast<size_t>(counts.genes()), 0.0);
    StageProgress stage(progress, "match", static_cast<double>(counts.cells()), "cells");
    for (int64_t begin = 0; begin < counts.cells(); begin += kBlockRows) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(begin + kBlockRows, counts.cells());
        const auto add = [&](const CsrMatrix& block, int64_t first, int64_t last) {
            for (int64_t k = block.indptr[first]; k < block.indptr[last]; ++k)
                totals[static_cast<size_t>(block.indices[k])] += block.values[k];
        };
        if (const CsrMatrix* all = counts.inMemory()) {
            add(*all, begin, end);
        } else {
            TXFM_TRY(const CsrMatrix block, counts.readRows(begin, end));
            add(block, 0, block.rows);
        }
        stage.set(static_cast<double>(end));
    }
    addCountShares(match, totals);
    return {};
}

}  // namespace txfm
