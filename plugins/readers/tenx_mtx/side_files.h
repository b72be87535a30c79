// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/table.h"

namespace txfm::readers {

/// A Matrix Market file with the lists of genes and cells beside it, as Cell Ranger, STARsolo and GEO name
/// them: [prefix]matrix.mtx[.gz], [prefix]{features,genes}.{tsv,txt,csv}[.gz], [prefix]{barcodes,cells}.{...}[.gz].
struct MatrixFiles {
    std::filesystem::path matrix, features, barcodes;
    std::string prefix;  ///< e.g. "GSM123_"
};

/// Every matrix of a folder with its side files (side files may be missing: empty paths), sorted by name.
std::vector<MatrixFiles> findMatrices(const std::filesystem::path& folder);
/// The set that one .mtx file belongs to.
MatrixFiles matrixFilesOf(const std::filesystem::path& matrix);

/// var from a features file: index = symbols made unique, gene_ids, feature_types where the file has them.
Result<Table> readFeatures(const std::filesystem::path& path, std::vector<std::string>& notes);
/// obs from a barcodes file: first column = index; further columns become columns when there is a header.
Result<Table> readBarcodes(const std::filesystem::path& path, std::vector<std::string>& notes);

}  // namespace txfm::readers
