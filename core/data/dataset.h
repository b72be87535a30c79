// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/matrix.h"
#include "core/data/table.h"

namespace txfm {

/// Immutable counts [cells × genes], read in row blocks; nothing assumes that all fit in memory.
/// Thread: one reader at a time unless concurrentReads() says otherwise.
class CountSource {
public:
    virtual ~CountSource() = default;
    virtual int64_t cells() const = 0;
    virtual int64_t genes() const = 0;
    /// Stored non-zeros, -1 when unknown without reading everything.
    virtual int64_t nonZeros() const = 0;
    /// Rows [begin, end).
    virtual Result<CsrMatrix> readRows(int64_t begin, int64_t end) const = 0;
    /// The named rows, in that order (training batches, subsets).
    virtual Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const = 0;
    /// The whole matrix when it is in memory anyway, else nullptr.
    virtual const CsrMatrix* inMemory() const { return nullptr; }
    /// True when nearly every value is stored; writers then keep the matrix dense.
    virtual bool dense() const { return false; }
    /// True when several threads may read at once.
    virtual bool concurrentReads() const { return false; }
};

/// Counts held in memory.
class MemoryCounts final : public CountSource {
public:
    explicit MemoryCounts(CsrMatrix matrix) : m_matrix(std::move(matrix)) {}
    int64_t cells() const override { return m_matrix.rows; }
    int64_t genes() const override { return m_matrix.cols; }
    int64_t nonZeros() const override { return m_matrix.nnz(); }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override;
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override;
    const CsrMatrix* inMemory() const override { return &m_matrix; }
    bool concurrentReads() const override { return true; }

private:
    CsrMatrix m_matrix;
};

/// What the values of a matrix look like (found from their content).
enum class ValueKind { Counts, Log1pNormalised, Normalised, Scaled, Unknown };
std::string toString(ValueKind kind);

/// Where a data set came from: repeated in outputs and shown on the Data page.
struct Provenance {
    std::string path;       ///< as the user gave it
    std::string format;     ///< e.g. "h5ad", "10x h5"
    std::string countsIn;   ///< e.g. "X", "raw.X", "layers['counts']"
    ValueKind valueKind = ValueKind::Counts;
    std::vector<std::string> notes;  ///< one sentence each: what was skipped, assumed or repaired
};

/// Cells × genes with their tables. Immutable once opened; results are new values.
struct Dataset {
    std::shared_ptr<const CountSource> counts;
    Table obs;  ///< one row per cell
    Table var;  ///< one row per gene
    std::map<std::string, DenseMatrix> obsm;
    std::map<std::string, DenseMatrix> varm;
    /// For a merged set with different genes: measured[d][g] per source data set d, and the source
    /// of each cell; both empty when every gene was measured in every cell.
    std::vector<std::vector<uint8_t>> measured;
    std::vector<int32_t> sourceOfCell;
    Provenance provenance;

    int64_t cells() const { return counts ? counts->cells() : 0; }
    int64_t genes() const { return counts ? counts->genes() : 0; }
};

}  // namespace txfm
