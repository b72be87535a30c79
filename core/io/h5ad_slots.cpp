// SPDX-License-Identifier: GPL-3.0-or-later
#include <tuple>

#include "core/base/quoted.h"
#include "core/io/anndata_elements.h"
#include "core/io/count_loader.h"
#include "core/io/h5ad_writer.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

using hdf5::Node;

std::string listed(const std::vector<std::string>& keys) {
    std::string text;
    for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + key.substr(0, 40);
    return text.empty() ? "nothing" : text.substr(0, 200);
}

}  // namespace

bool hasObsm(const fs::path& file, const std::string& key) {
    const Result<Node> root = Node::open(file);
    if (!root || !root->has("obsm")) return false;
    const Result<Node> obsm = root->child("obsm");
    return obsm.ok() && obsm->has(key);
}

Result<DenseMatrix> readObsm(const fs::path& file, const std::string& key) {
    return hdf5::guarded(file.string(), [&]() -> Result<DenseMatrix> {
        TXFM_TRY(const Node root, Node::open(file));
        std::vector<std::string> keys;
        if (root.has("obsm")) {
            TXFM_TRY(const Node obsm, root.child("obsm"));
            if (obsm.has(key)) {
                TXFM_TRY(const Node node, obsm.child(key));
                TXFM_TRY(std::optional<DenseMatrix> matrix, anndata::readDense(node));
                if (!matrix) return badInput(node.where() + " is not a table of numbers.");
                return std::move(*matrix);
            }
            keys = obsm.children();
            if (obsm.isDataset()) {
                TXFM_TRY(auto arrays, anndata::readArrays(obsm));
                if (const auto it = arrays.find(key); it != arrays.end() && it->second) return std::move(*it->second);
                for (const auto& [name, array] : arrays) keys.push_back(name);
            }
        }
        return badInput(quoted(file) + " has no obsm['" + key + "']; it has " + listed(keys) + ".");
    });
}

Result<std::optional<CsrMatrix>> readObsp(const fs::path& file, const std::string& key) {
    return hdf5::guarded(file.string(), [&]() -> Result<std::optional<CsrMatrix>> {
        TXFM_TRY(const Node root, Node::open(file));
        if (!root.has("obsp")) return std::optional<CsrMatrix>{};
        TXFM_TRY(const Node obsp, root.child("obsp"));
        if (!obsp.has(key)) return std::optional<CsrMatrix>{};
        TXFM_TRY(const Node node, obsp.child(key));
        TXFM_TRY(const anndata::MatrixHeader header, anndata::readMatrixHeader(node));
        Progress silent;
        if (header.layout == anndata::MatrixLayout::Dense) {
            TXFM_TRY(LoadedCounts dense, loadDense(node, false, silent));
            return std::optional<CsrMatrix>{std::move(dense.matrix)};
        }
        const bool byRow = header.layout == anndata::MatrixLayout::CompressedRows;
        TXFM_TRY(const Node data, node.child("data"));
        TXFM_TRY(const Node indices, node.child("indices"));
        TXFM_TRY(const Node pointerNode, node.child("indptr"));
        TXFM_TRY(std::vector<int64_t> pointers, readPointers(pointerNode, byRow ? header.rows : header.cols, header.stored));
        Result<LoadedCounts> loaded = byRow
                                          ? loadCompressedRows(data, indices, std::move(pointers), header.rows, header.cols, silent, false)
                                          : loadCompressedColumns(data, indices, pointers, header.rows, header.cols, silent, false);
        if (!loaded) return loaded.error();
        return std::optional<CsrMatrix>{std::move(loaded->matrix)};
    });
}

Result<void> readLargeArrays(Dataset& dataset) {
    if (dataset.provenance.format != "h5ad") return {};
    const std::string& file = dataset.provenance.path;
    return hdf5::guarded(file, [&]() -> Result<void> {
        TXFM_TRY(const Node root, Node::open(file));
        for (const auto& [slot, arrays, rows] : {std::tuple{"obsm", &dataset.obsm, dataset.cells()}, std::tuple{"varm", &dataset.varm, dataset.genes()}}) {
            if (!root.has(slot)) continue;
            TXFM_TRY(const Node group, root.child(slot));
            for (const std::string& key : group.children()) {
                if (arrays->contains(key)) continue;
                TXFM_TRY(const Node node, group.child(key));
                TXFM_TRY(std::optional<DenseMatrix> matrix, anndata::readDense(node));
                if (matrix && matrix->rows == rows) arrays->emplace(key, std::move(*matrix));
            }
        }
        return {};
    });
}

Result<nlohmann::json> readUns(const fs::path& file, const std::string& key) {
    return hdf5::guarded(file.string(), [&]() -> Result<nlohmann::json> {
        TXFM_TRY(const Node root, Node::open(file));
        if (!root.has("uns")) return nlohmann::json();
        TXFM_TRY(const Node uns, root.child("uns"));
        if (!uns.has(key)) return nlohmann::json();
        TXFM_TRY(const Node node, uns.child(key));
        return anndata::readJson(node);
    });
}

}  // namespace txfm::io
