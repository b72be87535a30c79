// SPDX-License-Identifier: GPL-3.0-or-later
// Loom (linnarssonlab, specification 2 and 3): /matrix [genes × cells] dense, row_attrs about genes, col_attrs
// about cells. Read in blocks of genes, so the dense matrix is never held.
#include <algorithm>
#include <array>

#include "core/io/count_collector.h"
#include "core/io/hdf5_node.h"
#include "core/io/describe_values.h"
#include "core/io/reader.h"
#include "plugins/readers/loom/loom_matrices.h"

namespace txfm::readers {
namespace fs = std::filesystem;
using io::hdf5::ElementKind;
using io::hdf5::Node;
namespace {

constexpr int64_t kBlockValues = int64_t{1} << 24;
/// One attribute as a column; nothing for attributes of another length or type.
Result<std::vector<Column>> readAttribute(const Node& node, const std::string& name, int64_t n) {
    if (!node.isDataset() || node.shape() != std::vector<int64_t>{n}) return std::vector<Column>{};
    TXFM_CHECK(node.checkReadable());
    const auto type = node.type();
    if (type.kind == ElementKind::String) {
        TXFM_TRY(auto values, node.readTexts());
        return std::vector{Column{name, std::move(values), {}}};
    }
    if (type.isInteger()) {
        TXFM_TRY(auto values, node.readAll<int64_t>());
        return std::vector{Column{name, std::move(values), {}}};
    }
    if (type.isNumeric()) {
        TXFM_TRY(auto values, node.readAll<double>());
        return std::vector{Column{name, std::move(values), {}}};
    }
    return std::vector<Column>{};
}

/// A table from row_attrs or col_attrs: the first of `indexNames` that is there becomes the index.
Result<Table> readAttributes(const Node& root, const std::string& group, int64_t n, std::initializer_list<const char*> indexNames,
                             const std::string& fallback, Provenance& provenance, std::map<std::string, DenseMatrix>* wide) {
    Table table;
    std::vector<std::string> skipped;
    if (root.has(group)) {
        TXFM_TRY(const Node attributes, root.child(group));
        for (const std::string& name : attributes.children()) {
            TXFM_TRY(const Node node, attributes.child(name));
            const bool isIndex = std::ranges::find(indexNames, name) != indexNames.end();
            if (isIndex && node.isDataset() && node.shape().size() == 1 && node.shape()[0] != n)
                return badInput("The list " + node.where() + " has " + std::to_string(node.shape()[0]) + " entries, but the matrix needs " + std::to_string(n) + ".",
                                "Download or export the file again.");
            TXFM_TRY(std::vector<Column> columns, readAttribute(node, name, n));
            for (Column& column : columns) table.set(std::move(column));
            if (!columns.empty()) continue;
            const auto shape = node.isDataset() ? node.shape() : std::vector<int64_t>{};
            if (wide && shape.size() == 2 && shape[0] == n && shape[1] > 0 && shape[1] < 4096 && node.type().isNumeric()) {
                TXFM_CHECK(node.checkReadable());
                DenseMatrix matrix(shape[0], shape[1]);
                TXFM_CHECK(node.readRows(0, shape[0], matrix.values.data()));
                (*wide)[name] = std::move(matrix);
            } else {
                skipped.push_back(name);
            }
        }
    }
    for (const char* candidate : indexNames) {
        const Column* column = table.find(candidate);
        if (!column || !std::holds_alternative<std::vector<std::string>>(column->values)) continue;
        table.index = std::get<std::vector<std::string>>(column->values);
        table.indexName = candidate;
        std::erase_if(table.columns, [&](const Column& c) { return c.name == candidate; });
        break;
    }
    if (table.index.empty()) {
        for (int64_t i = 1; i <= n; ++i) table.index.push_back(fallback + std::to_string(i));
        provenance.notes.push_back("'" + group + "' names no " + fallback + "index; numbers are used.");
    }
    if (const int64_t changed = io::makeUnique(table.index); changed > 0)
        provenance.notes.push_back(std::to_string(changed) + " names occurred more than once and got a suffix such as '-1'.");
    for (const std::string& name : skipped) provenance.notes.push_back("The attribute '" + group + "/" + name + "' is skipped (its shape or type is not a column).");
    return table;
}

/// All values of a matrix, in blocks of genes.
Result<io::CollectedCounts> collect(const Node& matrix, const LoomShape& shape, Progress& progress) {
    io::CountCollector collector(progress.token());
    StageProgress stage(progress, "read", static_cast<double>(shape.genes), "genes");
    const int64_t block = std::max<int64_t>(1, kBlockValues / shape.cells);
    std::vector<float> values(static_cast<size_t>(std::min(block, shape.genes) * shape.cells));
    for (int64_t begin = 0; begin < shape.genes; begin += block) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(begin + block, shape.genes);
        TXFM_CHECK(matrix.readRows(begin, end, values.data()));
        for (int64_t gene = begin; gene < end; ++gene) {
            const float* row = values.data() + (gene - begin) * shape.cells;
            for (int64_t cell = 0; cell < shape.cells; ++cell) {
                if (!collector.add(static_cast<int32_t>(cell), static_cast<int32_t>(gene), row[cell])) return collector.status().error();
            }
        }
        stage.set(static_cast<double>(end));
    }
    return collector.finish(shape.cells, shape.genes);
}

Result<Dataset> openFile(const fs::path& path, const io::ReadOptions& options, Progress& progress) {
    const auto lock = io::hdf5::lock();
    TXFM_TRY(const Node root, Node::open(path));
    TXFM_TRY(const LoomShape shape, loomShape(root));
    TXFM_TRY(const std::vector<LoomMatrix> matrices, findLoomMatrices(root, shape));
    TXFM_TRY(const LoomMatrix* chosen, chooseLoomMatrix(matrices, options.countsIn, root.file()));
    Dataset dataset;
    Provenance& provenance = dataset.provenance;
    provenance.path = path.string();
    provenance.format = "loom";
    TXFM_TRY(dataset.var, readAttributes(root, "row_attrs", shape.genes, {"Gene", "gene", "gene_names", "GeneName", "var_names", "Accession"}, "gene_", provenance, nullptr));
    TXFM_TRY(dataset.obs, readAttributes(root, "col_attrs", shape.cells, {"CellID", "cell_id", "obs_names", "Barcode", "barcode"}, "cell_", provenance, &dataset.obsm));
    TXFM_TRY(io::CollectedCounts collected, collect(chosen->node, shape, progress));
    if (options.countsIn.empty() && chosen != &matrices.front() && collected.range.kind() != ValueKind::Counts) {
        // Some cells of the layer looked like counts; all of them do not.
        chosen = &matrices.front();
        TXFM_TRY(collected, collect(chosen->node, shape, progress));
    }
    provenance.countsIn = chosen->name;
    TXFM_CHECK(io::checkValues(collected, path, provenance));
    dataset.counts = collected.counts;
    if (provenance.valueKind != ValueKind::Counts) {
        const std::string hint = otherCounts(matrices, *chosen);
        if (!options.allowNormalised && !hint.empty()) {
            TXFM_TRY(const io::ValueDescription values, io::describeValues(*dataset.counts, provenance.valueKind));
            return badInput("'" + path.string() + "' has no raw counts: " + chosen->name + " holds " + values.text + ".", hint);
        }
        if (!hint.empty()) provenance.notes.push_back(hint);
    }
    for (const LoomMatrix& matrix : matrices)
        if (&matrix != chosen) provenance.notes.push_back(matrix.name + " is left out; the values are those of " + chosen->name + ".");
    return dataset;
}

class LoomReader final : public io::Reader {
public:
    std::string name() const override { return "loom"; }
    std::vector<std::string> patterns() const override { return {"*.loom"}; }
    int probe(const fs::path& path, const std::string& head) const override {
        if (!head.starts_with("\x89HDF\r\n\x1a\n")) return 0;
        const auto lock = io::hdf5::lock();
        const auto root = Node::open(path);
        if (!root || !root->has("matrix")) return 0;
        if (root->has("row_attrs") || root->has("col_attrs")) return 95;
        return path.extension() == ".loom" ? 60 : 0;
    }
    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions& options) const override {
        return io::hdf5::guarded(path.string(), [&]() -> Result<io::FileInfo> {
            const auto lock = io::hdf5::lock();
            TXFM_TRY(const Node root, Node::open(path));
            TXFM_TRY(const LoomShape shape, loomShape(root));
            TXFM_TRY(const std::vector<LoomMatrix> matrices, findLoomMatrices(root, shape));
            TXFM_TRY(const LoomMatrix* chosen, chooseLoomMatrix(matrices, options.countsIn, root.file()));
            io::FileInfo info;
            info.format = "loom";
            info.cells = shape.cells;
            info.genes = shape.genes;
            info.countsIn = chosen->name;
            info.valueKind = chosen->kind;
            for (const LoomMatrix& matrix : matrices) info.matrices.emplace_back(matrix.option, matrix.values);
            if (chosen->kind != ValueKind::Counts) {
                info.notes.push_back("The values are not counts but look like " + chosen->values + "; the model needs raw counts.");
                if (const std::string hint = otherCounts(matrices, *chosen); !hint.empty()) info.notes.push_back(hint);
            }
            for (const auto& [group, names] : {std::pair{"col_attrs", &info.obsColumns}, std::pair{"row_attrs", &info.varColumns}}) {
                if (!root.has(group)) continue;
                TXFM_TRY(const Node attributes, root.child(group));
                *names = attributes.children();
            }
            if (root.has("layers")) {
                TXFM_TRY(const Node layers, root.child("layers"));
                info.layerKeys = layers.children();
            }
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
    registry.add(std::make_unique<txfm::readers::LoomReader>());
}
