// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/evaluation/pc_regression.h"

#include <algorithm>
#include <map>

#include "core/analysis/pca.h"

namespace txfm::evaluation {
namespace {

/// SS between batches / SS total of one column whose mean is 0.
double explained(const DenseMatrix& scores, int64_t column, const std::vector<int32_t>& batches) {
    std::map<int32_t, std::pair<double, double>> groups;  // sum, size
    double total = 0;
    for (int64_t i = 0; i < scores.rows; ++i) {
        auto& [sum, size] = groups[batches[static_cast<size_t>(i)]];
        sum += scores(i, column);
        size += 1;
        total += static_cast<double>(scores(i, column)) * scores(i, column);
    }
    double between = 0;
    for (const auto& [batch, group] : groups) between += group.first * group.first / group.second;
    return total > 0 ? between / total : 0.0;
}

}  // namespace

Result<double> principalComponentRegression(const DenseMatrix& data, const std::vector<int32_t>& batches, int64_t components,
                                            Progress& progress) {
    TXFM_TRY(const analysis::Pca pca, analysis::principalComponents(data, components, progress));
    double weighted = 0, all = 0;
    for (int64_t c = 0; c < pca.scores.cols; ++c) {
        const double variance = pca.variance[static_cast<size_t>(c)];
        weighted += variance * std::max(0.0, explained(pca.scores, c, batches));
        all += variance;
    }
    return all > 0 ? weighted / all : 0.0;
}

double regressionComparison(double before, double after) { return before > 0 ? std::max(0.0, (before - after) / before) : 0.0; }

}  // namespace txfm::evaluation
