// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/preprocess/qc.h"
#include "core/preprocess/row_blocks.h"

namespace txfm {
namespace {

constexpr int64_t kBlockRows = 8192;

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Bounds of median ± multiple · MAD (median absolute deviation, unscaled).
struct MadBounds {
    double low, high;
    MadBounds(const std::vector<double>& values, double multiple) {
        const double centre = median(values);
        std::vector<double> deviations(values.size());
        for (size_t i = 0; i < values.size(); ++i) deviations[i] = std::abs(values[i] - centre);
        const double mad = median(std::move(deviations));
        low = centre - multiple * mad;
        high = centre + multiple * mad;
    }
    bool outside(double value) const { return value < low || value > high; }
};

/// Cells beyond the bounds on ln(1+total), ln(1+genes) (both sides) and the mitochondrial percentage (above).
std::vector<uint8_t> madOutliers(const QcMetrics& metrics, double multiple) {
    const size_t cells = metrics.totalCounts.size();
    std::vector<double> totals(cells), genes(cells);
    for (size_t i = 0; i < cells; ++i) {
        totals[i] = std::log1p(metrics.totalCounts[i]);
        genes[i] = std::log1p(static_cast<double>(metrics.genesByCounts[i]));
    }
    const MadBounds byTotal(totals, multiple), byGenes(genes, multiple), byMt(metrics.pctCountsMt, multiple);
    std::vector<uint8_t> outlier(cells, 0);
    for (size_t i = 0; i < cells; ++i)
        outlier[i] = byTotal.outside(totals[i]) || byGenes.outside(genes[i]) || metrics.pctCountsMt[i] > byMt.high;
    return outlier;
}

}  // namespace

Result<QcSelection> applyQcFilters(const Dataset& dataset, const QcMetrics& metrics, const QcFilters& filters,
                                   Progress& progress) {
    QcSelection kept;
    std::vector<uint8_t> keepGene(metrics.cellsByCounts.size(), 1);
    for (size_t g = 0; g < keepGene.size(); ++g) {
        keepGene[g] = filters.minCells < 0 || metrics.cellsByCounts[g] >= filters.minCells;
        if (keepGene[g]) kept.genes.push_back(static_cast<int64_t>(g));
    }
    // The cell thresholds count the genes that are left, as filtering one after the other does.
    std::vector<double> totals = metrics.totalCounts;
    std::vector<int64_t> detected = metrics.genesByCounts;
    const bool genesWereDropped = kept.genes.size() < keepGene.size();
    if (genesWereDropped && (filters.minGenes >= 0 || filters.minCounts >= 0 || filters.maxCounts >= 0)) {
        StageProgress stage(progress, "qc", static_cast<double>(dataset.cells()), "cells");
        TXFM_CHECK(forEachRowBlock(*dataset.counts, kBlockRows, progress, [&](const RowBlock& block) -> Result<void> {
            for (int64_t row = block.first; row < block.last; ++row) {
                const auto cell = static_cast<size_t>(block.cell + row - block.first);
                totals[cell] = 0;
                detected[cell] = 0;
                for (int64_t k = block.matrix.indptr[row]; k < block.matrix.indptr[row + 1]; ++k) {
                    if (!keepGene[static_cast<size_t>(block.matrix.indices[k])]) continue;
                    totals[cell] += block.matrix.values[k];
                    detected[cell] += block.matrix.values[k] != 0;
                }
            }
            stage.set(static_cast<double>(block.cell + block.last - block.first));
            return {};
        }));
    }
    std::vector<uint8_t> outlier(totals.size(), 0);
    if (filters.madMultiple >= 0) outlier = madOutliers(metrics, filters.madMultiple);
    for (size_t i = 0; i < totals.size(); ++i) {
        const bool keep = (filters.minGenes < 0 || detected[i] >= filters.minGenes) &&
                          (filters.minCounts < 0 || totals[i] >= filters.minCounts) &&
                          (filters.maxCounts < 0 || totals[i] <= filters.maxCounts) &&
                          (filters.maxMtPercent < 0 || metrics.pctCountsMt[i] <= filters.maxMtPercent) && !outlier[i];
        if (keep) kept.cells.push_back(static_cast<int64_t>(i));
    }
    return kept;
}

}  // namespace txfm
