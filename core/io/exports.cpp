// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/exports.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "core/base/atomic_file.h"
#include "core/base/quoted.h"
#include "core/io/text_output.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kBlockRows = 2048;

std::string lowered(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

bool isGzip(const fs::path& path) { return lowered(path.extension().string()) == ".gz"; }

/// ".csv" for "a.csv" and "a.csv.gz".
std::string endingOf(const fs::path& path) {
    return lowered(isGzip(path) ? path.stem().extension().string() : path.extension().string());
}

/// A field of a tab-separated list; such lists know no quotes.
std::string plainField(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    return text;
}

/// Calls body(block, first cell) for every block of rows.
template <class Body>
Result<void> forEachBlock(const CountSource& counts, Progress& progress, const char* stageName, Body&& body) {
    StageProgress stage(progress, stageName, static_cast<double>(counts.cells()), "cells");
    for (int64_t begin = 0; begin < counts.cells(); begin += kBlockRows) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(begin + kBlockRows, counts.cells());
        TXFM_TRY(const CsrMatrix block, counts.readRows(begin, end));
        body(block, begin);
        stage.set(static_cast<double>(end));
    }
    return {};
}

/// Number of values, for the header of the matrix, which comes first.
Result<int64_t> countValues(const CountSource& counts, Progress& progress) {
    if (counts.nonZeros() >= 0) return counts.nonZeros();
    int64_t total = 0;
    TXFM_CHECK(forEachBlock(counts, progress, "read", [&](const CsrMatrix& block, int64_t) { total += block.nnz(); }));
    return total;
}

std::string firstColumn(const Table& var, std::initializer_list<const char*> names, size_t row) {
    for (const char* name : names)
        if (const Column* column = var.find(name))
            if (std::string text = column->text(row); !text.empty()) return text;
    return var.index[row];
}

Result<void> writeLines(const fs::path& path, const fs::path& shown, size_t lines, const auto& line) {
    TXFM_TRY(TextWriter out, TextWriter::create(path, true, shown));
    for (size_t i = 0; i < lines; ++i) out.write(line(i) + "\n");
    return out.close();
}

Result<void> writeMatrixMarket(const fs::path& path, const fs::path& shown, const Dataset& dataset, Progress& progress) {
    TXFM_TRY(const int64_t values, countValues(*dataset.counts, progress));
    TXFM_TRY(TextWriter out, TextWriter::create(path, true, shown));
    const bool counts = dataset.provenance.valueKind == ValueKind::Counts;
    out.write("%%MatrixMarket matrix coordinate " + std::string(counts ? "integer" : "real") + " general\n%metadata_json: {\"software_version\": \"txfm " TXFM_VERSION "\"}\n" +
              std::to_string(dataset.genes()) + " " + std::to_string(dataset.cells()) + " " + std::to_string(values) + "\n");
    std::string text;
    TXFM_CHECK(forEachBlock(*dataset.counts, progress, "write", [&](const CsrMatrix& block, int64_t first) {
        text.clear();
        for (int64_t row = 0; row < block.rows; ++row) {
            const std::string cell = " " + std::to_string(first + row + 1) + " ";
            for (int64_t k = block.indptr[row]; k < block.indptr[row + 1]; ++k) {
                text += std::to_string(block.indices[k] + 1);
                text += cell;
                appendNumber(text, block.values[k]);
                text += '\n';
            }
        }
        out.write(text);
    }));
    return out.close();
}

/// A folder that is filled under another name beside its place.
class FolderInWork {
public:
    explicit FolderInWork(const fs::path& target)
        : m_target(target), m_work(target.parent_path() / ("." + target.filename().string() + ".tmp-" + std::to_string(::getpid()))) {}
    ~FolderInWork() {
        std::error_code ignored;  // a leftover cannot be reported here and does no harm
        fs::remove_all(m_work, ignored);
    }
    Result<void> begin() {
        std::error_code ec;
        if (fs::exists(m_target, ec) && !(fs::is_directory(m_target, ec) && fs::is_empty(m_target, ec)))
            return failed("Cannot write " + quoted(m_target) + ": it exists and is not an empty folder.", "Choose another name.");
        fs::create_directory(m_work, ec);
        return ec ? Result<void>(cannot(ec)) : Result<void>();
    }
    const fs::path& path() const { return m_work; }
    Result<void> finish() {
        std::error_code ec;
        fs::rename(m_work, m_target, ec);
        return ec ? Result<void>(cannot(ec)) : Result<void>();
    }

private:
    Error cannot(const std::error_code& ec) const {
        return failed("Cannot write " + quoted(m_target) + ": " + ec.message() + ".", "Choose a folder that exists, is writable and has enough free space.");
    }
    fs::path m_target, m_work;
};

}  // namespace

Result<ExportFormat> exportFormatOf(const fs::path& out) {
    const std::string ending = endingOf(out);
    if (ending == ".h5ad" && !isGzip(out)) return ExportFormat::H5ad;
    if (ending == ".loom" && !isGzip(out)) return ExportFormat::Loom;
    if (ending == ".npy" && !isGzip(out)) return ExportFormat::Npy;
    if (ending == ".csv" || ending == ".tsv" || ending == ".txt") return ExportFormat::Table;
    static const char* const kFiles[] = {".h5", ".hdf5", ".mtx", ".zip", ".tar", ".gct", ".xlsx", ".rds", ".zarr", ".parquet"};
    if (isGzip(out) || std::ranges::any_of(kFiles, [&](const char* other) { return ending == other; }))
        return usageError("Cannot tell from the name " + quoted(out) + " what to write.",
                          "Use .h5ad, .loom, .csv, .tsv (or .csv.gz, .tsv.gz), .npy for an embedding, or a folder name for the 10x format.");
    return ExportFormat::TenxFolder;
}

Result<void> writeTenxFolder(const fs::path& out, const Dataset& dataset, Progress& progress) {
    const fs::path target = out.filename().empty() ? out.parent_path() : out;  // "folder/" is "folder"
    FolderInWork folder(target);
    TXFM_CHECK(folder.begin());
    const Table& var = dataset.var;
    TXFM_CHECK(writeLines(folder.path() / "features.tsv.gz", target, var.rows(), [&](size_t gene) {
        const std::string type = var.find("feature_types") ? var.find("feature_types")->text(gene) : std::string();
        return plainField(firstColumn(var, {"gene_ids", "ensembl_id", "gene_id"}, gene)) + "\t" +
               plainField(firstColumn(var, {"gene_symbols", "symbol", "feature_name"}, gene)) + "\t" +
               plainField(type.empty() ? "Gene Expression" : type);
    }));
    TXFM_CHECK(writeLines(folder.path() / "barcodes.tsv.gz", target, dataset.obs.rows(),
                          [&](size_t cell) { return plainField(dataset.obs.index[cell]); }));
    TXFM_CHECK(writeMatrixMarket(folder.path() / "matrix.mtx.gz", target, dataset, progress));
    return folder.finish();
}

Result<void> writeCountTable(const fs::path& out, const Dataset& dataset, Progress& progress) {
    TXFM_TRY(AtomicFile file, AtomicFile::create(out));
    TXFM_TRY(TextWriter writer, TextWriter::create(file.temporaryPath(), isGzip(out), out));
    const char separator = endingOf(out) == ".csv" ? ',' : '\t';
    std::string text = "cell";
    for (const std::string& gene : dataset.var.index) {
        text += separator;
        appendField(text, gene, separator);
    }
    text += '\n';
    writer.write(text);
    TXFM_CHECK(forEachBlock(*dataset.counts, progress, "write", [&](const CsrMatrix& block, int64_t first) {
        for (int64_t row = 0; row < block.rows; ++row) {
            text.clear();
            appendField(text, dataset.obs.index[static_cast<size_t>(first + row)], separator);
            int64_t k = block.indptr[row];
            for (int64_t gene = 0; gene < block.cols; ++gene) {
                text += separator;
                if (k < block.indptr[row + 1] && block.indices[k] == gene)
                    appendNumber(text, block.values[k++]);
                else
                    text += '0';
            }
            text += '\n';
            writer.write(text);
        }
    }));
    TXFM_CHECK(writer.close());
    return file.commit();
}

Result<void> writeNpy(const fs::path& out, const DenseMatrix& matrix) {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(matrix.rows) + ", " + std::to_string(matrix.cols) + "), }";
    constexpr size_t kPreamble = 10, kAlignment = 64;  // magic, version and length; NumPy aligns the data
    header.append(kAlignment - (kPreamble + header.size() + 1) % kAlignment, ' ');
    header += '\n';
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(header.size() & 0xFF);
    bytes += static_cast<char>(header.size() >> 8);
    bytes += header;
    const size_t begin = bytes.size();
    bytes.resize(begin + matrix.values.size() * sizeof(float));
    if (!matrix.values.empty()) std::memcpy(bytes.data() + begin, matrix.values.data(), matrix.values.size() * sizeof(float));
    return writeFileAtomically(out, bytes);
}

Result<void> writeMatrixTable(const fs::path& out, const std::string& key, const DenseMatrix& matrix, const std::vector<std::string>& rowNames) {
    TXFM_TRY(AtomicFile file, AtomicFile::create(out));
    TXFM_TRY(TextWriter writer, TextWriter::create(file.temporaryPath(), isGzip(out), out));
    const char separator = endingOf(out) == ".csv" ? ',' : '\t';
    std::string text = "cell";
    for (int64_t col = 1; col <= matrix.cols; ++col) {
        text += separator;
        appendField(text, key + "_" + std::to_string(col), separator);
    }
    for (int64_t row = 0; row < matrix.rows; ++row) {
        text += '\n';
        appendField(text, rowNames[static_cast<size_t>(row)], separator);
        for (int64_t col = 0; col < matrix.cols; ++col) {
            text += separator;
            appendNumber(text, matrix(row, col));
        }
        writer.write(text);
        text.clear();
    }
    writer.write(text + "\n");
    TXFM_CHECK(writer.close());
    return file.commit();
}

}  // namespace txfm::io
