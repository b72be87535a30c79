// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/data/matrix.h"
#include "core/data/table.h"
#include "core/io/hdf5_node.h"

/// The elements that AnnData writes, current (encoding-type attributes) and legacy (before 0.7: compound
/// tables, `__categories`, `h5sparse_format`). What cannot be represented is skipped with a note.
namespace txfm::io::anndata {

using hdf5::Node;

/// obs or var. `root` serves legacy files that keep categories in `uns`.
Result<Table> readTable(const Node& frame, const Node& root, std::vector<std::string>& notes);
/// Names of the columns and number of rows, from headers alone.
struct TableShape {
    std::vector<std::string> columns;
    int64_t rows = 0;
};
Result<TableShape> tableShape(const Node& frame);

/// Whether slots along the genes of a file (layers, varm) fit counts that come from `countsIn` ("X", "raw.X", …): those of raw
/// may have other genes.
Result<bool> hasGenesOf(const Node& root, const std::string& countsIn);
/// The gene table of raw; "raw.var" before 0.7. BadInput when there is none.
Result<Node> rawVarOf(const Node& root);

enum class MatrixLayout { CompressedRows, CompressedColumns, Dense };
/// A matrix of X, raw.X or layers: layout and extents from headers alone.
struct MatrixHeader {
    MatrixLayout layout = MatrixLayout::Dense;
    int64_t rows = 0, cols = 0;
    int64_t stored = -1;  ///< values stored, -1 for dense
};
Result<MatrixHeader> readMatrixHeader(const Node& node);

/// A numeric two-dimensional array (one-dimensional: one column); nullopt for other elements.
Result<std::optional<DenseMatrix>> readDense(const Node& node);

/// The members of obsm or varm by name, with nullopt for what is no table of numbers. Files of before 0.7
/// keep all of them in one compound record per row. `maxElements` > 0 leaves larger arrays out.
Result<std::map<std::string, std::optional<DenseMatrix>>> readArrays(const Node& slot, int64_t maxElements = 0);

/// An element of uns as JSON: groups become objects, arrays flat lists; what JSON cannot hold becomes null.
nlohmann::json readJson(const Node& node);

}  // namespace txfm::io::anndata
