// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>

#include "core/base/result.h"
#include "core/data/matrix.h"
#include "core/io/streamed_counts.h"

namespace txfm::io {

/// Rows [begin, end) of counts that are brought into memory by groups of `cellsPerGroup` neighbouring cells.
/// `load(group)` -> Result<const CsrMatrix*> gives the rows of a group, which stay valid until its next call. Failed for rows
/// that are not there.
template <class Load>
Result<CsrMatrix> readGroupedRows(int64_t begin, int64_t end, int64_t cells, int64_t genes, int64_t cellsPerGroup, Load&& load) {
    TXFM_CHECK(checkRows(begin, end, cells));
    CsrMatrix block;
    block.rows = end - begin;
    block.cols = genes;
    for (int64_t row = begin; row < end;) {
        const int64_t group = row / cellsPerGroup, groupBegin = group * cellsPerGroup;
        TXFM_TRY(const CsrMatrix* rows, load(group));
        const int64_t from = row - groupBegin, to = std::min(end - groupBegin, rows->rows);
        const auto base = static_cast<int64_t>(block.indices.size());
        block.indices.insert(block.indices.end(), rows->indices.begin() + rows->indptr[from], rows->indices.begin() + rows->indptr[to]);
        block.values.insert(block.values.end(), rows->values.begin() + rows->indptr[from], rows->values.begin() + rows->indptr[to]);
        for (int64_t i = from; i < to; ++i) block.indptr.push_back(base + rows->indptr[i + 1] - rows->indptr[from]);
        row = groupBegin + to;
    }
    return block;
}

}  // namespace txfm::io
