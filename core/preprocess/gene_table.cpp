// SPDX-License-Identifier: GPL-3.0-or-later
#include <memory>
#include <mutex>
#include <sstream>

#include <zlib.h>

#include "core/base/paths.h"
#include "core/preprocess/gene_matching.h"
#include "core/preprocess/gene_names.h"

namespace txfm {
namespace {

Result<std::string> readGzip(const std::filesystem::path& path) {
    gzFile file = gzopen(path.c_str(), "rb");
    const std::string hint = "Install the program again, or let TXFM_RESOURCES name its resource folder.";
    if (file == nullptr) return badInput("The gene table " + path.string() + " cannot be opened.", hint);
    std::string text;
    char buffer[1 << 16];
    int got = 0;
    while ((got = gzread(file, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(got));
    const bool closed = gzclose(file) == Z_OK;
    if (got < 0 || !closed) return badInput("The gene table " + path.string() + " is damaged.", hint);
    return text;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    size_t begin = 0;
    while (true) {
        const size_t end = text.find(separator, begin);
        parts.push_back(text.substr(begin, end - begin));
        if (end == std::string::npos) return parts;
        begin = end + 1;
    }
}

using NameMap = std::unordered_map<std::string, std::string>;

/// Adds names that are not taken yet; a name that two genes of the same rank claim belongs to nobody.
void addUnclaimed(NameMap& taken, const std::vector<std::pair<std::string, std::string>>& claims) {
    NameMap fresh;
    for (const auto& [name, symbol] : claims) {
        const auto [entry, added] = fresh.emplace(name, symbol);
        if (!added && entry->second != symbol) entry->second.clear();
    }
    for (auto& [name, symbol] : fresh) taken.emplace(name, symbol);
}

}  // namespace

/// Reads symbol, ensembl_id, entrez_id, previous, aliases. An approved symbol always means itself; a previous
/// symbol comes before an alias, and one that several genes share resolves to none of them.
Result<std::shared_ptr<const GeneTable>> loadGeneTable(const std::filesystem::path& path) {
    TXFM_TRY(const std::string text, readGzip(path));
    auto table = std::make_shared<GeneTable>();
    std::vector<std::pair<std::string, std::string>> previous, aliases, ids;
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    if (line != "symbol\tensembl_id\tentrez_id\tprevious\taliases")
        return badInput("The gene table " + path.string() + " has an unknown header.", "Install the program again.");
    table->m_toSymbol.reserve(200000);
    table->m_toEnsembl.reserve(50000);
    while (std::getline(lines, line)) {
        const auto fields = split(line, '\t');
        if (fields.size() != 5)
            return badInput("The gene table " + path.string() + " is damaged at '" + line.substr(0, 40) + "'.",
                            "Install the program again.");
        const std::string& symbol = fields[0];
        table->m_toSymbol.emplace(geneKey(symbol), symbol);
        if (!fields[1].empty()) {
            ids.emplace_back(fields[1], symbol);
            table->m_toEnsembl.emplace(symbol, fields[1]);
        }
        if (!fields[2].empty()) ids.emplace_back(fields[2], symbol);
        for (const auto& [list, names] : {std::pair{&fields[3], &previous}, std::pair{&fields[4], &aliases}}) {
            if (list->empty()) continue;
            for (const std::string& name : split(*list, '|')) {
                // A bare number would be mistaken for an Entrez id.
                if (!name.empty() && geneNameKind(name) == GeneNameKind::Symbol) names->emplace_back(geneKey(name), symbol);
            }
        }
    }
    addUnclaimed(table->m_toSymbol, ids);
    addUnclaimed(table->m_toSymbol, previous);
    addUnclaimed(table->m_toSymbol, aliases);
    return std::shared_ptr<const GeneTable>(std::move(table));
}

Result<std::shared_ptr<const GeneTable>> GeneTable::shared() {
    static std::mutex mutex;
    static std::shared_ptr<const GeneTable> table;
    const std::lock_guard lock(mutex);
    if (!table) {
        TXFM_TRY(table, loadGeneTable(resourceFolder() / "genes" / "hgnc.tsv.gz"));
    }
    return table;
}

std::string GeneTable::approvedSymbol(const std::string& identifier) const {
    const std::string stable = stableEnsemblId(identifier);
    const auto found = m_toSymbol.find(stable.empty() ? geneKey(identifier) : stable);
    return found == m_toSymbol.end() ? std::string{} : found->second;
}

bool GeneTable::isAmbiguous(const std::string& identifier) const {
    const auto found = m_toSymbol.find(geneKey(identifier));
    return found != m_toSymbol.end() && found->second.empty();
}

std::string GeneTable::ensemblId(const std::string& approvedSymbol) const {
    const auto found = m_toEnsembl.find(approvedSymbol);
    return found == m_toEnsembl.end() ? std::string{} : found->second;
}

}  // namespace txfm
