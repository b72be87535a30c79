// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/qc_summary.h"

#include <algorithm>
#include <cmath>

namespace txfm::ui {
namespace {

constexpr double kMads = 3;
/// Scale of the MAD to the standard deviation of a normal distribution.
constexpr double kMadToSigma = 1.4826;

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void suggest(QcSummary::Entry& entry, const std::vector<double>& values, bool lowerToo) {
    const bool logarithmic = entry.histogram.scale == Histogram::Scale::Logarithmic;
    std::vector<double> x = values;
    if (logarithmic) std::ranges::transform(x, x.begin(), [](double v) { return std::log1p(v); });
    const double centre = median(x);
    for (double& v : x) v = std::abs(v - centre);
    const double reach = kMads * kMadToSigma * median(std::move(x));
    const auto back = [&](double v) { return logarithmic ? std::round(std::expm1(v)) : std::round(10 * v) / 10; };
    if (lowerToo) entry.suggestedLower = std::max(0.0, back(centre - reach));
    entry.suggestedUpper = back(centre + reach);
}

}  // namespace

std::array<const std::vector<double>*, QcSummary::kMetrics> QcSummary::columns(const QcMetrics& metrics) const {
    return {&metrics.totalCounts, &detectedGenes, &metrics.pctCountsMt, &metrics.pctCountsRibo};
}

QcSummary QcSummary::of(const QcMetrics& metrics) {
    QcSummary summary;
    summary.detectedGenes.assign(metrics.genesByCounts.begin(), metrics.genesByCounts.end());
    const auto values = summary.columns(metrics);
    for (size_t i = 0; i < kMetrics; ++i) {
        const bool perCell = i == kTotalCounts || i == kDetectedGenes;
        Entry& entry = summary.entries[i];
        entry.histogram = Histogram::of(*values[i], perCell ? Histogram::Scale::Logarithmic : Histogram::Scale::Linear);
        entry.median = median(*values[i]);
        if (i != kRibosomal) suggest(entry, *values[i], perCell);  // ribosomal shares are left alone
    }
    return summary;
}

}  // namespace txfm::ui
