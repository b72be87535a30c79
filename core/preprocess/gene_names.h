// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace txfm {

/// What an identifier in a gene table looks like, by its form alone.
enum class GeneNameKind {
    Symbol,             ///< anything that is none of the others
    EnsemblGene,        ///< ENSG and 11 digits, with or without a version
    EnsemblTranscript,  ///< ENST…, ENSP…
    OtherSpecies,       ///< ENSMUSG…, ENSRNOG… and other Ensembl species codes
    RefSeq,             ///< NM_, NR_, XM_, XR_, NP_, XP_ and digits
    Number,             ///< digits only, as Entrez (NCBI Gene) ids are
};

GeneNameKind geneNameKind(std::string_view name);

/// Upper case (ASCII), blanks at both ends removed: the key under which names are compared.
std::string geneKey(std::string_view name);

/// "ENSG00000141510" of "ensg00000141510.16", "ENSG00000182378.14_PAR_Y" or "ENSG00000141510|TP53";
/// "" when the name does not begin with an Ensembl gene id.
std::string stableEnsemblId(std::string_view name);

/// Symbols that a spreadsheet program turned into this date, likeliest first ("1-Mar" ->
/// MARCHF1, MARCH1, MARC1; also "Mar-01", "2021-03-01", "X1.Mar"); empty when it is no such date.
std::vector<std::string> symbolsBehindDate(std::string_view name);

/// Written as mouse and rat symbols are: a capital, then lower case ("Actb", "Gm1992", "mt-Nd1").
bool isMouseStyle(std::string_view name);

}  // namespace txfm
