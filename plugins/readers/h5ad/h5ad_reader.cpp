// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/h5ad/h5ad_reader.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_set>

#include "core/base/quoted.h"
#include "core/io/anndata_elements.h"
#include "core/io/count_loader.h"
#include "core/io/describe_values.h"
#include "core/io/measured_slots.h"
#include "core/io/packed_cache.h"
#include "core/io/streamed_counts.h"
#include "core/io/transposed_columns.h"
#include "plugins/readers/h5ad/count_candidates.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

using anndata::MatrixLayout;
using hdf5::Node;

/// With counts left on disk, larger obsm arrays stay there too; readObsm fetches them.
constexpr int64_t kLargeArray = int64_t{16} << 20;

Result<Node> openRoot(const fs::path& path) {
    TXFM_TRY(Node root, Node::open(path));
    if (!root.has("obs") || !root.has("var"))
        return badInput(quoted(path) + " is an HDF5 file without obs and var, so it is not AnnData.");
    return root;
}

Result<void> checkExtents(const CountCandidate& candidate, int64_t cells, int64_t genes) {
    if (candidate.header.rows != cells || candidate.header.cols != genes)
        return badInput(candidate.matrix.where() + " is " + std::to_string(candidate.header.rows) + " × " +
                        std::to_string(candidate.header.cols) + ", but its tables list " + std::to_string(cells) +
                        " cells and " + std::to_string(genes) + " genes; the file is damaged.");
    if (cells == 0 || genes == 0)
        return badInput("'" + candidate.matrix.file() + "' holds no " + (cells == 0 ? "cells" : "genes") + ".");
    return {};
}

Error badValue(const fs::path& path, const CountCandidate& candidate, const ValueSummary& values, const Table& obs,
               const Table& var) {
    return badInput(candidate.name + " of " + quoted(path) + " holds " +
                    (values.nonFinite ? "a value that is not a finite number" : "the negative value " + std::to_string(values.value)) +
                    " for cell '" + obs.index[values.row].substr(0, 60) + "' and gene '" + var.index[values.col].substr(0, 60) + "'.",
                    "Counts are whole numbers from 0; export the raw counts.");
}

Result<LoadedCounts> load(const CountCandidate& candidate, Progress& progress) {
    const Node& matrix = candidate.matrix;
    if (candidate.header.layout == MatrixLayout::Dense) return loadDense(matrix, false, progress);
    TXFM_TRY(const Node data, matrix.child("data"));
    TXFM_TRY(const Node indices, matrix.child("indices"));
    TXFM_TRY(const Node pointerNode, matrix.child("indptr"));
    const bool byRow = candidate.header.layout == MatrixLayout::CompressedRows;
    TXFM_TRY(std::vector<int64_t> pointers,
             readPointers(pointerNode, byRow ? candidate.header.rows : candidate.header.cols, candidate.header.stored));
    if (byRow)
        return loadCompressedRows(data, indices, std::move(pointers), candidate.header.rows, candidate.header.cols, progress);
    return loadCompressedColumns(data, indices, pointers, candidate.header.rows, candidate.header.cols, progress);
}

/// The parts of a compressed matrix, `lines` rows or columns; only the pointers are read.
struct CompressedArrays {
    Node data, indices;
    std::vector<int64_t> pointers;
};

Result<CompressedArrays> openCompressed(const CountCandidate& candidate, int64_t lines) {
    TXFM_TRY(Node data, candidate.matrix.child("data"));
    TXFM_TRY(Node indices, candidate.matrix.child("indices"));
    TXFM_TRY(const Node pointerNode, candidate.matrix.child("indptr"));
    TXFM_CHECK(data.checkReadable());
    TXFM_CHECK(indices.checkReadable());
    if (!data.type().isNumeric() || !indices.type().isInteger())
        return badInput(candidate.matrix.where() + " does not hold numbers and whole-number indices.");
    const int64_t stored = std::min(candidate.header.stored, indices.elements());
    TXFM_TRY(std::vector<int64_t> pointers, readPointers(pointerNode, lines, stored));
    return CompressedArrays{std::move(data), std::move(indices), std::move(pointers)};
}

/// Compressed columns cannot be read row by row: nullptr when they fit in memory, else sorted by cells on disk.
Result<std::shared_ptr<const CountSource>> streamColumns(const CountCandidate& candidate, bool requireCounts, const ReadOptions& options, Progress& progress) {
    constexpr int64_t kBytesPerValue = 12;  // indices twice and the values
    if (!options.countsLater && candidate.header.stored * kBytesPerValue <= memoryForCounts()) return std::shared_ptr<const CountSource>();
    TXFM_TRY(CompressedArrays arrays, openCompressed(candidate, candidate.header.cols));
    const auto counts = std::make_shared<TransposedColumns>(std::move(arrays.data), std::move(arrays.indices), std::move(arrays.pointers), candidate.header.rows,
                                                            candidate.header.cols, requireCounts, packedFolder(), progress.token());
    if (!options.countsLater) TXFM_CHECK(counts->prepare(progress));
    return std::shared_ptr<const CountSource>(counts);
}

/// The counts left in the file; nullptr where they have to be in memory.
Result<std::shared_ptr<const CountSource>> stream(const CountCandidate& candidate, bool requireCounts, const ReadOptions& options, Progress& progress) {
    if (candidate.header.layout == MatrixLayout::CompressedColumns) return streamColumns(candidate, requireCounts, options, progress);
    if (candidate.header.layout == MatrixLayout::Dense) {
        TXFM_CHECK(candidate.matrix.checkReadable());
        return std::shared_ptr<const CountSource>(
            std::make_shared<StreamedDense>(Node::copyOf(candidate.matrix), requireCounts));
    }
    TXFM_TRY(CompressedArrays arrays, openCompressed(candidate, candidate.header.rows));
    return std::shared_ptr<const CountSource>(std::make_shared<StreamedRows>(
        std::move(arrays.data), std::move(arrays.indices), std::move(arrays.pointers), candidate.header.cols, requireCounts));
}

/// What the values of a candidate are, as precisely as some of its rows tell.
std::string describeCandidate(const CountCandidate& candidate) {
    const bool scaled = candidate.kind == ValueKind::Log1pNormalised || candidate.kind == ValueKind::Normalised;
    // Some rows of compressed columns cost as much as all of them.
    if (!scaled || candidate.header.layout == MatrixLayout::CompressedColumns) return toString(candidate.kind);
    Progress silent;
    const auto source = stream(candidate, false, ReadOptions{}, silent);
    if (!source || !*source) return toString(candidate.kind);
    const auto description = describeValues(**source, candidate.kind);
    return description ? description->text : toString(candidate.kind);
}

/// What to say when no matrix holds counts, after a look at all of them.
Error noCounts(const fs::path& path, const Node& root, const std::vector<CountCandidate>& candidates) {
    std::string found;
    for (const CountCandidate& candidate : candidates)
        found += (found.empty() ? "" : ", ") + candidate.name + " holds " + describeCandidate(candidate);
    std::string hint = normalisedHint(std::ranges::any_of(candidates, [](const CountCandidate& c) { return c.kind != ValueKind::Scaled; }));
    if (const auto all = findMatrices(root))
        for (const CountCandidate& other : *all)
            if (other.kind == ValueKind::Counts) hint = other.name + " holds whole numbers; if these are the counts, add --counts-in " + other.option + ".";
    return badInput(quoted(path) + " has no raw counts: " + found + ".", hint);
}

void addDuplicateNote(const std::vector<std::string>& names, const std::string& what, std::vector<std::string>& notes) {
    // Sorted hashes tell much faster than a set of names that all differ, as they usually do.
    std::vector<size_t> hashes(names.size());
    std::ranges::transform(names, hashes.begin(), std::hash<std::string>());
    std::ranges::sort(hashes);
    if (std::ranges::adjacent_find(hashes) == hashes.end()) return;
    const std::unordered_set<std::string_view> unique(names.begin(), names.end());
    if (const size_t repeated = names.size() - unique.size(); repeated > 0)
        notes.push_back(std::to_string(repeated) + " " + what + " names occur more than once.");
}

/// The genes of a candidate. Those of raw are often the genes of the file: then var, which grows after raw was set, counts too.
Result<Table> readGenes(const CountCandidate& candidate, const Node& root, bool genesFit, std::vector<std::string>& notes) {
    TXFM_TRY(Table genes, anndata::readTable(candidate.var, root, notes));
    if (candidate.option != "raw.X" || !genesFit) return genes;
    TXFM_TRY(const Node var, root.child("var"));
    TXFM_TRY(Table all, anndata::readTable(var, root, notes));
    for (Column& column : genes.columns)
        if (!all.find(column.name)) all.set(std::move(column));
    return all;
}

/// obsm or varm: every numeric array; the rest is skipped with a note.
Result<std::map<std::string, DenseMatrix>> readArrays(const Node& root, const std::string& group, int64_t rows,
                                                      const ReadOptions& options, std::vector<std::string>& notes) {
    std::map<std::string, DenseMatrix> arrays;
    if (!root.has(group)) return arrays;
    TXFM_TRY(const Node slot, root.child(group));
    // The compound records of the oldest files are read in any case: nothing else can copy them.
    if (!options.readArrays && slot.isGroup()) return arrays;
    TXFM_TRY(auto found, anndata::readArrays(slot, options.keepInMemory ? 0 : kLargeArray));
    for (auto& [key, array] : found) {
        if (array && array->rows == rows)
            arrays.emplace(key, std::move(*array));
        else
            notes.push_back(group + "['" + key + "'] was left out: it is not a table of numbers with one row per " +
                            (group == "obsm" ? "cell." : "gene."));
    }
    return arrays;
}

Result<FileInfo> readInfo(const fs::path& path, const ReadOptions& options) {
    TXFM_TRY(const Node root, openRoot(path));
    TXFM_TRY(const Node obs, root.child("obs"));
    TXFM_TRY(const anndata::TableShape obsShape, anndata::tableShape(obs));
    TXFM_TRY(const std::vector<CountCandidate> candidates, findCandidates(root, options.countsIn));
    const CountCandidate* chosen = &candidates.back();
    for (const CountCandidate& candidate : candidates)
        if (candidate.kind == ValueKind::Counts) {
            chosen = &candidate;
            break;
        }
    TXFM_TRY(const anndata::TableShape varShape, anndata::tableShape(chosen->var));
    TXFM_CHECK(checkExtents(*chosen, obsShape.rows, varShape.rows));
    FileInfo info;
    info.format = "h5ad";
    info.cells = obsShape.rows;
    info.genes = varShape.rows;
    info.nonZeros = chosen->header.stored;
    info.countsIn = chosen->name;
    info.valueKind = chosen->kind;
    info.obsColumns = obsShape.columns;
    info.varColumns = varShape.columns;
    TXFM_TRY(const bool genesFit, anndata::hasGenesOf(root, chosen->option));
    if (chosen->option == "raw.X" && genesFit) {
        std::vector<std::string> notes;  // told when the file is opened
        TXFM_TRY(const Table genes, readGenes(*chosen, root, genesFit, notes));
        info.varColumns.clear();
        for (const Column& column : genes.columns) info.varColumns.push_back(column.name);
    }
    for (const auto& [group, keys] : {std::pair{"obsm", &info.obsmKeys}, {"layers", &info.layerKeys}})
        if (root.has(group)) {
            TXFM_TRY(const Node slot, root.child(group));
            *keys = slot.children();
        }
    if (chosen->kind != ValueKind::Counts)
        info.notes.push_back("No raw counts were found; " + chosen->name + " holds " + describeCandidate(*chosen) + ".");
    TXFM_TRY(const std::vector<CountCandidate> all, findMatrices(root));
    for (const CountCandidate& matrix : all) info.matrices.emplace_back(matrix.option, describeCandidate(matrix));
    return info;
}

Result<Dataset> openFile(const fs::path& path, const ReadOptions& options, Progress& progress) {
    TXFM_TRY(const Node root, openRoot(path));
    TXFM_TRY(std::vector<CountCandidate> candidates, findCandidates(root, options.countsIn));
    Dataset dataset;
    Provenance& provenance = dataset.provenance;
    provenance.path = path.string();
    provenance.format = "h5ad";
    TXFM_TRY(const Node obs, root.child("obs"));
    TXFM_TRY(dataset.obs, anndata::readTable(obs, root, provenance.notes));

    bool genesFit = true;  // of the slots along the genes of the file to the counts
    const auto take = [&](CountCandidate& candidate, bool requireCounts) -> Result<bool> {
        std::vector<std::string> notes;
        TXFM_TRY(genesFit, anndata::hasGenesOf(root, candidate.option));
        TXFM_TRY(Table var, readGenes(candidate, root, genesFit, notes));
        TXFM_CHECK(checkExtents(candidate, static_cast<int64_t>(dataset.obs.rows()), static_cast<int64_t>(var.rows())));
        std::shared_ptr<const CountSource> counts;
        if (options.packed && options.packed->cells() == candidate.header.rows && options.packed->genes() == candidate.header.cols) {
            counts = options.packed;
        } else if (!options.keepInMemory) {
            TXFM_TRY(counts, stream(candidate, requireCounts, options, progress));
        }
        if (!counts) {
            TXFM_TRY(LoadedCounts loaded, load(candidate, progress));
            candidate.kind = loaded.values.kind();
            if (loaded.values.nonFinite || (requireCounts && loaded.values.negative && !loaded.values.fractional))
                return badValue(path, candidate, loaded.values, dataset.obs, var);
            if (requireCounts && !loaded.values.areCounts()) return false;
            notes.insert(notes.end(), loaded.notes.begin(), loaded.notes.end());
            counts = std::make_shared<MemoryCounts>(std::move(loaded.matrix));
        }
        dataset.counts = std::move(counts);
        dataset.var = std::move(var);
        provenance.countsIn = candidate.name;
        provenance.valueKind = candidate.kind;
        provenance.notes.insert(provenance.notes.end(), notes.begin(), notes.end());
        return true;
    };
    for (CountCandidate& candidate : candidates) {
        if (candidate.kind != ValueKind::Counts) continue;
        TXFM_TRY(const bool taken, take(candidate, true));
        if (taken) break;
    }
    if (!dataset.counts) {
        CountCandidate& last = candidates.back();
        // Negative and non-finite values are looked up in memory, so that the message can name cell and gene.
        const bool broken = last.kind == ValueKind::Unknown || last.kind == ValueKind::Scaled;
        if (!options.allowNormalised && !(broken && options.keepInMemory)) return noCounts(path, root, candidates);
        TXFM_TRY(const bool taken, take(last, !options.allowNormalised));
        if (!taken) return noCounts(path, root, candidates);
        provenance.notes.push_back("No raw counts were found; " + last.name + " holds " + describeCandidate(last) + ".");
    }
    addDuplicateNote(dataset.var.index, "gene", provenance.notes);
    addDuplicateNote(dataset.obs.index, "cell", provenance.notes);
    TXFM_TRY(dataset.obsm, readArrays(root, "obsm", dataset.cells(), options, provenance.notes));
    if (genesFit) {
        TXFM_TRY(dataset.varm, readArrays(root, "varm", dataset.genes(), options, provenance.notes));
        takeMeasuredSlots(dataset);
    }
    return dataset;
}

}  // namespace

int H5adReader::probe(const fs::path& path, const std::string& head) const {
    // A user block may precede the signature, so the name counts where the head says nothing.
    if (!head.starts_with("\x89HDF\r\n\x1a\n") && path.extension() != ".h5ad") return 0;
    const Result<Node> root = Node::open(path);
    if (!root) return path.extension() == ".h5ad" && head.starts_with("\x89HDF") ? 60 : 0;
    if (root->attributeText("encoding-type") == "anndata") return 100;
    return root->has("obs") && root->has("var") ? 90 : 0;
}

Result<FileInfo> H5adReader::info(const fs::path& path, const ReadOptions& options) const {
    return hdf5::guarded(path.string(), [&] { return readInfo(path, options); });
}

Result<Dataset> H5adReader::open(const fs::path& path, const ReadOptions& options, Progress& progress) const {
    return hdf5::guarded(path.string(), [&] { return openFile(path, options, progress); });
}

}  // namespace txfm::io

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry) {
    registry.add(std::make_unique<txfm::io::H5adReader>());
}
