// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/joined_counts.h"

#include <algorithm>
#include <utility>

#include "core/io/streamed_counts.h"

namespace txfm::io {

JoinedCounts::JoinedCounts(std::vector<Part> parts, int64_t genes) : m_parts(std::move(parts)), m_genes(genes) {
    for (const Part& part : m_parts) m_begins.push_back(m_begins.back() + part.counts->cells());
}

int64_t JoinedCounts::nonZeros() const {
    int64_t sum = 0;
    for (const Part& part : m_parts) {
        const int64_t own = part.counts->nonZeros();
        if (own < 0) return -1;
        sum += own;
    }
    return sum;
}

Result<CsrMatrix> JoinedCounts::readRows(int64_t begin, int64_t end) const {
    TXFM_CHECK(checkRows(begin, end, cells()));
    CsrMatrix joined;
    joined.rows = end - begin;
    joined.cols = m_genes;
    std::vector<std::pair<int32_t, float>> row;
    for (size_t p = 0; p < m_parts.size(); ++p) {
        const int64_t from = std::max(begin, m_begins[p]), to = std::min(end, m_begins[p + 1]);
        if (from >= to) continue;
        TXFM_TRY(const CsrMatrix block, m_parts[p].counts->readRows(from - m_begins[p], to - m_begins[p]));
        for (int64_t r = 0; r < block.rows; ++r) {
            row.clear();
            const auto columns = block.rowIndices(r);
            for (size_t k = 0; k < columns.size(); ++k)
                row.emplace_back(m_parts[p].genes[static_cast<size_t>(columns[k])], block.rowValues(r)[k]);
            std::ranges::sort(row);
            for (const auto& [gene, value] : row) {
                joined.indices.push_back(gene);
                joined.values.push_back(value);
            }
            joined.indptr.push_back(static_cast<int64_t>(joined.indices.size()));
        }
    }
    return joined;
}

Result<CsrMatrix> JoinedCounts::readRowsAt(const std::vector<int64_t>& rows) const { return gatherRows(*this, rows); }

}  // namespace txfm::io
