// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <mutex>
#include <vector>

#include "core/base/progress.h"
#include "core/data/dataset.h"
#include "core/io/hdf5_node.h"
#include "core/io/scratch_file.h"

namespace txfm::io {

/// Rows of a compressed-column matrix that does not fit in memory. Making one reads the matrix once and sorts its
/// values by groups of neighbouring cells into a scratch file (three bytes a value and a little more); reading rows
/// turns one group at a time. Every value is checked; stored zeros are dropped, duplicates summed.
/// Thread: calls are serialised; reading in ascending order is fast, random rows are not.
class TransposedColumns final : public CountSource {
public:
    /// `pointers` has one range per gene, `indices` are cells. BadInput names the first wrong index or value;
    /// Failed when the scratch folder is full; Cancelled.
    static Result<std::shared_ptr<const CountSource>> make(const hdf5::Node& data, const hdf5::Node& indices,
                                                           const std::vector<int64_t>& pointers, int64_t cells, int64_t genes,
                                                           bool requireCounts, const std::filesystem::path& scratch, Progress& progress);
    int64_t cells() const override { return m_cells; }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override { return m_stored; }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override;
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override;

private:
    struct Extent {
        uint64_t at;
        size_t size;
    };
    TransposedColumns(ScratchFile scratch, int64_t cells, int64_t genes, int64_t stored, int64_t cellsPerGroup);
    Result<void> sortIntoGroups(const hdf5::Node& data, const hdf5::Node& indices, const std::vector<int64_t>& pointers,
                                bool requireCounts, Progress& progress);
    Result<void> turn(int64_t group) const;

    mutable ScratchFile m_scratch;
    int64_t m_cells, m_genes, m_stored, m_cellsPerGroup;
    std::vector<std::vector<Extent>> m_groups;
    mutable std::mutex m_mutex;
    mutable int64_t m_turned = -1;    ///< the group in m_rows
    mutable CsrMatrix m_rows;
};

}  // namespace txfm::io
