// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace txfm::readers {

/// Which program's table it is; Matrix = any table of numbers with names.
enum class TableKind { Matrix, FeatureCounts, StarReadsPerGene, Salmon, Rsem, Kallisto, HtSeq };

/// How a delimited text file is laid out, found from its first lines.
struct TableLayout {
    TableKind kind = TableKind::Matrix;
    char separator = '\t';
    bool decimalComma = false;
    int64_t linesBeforeHeader = 0;        ///< comment lines at the top
    bool hasHeader = true;
    std::vector<std::string> header;      ///< one name per column (generated without a header)
    size_t nameColumn = 0;                ///< gene names (genes in rows) or cell names
    std::vector<size_t> annotationColumns;///< further texts about the row
    std::vector<size_t> valueColumns;     ///< numbers to read
    bool genesAreRows = true;
    bool estimated = false;               ///< expected counts: fractions are rounded
    std::vector<std::string> notes;
};

/// BadInput naming the file and what is wrong: no numbers, no names, one column only.
Result<TableLayout> findLayout(const std::filesystem::path& path);

/// True for rows such as N_unmapped or __no_feature that count reads, not a gene.
bool isReadSummaryRow(std::string_view name);
/// "dir/S1.Aligned.sortedByCoord.out.bam" -> "S1", "S2ReadsPerGene.out.tab.gz" -> "S2".
std::string sampleNameOf(const std::string& pathLike);

}  // namespace txfm::readers
