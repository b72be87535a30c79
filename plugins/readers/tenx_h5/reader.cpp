// SPDX-License-Identifier: GPL-3.0-or-later
// Cell Ranger's feature-barcode matrix in HDF5. Version 3: one group "matrix" with features/; version 2: one
// group per genome with genes and gene_names. The stored CSC of genes × cells is the CSR of cells × genes.
#include <algorithm>

#include "core/io/count_builder.h"
#include "core/io/count_loader.h"
#include "core/io/hdf5_node.h"
#include "core/io/reader.h"
#include "core/io/streamed_counts.h"

namespace txfm::readers {
namespace fs = std::filesystem;
using io::hdf5::Node;
namespace {

bool isHdf5(const std::string& head) { return head.starts_with("\x89HDF\r\n\x1a\n"); }

bool isMatrixGroup(const Node& group) {
    return group.isGroup() && group.has("barcodes") && group.has("data") && group.has("indices") && group.has("indptr") && group.has("shape");
}

/// Human genome builds as Cell Ranger names them ("GRCh38", "hg19", "GRCh38_and_mm10" is mixed).
bool isHumanGenome(const std::string& genome) {
    return genome.find("GRCh3") != std::string::npos || genome.find("hg19") != std::string::npos || genome.find("hg38") != std::string::npos;
}

struct Layout {
    int version = 3;
    std::string group;                 ///< group that holds the matrix
    std::vector<std::string> genomes;  ///< of the file
    int64_t genes = 0, cells = 0, nonZeros = 0;
};

Result<Layout> findLayout(const Node& root, const io::ReadOptions& options) {
    Layout layout;
    if (root.has("matrix")) {
        layout.group = "matrix";
    } else {
        layout.version = 2;
        for (const std::string& name : root.children()) {
            const auto group = root.child(name);
            if (group && isMatrixGroup(*group)) layout.genomes.push_back(name);
        }
        if (layout.genomes.empty()) return badInput("'" + root.file() + "' holds no 10x matrix.");
        const auto human = std::ranges::find_if(layout.genomes, isHumanGenome);
        layout.group = !options.genome.empty() ? options.genome : human != layout.genomes.end() ? *human : layout.genomes.front();
        if (!std::ranges::count(layout.genomes, layout.group)) {
            std::string known;
            for (const auto& genome : layout.genomes) known += (known.empty() ? "" : ", ") + genome;
            return badInput("'" + root.file() + "' has no genome '" + layout.group + "'; it has " + known + ".");
        }
    }
    TXFM_TRY(const Node group, root.child(layout.group));
    if (!isMatrixGroup(group)) return badInput("The 10x matrix " + group.where() + " lacks barcodes, data, indices, indptr or shape.", "Download the file again.");
    TXFM_TRY(const Node shapeNode, group.child("shape"));
    TXFM_TRY(const std::vector<int64_t> shape, shapeNode.readAll<int64_t>());
    constexpr int64_t kLargestSide = int64_t{1} << 31;
    if (shape.size() != 2 || shape[0] < 0 || shape[1] < 0 || shape[0] >= kLargestSide || shape[1] >= kLargestSide)
        return badInput("The shape of the 10x matrix " + group.where() + " is not possible.", "Download the file again.");
    layout.genes = shape[0];
    layout.cells = shape[1];
    if (layout.genes == 0 || layout.cells == 0) return badInput("'" + root.file() + "' is an empty matrix.");
    TXFM_TRY(const Node data, group.child("data"));
    layout.nonZeros = data.elements();
    return layout;
}

Result<std::vector<std::string>> texts(const Node& group, const std::string& name, int64_t expected) {
    TXFM_TRY(const Node node, group.child(name));
    TXFM_CHECK(node.checkReadable());
    TXFM_TRY(std::vector<std::string> values, node.readTexts());
    if (static_cast<int64_t>(values.size()) != expected)
        return badInput("The list " + node.where() + " has " + std::to_string(values.size()) + " entries, but the matrix needs " + std::to_string(expected) + ".");
    return values;
}

Result<Table> readGenes(const Node& group, const Layout& layout, Provenance& provenance) {
    Table var;
    var.indexName = "gene_symbols";
    if (layout.version == 2) {
        TXFM_TRY(var.index, texts(group, "gene_names", layout.genes));
        TXFM_TRY(auto ids, texts(group, "genes", layout.genes));
        var.set(Column{"gene_ids", std::move(ids), {}});
    } else {
        TXFM_TRY(const Node features, group.child("features"));
        TXFM_TRY(var.index, texts(features, "name", layout.genes));
        TXFM_TRY(auto ids, texts(features, "id", layout.genes));
        var.set(Column{"gene_ids", std::move(ids), {}});
        for (const auto& [stored, shown] : {std::pair{"feature_type", "feature_types"}, std::pair{"genome", "genome"}}) {
            if (!features.has(stored)) continue;
            TXFM_TRY(auto values, texts(features, stored, layout.genes));
            var.set(Column{shown, std::move(values), {}});
        }
    }
    if (const int64_t changed = io::makeUnique(var.index); changed > 0)
        provenance.notes.push_back(std::to_string(changed) + " gene names occurred more than once and got a suffix such as '-1'.");
    return var;
}

/// Several genomes in one version 3 file: keeps the asked or the human one by dropping the other features' type.
void chooseGenome(Table& var, const io::ReadOptions& options, Provenance& provenance) {
    const Column* genomes = var.find("genome");
    if (!genomes) return;
    const Categorical labels = genomes->toCategorical();
    std::vector<std::string> named;
    for (const std::string& genome : labels.categories) {
        if (!genome.empty()) named.push_back(genome);
    }
    if (named.size() < 2) return;
    const auto human = std::ranges::find_if(named, isHumanGenome);
    const std::string chosen = !options.genome.empty() ? options.genome : human != named.end() ? *human : named.front();
    const Column* types = var.find("feature_types");
    std::vector<std::string> marked;
    for (size_t g = 0; g < var.rows(); ++g) {
        const std::string type = types ? types->text(g) : "Gene Expression";
        const std::string genome = genomes->text(g);
        marked.push_back(type == "Gene Expression" && !genome.empty() && genome != chosen ? "Genes of " + genome : type);
    }
    var.set(Column{"feature_types", std::move(marked), {}});
    provenance.notes.push_back("The file holds several genomes; the genes of '" + chosen + "' are used.");
}

/// Of the features in the file, those that open() takes for genes.
Result<void> countGenes(const Node& group, const Layout& layout, const io::ReadOptions& options, io::FileInfo& info) {
    Provenance provenance;
    TXFM_TRY(Table var, readGenes(group, layout, provenance));
    chooseGenome(var, options, provenance);
    const int64_t genes = io::countGeneExpression(var);
    if (genes < layout.genes)
        provenance.notes.push_back("The file holds " + std::to_string(layout.genes) + " features, " + std::to_string(genes) + " of them genes.");
    info.genes = genes;
    info.notes = std::move(provenance.notes);
    return {};
}

/// The counts as rows that are read on demand and checked then.
Result<std::shared_ptr<const CountSource>> leaveInFile(const Node& group, const Layout& layout, const io::ReadOptions& options,
                                                       Provenance& provenance) {
    TXFM_TRY(Node data, group.child("data"));
    TXFM_TRY(Node indices, group.child("indices"));
    TXFM_TRY(const Node pointerNode, group.child("indptr"));
    TXFM_CHECK(data.checkReadable());
    TXFM_CHECK(indices.checkReadable());
    if (!indices.type().isInteger()) return badInput(indices.where() + " does not hold whole numbers.");
    TXFM_TRY(const std::vector<float> sample, io::sampleValues(data));
    io::setValueKind(provenance, io::classifyValues(sample));
    if (options.packed && options.packed->cells() == layout.cells && options.packed->genes() == layout.genes) return options.packed;
    TXFM_TRY(std::vector<int64_t> pointers, io::readPointers(pointerNode, layout.cells, std::min(layout.nonZeros, indices.elements())));
    return std::shared_ptr<const CountSource>(std::make_shared<io::StreamedRows>(
        std::move(data), std::move(indices), std::move(pointers), layout.genes, provenance.valueKind == ValueKind::Counts));
}

Result<Dataset> openFile(const fs::path& path, const io::ReadOptions& options, Progress& progress) {
    const auto lock = io::hdf5::lock();
    TXFM_TRY(const Node root, Node::open(path));
    TXFM_TRY(const Layout layout, findLayout(root, options));
    TXFM_TRY(const Node group, root.child(layout.group));
    Dataset dataset;
    Provenance& provenance = dataset.provenance;
    provenance.path = path.string();
    provenance.format = "10x h5 v" + std::to_string(layout.version);
    provenance.countsIn = layout.group + "/data";
    if (layout.genomes.size() > 1)
        provenance.notes.push_back("The file holds " + std::to_string(layout.genomes.size()) + " genomes; '" + layout.group + "' is used.");
    dataset.obs.indexName = "barcodes";
    TXFM_TRY(dataset.obs.index, texts(group, "barcodes", layout.cells));
    if (const int64_t changed = io::makeUnique(dataset.obs.index); changed > 0)
        provenance.notes.push_back(std::to_string(changed) + " cell names occurred more than once and got a suffix such as '-1'.");
    TXFM_TRY(dataset.var, readGenes(group, layout, provenance));
    if (layout.version == 3) chooseGenome(dataset.var, options, provenance);
    if (progress.cancelled()) return cancelledError();
    if (!options.keepInMemory) {
        TXFM_TRY(dataset.counts, leaveInFile(group, layout, options, provenance));
        return io::keepGeneExpression(std::move(dataset), path, progress);
    }
    TXFM_TRY(const Node data, group.child("data"));
    TXFM_TRY(const Node indices, group.child("indices"));
    TXFM_TRY(const Node pointerNode, group.child("indptr"));
    TXFM_TRY(std::vector<int64_t> pointers, io::readPointers(pointerNode, layout.cells, std::min(data.elements(), indices.elements())));
    TXFM_TRY(io::LoadedCounts loaded, io::loadCompressedRows(data, indices, std::move(pointers), layout.cells, layout.genes, progress));
    provenance.notes.insert(provenance.notes.end(), loaded.notes.begin(), loaded.notes.end());
    TXFM_CHECK(io::checkValues(loaded.values, path, provenance));
    dataset.counts = std::make_shared<MemoryCounts>(std::move(loaded.matrix));
    return io::keepGeneExpression(std::move(dataset), path, progress);
}

class TenxH5Reader final : public io::Reader {
public:
    std::string name() const override { return "10x h5"; }
    std::vector<std::string> patterns() const override { return {"*.h5"}; }
    int probe(const fs::path& path, const std::string& head) const override {
        if (!isHdf5(head)) return 0;
        const auto lock = io::hdf5::lock();
        const auto root = Node::open(path);
        if (!root || root->has("obs") || root->has("row_attrs")) return 0;
        if (findLayout(*root, {})) return 95;
        const auto matrix = root->has("matrix") ? root->child("matrix") : Result<Node>(badInput(""));
        return matrix && matrix->isGroup() ? 40 : 0;
    }
    bool leavesInFile() const override { return true; }
    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions& options) const override {
        return io::hdf5::guarded(path.string(), [&]() -> Result<io::FileInfo> {
            const auto lock = io::hdf5::lock();
            TXFM_TRY(const Node root, Node::open(path));
            TXFM_TRY(const Layout layout, findLayout(root, options));
            io::FileInfo info;
            info.format = "10x h5 v" + std::to_string(layout.version);
            info.cells = layout.cells;
            info.genes = layout.genes;
            info.nonZeros = layout.nonZeros;
            info.countsIn = layout.group + "/data";
            TXFM_TRY(const Node group, root.child(layout.group));
            TXFM_TRY(const Node data, group.child("data"));
            TXFM_TRY(const std::vector<float> sample, io::sampleValues(data));
            info.valueKind = io::classifyValues(sample);
            if (layout.version == 3) TXFM_CHECK(countGenes(group, layout, options, info));
            info.varColumns = layout.version == 3 ? std::vector<std::string>{"gene_ids", "feature_types", "genome"} : std::vector<std::string>{"gene_ids"};
            return info;
        });
    }
    Result<Dataset> open(const fs::path& path, const io::ReadOptions& options, Progress& progress) const override {
        return io::hdf5::guarded(path.string(), [&] { return openFile(path, options, progress); });
    }
};

}  // namespace
}  // namespace txfm::readers

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry) {
    registry.add(std::make_unique<txfm::readers::TenxH5Reader>());
}
