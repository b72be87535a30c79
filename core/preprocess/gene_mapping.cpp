// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/gene_mapping.h"

#include <sstream>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/quoted.h"
#include "core/preprocess/gene_names.h"

namespace txfm {

namespace {

/// A transcript or RefSeq id without its version; other names have none.
std::string withoutVersion(const std::string& name) {
    const GeneNameKind kind = geneNameKind(name);
    const bool versioned = kind == GeneNameKind::EnsemblTranscript || kind == GeneNameKind::RefSeq;
    return versioned ? name.substr(0, name.find('.')) : name;
}

}  // namespace

Result<GeneMapping> GeneMapping::read(const std::filesystem::path& file) {
    TXFM_TRY(std::string text, readWholeFile(file));
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    GeneMapping mapping;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        const size_t cut = line.find_first_of("\t,;");
        if (cut == std::string::npos) continue;
        const auto unquoted = [](std::string part) {
            std::erase(part, '"');
            return part;
        };
        const std::string from = geneKey(unquoted(line.substr(0, cut)));
        std::string to = unquoted(line.substr(cut + 1));
        to = to.substr(0, to.find_first_of("\t,;\r"));
        if (from.empty() || to.empty()) continue;
        mapping.m_names.emplace(from, to);
        mapping.m_names.emplace(withoutVersion(from), to);
    }
    if (mapping.m_names.empty() || text.find('\0') != std::string::npos)
        return badInput("The gene mapping " + quoted(file) + " is no text with two columns.",
                        "Give a text file with the name in the data and the gene symbol or Ensembl id, separated by a tab or comma.");
    return mapping;
}

const std::string* GeneMapping::find(const std::string& name) const {
    if (m_names.empty()) return nullptr;
    auto found = m_names.find(geneKey(name));
    if (found == m_names.end()) found = m_names.find(geneKey(withoutVersion(name)));
    return found == m_names.end() ? nullptr : &found->second;
}

const std::string* GeneMapping::findGene(const Table& var, size_t gene) const {
    const std::string* mapped = find(var.index[gene]);
    for (size_t c = 0; c < var.columns.size() && !mapped; ++c)
        if (!var.columns[c].isNumeric()) mapped = find(var.columns[c].text(gene));
    return mapped;
}

Result<void> GeneMapping::checkUsed(const Table& var, const std::filesystem::path& file, const std::string& data) const {
    for (size_t gene = 0; gene < var.rows(); ++gene)
        if (findGene(var, gene)) return {};
    return badInput("The gene mapping " + quoted(file) + " has none of the " + std::to_string(var.rows()) + " genes of " + data +
                        (var.index.empty() ? "" : " (for example " + var.index.front().substr(0, 40) + ")") + ".",
                    "Its first column holds the names as they are in the data, the second the gene symbol or Ensembl id.");
}

void applyGeneMapping(const GeneMapping& mapping, Table& var) {
    static const std::string kFirstAsked = "ensembl_id";
    const Column* before = var.find(kFirstAsked);
    std::vector<std::string> names(var.rows());
    for (size_t gene = 0; gene < names.size(); ++gene) {
        const std::string* mapped = mapping.findGene(var, gene);
        names[gene] = mapped ? *mapped : before ? before->text(gene) : std::string();
    }
    var.set(Column{kFirstAsked, std::move(names), {}});
}

}  // namespace txfm
