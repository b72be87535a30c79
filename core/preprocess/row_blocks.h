// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/data/dataset.h"

namespace txfm {

/// Rows [first, last) of `matrix`, which are the cells from `cell` on of the data set.
struct RowBlock {
    const CsrMatrix& matrix;
    int64_t first = 0;
    int64_t last = 0;
    int64_t cell = 0;
};

/// Calls body(RowBlock) -> Result<void> on blocks of `blockRows` cells in order, without a copy where the counts
/// are in memory. The split depends on blockRows alone, so sums over blocks are the same for any source.
template <class Body>
Result<void> forEachRowBlock(const CountSource& counts, int64_t blockRows, Progress& progress, Body&& body) {
    for (int64_t begin = 0; begin < counts.cells(); begin += blockRows) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(begin + blockRows, counts.cells());
        if (const CsrMatrix* all = counts.inMemory()) {
            TXFM_CHECK(body(RowBlock{*all, begin, end, begin}));
        } else {
            TXFM_TRY(const CsrMatrix block, counts.readRows(begin, end));
            TXFM_CHECK(body(RowBlock{block, 0, block.rows, begin}));
        }
    }
    return {};
}

}  // namespace txfm
