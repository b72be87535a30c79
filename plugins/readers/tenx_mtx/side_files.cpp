// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/tenx_mtx/side_files.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/io/count_builder.h"
#include "core/io/text_input.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// File name without .gz and the extension before it: "x_matrix.mtx.gz" -> {"x_matrix", ".mtx"}.
std::pair<std::string, std::string> stemAndExtension(const fs::path& path) {
    fs::path name = path.filename();
    if (lower(name.extension().string()) == ".gz") name = name.stem();
    return {name.stem().string(), lower(name.extension().string())};
}

bool isMatrix(const fs::path& path) { return stemAndExtension(path).second == ".mtx"; }

/// The side file in `folder` whose name is prefix + one of `names` + a text extension.
fs::path findSideFile(const fs::path& folder, const std::string& prefix, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        for (const char* extension : {".tsv", ".txt", ".csv"}) {
            for (const char* packed : {".gz", ""}) {
                std::error_code ec;
                const fs::path candidate = folder / (prefix + name + extension + packed);
                if (fs::is_regular_file(candidate, ec)) return candidate;
            }
        }
    }
    return {};
}

using Row = std::vector<std::string>;

Result<std::vector<Row>> readRows(const fs::path& path) {
    TXFM_TRY(io::LineReader lines, io::LineReader::open(path));
    std::vector<Row> rows;
    std::string_view line;
    std::vector<std::string_view> fields;
    std::vector<std::string> unquoted;
    const char fallback = stemAndExtension(path).second == ".csv" ? ',' : '\t';
    while (lines.next(line)) {
        if (line.empty()) continue;
        io::splitFields(line, line.find('\t') != std::string_view::npos ? '\t' : fallback, fields, unquoted);
        rows.emplace_back(fields.begin(), fields.end());
    }
    TXFM_CHECK(lines.status());
    if (rows.empty()) return badInput("'" + path.string() + "' is empty.", "Download or export the files again.");
    return rows;
}

Column textColumn(const std::string& name, const std::vector<Row>& rows, size_t column) {
    std::vector<std::string> values;
    values.reserve(rows.size());
    for (const Row& row : rows) values.push_back(column < row.size() ? row[column] : std::string());
    return Column{name, std::move(values), {}};
}

bool looksLikeGeneId(const std::string& text) {
    const std::string start = lower(text.substr(0, 3));
    return start == "ens" && text.find_first_of("0123456789") != std::string::npos;
}

}  // namespace

MatrixFiles matrixFilesOf(const fs::path& matrix) {
    MatrixFiles files;
    files.matrix = matrix;
    const fs::path folder = matrix.parent_path().empty() ? fs::path(".") : matrix.parent_path();
    std::string stem = stemAndExtension(matrix).first;
    for (const std::string word : {"matrix", "counts", "expression", "UniqueAndMult-EM"}) {
        if (stem.size() >= word.size() && lower(stem).ends_with(lower(word))) {
            stem.resize(stem.size() - word.size());
            break;
        }
    }
    // "counts.mtx" beside "genes.tsv", "s1.mtx" beside "s1_genes.tsv" or "s1.genes.tsv".
    std::vector<std::string> prefixes{stem};
    if (!stem.empty() && std::isalnum(static_cast<unsigned char>(stem.back()))) prefixes.insert(prefixes.end(), {stem + "_", stem + "."});
    if (!stem.empty()) prefixes.push_back({});
    for (const std::string& prefix : prefixes) {
        files.features = findSideFile(folder, prefix, {"features", "genes", "gene_names", "var_names", "vars"});
        files.barcodes = findSideFile(folder, prefix, {"barcodes", "cells", "cell_names", "obs_names", "colnames"});
        files.prefix = prefix;
        if (!files.features.empty() || !files.barcodes.empty()) break;
    }
    return files;
}

std::vector<MatrixFiles> findMatrices(const fs::path& folder) {
    std::vector<fs::path> matrices;
    std::error_code ec;
    for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
        if (at->is_regular_file(ec) && isMatrix(at->path())) matrices.push_back(at->path());
    }
    std::ranges::sort(matrices);
    std::vector<MatrixFiles> found;
    for (const fs::path& matrix : matrices) found.push_back(matrixFilesOf(matrix));
    return found;
}

Result<Table> readFeatures(const fs::path& path, std::vector<std::string>& notes) {
    TXFM_TRY(std::vector<Row> rows, readRows(path));
    const size_t width = rows.front().size();
    // Cell Ranger: id, symbol[, type]. Some exports carry one column only, or symbol before id.
    const bool idFirst = width >= 2 && (looksLikeGeneId(rows.front()[0]) || !looksLikeGeneId(rows.front()[1]));
    const size_t symbolColumn = width >= 2 ? (idFirst ? 1 : 0) : 0;
    Table var;
    var.indexName = "gene_symbols";
    for (const Row& row : rows) var.index.push_back(symbolColumn < row.size() ? row[symbolColumn] : row.front());
    if (width >= 2) var.set(textColumn("gene_ids", rows, idFirst ? 0 : 1));
    if (width >= 3) var.set(textColumn("feature_types", rows, 2));
    if (const int64_t changed = io::makeUnique(var.index); changed > 0)
        notes.push_back(std::to_string(changed) + " gene names occurred more than once and got a suffix such as '-1'.");
    return var;
}

Result<Table> readBarcodes(const fs::path& path, std::vector<std::string>& notes) {
    TXFM_TRY(std::vector<Row> rows, readRows(path));
    Table obs;
    obs.indexName = "barcodes";
    for (const Row& row : rows) obs.index.push_back(row.front());
    for (size_t column = 1; column < rows.front().size(); ++column)
        obs.set(textColumn("barcode_column_" + std::to_string(column + 1), rows, column));
    if (const int64_t changed = io::makeUnique(obs.index); changed > 0)
        notes.push_back(std::to_string(changed) + " cell names occurred more than once and got a suffix such as '-1'.");
    return obs;
}

}  // namespace txfm::readers
