// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/model_directory.h"
#include "core/preprocess/gene_matching.h"

namespace txfm::training {

/// Which genes of the data sets make the vocabulary (interface contract §4, "Initialisation and vocabulary").
struct VocabularyRule {
    int64_t minSets = 1;       ///< measured by at least that many data sets
    int64_t minCells = 0;      ///< with a count in at least that many cells, over all data sets
    bool approvedOnly = false; ///< only genes with an approved HGNC symbol
};

/// Name of a gene in the one namespace of vocabularies (spec §9): its approved HGNC symbol, upper case;
/// the stable Ensembl id or the upper-cased name itself where HGNC knows none; "" for an empty name.
struct GeneIdentity {
    std::string symbol;
    std::string ensemblId;
    bool approved = false;
};
/// One per row of var, from the columns of the contract and the index.
std::vector<GeneIdentity> identifyGenes(const Table& var, const GeneTable& table);

/// Union of the genes of the data sets under the rule, sorted by symbol. BadInput when none is left.
Result<io::Vocabulary> buildVocabulary(const std::vector<Dataset>& sets, const VocabularyRule& rule,
                                       Progress& progress);

/// A vocabulary from lists: plain text with one symbol or id a line, genes.tsv of a model, or count files (union of
/// their genes). Exactly those genes, in the order of first appearance.
Result<io::Vocabulary> readGeneLists(const std::vector<std::string>& paths, Progress& progress);

}  // namespace txfm::training
