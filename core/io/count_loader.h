// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/data/matrix.h"
#include "core/io/hdf5_node.h"
#include "core/io/reader.h"
#include "core/io/row_inspector.h"

namespace txfm::io {

/// What a pass over values found; `row`, `col`, `value` show the first that is no count.
struct ValueSummary {
    bool nonFinite = false, negative = false, fractional = false;
    float largest = 0;
    int64_t row = -1, col = -1;
    float value = 0;

    void add(float v, int64_t atRow, int64_t atCol);
    void merge(const ValueSummary& other);
    bool areCounts() const { return !nonFinite && !negative && !fractional; }
    ValueKind kind() const;
};

/// Counts [cells × genes] in canonical form (indices ascending and unique, no stored zeros), what the
/// values look like, and one sentence for each repair.
struct LoadedCounts {
    CsrMatrix matrix;
    ValueSummary values;
    std::vector<std::string> notes;
};

/// The row or column pointers of a compressed matrix: outer + 1 of them, from 0, never falling, within
/// `stored` values. BadInput otherwise.
Result<std::vector<int64_t>> readPointers(const hdf5::Node& node, int64_t outer, int64_t stored);

/// Compressed rows: `data` and `indices` (columns) of equal length, one pointer range per cell.
Result<LoadedCounts> loadCompressedRows(const hdf5::Node& data, const hdf5::Node& indices,
                                        std::vector<int64_t> pointers, int64_t cells, int64_t genes, Progress& progress,
                                        bool dropZeros = true);
/// Compressed columns: one pointer range per gene, `indices` are cells.
Result<LoadedCounts> loadCompressedColumns(const hdf5::Node& data, const hdf5::Node& indices,
                                           const std::vector<int64_t>& pointers, int64_t cells, int64_t genes,
                                           Progress& progress, bool dropZeros = true);
/// A dense table, [cells × genes] or, with `genesFirst`, [genes × cells].
Result<LoadedCounts> loadDense(const hdf5::Node& data, bool genesFirst, Progress& progress);

/// Appends the non-zeros of dense rows [count × matrix.cols] to the sparse arrays; `rows` stays as it is.
void appendDenseRows(CsrMatrix& matrix, const float* values, int64_t count);
/// Rows become columns.
CsrMatrix transposed(const CsrMatrix& matrix);
/// Sorts rows, sums duplicates and drops stored zeros where needed; true when anything changed, with a
/// sentence for each kind of repair in `notes`. Distances (obsp) keep their zeros.
bool makeCanonical(CsrMatrix& matrix, const RowFacts& facts, std::vector<std::string>& notes, bool dropZeros = true);
/// BadInput naming `where` and the row when an index lies outside [0, cols).
Result<void> checkIndices(const CsrMatrix& matrix, const RowFacts& facts, int64_t firstRow, const std::string& where);
/// Looks at every value of a block whose first row is row `firstRow` of the whole.
ValueSummary summarise(const CsrMatrix& matrix, const RowFacts& facts, int64_t firstRow);

/// Up to 100,000 values from the beginning, middle and end of a data set of any shape.
Result<std::vector<float>> sampleValues(const hdf5::Node& data);

}  // namespace txfm::io
