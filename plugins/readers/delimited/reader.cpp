// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <set>

#include "core/io/count_collector.h"
#include "core/io/describe.h"
#include "core/io/reader.h"
#include "core/io/text_input.h"
#include "plugins/readers/delimited/table_layout.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

std::string describeKind(TableKind kind) {
    switch (kind) {
        case TableKind::FeatureCounts: return "featureCounts table";
        case TableKind::StarReadsPerGene: return "STAR ReadsPerGene table";
        case TableKind::Salmon: return "salmon table";
        case TableKind::Rsem: return "RSEM table";
        case TableKind::Kallisto: return "kallisto table";
        case TableKind::HtSeq: return "HTSeq table";
        case TableKind::Matrix: break;
    }
    return "delimited text";
}

/// Everything of the table: names of rows, annotation texts and non-zero values.
struct TableContent {
    std::vector<std::string> rowNames;
    std::vector<std::vector<std::string>> annotations;  // per annotation column
    io::CountCollector values;
};

Result<TableContent> readTable(const fs::path& path, const TableLayout& layout, Progress& progress) {
    TXFM_TRY(io::LineReader lines, io::LineReader::open(path));
    StageProgress stage(progress, "read", static_cast<double>(lines.bytesTotal()), "bytes");
    TableContent content{{}, std::vector<std::vector<std::string>>(layout.annotationColumns.size()), io::CountCollector(progress.token())};
    std::vector<std::string_view> fields;
    std::vector<std::string> unquoted;
    std::string_view line;
    int64_t lineNumber = 0;
    const auto at = [&] { return "'" + path.string() + "', line " + std::to_string(lineNumber); };
    while (lines.next(line)) {
        ++lineNumber;
        if (lineNumber <= layout.linesBeforeHeader + (layout.hasHeader ? 1 : 0) || line.empty()) continue;
        if (progress.cancelled()) return cancelledError();
        stage.set(static_cast<double>(lines.bytesRead()));
        io::splitFields(line, layout.separator, fields, unquoted);
        if (fields.size() != layout.header.size())
            return badInput(at() + ": " + std::to_string(fields.size()) + " columns where " + std::to_string(layout.header.size()) + " were expected.",
                            "The file may be truncated or its names may hold the separator; export it again.");
        if (isReadSummaryRow(fields[layout.nameColumn])) continue;
        const auto row = static_cast<int32_t>(content.rowNames.size());
        content.rowNames.emplace_back(fields[layout.nameColumn]);
        for (size_t i = 0; i < layout.annotationColumns.size(); ++i)
            content.annotations[i].emplace_back(fields[layout.annotationColumns[i]]);
        for (size_t i = 0; i < layout.valueColumns.size(); ++i) {
            const std::string_view field = fields[layout.valueColumns[i]];
            if (field == "0") continue;
            double value = 0;
            if (!io::parseNumber(field, value, layout.decimalComma) || !std::isfinite(value))
                return badInput(at() + ", column '" + layout.header[layout.valueColumns[i]] + "': '" + std::string(field.substr(0, 40)) + "' is not a count.",
                                "Every value must be a number; replace empty or NA values by 0 if that is what they mean.");
            if (layout.estimated) value = std::round(value);
            const auto column = static_cast<int32_t>(i);
            if (!content.values.add(layout.genesAreRows ? column : row, layout.genesAreRows ? row : column, static_cast<float>(value)))
                return content.values.status().error();
        }
    }
    TXFM_CHECK(lines.status());
    if (content.rowNames.empty()) return badInput("'" + path.string() + "' holds no rows of counts.");
    return content;
}

Table namedTable(std::vector<std::string> names, std::vector<std::string>& notes, const char* what) {
    Table table;
    table.index = std::move(names);
    if (const int64_t changed = io::makeUnique(table.index); changed > 0)
        notes.push_back(std::to_string(changed) + " " + what + " names occurred more than once and got a suffix such as '-1'.");
    return table;
}

Result<Dataset> openTable(const fs::path& path, Progress& progress) {
    TXFM_TRY(const TableLayout layout, findLayout(path));
    TXFM_TRY(TableContent content, readTable(path, layout, progress));
    Dataset dataset;
    Provenance& provenance = dataset.provenance;
    provenance.path = path.string();
    provenance.format = describeKind(layout.kind);
    provenance.countsIn = layout.kind == TableKind::Matrix ? "table" : layout.header[layout.valueColumns.front()];
    provenance.notes = layout.notes;
    if (layout.estimated) provenance.notes.push_back("Estimated counts are rounded to whole numbers.");

    std::vector<std::string> columnNames;
    for (const size_t column : layout.valueColumns) columnNames.push_back(layout.header[column]);
    const bool oneSample = layout.kind != TableKind::Matrix && columnNames.size() == 1 && layout.kind != TableKind::FeatureCounts;
    if (oneSample) columnNames = {sampleNameOf(path.filename().string())};
    if (layout.kind == TableKind::FeatureCounts) std::ranges::transform(columnNames, columnNames.begin(), sampleNameOf);
    // A salmon file is always called quant.sf: its folder carries the name of the sample.
    if (oneSample && (columnNames.front() == "quant" || columnNames.front() == "abundance") && path.has_parent_path())
        columnNames = {fs::absolute(path).parent_path().filename().string()};

    Table rows = namedTable(std::move(content.rowNames), provenance.notes, layout.genesAreRows ? "gene" : "cell");
    for (size_t i = 0; i < layout.annotationColumns.size(); ++i)
        rows.set(Column{layout.header[layout.annotationColumns[i]], std::move(content.annotations[i]), {}});
    Table columns = namedTable(std::move(columnNames), provenance.notes, layout.genesAreRows ? "sample" : "gene");
    dataset.obs = layout.genesAreRows ? std::move(columns) : std::move(rows);
    dataset.var = layout.genesAreRows ? std::move(rows) : std::move(columns);
    TXFM_TRY(const io::CollectedCounts collected, content.values.finish(static_cast<int64_t>(dataset.obs.rows()), static_cast<int64_t>(dataset.var.rows())));
    TXFM_CHECK(io::checkValues(collected, path, provenance));
    dataset.counts = collected.counts;
    return dataset;
}

class DelimitedReader final : public io::Reader {
public:
    std::string name() const override { return "delimited text"; }
    std::vector<std::string> patterns() const override {
        return {"*.csv", "*.csv.gz", "*.tsv", "*.tsv.gz", "*.txt", "*.txt.gz", "*.tab", "*.sf", "*.results"};
    }

    /// Low, so that any reader with a signature of its own wins.
    int probe(const fs::path& path, const std::string& head) const override {
        if (head.empty() || head.find('\0') != std::string::npos) return 0;
        std::string start = head.substr(0, 512);
        std::ranges::transform(start, start.begin(), [](unsigned char c) { return std::tolower(c); });
        const auto text = start.find_first_not_of(" \t\r\n");
        if (text == std::string::npos || start[text] == '<' || start[text] == '{' || start[text] == '%' ||
            start.starts_with("version https://git-lfs"))
            return 0;
        const auto lineEnd = head.find_first_of("\r\n");
        if (lineEnd == std::string::npos) return 0;
        return head.find_first_of("\t,; ") != std::string::npos ? 20 : 0;
    }

    Result<io::FileInfo> info(const fs::path& path, const io::ReadOptions&) const override {
        // A text table has no header that tells its size: the number of rows is only known by reading it.
        Progress silent;
        TXFM_TRY(const Dataset dataset, openTable(path, silent));
        return io::describe(dataset);
    }

    Result<Dataset> open(const fs::path& path, const io::ReadOptions&, Progress& progress) const override {
        return openTable(path, progress);
    }
};

}  // namespace
}  // namespace txfm::readers

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry) {
    registry.add(std::make_unique<txfm::readers::DelimitedReader>());
}
