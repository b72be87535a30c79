// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/model_directory.h"

namespace txfm {

/// HGNC knowledge shipped in resources/genes (HGNC data are CC0): approved symbols, aliases,
/// previous symbols, Ensembl and Entrez ids. Immutable, shared.
class GeneTable {
public:
    /// The table of the resource folder, loaded once; BadInput when it is missing.
    static Result<std::shared_ptr<const GeneTable>> shared();
    /// Approved symbol for any identifier (symbol in any case, alias, previous symbol, Ensembl gene id
    /// with or without version, Entrez id); "" when unknown.
    std::string approvedSymbol(const std::string& identifier) const;
    std::string ensemblId(const std::string& approvedSymbol) const;
    /// An alias or previous symbol that several genes share; approvedSymbol() gives "" for it.
    bool isAmbiguous(const std::string& identifier) const;

private:
    friend Result<std::shared_ptr<const GeneTable>> loadGeneTable(const std::filesystem::path&);
    std::unordered_map<std::string, std::string> m_toSymbol;   // upper-cased identifier -> approved symbol
    std::unordered_map<std::string, std::string> m_toEnsembl;  // approved symbol -> Ensembl gene id
};

enum class GeneMatchKind : uint8_t {
    Matched,    ///< found under its own symbol or Ensembl id
    Renamed,    ///< found through an alias, previous symbol or repaired name
    Duplicated, ///< reaches a vocabulary gene that another column reached first; counts are summed
    Dropped,    ///< no vocabulary gene
};

/// How the genes of a file map to a vocabulary (interface contract §4, "Genes").
struct GeneMatch {
    std::vector<int32_t> target;      ///< per file gene: vocabulary index, -1 = dropped
    std::vector<GeneMatchKind> kind;  ///< per file gene
    std::vector<std::string> name;    ///< per file gene: the name shown to the user
    std::string matchedBy;            ///< the column used most, e.g. "var['gene_ids']"
    int64_t matched = 0, renamed = 0, duplicated = 0, dropped = 0;  ///< numbers of file genes
    /// Share of all counts [0, 1] in each group; -1 until addCountShares ran.
    double matchedShare = -1, renamedShare = -1, duplicatedShare = -1, droppedShare = -1;
    int64_t vocabularyCovered = 0;    ///< vocabulary genes that are measured
    std::vector<uint8_t> measured;    ///< per vocabulary gene: 1 = measured by this file
    std::vector<std::string> notes;   ///< e.g. mouse-style symbols, Excel-damaged names repaired

    /// Numbers, shares and notes, as commands report them.
    nlohmann::json toJson() const;
    /// One line per file gene: name, kind, vocabulary symbol and Ensembl id (empty when dropped).
    std::string toCsv(const io::Vocabulary& vocabulary) const;
};

/// "matched", "renamed", "duplicated", "dropped".
std::string toString(GeneMatchKind kind);

/// Answers "why is this gene missing?": one sentence on where a symbol or id of any kind stands among the
/// file's genes and the vocabulary.
std::string explainGene(const std::string& identifier, const GeneMatch& match, const io::Vocabulary& vocabulary,
                        const GeneTable& table);

/// Matches var against a vocabulary, gene by gene, over every column named in the contract and the index.
/// Options: a user's mapping file (two columns: name in the file, symbol or Ensembl id).
/// Error BadInput when no gene is in common (the message names both sides with examples).
Result<GeneMatch> matchGenes(const Table& var, const io::Vocabulary& vocabulary, const std::string& fileName,
                             const std::filesystem::path& mappingFile = {});

/// Fills the shares of counts by one pass over the data; `geneTotals` (one per file gene) saves the pass.
void addCountShares(GeneMatch& match, const std::vector<double>& geneTotals);
Result<void> addCountShares(GeneMatch& match, const CountSource& counts, Progress& progress);

/// The counts of a data set seen through a vocabulary [cells × G]: columns renumbered, duplicates summed,
/// dropped genes left out. Reads blocks of the underlying source.
std::shared_ptr<const CountSource> projectToVocabulary(std::shared_ptr<const CountSource> counts, GeneMatch match,
                                                       int64_t vocabularySize);

}  // namespace txfm
