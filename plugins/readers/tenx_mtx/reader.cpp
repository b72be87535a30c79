// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "eminem/eminem.hpp"

#include "core/io/count_collector.h"
#include "core/io/reader.h"
#include "plugins/readers/tenx_mtx/side_files.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kLargestSide = int64_t{1} << 31;

/// Ends a parse from inside its callback: the user cancelled, or the values cannot be kept.
struct StoppedParse {
    Error error;
};

using MatrixParser = decltype(eminem::parse_some_file<uint64_t>("", {}));

MatrixParser openMatrix(const fs::path& path) { return eminem::parse_some_file<uint64_t>(path.c_str(), {}); }

Error unreadable(const fs::path& path, const std::string& why) {
    return badInput("'" + path.string() + "' is not a readable Matrix Market file: " + why + ".",
                    "Download or export the file again.");
}

struct Size {
    int64_t rows = 0, columns = 0, entries = 0;
};

Result<Size> checkedSize(MatrixParser& parser, const fs::path& path) {
    parser.scan_preamble();
    const auto& banner = parser.get_banner();
    if (banner.format != eminem::Format::COORDINATE || banner.object != eminem::Object::MATRIX)
        return unreadable(path, "only coordinate matrices hold counts");
    if (banner.field == eminem::Field::COMPLEX) return unreadable(path, "its values are complex numbers");
    const uint64_t rows = parser.get_nrows(), columns = parser.get_ncols(), entries = parser.get_nlines();
    if (rows >= kLargestSide || columns >= kLargestSide) return unreadable(path, "it claims more rows or columns than any count file has");
    if (rows == 0 || columns == 0) return badInput("'" + path.string() + "' is an empty matrix (" + std::to_string(rows) + " x " + std::to_string(columns) + ").");
    if (entries > 0 && entries / columns > rows) return unreadable(path, "it claims more entries than a matrix of its size can hold");
    return Size{static_cast<int64_t>(rows), static_cast<int64_t>(columns), static_cast<int64_t>(entries)};
}

/// Reads the entries; `genesAreRows` tells the orientation of the file.
Result<io::CollectedCounts> readEntries(const fs::path& path, bool genesAreRows, Progress& progress) {
    MatrixParser parser = openMatrix(path);
    TXFM_TRY(const Size size, checkedSize(parser, path));
    io::CountCollector collector(progress.token());
    int64_t seen = 0;
    StageProgress stage(progress, "read", static_cast<double>(size.entries), "values");
    const auto store = [&](uint64_t row, uint64_t column, double value) {
        const auto r = static_cast<int32_t>(row - 1), c = static_cast<int32_t>(column - 1);
        if (!collector.add(genesAreRows ? c : r, genesAreRows ? r : c, static_cast<float>(value))) throw StoppedParse{collector.status().error()};
        if ((++seen & 0xFFFF) == 0) {
            if (progress.cancelled()) throw StoppedParse{cancelledError()};
            stage.set(static_cast<double>(seen));
        }
    };
    if (parser.get_banner().field == eminem::Field::PATTERN) {
        parser.scan_pattern<bool>([&](uint64_t r, uint64_t c, bool) { store(r, c, 1); });
    } else if (parser.get_banner().field == eminem::Field::INTEGER) {
        parser.scan_integer<int64_t>([&](uint64_t r, uint64_t c, int64_t v) { store(r, c, static_cast<double>(v)); });
    } else {
        parser.scan_real<double>([&](uint64_t r, uint64_t c, double v) { store(r, c, v); });
    }
    return collector.finish(genesAreRows ? size.columns : size.rows, genesAreRows ? size.rows : size.columns);
}

/// Orientation by the length of the gene list, which may have a header line.
bool haveGenesInRows(int64_t genes, const Size& size) {
    return genes == size.rows || (genes != size.columns && std::abs(genes - size.rows) <= 1);
}

Table numberedNames(const std::string& prefix, int64_t n) {
    Table table;
    for (int64_t i = 1; i <= n; ++i) table.index.push_back(prefix + std::to_string(i));
    return table;
}

Result<Dataset> openMatrixFiles(const MatrixFiles& files, Progress& progress) {
    const fs::path& path = files.matrix;
    Dataset dataset;
    Provenance& provenance = dataset.provenance;
    MatrixParser header = openMatrix(path);
    TXFM_TRY(const Size size, checkedSize(header, path));
    if (files.features.empty())
        return badInput("No list of genes (features.tsv or genes.tsv) lies beside '" + path.string() + "'.",
                        "Put the features file of the same download into that folder.");
    TXFM_TRY(dataset.var, readFeatures(files.features, provenance.notes));
    if (!files.barcodes.empty()) {
        TXFM_TRY(dataset.obs, readBarcodes(files.barcodes, provenance.notes));
    }
    // One header line is common in exports of other tools: accept lists that are one longer.
    const auto fits = [](const Table& table, int64_t n) { return static_cast<int64_t>(table.rows()) == n; };
    const auto dropHeader = [&](Table& table, int64_t n) {
        if (static_cast<int64_t>(table.rows()) != n + 1) return;
        std::vector<int64_t> rows(n);
        for (int64_t i = 0; i < n; ++i) rows[i] = i + 1;
        table = table.select(rows);
    };
    const auto genes = static_cast<int64_t>(dataset.var.rows());
    const bool genesAreRows = haveGenesInRows(genes, size);
    const int64_t geneCount = genesAreRows ? size.rows : size.columns, cellCount = genesAreRows ? size.columns : size.rows;
    dropHeader(dataset.var, geneCount);
    if (files.barcodes.empty()) {
        dataset.obs = numberedNames("cell_", cellCount);
        provenance.notes.push_back("No list of cells (barcodes.tsv) lies beside the matrix; the cells are numbered.");
    }
    dropHeader(dataset.obs, cellCount);
    if (!fits(dataset.var, geneCount))
        return badInput("'" + files.features.string() + "' lists " + std::to_string(genes) + " genes, but '" + path.filename().string() +
                            "' is " + std::to_string(size.rows) + " x " + std::to_string(size.columns) + ".",
                        "Use the files of one and the same download.");
    if (!fits(dataset.obs, cellCount))
        return badInput("'" + files.barcodes.string() + "' lists " + std::to_string(dataset.obs.rows()) + " cells, but '" +
                            path.filename().string() + "' has " + std::to_string(cellCount) + ".",
                        "Use the files of one and the same download.");
    TXFM_TRY(const io::CollectedCounts collected, readEntries(path, genesAreRows, progress));
    TXFM_CHECK(io::checkValues(collected, path, provenance));
    dataset.counts = collected.counts;
    provenance.format = "10x folder";
    provenance.countsIn = path.filename().string();
    return io::keepGeneExpression(std::move(dataset), path, progress);
}

/// Runs `read`, translating what the Matrix Market and gzip libraries throw.
template <class Function>
auto guarded(const fs::path& path, Function read) -> decltype(read()) {
    try {
        return read();
    } catch (const StoppedParse& stopped) {
        return stopped.error;
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "Not enough memory to open '" + path.string() + "'.", {}};
    } catch (const std::exception& e) {
        return unreadable(path, e.what());
    }
}

class TenxFolderReader final : public io::Reader {
public:
    std::string name() const override { return "10x folder"; }
    std::vector<std::string> patterns() const override { return {"*.mtx", "*.mtx.gz"}; }

    int probe(const fs::path& path, const std::string& head) const override {
        std::error_code ec;
        if (fs::is_directory(path, ec)) return findMatrices(path).size() == 1 ? 90 : 0;
        return head.starts_with("%%MatrixMarket") ? 95 : 0;
    }

    std::vector<fs::path> sources(const fs::path& path) const override {
        const auto files = filesAt(path);
        if (!files) return {path};
        std::vector<fs::path> read;
        for (const fs::path& file : {files->matrix, files->features, files->barcodes})
            if (!file.empty()) read.push_back(file);
        return read;
    }

    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions&) const override {
        TXFM_TRY(const MatrixFiles files, filesAt(path));
        return guarded(files.matrix, [&]() -> Result<io::FileInfo> {
            MatrixParser parser = openMatrix(files.matrix);
            TXFM_TRY(const Size size, checkedSize(parser, files.matrix));
            io::FileInfo info;
            info.format = "10x folder";
            info.nonZeros = size.entries;
            if (parser.get_banner().field == eminem::Field::INTEGER) info.valueKind = ValueKind::Counts;
            info.countsIn = files.matrix.filename().string();
            info.genes = size.rows;
            info.cells = size.columns;
            if (!files.features.empty()) {
                TXFM_TRY(const Table var, readFeatures(files.features, info.notes));
                if (!haveGenesInRows(static_cast<int64_t>(var.rows()), size)) std::swap(info.genes, info.cells);
                if (const int64_t genes = io::countGeneExpression(var); genes < static_cast<int64_t>(var.rows())) {
                    info.notes.push_back("The folder holds " + std::to_string(info.genes) + " features, " + std::to_string(genes) + " of them genes.");
                    info.genes = genes;
                }
                for (const Column& column : var.columns) info.varColumns.push_back(column.name);
            }
            return info;
        });
    }

    Result<Dataset> open(const fs::path& path, const io::ReadOptions&, Progress& progress) const override {
        TXFM_TRY(const MatrixFiles files, filesAt(path));
        auto dataset = guarded(files.matrix, [&] { return openMatrixFiles(files, progress); });
        if (dataset) dataset->provenance.path = path.string();
        return dataset;
    }

private:
    static Result<MatrixFiles> filesAt(const fs::path& path) {
        std::error_code ec;
        if (!fs::is_directory(path, ec)) return matrixFilesOf(path);
        const auto found = findMatrices(path);
        if (found.size() == 1) return found.front();
        return badInput("Folder '" + path.string() + "' holds " + std::to_string(found.size()) + " matrices (.mtx).",
                        "Open one of the .mtx files instead.");
    }
};

}  // namespace
}  // namespace txfm::readers

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry) {
    registry.add(std::make_unique<txfm::readers::TenxFolderReader>());
}
