// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>

#include "core/base/result.h"
#include "core/data/table.h"

namespace txfm {

/// A user's table of gene names: name in the data -> symbol or Ensembl id. Names are compared without regard to case, and
/// versions of transcripts and RefSeq ids are ignored where the table has none.
class GeneMapping {
public:
    /// Maps nothing.
    GeneMapping() = default;
    /// Two columns, separated by tab, comma or semicolon. BadInput when no line has two, or when it is no text.
    static Result<GeneMapping> read(const std::filesystem::path& file);
    /// nullptr for a name that the table does not have.
    const std::string* find(const std::string& name) const;
    /// What the table says of a gene, by the index or the first text column that it knows; nullptr when by none.
    const std::string* findGene(const Table& var, size_t gene) const;
    /// BadInput naming the table when it has none of these genes: the user asked for it, so it is the wrong one.
    Result<void> checkUsed(const Table& var, const std::filesystem::path& file, const std::string& data) const;

private:
    std::unordered_map<std::string, std::string> m_names;
};

/// Puts the user's names of the genes into the column that matching and vocabularies ask first (var['ensembl_id']), looked up
/// by the index and by every text column; genes that the table does not have keep what they had there.
void applyGeneMapping(const GeneMapping& mapping, Table& var);

}  // namespace txfm
