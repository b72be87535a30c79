// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/evaluation/silhouette.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "core/base/parallel.h"

namespace txfm::evaluation {
namespace {

constexpr int64_t kRowsPerRound = 256;

/// Labels renumbered 0 … count − 1.
std::vector<int32_t> compact(const std::vector<int32_t>& labels, int32_t* count) {
    std::map<int32_t, int32_t> number;
    for (const int32_t label : labels) number.try_emplace(label, 0);
    *count = 0;
    for (auto& [label, index] : number) index = (*count)++;
    std::vector<int32_t> out(labels.size());
    for (size_t i = 0; i < labels.size(); ++i) out[i] = number.at(labels[i]);
    return out;
}

double distance(const float* a, const float* b, int64_t width) {
    double sum = 0;
    for (int64_t k = 0; k < width; ++k) {
        const double d = static_cast<double>(a[k]) - b[k];
        sum += d * d;
    }
    return std::sqrt(sum);
}

double silhouetteOf(const std::vector<double>& sums, const std::vector<int64_t>& sizes, int32_t own) {
    const int64_t mates = sizes[static_cast<size_t>(own)] - 1;
    if (mates <= 0) return 0.0;
    const double a = sums[static_cast<size_t>(own)] / static_cast<double>(mates);
    double b = std::numeric_limits<double>::infinity();
    for (size_t label = 0; label < sizes.size(); ++label) {
        if (static_cast<int32_t>(label) != own && sizes[label] > 0) b = std::min(b, sums[label] / static_cast<double>(sizes[label]));
    }
    if (std::isinf(b)) return 0.0;
    const double larger = std::max(a, b);
    return larger > 0 ? (b - a) / larger : 0.0;
}

DenseMatrix rowsOf(const DenseMatrix& data, const std::vector<int64_t>& rows) {
    DenseMatrix out(static_cast<int64_t>(rows.size()), data.cols);
    for (size_t i = 0; i < rows.size(); ++i) std::copy_n(data.row(rows[i]), data.cols, out.row(static_cast<int64_t>(i)));
    return out;
}

/// Rows of each value of `groups`.
std::map<int32_t, std::vector<int64_t>> members(const std::vector<int32_t>& groups) {
    std::map<int32_t, std::vector<int64_t>> rows;
    for (size_t i = 0; i < groups.size(); ++i) rows[groups[i]].push_back(static_cast<int64_t>(i));
    return rows;
}

std::vector<int32_t> pick(const std::vector<int32_t>& values, const std::vector<int64_t>& rows) {
    std::vector<int32_t> out;
    for (const int64_t row : rows) out.push_back(values[static_cast<size_t>(row)]);
    return out;
}

double meanOf(const std::vector<double>& values) {
    return values.empty() ? std::numeric_limits<double>::quiet_NaN()
                          : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Result<std::vector<double>> silhouetteSamples(const DenseMatrix& data, const std::vector<int32_t>& labels, Progress& progress) {
    int32_t count = 0;
    const std::vector<int32_t> own = compact(labels, &count);
    std::vector<int64_t> sizes(static_cast<size_t>(count), 0);
    for (const int32_t label : own) ++sizes[static_cast<size_t>(label)];
    std::vector<double> samples(own.size(), 0.0);
    for (int64_t first = 0; first < data.rows; first += kRowsPerRound) {
        if (progress.cancelled()) return cancelledError();
        const int64_t round = std::min(kRowsPerRound, data.rows - first);
        parallelFor(static_cast<size_t>(round), 8, [&](size_t begin, size_t end) {
            for (size_t r = begin; r < end; ++r) {
                const int64_t row = first + static_cast<int64_t>(r);
                std::vector<double> sums(static_cast<size_t>(count), 0.0);
                for (int64_t other = 0; other < data.rows; ++other)
                    sums[static_cast<size_t>(own[static_cast<size_t>(other)])] += distance(data.row(row), data.row(other), data.cols);
                samples[static_cast<size_t>(row)] = silhouetteOf(sums, sizes, own[static_cast<size_t>(row)]);
            }
        });
    }
    return samples;
}

Result<double> scaledSilhouette(const DenseMatrix& data, const std::vector<int32_t>& labels, Progress& progress) {
    TXFM_TRY(const std::vector<double> samples, silhouetteSamples(data, labels, progress));
    return (meanOf(samples) + 1) / 2;
}

Result<double> batchSilhouetteScib(const DenseMatrix& data, const std::vector<int32_t>& labels, const std::vector<int32_t>& batches,
                                   Progress& progress) {
    std::vector<double> perLabel;
    for (const auto& [label, rows] : members(labels)) {
        const std::vector<int32_t> batch = pick(batches, rows);
        const size_t different = std::set<int32_t>(batch.begin(), batch.end()).size();
        if (different < 2 || different == batch.size()) continue;
        TXFM_TRY(std::vector<double> samples, silhouetteSamples(rowsOf(data, rows), batch, progress));
        for (double& s : samples) s = 1 - std::abs(s);
        perLabel.push_back(meanOf(samples));
    }
    return meanOf(perLabel);
}

Result<double> withinBatchSilhouette(const DenseMatrix& data, const std::vector<int32_t>& labels, const std::vector<int32_t>& batches,
                                     Progress& progress) {
    std::vector<double> pooled;
    for (const auto& [batch, rows] : members(batches)) {
        TXFM_TRY(const std::vector<double> samples, silhouetteSamples(rowsOf(data, rows), pick(labels, rows), progress));
        pooled.insert(pooled.end(), samples.begin(), samples.end());
    }
    return meanOf(pooled);
}

}  // namespace txfm::evaluation
