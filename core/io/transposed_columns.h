// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "core/base/progress.h"
#include "core/data/dataset.h"
#include "core/io/hdf5_node.h"
#include "core/io/scratch_file.h"

namespace txfm::io {

/// Rows of a compressed-column matrix that does not fit in memory. prepare(), or the first row that is read, goes through
/// the matrix once and sorts its values by groups of neighbouring cells into a scratch file (three bytes a value and a
/// little more); reading rows turns one group at a time. Every value is checked; stored zeros are dropped, duplicates
/// summed. Thread: calls are serialised; reading in ascending order is fast, random rows are not.
class TransposedColumns final : public CountSource {
public:
    /// `pointers` has one range per gene, `indices` are cells. `token` stops the work that a first read starts.
    TransposedColumns(hdf5::Node data, hdf5::Node indices, std::vector<int64_t> pointers, int64_t cells, int64_t genes,
                      bool requireCounts, std::filesystem::path scratch, CancelToken token);
    /// Sorts the values. BadInput names the first wrong index or value; Failed when the scratch folder is full; Cancelled.
    Result<void> prepare(Progress& progress) const;
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
    Result<void> sortIntoGroups(ScratchFile& scratch, Progress& progress) const;
    Result<void> turn(int64_t group) const;

    hdf5::Node m_data, m_indices;
    std::vector<int64_t> m_pointers;
    int64_t m_cells, m_genes, m_stored, m_cellsPerGroup;
    bool m_requireCounts;
    std::filesystem::path m_folder;
    CancelToken m_token;
    mutable std::optional<ScratchFile> m_scratch;
    mutable std::vector<std::vector<Extent>> m_groups;
    mutable std::mutex m_mutex;
    mutable int64_t m_turned = -1;    ///< the group in m_rows
    mutable CsrMatrix m_rows;
};

}  // namespace txfm::io
