// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/bundle/sample_parts.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "core/preprocess/gene_matching.h"
#include "core/preprocess/gene_symbols.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

constexpr int kDeepestFolder = 4;
constexpr size_t kMostFiles = 5000;

std::string lowered(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
}

bool isSideFile(const fs::path& path) {
    const std::string name = lowered(path.filename().string());
    for (const char* word : {"barcodes", "features", "genes.tsv", "genes.txt", "genes.csv", "readme", "metadata", "manifest", "summary", "md5"}) {
        if (name.find(word) != std::string::npos) return true;
    }
    return name.starts_with(".");
}

/// Whether a file that no reader wants was meant to be counts.
bool isCalledCountFile(const fs::path& path) {
    std::string name = lowered(path.filename().string());
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    return std::ranges::any_of(std::initializer_list<const char*>{".h5ad", ".h5", ".loom", ".mtx", ".gct", ".csv", ".tsv", ".tab"},
                               [&](const char* ending) { return name.ends_with(ending); });
}

void append(std::string& list, const std::string& name) { list += (list.empty() ? "" : ", ") + name; }

/// Looks for count files below a folder: a folder that is one 10x data set counts as one part.
void findParts(const fs::path& folder, const io::Reader* self, int depth, SampleParts& found) {
    std::vector<fs::path> entries;
    std::error_code ec;
    for (fs::directory_iterator at(folder, ec), end; !ec && at != end && entries.size() < kMostFiles; at.increment(ec))
        entries.push_back(at->path());
    std::ranges::sort(entries);
    const auto& registry = io::ReaderRegistry::instance();
    for (const fs::path& entry : entries) {
        if (fs::is_directory(entry, ec)) {
            const io::Reader* single = nullptr;
            for (const auto& reader : registry.readers()) {
                if (reader.get() != self && reader->probe(entry, {}) > 0) single = reader.get();
            }
            if (single) {
                found.parts.push_back({entry, single});
            } else if (depth < kDeepestFolder) {
                findParts(entry, self, depth + 1, found);
            }
        } else if (!isSideFile(entry)) {
            const auto reader = registry.find(entry);
            if (reader && *reader != self) found.parts.push_back({entry, *reader});
            if (!reader && isCalledCountFile(entry)) append(found.damaged, entry.filename().string());
        }
    }
}

/// What the matrices of one sample that Cell Ranger writes have in common; "" for other names. `rank`: the wanted one is least.
std::string cellRangerSample(const fs::path& path, int& rank) {
    std::string name = path.string();
    rank = 0;
    if (name.ends_with(".h5")) {
        name.resize(name.size() - 3);
        ++rank;
    }
    if (const size_t raw = name.rfind("raw_"); raw != std::string::npos && name.compare(raw + 4, 8, "feature_") == 0) {
        name.replace(raw, 4, "filtered_");
        rank += 2;
    } else if (raw != std::string::npos && name.compare(raw + 4, 5, "gene_") == 0) {
        name.replace(raw, 4, "filtered_");
        rank += 2;
    }
    if (name.ends_with("_h5")) name.resize(name.size() - 3);
    const bool known = name.find("filtered_feature_bc_matrix") != std::string::npos || name.find("filtered_gene_bc_matri") != std::string::npos;
    return known ? name : std::string();
}

void keepFilteredMatrices(SampleParts& found) {
    std::map<std::string, int> best;
    for (const Part& part : found.parts) {
        int rank = 0;
        const std::string sample = cellRangerSample(part.path, rank);
        if (sample.empty()) continue;
        const auto [at, isNew] = best.emplace(sample, rank);
        at->second = std::min(at->second, rank);
    }
    std::string left;
    std::erase_if(found.parts, [&](const Part& part) {
        int rank = 0;
        const std::string sample = cellRangerSample(part.path, rank);
        if (sample.empty() || best.at(sample) == rank) return false;
        append(left, part.path.filename().string());
        return true;
    });
    if (!left.empty()) found.notes.push_back("Of the matrices of a sample the filtered one is used; left out: " + left + ".");
}

/// RSEM writes its estimates twice, by gene and by transcript.
void keepGeneResults(SampleParts& found) {
    const std::string genes = ".genes.results", transcripts = ".isoforms.results";
    const auto stem = [](const Part& part, const std::string& ending) {
        const std::string path = part.path.string();
        return path.ends_with(ending) ? path.substr(0, path.size() - ending.size()) : std::string();
    };
    std::set<std::string> samples;
    for (const Part& part : found.parts) samples.insert(stem(part, genes));
    samples.erase("");
    std::string left;
    std::erase_if(found.parts, [&](const Part& part) {
        if (!samples.contains(stem(part, transcripts))) return false;
        append(left, part.path.filename().string());
        return true;
    });
    if (!left.empty()) found.notes.push_back("Estimates by gene are used, those by transcript left out: " + left + ".");
}

/// Whether any of the first genes looks like one.
bool namesGenes(const Table& var) {
    constexpr size_t kMost = 500;
    const auto table = GeneTable::shared();
    const auto end = var.index.begin() + static_cast<std::ptrdiff_t>(std::min(var.rows(), kMost));
    return std::any_of(var.index.begin(), end, [&](const std::string& name) { return looksLikeGene(name, table ? table->get() : nullptr); });
}

}  // namespace

bool isTextTable(const Part& part) { return part.reader->name() == "delimited text"; }

bool holdsParts(const fs::path& folder, const io::Reader* self) {
    SampleParts found;
    findParts(folder, self, 0, found);
    return !found.parts.empty();
}

Result<SampleParts> findSampleParts(const fs::path& folder, const fs::path& shown, const io::Reader* self) {
    SampleParts found;
    findParts(folder, self, 0, found);
    if (found.parts.empty()) return badInput("'" + shown.string() + "' holds no count file that is understood.", "Open the count file itself.");
    keepFilteredMatrices(found);
    keepGeneResults(found);
    if (std::ranges::all_of(found.parts, isTextTable)) return found;
    // A table of sample facts beside h5 or mtx files is not one more sample.
    std::string tables;
    std::erase_if(found.parts, [&](const Part& part) {
        if (isTextTable(part)) append(tables, part.path.filename().string());
        return isTextTable(part);
    });
    if (!tables.empty()) found.notes.push_back("Text tables beside other count files are left out: " + tables + "; open them on their own.");
    return found;
}

std::string sampleName(const fs::path& root, const fs::path& part) {
    const fs::path relative = fs::relative(part, root);
    std::string name = relative.string();
    std::ranges::replace(name, '/', '_');
    for (const char* ending : {".gz", ".mtx", ".tsv", ".csv", ".txt", ".h5ad", ".h5", ".loom", ".tab", ".gct", ".sf", ".results", ".genes", ".isoforms", "_matrix", "matrix",
                               "ReadsPerGene.out", "_filtered_feature_bc", "_raw_feature_bc", "_filtered_gene_bc_matrices", "_counts", ".counts", ".htseq", "_quant", "_abundance"}) {
        const std::string text = ending;
        if (name.size() > text.size() && name.ends_with(text)) name.resize(name.size() - text.size());
    }
    while (name.size() > 1 && (name.back() == '_' || name.back() == '.')) name.pop_back();
    return name;
}

std::string dropTablesWithoutGenes(std::vector<io::NamedDataset>& datasets, const std::vector<bool>& isText) {
    std::vector<bool> known;
    for (const io::NamedDataset& named : datasets) known.push_back(namesGenes(named.dataset.var));
    if (!std::ranges::count(known, true)) return {};
    std::string left;
    std::vector<io::NamedDataset> kept;
    for (size_t i = 0; i < datasets.size(); ++i) {
        if (known[i] || !isText[i])
            kept.push_back(std::move(datasets[i]));
        else
            append(left, fs::path(datasets[i].dataset.provenance.path).filename().string());
    }
    datasets = std::move(kept);
    return left;
}

}  // namespace txfm::readers
