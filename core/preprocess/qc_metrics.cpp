// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/parallel.h"
#include "core/preprocess/gene_symbols.h"
#include "core/preprocess/qc.h"
#include "core/preprocess/row_blocks.h"

namespace txfm {
namespace {

constexpr int64_t kBlockRows = 8192;

}  // namespace

Result<QcMetrics> computeQc(const Dataset& dataset, Progress& progress) {
    TXFM_TRY(const std::vector<std::string> symbols, geneSymbols(dataset.var));
    const auto cells = static_cast<size_t>(dataset.cells()), genes = static_cast<size_t>(dataset.genes());
    constexpr uint8_t kMt = 1, kRibo = 2;
    std::vector<uint8_t> group(genes, 0);
    QcMetrics qc;
    for (size_t g = 0; g < genes && g < symbols.size(); ++g) {
        if (isMitochondrial(symbols[g])) group[g] |= kMt;
        if (isRibosomal(symbols[g])) group[g] |= kRibo;
        qc.mitochondrialGenes += (group[g] & kMt) != 0;
    }
    qc.totalCounts.resize(cells);
    qc.genesByCounts.resize(cells);
    qc.pctCountsMt.resize(cells);
    qc.pctCountsRibo.resize(cells);
    qc.cellsByCounts.assign(genes, 0);
    qc.geneTotalCounts.assign(genes, 0);
    StageProgress stage(progress, "qc", static_cast<double>(cells), "cells");
    TXFM_CHECK(forEachRowBlock(*dataset.counts, kBlockRows, progress, [&](const RowBlock& block) -> Result<void> {
        const CsrMatrix& m = block.matrix;
        parallelFor(static_cast<size_t>(block.last - block.first), 512, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i) {
                const auto row = block.first + static_cast<int64_t>(i);
                double total = 0, mt = 0, ribo = 0;
                int64_t detected = 0;
                for (int64_t k = m.indptr[row]; k < m.indptr[row + 1]; ++k) {
                    const double value = m.values[k];
                    const uint8_t kind = group[static_cast<size_t>(m.indices[k])];
                    total += value;
                    detected += value != 0;
                    mt += (kind & kMt) ? value : 0;
                    ribo += (kind & kRibo) ? value : 0;
                }
                const size_t cell = static_cast<size_t>(block.cell) + i;
                qc.totalCounts[cell] = total;
                qc.genesByCounts[cell] = detected;
                qc.pctCountsMt[cell] = total > 0 ? 100.0 * mt / total : 0.0;
                qc.pctCountsRibo[cell] = total > 0 ? 100.0 * ribo / total : 0.0;
            }
        });
        for (int64_t k = m.indptr[block.first]; k < m.indptr[block.last]; ++k) {
            qc.cellsByCounts[static_cast<size_t>(m.indices[k])] += m.values[k] != 0;
            qc.geneTotalCounts[static_cast<size_t>(m.indices[k])] += m.values[k];
        }
        stage.set(static_cast<double>(block.cell + block.last - block.first));
        return {};
    }));
    return qc;
}

}  // namespace txfm
