// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "core/preprocess/qc.h"
#include "ui/widgets/histogram.h"

namespace txfm::ui {

/// What the window shows of the quality metrics, computed once away from the UI thread: a million cells take it a
/// while. Thread: any.
struct QcSummary {
    /// The metrics, in this order everywhere.
    enum Metric { kTotalCounts, kDetectedGenes, kMitochondrial, kRibosomal, kMetrics };
    struct Entry {
        Histogram histogram;
        double median = 0;
        /// Three median absolute deviations around the median (of ln(1 + x) for counts and genes), as common practice
        /// suggests; infinite where a metric has no such threshold.
        double suggestedLower = -std::numeric_limits<double>::infinity();
        double suggestedUpper = std::numeric_limits<double>::infinity();
    };
    std::array<Entry, kMetrics> entries;
    std::vector<double> detectedGenes;  ///< QcMetrics::genesByCounts as numbers

    static QcSummary of(const QcMetrics& metrics);
    /// The values of all cells, one vector a metric.
    std::array<const std::vector<double>*, kMetrics> columns(const QcMetrics& metrics) const;
};

}  // namespace txfm::ui
