// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "core/data/count_view.h"
#include "core/preprocess/qc.h"

namespace txfm {
namespace {

/// Some cells and genes of another source; reads through, so that a large file is never held in memory.
class SelectedCounts final : public CountView {
public:
    SelectedCounts(std::shared_ptr<const CountSource> counts, std::vector<int64_t> cells, const std::vector<int64_t>& genes)
        : CountView(std::move(counts)), m_cells(std::move(cells)), m_column(static_cast<size_t>(source().genes()), -1),
          m_genes(static_cast<int64_t>(genes.size())) {
        for (size_t g = 0; g < genes.size(); ++g) m_column[static_cast<size_t>(genes[g])] = static_cast<int32_t>(g);
    }

    int64_t cells() const override { return static_cast<int64_t>(m_cells.size()); }
    int64_t genes() const override { return m_genes; }

    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override {
        if (begin < 0 || end < begin || end > cells()) return failed("Cells outside the selection were asked for.");
        std::vector<int64_t> rows(m_cells.begin() + begin, m_cells.begin() + end);
        const bool contiguous = !rows.empty() && rows.back() - rows.front() == end - begin - 1;
        return contiguous ? CountView::readRows(rows.front(), rows.back() + 1) : CountView::readRowsAt(rows);
    }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override {
        std::vector<int64_t> inner(rows.size());
        for (size_t i = 0; i < rows.size(); ++i) {
            if (rows[i] < 0 || rows[i] >= cells()) return failed("Cells outside the selection were asked for.");
            inner[i] = m_cells[static_cast<size_t>(rows[i])];
        }
        return CountView::readRowsAt(inner);
    }

private:
    CsrMatrix transform(CsrMatrix block) const override {
        CsrMatrix out;
        out.rows = block.rows;
        out.cols = m_genes;
        out.indptr.reserve(static_cast<size_t>(block.rows) + 1);
        for (int64_t row = 0; row < block.rows; ++row) {
            for (int64_t k = block.indptr[row]; k < block.indptr[row + 1]; ++k) {
                const int32_t column = m_column[static_cast<size_t>(block.indices[k])];
                if (column < 0) continue;
                out.indices.push_back(column);
                out.values.push_back(block.values[k]);
            }
            out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
        }
        return out;
    }

    std::vector<int64_t> m_cells;
    std::vector<int32_t> m_column;
    int64_t m_genes;
};

DenseMatrix selectRows(const DenseMatrix& matrix, const std::vector<int64_t>& rows) {
    DenseMatrix out(static_cast<int64_t>(rows.size()), matrix.cols);
    for (size_t i = 0; i < rows.size(); ++i)
        std::copy_n(matrix.row(rows[i]), matrix.cols, out.row(static_cast<int64_t>(i)));
    return out;
}

Result<void> checkIndices(const std::vector<int64_t>& wanted, int64_t size, const char* what) {
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] < 0 || wanted[i] >= size || (i > 0 && wanted[i] <= wanted[i - 1]))
            return failed(std::string("The selection of ") + what + " is not ascending or leaves the data set.");
    }
    return {};
}

}  // namespace

Result<Dataset> subset(const Dataset& dataset, const std::vector<int64_t>& cells, const std::vector<int64_t>& genes,
                       Progress& progress) {
    if (progress.cancelled()) return cancelledError();
    TXFM_CHECK(checkIndices(cells, dataset.cells(), "cells"));
    TXFM_CHECK(checkIndices(genes, dataset.genes(), "genes"));
    Dataset out;
    out.counts = std::make_shared<SelectedCounts>(dataset.counts, cells, genes);
    out.obs = dataset.obs.select(cells);
    out.var = dataset.var.select(genes);
    for (const auto& [key, matrix] : dataset.obsm) out.obsm[key] = selectRows(matrix, cells);
    for (const auto& [key, matrix] : dataset.varm) out.varm[key] = selectRows(matrix, genes);
    for (const auto& mask : dataset.measured) {
        std::vector<uint8_t> selected(genes.size());
        for (size_t g = 0; g < genes.size(); ++g) selected[g] = mask[static_cast<size_t>(genes[g])];
        out.measured.push_back(std::move(selected));
    }
    if (!dataset.sourceOfCell.empty()) {
        for (const int64_t cell : cells) out.sourceOfCell.push_back(dataset.sourceOfCell[static_cast<size_t>(cell)]);
    }
    out.provenance = dataset.provenance;
    return out;
}

}  // namespace txfm
