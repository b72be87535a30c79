// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "core/io/hdf5_node.h"

namespace txfm::io {

/// Rows of a compressed-row matrix in an HDF5 file, read on demand; only the row pointers are in memory.
/// Every block is checked as it is read (indices in range, sorted, finite) and brought into canonical form.
/// Thread: calls are serialised by the HDF5 lock; one reader at a time is fastest.
class StreamedRows final : public CountSource {
public:
    StreamedRows(hdf5::Node data, hdf5::Node indices, std::vector<int64_t> pointers, int64_t genes, bool requireCounts);
    int64_t cells() const override { return static_cast<int64_t>(m_pointers.size()) - 1; }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override { return m_pointers.back(); }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override;
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override;

private:
    hdf5::Node m_data, m_indices;
    std::vector<int64_t> m_pointers;
    int64_t m_genes;
    bool m_requireCounts;
};

/// Rows of a dense matrix in an HDF5 file, read on demand.
class StreamedDense final : public CountSource {
public:
    StreamedDense(hdf5::Node data, bool requireCounts);
    int64_t cells() const override { return m_cells; }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override { return -1; }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override;
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override;

private:
    hdf5::Node m_data;
    int64_t m_cells, m_genes;
    bool m_requireCounts;
};

/// Failed when rows [begin, end) are not all there.
Result<void> checkRows(int64_t begin, int64_t end, int64_t cells);
/// readRowsAt() by way of readRows(): runs of neighbouring rows, put into the order that was asked for.
Result<CsrMatrix> gatherRows(const CountSource& source, const std::vector<int64_t>& rows);

}  // namespace txfm::io
