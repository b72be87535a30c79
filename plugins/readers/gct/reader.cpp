// SPDX-License-Identifier: GPL-3.0-or-later
// GCT 1.2 and 1.3 (GenePattern / CLUE): genes in rows, samples in columns; 1.3 adds columns about genes and
// rows about samples. Layout: line 1 version, line 2 sizes, line 3 header.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/io/count_collector.h"
#include "core/io/reader.h"
#include "core/io/text_input.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kLargestSide = int64_t{1} << 31;

struct GctSize {
    int64_t genes = 0, samples = 0, geneColumns = 1, sampleRows = 0;  // 1.2: one gene column (Description)
    std::string version;
};

Error broken(const fs::path& path, int64_t line, const std::string& why) {
    return badInput("'" + path.string() + "', line " + std::to_string(line) + ": " + why + ".", "The file may be truncated; export it again.");
}

Result<GctSize> readSize(io::LineReader& lines, const fs::path& path) {
    std::string_view line;
    GctSize size;
    if (!lines.next(line) || !line.starts_with("#1.")) return broken(path, 1, "a GCT file begins with #1.2 or #1.3");
    size.version = std::string(line.substr(1, 3));
    if (size.version != "1.2" && size.version != "1.3") return broken(path, 1, "GCT version " + size.version + " is not known (1.2 and 1.3 are)");
    if (!lines.next(line)) return broken(path, 2, "the sizes are missing");
    std::istringstream numbers{std::string(line)};
    if (!(numbers >> size.genes >> size.samples)) return broken(path, 2, "the sizes are not numbers");
    if (size.version == "1.3" && !(numbers >> size.geneColumns >> size.sampleRows)) return broken(path, 2, "GCT 1.3 needs four sizes");
    if (size.genes <= 0 || size.samples <= 0) return badInput("'" + path.string() + "' is an empty matrix.");
    if (size.geneColumns < 0 || size.sampleRows < 0 || size.genes >= kLargestSide || size.samples >= kLargestSide ||
        size.geneColumns >= kLargestSide || size.sampleRows >= kLargestSide)
        return broken(path, 2, "the sizes are not possible");
    return size;
}

Result<Dataset> openGct(const fs::path& path, Progress& progress) {
    TXFM_TRY(io::LineReader lines, io::LineReader::open(path));
    TXFM_TRY(const GctSize size, readSize(lines, path));
    StageProgress stage(progress, "read", static_cast<double>(lines.bytesTotal()), "bytes");
    std::string_view line;
    std::vector<std::string_view> fields;
    std::vector<std::string> unquoted;
    const auto width = static_cast<size_t>(1 + size.geneColumns + size.samples);
    const auto firstValue = static_cast<size_t>(1 + size.geneColumns);
    int64_t lineNumber = 2;
    const auto nextRow = [&]() -> Result<void> {
        ++lineNumber;
        if (!lines.next(line)) {
            TXFM_CHECK(lines.status());
            return broken(path, lineNumber, "the file ends before the " + std::to_string(size.genes) + " rows that it announces");
        }
        io::splitFields(line, '\t', fields, unquoted);
        if (fields.size() != width)
            return broken(path, lineNumber, std::to_string(fields.size()) + " columns where " + std::to_string(width) + " were announced");
        return {};
    };

    Dataset dataset;
    TXFM_CHECK(nextRow());
    std::vector<std::string> geneColumnNames;
    for (size_t i = 1; i < firstValue; ++i) geneColumnNames.emplace_back(fields[i]);
    for (size_t i = firstValue; i < width; ++i) dataset.obs.index.emplace_back(fields[i]);
    for (int64_t row = 0; row < size.sampleRows; ++row) {
        TXFM_CHECK(nextRow());
        std::vector<std::string> values(fields.begin() + static_cast<std::ptrdiff_t>(firstValue), fields.end());
        dataset.obs.set(Column{std::string(fields[0]), std::move(values), {}});
    }
    std::vector<std::vector<std::string>> geneColumns(geneColumnNames.size());
    io::CountCollector collector(progress.token());
    for (int64_t gene = 0; gene < size.genes; ++gene) {
        if (progress.cancelled()) return cancelledError();
        stage.set(static_cast<double>(lines.bytesRead()));
        TXFM_CHECK(nextRow());
        dataset.var.index.emplace_back(fields[0]);
        for (size_t i = 0; i < geneColumns.size(); ++i) geneColumns[i].emplace_back(fields[i + 1]);
        for (size_t i = firstValue; i < width; ++i) {
            double value = 0;
            if (!io::parseNumber(fields[i], value) || !std::isfinite(value))
                return broken(path, lineNumber, "'" + std::string(fields[i].substr(0, 40)) + "' is not a count");
            if (!collector.add(static_cast<int32_t>(i - firstValue), static_cast<int32_t>(gene), static_cast<float>(value))) return collector.status().error();
        }
    }
    dataset.var.indexName = "Name";
    for (size_t i = 0; i < geneColumns.size(); ++i) dataset.var.set(Column{geneColumnNames[i], std::move(geneColumns[i]), {}});
    Provenance& provenance = dataset.provenance;
    provenance.path = path.string();
    provenance.format = "GCT " + size.version;
    provenance.countsIn = "table";
    for (Table* table : {&dataset.obs, &dataset.var}) {
        if (const int64_t changed = io::makeUnique(table->index); changed > 0)
            provenance.notes.push_back(std::to_string(changed) + " names occurred more than once and got a suffix such as '-1'.");
    }
    TXFM_TRY(const io::CollectedCounts collected, collector.finish(size.samples, size.genes));
    TXFM_CHECK(io::checkValues(collected, path, provenance));
    dataset.counts = collected.counts;
    return dataset;
}

/// What the first rows below the header hold; damage is for open() to tell.
ValueKind kindOfFirstRows(io::LineReader& lines, const GctSize& size) {
    constexpr int64_t kRows = 200;
    std::vector<float> values;
    std::string_view line;
    std::vector<std::string_view> fields;
    std::vector<std::string> unquoted;
    for (int64_t row = 0; row < size.sampleRows + kRows && lines.next(line); ++row) {
        if (row < size.sampleRows) continue;
        io::splitFields(line, '\t', fields, unquoted);
        for (size_t i = 1 + static_cast<size_t>(size.geneColumns); i < fields.size(); ++i)
            if (double value = 0; io::parseNumber(fields[i], value)) values.push_back(static_cast<float>(value));
    }
    return values.empty() ? ValueKind::Unknown : io::classifyValues(values);
}

class GctReader final : public io::Reader {
public:
    std::string name() const override { return "GCT"; }
    std::vector<std::string> patterns() const override { return {"*.gct", "*.gct.gz"}; }
    int probe(const fs::path&, const std::string& head) const override {
        const size_t begin = head.starts_with("\xEF\xBB\xBF") ? 3 : 0;
        const size_t end = std::min(head.find_first_of("\r\n\t "), head.size());
        return head.compare(begin, 3, "#1.") == 0 && end == begin + 4 ? 95 : 0;
    }
    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions&) const override {
        TXFM_TRY(io::LineReader lines, io::LineReader::open(path));
        TXFM_TRY(const GctSize size, readSize(lines, path));
        io::FileInfo info;
        info.format = "GCT " + size.version;
        info.cells = size.samples;
        info.genes = size.genes;
        info.countsIn = "table";
        std::string_view line;
        std::vector<std::string_view> fields;
        std::vector<std::string> unquoted;
        if (lines.next(line)) io::splitFields(line, '\t', fields, unquoted);
        for (size_t i = 1; i < fields.size() && static_cast<int64_t>(i) <= size.geneColumns; ++i) info.varColumns.emplace_back(fields[i]);
        info.valueKind = kindOfFirstRows(lines, size);
        return info;
    }
    Result<Dataset> open(const fs::path& path, const io::ReadOptions&, Progress& progress) const override {
        return openGct(path, progress);
    }
};

}  // namespace
}  // namespace txfm::readers

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry) {
    registry.add(std::make_unique<txfm::readers::GctReader>());
}
