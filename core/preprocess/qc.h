// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm {

/// Per-cell and per-gene quality metrics under scanpy's names (pp.calculate_qc_metrics).
struct QcMetrics {
    std::vector<double> totalCounts;       ///< per cell, obs['total_counts']
    std::vector<int64_t> genesByCounts;    ///< per cell, obs['n_genes_by_counts']
    std::vector<double> pctCountsMt;       ///< per cell, percent 0..100, obs['pct_counts_mt']; 0 for empty cells
    std::vector<double> pctCountsRibo;     ///< per cell, percent, obs['pct_counts_ribo']
    std::vector<int64_t> cellsByCounts;    ///< per gene, var['n_cells_by_counts']
    std::vector<double> geneTotalCounts;   ///< per gene, var['total_counts']
    int64_t mitochondrialGenes = 0;
};

/// One pass over the counts in row blocks. Mitochondrial: symbols MT-*, ribosomal: RPS*, RPL*; Ensembl ids are
/// translated to symbols first.
Result<QcMetrics> computeQc(const Dataset& dataset, Progress& progress);

/// Thresholds; a negative number switches one off. Metrics are computed before filtering; genes are
/// filtered first, then cells, once (interface contract §4).
struct QcFilters {
    int64_t minGenes = -1;   ///< keep cells with at least this many detected genes
    int64_t minCells = -1;   ///< keep genes detected in at least this many cells
    double maxMtPercent = -1;
    double minCounts = -1, maxCounts = -1;
    double madMultiple = -1; ///< drop cells further than this many MADs from the median: ln(1+total) and ln(1+genes) on
                             ///< both sides, mitochondrial percentage above
};
struct QcSelection {
    std::vector<int64_t> cells, genes;  ///< kept, ascending
};
Result<QcSelection> applyQcFilters(const Dataset& dataset, const QcMetrics& metrics, const QcFilters& filters,
                                   Progress& progress);

/// The data set restricted to those cells and genes (both ascending). The counts read through to the original.
Result<Dataset> subset(const Dataset& dataset, const std::vector<int64_t>& cells, const std::vector<int64_t>& genes,
                       Progress& progress);

}  // namespace txfm
