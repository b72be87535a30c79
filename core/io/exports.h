// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::io {

/// What a name asks for: .h5ad, .loom, .csv/.tsv (also .gz), .npy, and a name without an ending of these is a 10x
/// folder. Usage error naming the endings for any other ending.
enum class ExportFormat { H5ad, TenxFolder, Loom, Table, Npy };
Result<ExportFormat> exportFormatOf(const std::filesystem::path& out);

/// The writers below stream the counts in row blocks and are atomic. Errors: Failed (cannot be written), what reading the
/// counts fails with, Cancelled.

/// matrix.mtx.gz, features.tsv.gz and barcodes.tsv.gz as Cell Ranger 3 writes them. `out` is a new or an empty folder.
Result<void> writeTenxFolder(const std::filesystem::path& out, const Dataset& dataset, Progress& progress);

/// Loom specification 3.0.0: /matrix [genes × cells] in gzip chunks, int32 for counts and float32 for other values;
/// obs and obsm become col_attrs, var row_attrs.
Result<void> writeLoom(const std::filesystem::path& out, const Dataset& dataset, Progress& progress);

/// Cells in rows, genes in columns, names in the first row and column; tab-separated for .tsv, gzip for .gz.
Result<void> writeCountTable(const std::filesystem::path& out, const Dataset& dataset, Progress& progress);

/// A matrix in NumPy's format 1.0: float32, little-endian, C order.
Result<void> writeNpy(const std::filesystem::path& out, const DenseMatrix& matrix);

/// A matrix as a table: row names first, then columns <key>_1, <key>_2 ...
Result<void> writeMatrixTable(const std::filesystem::path& out, const std::string& key, const DenseMatrix& matrix,
                              const std::vector<std::string>& rowNames);

}  // namespace txfm::io
