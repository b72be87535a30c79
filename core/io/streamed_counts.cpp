// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/streamed_counts.h"

#include <algorithm>
#include <numeric>

#include "core/io/count_loader.h"

namespace txfm::io {
namespace {

Error outOfRange(int64_t row, int64_t rows) {
    return failed("Cell " + std::to_string(row) + " was asked for, but there are only " + std::to_string(rows) + " cells.");
}

Result<void> checkBlock(const CsrMatrix& block, const RowFacts& facts, int64_t firstRow, bool requireCounts,
                        const std::string& where) {
    const ValueSummary values = summarise(block, facts, firstRow);
    if (values.nonFinite || (requireCounts && !values.areCounts()))
        return badInput(where + " holds the value " + std::to_string(values.value) + " for cell " +
                        std::to_string(values.row + 1) + " and gene " + std::to_string(values.col + 1) +
                        ", which is not a count.");
    return {};
}

}  // namespace

Result<void> checkRows(int64_t begin, int64_t end, int64_t cells) {
    if (begin >= 0 && begin <= end && end <= cells) return {};
    return failed("Cells " + std::to_string(begin) + " to " + std::to_string(end) + " were asked for, but there are only " +
                  std::to_string(cells) + ".");
}

Result<CsrMatrix> gatherRows(const CountSource& source, const std::vector<int64_t>& rows) {
    std::vector<size_t> order(rows.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows[a] < rows[b]; });
    std::vector<CsrMatrix> runs;
    std::vector<std::pair<size_t, int64_t>> place(rows.size());  // run and row within it
    for (size_t i = 0; i < order.size();) {
        const int64_t begin = rows[order[i]];
        if (begin < 0 || rows[order.back()] >= source.cells()) return outOfRange(rows[order.back()], source.cells());
        int64_t end = begin + 1;
        size_t j = i;
        for (; j < order.size() && rows[order[j]] <= end; ++j) {
            end = std::max(end, rows[order[j]] + 1);
            place[order[j]] = {runs.size(), rows[order[j]] - begin};
        }
        TXFM_TRY(CsrMatrix run, source.readRows(begin, end));
        runs.push_back(std::move(run));
        i = j;
    }
    CsrMatrix result;
    result.rows = static_cast<int64_t>(rows.size());
    result.cols = source.genes();
    for (const auto& [run, row] : place) {
        std::ranges::copy(runs[run].rowIndices(row), std::back_inserter(result.indices));
        std::ranges::copy(runs[run].rowValues(row), std::back_inserter(result.values));
        result.indptr.push_back(static_cast<int64_t>(result.indices.size()));
    }
    return result;
}

StreamedRows::StreamedRows(hdf5::Node data, hdf5::Node indices, std::vector<int64_t> pointers, int64_t genes,
                           bool requireCounts)
    : m_data(std::move(data)), m_indices(std::move(indices)), m_pointers(std::move(pointers)), m_genes(genes),
      m_requireCounts(requireCounts) {}

Result<CsrMatrix> StreamedRows::readRows(int64_t begin, int64_t end) const {
    if (begin < 0 || begin > end || end > cells()) return outOfRange(end, cells());
    return hdf5::guarded(m_data.file(), [&]() -> Result<CsrMatrix> {
        CsrMatrix block;
        block.rows = end - begin;
        block.cols = m_genes;
        const int64_t first = m_pointers[begin], count = m_pointers[end] - first;
        block.indptr.resize(static_cast<size_t>(block.rows) + 1);
        for (int64_t row = 0; row <= block.rows; ++row) block.indptr[row] = m_pointers[begin + row] - first;
        block.indices.resize(static_cast<size_t>(count));
        block.values.resize(static_cast<size_t>(count));
        TXFM_CHECK(m_data.readRange(first, count, block.values.data()));
        TXFM_CHECK(m_indices.readRange(first, count, block.indices.data()));
        const RowFacts facts = inspectRows(block);
        TXFM_CHECK(checkIndices(block, facts, begin, m_indices.where()));
        std::vector<std::string> repairs;  // told once for the whole file, when it was opened
        makeCanonical(block, facts, repairs);
        TXFM_CHECK(checkBlock(block, facts, begin, m_requireCounts, m_data.where()));
        return block;
    });
}

Result<CsrMatrix> StreamedRows::readRowsAt(const std::vector<int64_t>& rows) const { return gatherRows(*this, rows); }

StreamedDense::StreamedDense(hdf5::Node data, bool requireCounts)
    : m_data(std::move(data)), m_cells(m_data.shape().at(0)), m_genes(m_data.shape().at(1)),
      m_requireCounts(requireCounts) {}

Result<CsrMatrix> StreamedDense::readRows(int64_t begin, int64_t end) const {
    if (begin < 0 || begin > end || end > m_cells) return outOfRange(end, m_cells);
    return hdf5::guarded(m_data.file(), [&]() -> Result<CsrMatrix> {
        std::vector<float> values(static_cast<size_t>((end - begin) * m_genes));
        TXFM_CHECK(m_data.readRows(begin, end, values.data()));
        CsrMatrix block;
        block.rows = end - begin;
        block.cols = m_genes;
        appendDenseRows(block, values.data(), end - begin);
        TXFM_CHECK(checkBlock(block, inspectRows(block), begin, m_requireCounts, m_data.where()));
        return block;
    });
}

Result<CsrMatrix> StreamedDense::readRowsAt(const std::vector<int64_t>& rows) const { return gatherRows(*this, rows); }

}  // namespace txfm::io
