// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/delimited/table_layout.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>

#include "core/io/text_input.h"
#include "core/preprocess/gene_matching.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

constexpr size_t kSampledLines = 200;
constexpr size_t kSampledNames = 500;

using Row = std::vector<std::string>;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

Row split(std::string_view line, char separator) {
    static thread_local std::vector<std::string_view> fields;
    static thread_local std::vector<std::string> unquoted;
    io::splitFields(line, separator, fields, unquoted);
    return {fields.begin(), fields.end()};
}

/// The separator that splits most lines into the same, largest number of fields.
char findSeparator(const std::vector<std::string>& lines) {
    char best = 0;
    double bestScore = 0;
    for (const char candidate : {'\t', ';', ',', ' '}) {
        std::map<size_t, size_t> widths;
        for (const std::string& line : lines) ++widths[split(line, candidate).size()];
        const auto common = std::ranges::max_element(widths, {}, [](const auto& w) { return w.second; });
        if (common->first < 2) continue;
        const double share = static_cast<double>(common->second) / static_cast<double>(lines.size());
        // Consistency first; among equally consistent ones the earlier candidate: tabs are rarely inside names.
        if (share > bestScore + 0.05) {
            best = candidate;
            bestScore = share;
        }
    }
    return best;
}

bool isNumber(const std::string& text, bool decimalComma) {
    double value = 0;
    return io::parseNumber(text, value, decimalComma);
}

bool isPresentNumber(const std::string& text, bool decimalComma) {
    double value = 0;
    return io::parseNumber(text, value, decimalComma) && !std::isnan(value);
}

bool usesDecimalComma(const std::vector<Row>& rows, char separator) {
    if (separator == ',') return false;
    size_t onlyWithComma = 0;
    for (const Row& row : rows) {
        for (size_t i = 1; i < row.size(); ++i) onlyWithComma += !isNumber(row[i], false) && isNumber(row[i], true);
    }
    return onlyWithComma > 0;
}

/// Numeric columns that describe the gene rather than a sample.
bool isAnnotationName(const std::string& name) {
    static const std::array<const char*, 16> kNames{"chr",  "chrom",  "chromosome",  "start",  "end",      "strand",
                                                    "length", "width", "gene_length", "entrez", "entrezid", "entrez_id",
                                                    "entrez_gene_id", "ncbi_id", "exon_length", "effective_length"};
    return std::ranges::count(kNames, lower(name)) > 0;
}

bool isNameHeader(const std::string& name) {
    static const std::array<const char*, 17> kNames{"",      "gene",   "genes",   "geneid",  "gene_id", "gene_name", "gene_symbol", "symbol", "id",
                                                    "name",  "cell",   "cells",   "barcode", "sample",  "feature",   "index",       "rownames"};
    return std::ranges::count(kNames, lower(name)) > 0;
}

double geneShare(const std::vector<std::string>& names) {
    const auto table = GeneTable::shared();
    size_t genes = 0, seen = 0;
    for (const std::string& name : names) {
        if (seen++ == kSampledNames) break;
        const std::string start = lower(std::string_view(name).substr(0, 4));
        const bool ensembl = start == "ensg" || start == "enst" || start.starts_with("ensm");
        genes += ensembl || (table && !(*table)->approvedSymbol(name).empty());
    }
    return seen ? static_cast<double>(genes) / static_cast<double>(std::min(seen, kSampledNames)) : 0;
}

bool hasNames(const Row& header, std::initializer_list<const char*> names) {
    return std::ranges::all_of(names, [&](const char* name) {
        return std::ranges::any_of(header, [&](const std::string& h) { return lower(h) == name; });
    });
}

size_t columnNamed(const Row& header, const char* name) {
    return static_cast<size_t>(std::ranges::find_if(header, [&](const std::string& h) { return lower(h) == name; }) - header.begin());
}

/// Tables of quantification programs, known by their headers.
void recogniseProgram(TableLayout& layout) {
    const Row& h = layout.header;
    const auto single = [&](TableKind kind, const char* value, bool estimated) {
        layout.kind = kind;
        layout.annotationColumns.clear();
        layout.valueColumns = {columnNamed(h, value)};
        layout.estimated = estimated;
    };
    if (hasNames(h, {"geneid", "chr", "start", "end", "strand", "length"})) {
        layout.kind = TableKind::FeatureCounts;
    } else if (hasNames(h, {"name", "effectivelength", "tpm", "numreads"})) {
        single(TableKind::Salmon, "numreads", true);
    } else if (hasNames(h, {"target_id", "eff_length", "est_counts", "tpm"})) {
        single(TableKind::Kallisto, "est_counts", true);
    } else if (hasNames(h, {"effective_length", "expected_count", "tpm"})) {
        single(TableKind::Rsem, "expected_count", true);
    }
}

Error notATable(const fs::path& path, const std::string& why) {
    return badInput("'" + path.string() + "' is not a table of counts: " + why + ".",
                    "A count table has one row per gene and one column per sample or cell, or the reverse.");
}

struct Sample {
    std::vector<std::string> lines;
    int64_t comments = 0;
};

Result<Sample> readSample(const fs::path& path) {
    TXFM_TRY(io::LineReader reader, io::LineReader::open(path));
    Sample sample;
    std::string_view line;
    while (sample.lines.size() < kSampledLines && reader.next(line)) {
        if (sample.lines.empty() && (line.empty() || line.front() == '#')) {
            ++sample.comments;
            continue;
        }
        if (!line.empty()) sample.lines.emplace_back(line);
    }
    TXFM_CHECK(reader.status());
    return sample;
}

/// No header: names for columns, and the programs that write none.
void withoutHeader(TableLayout& layout, const std::vector<Row>& rows, const fs::path& path) {
    layout.hasHeader = false;
    layout.header.assign(rows.front().size(), "");
    for (size_t i = 0; i < layout.header.size(); ++i) layout.header[i] = i == 0 ? "" : "sample_" + std::to_string(i);
    const std::string sample = sampleNameOf(path.filename().string());
    const bool star = rows.front().size() == 4 && rows.front()[0].starts_with("N_");
    if (star) {
        layout.kind = TableKind::StarReadsPerGene;
        layout.header[1] = sample;
        layout.notes.push_back("STAR ReadsPerGene table: the unstranded column is used.");
    } else if (rows.front().size() == 2) {
        layout.kind = TableKind::HtSeq;
        layout.header[1] = sample;
    }
}

}  // namespace

bool isReadSummaryRow(std::string_view name) {
    return name.starts_with("__") || name == "N_unmapped" || name == "N_multimapping" || name == "N_noFeature" ||
           name == "N_ambiguous";
}

std::string sampleNameOf(const std::string& pathLike) {
    std::string name = fs::path(pathLike).filename().string();
    for (const std::string ending : {".gz", ".bz2", ".tab", ".tsv", ".txt", ".csv", ".sf", ".bam", ".sam", ".out", ".results", ".genes",
                                     ".isoforms", "ReadsPerGene", ".counts", "_counts", ".sortedByCoord", ".sorted", ".Aligned", "Aligned",
                                     ".quant", "_quant"}) {
        if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
    }
    while (name.size() > 1 && (name.back() == '_' || name.back() == '.')) name.pop_back();
    return name;
}

Result<TableLayout> findLayout(const fs::path& path) {
    TXFM_TRY(const Sample sample, readSample(path));
    if (sample.lines.size() < 2) return notATable(path, "it has fewer than two lines");
    TableLayout layout;
    layout.linesBeforeHeader = sample.comments;
    layout.separator = findSeparator(sample.lines);
    if (layout.separator == 0) return notATable(path, "no separator (tab, comma, semicolon or blank) splits its lines into columns");
    std::vector<Row> rows;
    for (const std::string& line : sample.lines) rows.push_back(split(line, layout.separator));
    layout.decimalComma = usesDecimalComma({rows.begin() + 1, rows.end()}, layout.separator);
    if (layout.decimalComma) layout.notes.push_back("Numbers are written with a decimal comma.");

    const size_t width = rows[1].size();
    Row first = rows.front();
    const bool shorter = first.size() + 1 == width;  // R writes no name above the row names
    if (shorter) first.insert(first.begin(), "");
    if (first.size() != width) return notATable(path, "its first line has " + std::to_string(first.size()) + " columns, the second " + std::to_string(width));
    const auto numbersIn = [&](const Row& row) {
        return std::ranges::count_if(row.begin() + 1, row.end(), [&](const std::string& f) { return isPresentNumber(f, layout.decimalComma); });
    };
    const bool namedCorner = isNameHeader(first.front()) && rows.front().front() != rows[1].front();
    const bool header = shorter || namedCorner || numbersIn(first) < numbersIn(rows[1]);
    if (header) {
        layout.header = first;
        rows.erase(rows.begin());
    } else {
        withoutHeader(layout, rows, path);
    }

    for (size_t column = 1; column < width; ++column) {
        const auto cell = [&](const Row& row) { return column < row.size() ? row[column] : std::string(); };
        // A column of mostly numbers holds counts: a stray text in it is reported with its line, not taken for a name.
        const auto numbers = std::ranges::count_if(rows, [&](const Row& r) { return isPresentNumber(cell(r), layout.decimalComma); });
        const bool numeric = 2 * numbers >= static_cast<std::ptrdiff_t>(rows.size());
        if (numeric && !isAnnotationName(layout.header[column])) {
            layout.valueColumns.push_back(column);
        } else {
            layout.annotationColumns.push_back(column);
        }
    }
    if (layout.kind == TableKind::StarReadsPerGene) layout.valueColumns = {1};
    if (layout.hasHeader) recogniseProgram(layout);
    if (layout.valueColumns.empty()) return notATable(path, "none of its columns holds numbers");

    std::vector<std::string> rowNames, columnNames;
    for (const Row& row : rows) rowNames.push_back(row[layout.nameColumn]);
    for (const size_t column : layout.valueColumns) columnNames.push_back(layout.header[column]);
    const double rowShare = geneShare(rowNames), columnShare = geneShare(columnNames);
    layout.genesAreRows = layout.kind != TableKind::Matrix || rowShare >= columnShare;
    if (layout.kind == TableKind::Matrix && std::max(rowShare, columnShare) < 0.2)
        layout.notes.push_back("Neither rows nor columns carry known human gene names; rows are taken as genes.");
    return layout;
}

}  // namespace txfm::readers
