// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/gene_model.h"

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "core/base/atomic_file.h"
#include "core/base/paths.h"
#include "core/preprocess/vocabulary_index.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;

/// Drops rows whose symbol was seen before.
int64_t dropRepeated(GeneModel& model) {
    std::unordered_set<std::string> seen;
    const io::Vocabulary all = std::move(model.vocabulary);
    model.vocabulary = {};
    int64_t kept = 0;
    for (int64_t g = 0; g < all.size(); ++g) {
        const auto at = static_cast<size_t>(g);
        if (!all.symbols[at].empty() && !seen.insert(all.symbols[at]).second) continue;
        std::copy_n(model.values.begin() + g * model.width, model.width, model.values.begin() + kept * model.width);
        model.vocabulary.symbols.push_back(all.symbols[at]);
        model.vocabulary.ensemblIds.push_back(all.ensemblIds[at]);
        ++kept;
    }
    model.values.resize(static_cast<size_t>(kept * model.width));
    return all.size() - kept;
}

Result<std::vector<std::string>> readGeneList(const fs::path& file) {
    TXFM_TRY(const std::string text, readWholeFile(file, size_t{64} << 20));
    std::vector<std::string> names;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        line = line.substr(0, line.find_first_of("\t,;\r"));
        if (!line.empty() && line[0] != '#') names.push_back(line);
    }
    return names;
}

}  // namespace

Result<GeneModel> openGeneModel(const std::string& model, const std::string& source, Progress& progress) {
    const fs::path folder = model.empty() ? defaultModelFolder() : fs::path(model);
    TXFM_TRY(const io::ModelDirectory directory, io::ModelDirectory::open(folder));
    GeneModel out;
    out.folder = folder.string();
    out.vocabulary = directory.vocabulary();
    TXFM_TRY(out.values, directory.geneVectors(source == "decoder", &out.width));
    if (const int64_t dropped = dropRepeated(out); dropped > 0)
        progress.message(MessageLevel::Warning, std::to_string(dropped) + " genes of " + out.folder + " repeat a symbol; the first of each is used.");
    return out;
}

Result<int64_t> findGene(const GeneModel& model, const std::string& name) {
    TXFM_TRY(const auto table, GeneTable::shared());
    const int32_t found = VocabularyIndex(model.vocabulary, *table).find(name);
    if (found < 0) {
        const std::string reason = table->isAmbiguous(name) ? "is an alias that several genes share" : "is not among the genes of the model";
        return badInput("Gene '" + name + "' " + reason + " " + model.folder + ".", "Give an approved symbol or an Ensembl id.");
    }
    return static_cast<int64_t>(found);
}

Result<std::vector<int64_t>> findGenes(const GeneModel& model, const std::vector<std::string>& names, Progress& progress) {
    std::vector<std::string> wanted;
    std::error_code code;
    if (names.size() == 1 && fs::is_regular_file(names[0], code)) {
        TXFM_TRY(wanted, readGeneList(names[0]));
    } else {
        // No gene name holds a comma, and lists are often pasted with them.
        for (const std::string& text : names) {
            std::istringstream parts(text);
            for (std::string name; std::getline(parts, name, ',');)
                if (!name.empty()) wanted.push_back(name);
        }
    }
    TXFM_TRY(const auto table, GeneTable::shared());
    const VocabularyIndex index(model.vocabulary, *table);
    std::vector<int64_t> genes;
    std::string missing;
    int64_t missingCount = 0;
    for (const std::string& name : wanted) {
        const int64_t gene = index.find(name);
        if (gene < 0) {
            if (++missingCount <= 5) missing += (missing.empty() ? "" : ", ") + name.substr(0, 40);
        } else if (!std::ranges::count(genes, gene)) {
            genes.push_back(gene);
        }
    }
    if (genes.empty()) return badInput("None of the genes (" + missing + ") is among the genes of the model " + model.folder + ".", "Give approved symbols or Ensembl ids.");
    if (missingCount > 0) progress.message(MessageLevel::Warning, std::to_string(missingCount) + " genes are not in the model and left out: " + missing + (missingCount > 5 ? ", …" : "") + ".");
    return genes;
}

}  // namespace txfm::workflow
