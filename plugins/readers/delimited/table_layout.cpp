// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/delimited/table_layout.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>

#include "core/io/text_input.h"
#include "core/preprocess/gene_matching.h"
#include "core/preprocess/gene_symbols.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

constexpr size_t kSampledLines = 200;
constexpr size_t kSampledNames = 500;
/// Names of which a smaller share is known are no genes, or none of a human.
constexpr double kFewGenes = 0.2;
/// Fewer columns than this are genes only when most of their names are.
constexpr size_t kFewColumns = 50;
constexpr double kMostColumns = 0.5;

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

/// Numeric columns that describe the gene rather than a sample, or the cell rather than a gene.
bool isAnnotationName(const std::string& name) {
    static const std::array<const char*, 30> kNames{"n_counts", "n_genes", "total_counts", "n_genes_by_counts", "pct_counts_mt", "percent_mito", "percent.mt",
                                                    "percent.mito", "ncount_rna", "nfeature_rna", "numi", "ngene", "n_umi", "n_umis",
                                                    "chr",  "chrom",  "chromosome",  "start",  "end",      "strand",
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
    const auto seen = static_cast<std::ptrdiff_t>(std::min(names.size(), kSampledNames));
    if (seen == 0) return 0;
    const auto genes = std::count_if(names.begin(), names.begin() + seen, [&](const std::string& name) { return looksLikeGene(name, table ? table->get() : nullptr); });
    return static_cast<double>(genes) / static_cast<double>(seen);
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
    std::string lastComment;  ///< the line above the table, when it begins with #
};

Result<Sample> readSample(const fs::path& path) {
    TXFM_TRY(io::LineReader reader, io::LineReader::open(path));
    Sample sample;
    std::string_view line;
    while (sample.lines.size() < kSampledLines && reader.next(line)) {
        if (sample.lines.empty() && (line.empty() || line.front() == '#')) {
            ++sample.comments;
            sample.lastComment = line;
            continue;
        }
        if (!line.empty()) sample.lines.emplace_back(line);
    }
    TXFM_CHECK(reader.status());
    return sample;
}

/// "#gene S1 S2": a line that looks like a comment, but names every column of lines that are numbers from the first one on.
bool isHeaderInComment(const Sample& sample, char separator) {
    if (!sample.lastComment.starts_with('#')) return false;
    const auto numbers = [](const Row& row) {
        return std::ranges::count_if(row.begin() + 1, row.end(), [](const std::string& f) { return isPresentNumber(f, true); });
    };
    const Row first = split(sample.lines[0], separator), second = split(sample.lines[1], separator);
    return first.size() > 1 && split(sample.lastComment, separator).size() == first.size() && !isNameHeader(first.front()) &&
           numbers(first) > 0 && numbers(first) >= numbers(second);
}

/// Rows that are only numbered, as pandas writes them: the names are in a column of their own.
size_t findNameColumn(const std::vector<Row>& rows, const std::vector<size_t>& annotations) {
    double first = 0, value = 0;
    if (!io::parseNumber(rows.front().front(), first)) return 0;
    for (size_t i = 0; i < rows.size(); ++i)
        if (!io::parseNumber(rows[i].front(), value) || value != first + static_cast<double>(i)) return 0;
    for (const size_t column : annotations) {
        std::vector<std::string> names;
        for (const Row& row : rows) names.push_back(column < row.size() ? row[column] : std::string());
        if (geneShare(names) >= kFewGenes) return column;
    }
    return 0;
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
                                     ".isoforms", "ReadsPerGene", ".counts", "_counts", ".htseq", "_htseq", ".sortedByCoord", ".sorted", ".Aligned", "Aligned",
                                     ".quant", "_quant"}) {
        if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
    }
    while (name.size() > 1 && (name.back() == '_' || name.back() == '.')) name.pop_back();
    return name;
}

Result<TableLayout> findLayout(const fs::path& path) {
    TXFM_TRY(Sample sample, readSample(path));
    if (sample.lines.size() < 2) return notATable(path, "it has fewer than two lines");
    TableLayout layout;
    layout.linesBeforeHeader = sample.comments;
    layout.separator = findSeparator(sample.lines);
    if (layout.separator == 0) return notATable(path, "no separator (tab, comma, semicolon or blank) splits its lines into columns");
    std::vector<Row> rows;
    if (isHeaderInComment(sample, layout.separator)) {
        sample.lines.insert(sample.lines.begin(), sample.lastComment.substr(1));
        --layout.linesBeforeHeader;
    }
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
    const bool header = shorter || namedCorner || layout.linesBeforeHeader < sample.comments || numbersIn(first) < numbersIn(rows[1]);
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
        } else if (!layout.header[column].empty() || std::ranges::any_of(rows, [&](const Row& r) { return !cell(r).empty(); })) {
            // A separator at the end of every line makes a column of nothing.
            if (layout.header[column].empty()) layout.header[column] = "column_" + std::to_string(column + 1);
            layout.annotationColumns.push_back(column);
        }
    }
    if (isNameHeader(layout.header.front()) || layout.header.front().starts_with("Unnamed")) {
        layout.nameColumn = findNameColumn(rows, layout.annotationColumns);
        if (layout.nameColumn > 0) std::erase(layout.annotationColumns, layout.nameColumn);
    }
    if (layout.kind == TableKind::StarReadsPerGene) layout.valueColumns = {1};
    if (layout.hasHeader) recogniseProgram(layout);
    if (layout.valueColumns.empty()) return notATable(path, "none of its columns holds numbers");

    std::vector<std::string> rowNames, columnNames;
    for (const Row& row : rows) rowNames.push_back(row[layout.nameColumn]);
    for (const size_t column : layout.valueColumns) columnNames.push_back(layout.header[column]);
    const double rowShare = geneShare(rowNames), columnShare = geneShare(columnNames);
    // A few columns of which some happen to be called as genes are samples ("C3", "MIX1").
    const bool fewGenes = columnNames.size() < kFewColumns && columnShare < kMostColumns;
    layout.genesAreRows = layout.kind != TableKind::Matrix || rowShare >= columnShare || fewGenes;
    if (layout.kind == TableKind::Matrix && std::max(rowShare, columnShare) < kFewGenes)
        layout.notes.push_back("Neither rows nor columns carry known human gene names; rows are taken as genes.");
    return layout;
}

}  // namespace txfm::readers
