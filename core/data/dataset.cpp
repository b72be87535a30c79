// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/dataset.h"

#include <algorithm>

namespace txfm {
namespace {

Error rowOutOfRange(int64_t row, int64_t rows) {
    return failed("Cell " + std::to_string(row) + " was asked for, but there are only " + std::to_string(rows) +
                  " cells.");
}

}  // namespace

Result<CsrMatrix> MemoryCounts::readRows(int64_t begin, int64_t end) const {
    if (begin < 0 || begin > end || end > m_matrix.rows) return rowOutOfRange(end, m_matrix.rows);
    CsrMatrix block;
    block.rows = end - begin;
    block.cols = m_matrix.cols;
    const int64_t first = m_matrix.indptr[begin], last = m_matrix.indptr[end];
    block.indptr.resize(block.rows + 1);
    for (int64_t row = 0; row <= block.rows; ++row) block.indptr[row] = m_matrix.indptr[begin + row] - first;
    block.indices.assign(m_matrix.indices.begin() + first, m_matrix.indices.begin() + last);
    block.values.assign(m_matrix.values.begin() + first, m_matrix.values.begin() + last);
    return block;
}

Result<CsrMatrix> MemoryCounts::readRowsAt(const std::vector<int64_t>& rows) const {
    CsrMatrix block;
    block.rows = static_cast<int64_t>(rows.size());
    block.cols = m_matrix.cols;
    block.indptr.resize(rows.size() + 1);
    for (size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] < 0 || rows[i] >= m_matrix.rows) return rowOutOfRange(rows[i], m_matrix.rows);
        block.indptr[i + 1] = block.indptr[i] + m_matrix.indptr[rows[i] + 1] - m_matrix.indptr[rows[i]];
    }
    block.indices.resize(block.indptr.back());
    block.values.resize(block.indptr.back());
    for (size_t i = 0; i < rows.size(); ++i) {
        std::ranges::copy(m_matrix.rowIndices(rows[i]), block.indices.begin() + block.indptr[i]);
        std::ranges::copy(m_matrix.rowValues(rows[i]), block.values.begin() + block.indptr[i]);
    }
    return block;
}

std::string toString(ValueKind kind) {
    switch (kind) {
        case ValueKind::Counts: return "counts";
        case ValueKind::Log1pNormalised: return "log1p-normalised values";
        case ValueKind::Normalised: return "normalised values";
        case ValueKind::Scaled: return "scaled values (some are negative)";
        case ValueKind::Unknown: break;
    }
    return "unknown values";
}

}  // namespace txfm
