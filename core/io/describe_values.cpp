// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/describe_values.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace txfm::io {
namespace {

constexpr int64_t kSampledRows = 200;
/// Sums of float32 values that were rounded to a few digits still agree this well.
constexpr double kTolerance = 0.01;

/// The sum that at least nine of ten rows with any value share; 0 when there is none.
double commonSum(const CsrMatrix& rows, const auto& undo) {
    std::vector<double> sums;
    for (int64_t row = 0; row < rows.rows; ++row) {
        double sum = 0;
        for (const float value : rows.rowValues(row)) sum += undo(value);
        if (sum > 0) sums.push_back(sum);
    }
    if (sums.size() < 2) return 0;
    const auto middle = sums.begin() + static_cast<std::ptrdiff_t>(sums.size() / 2);
    std::ranges::nth_element(sums, middle);
    const double median = *middle;
    const auto near = std::ranges::count_if(sums, [&](double sum) { return std::abs(sum - median) <= kTolerance * median; });
    return 10 * near >= 9 * static_cast<std::ptrdiff_t>(sums.size()) ? median : 0;
}

std::string grouped(double value) {
    std::string digits = std::to_string(static_cast<int64_t>(std::llround(value)));
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
    return digits;
}

bool isNear(double value, double target) { return std::abs(value - target) <= kTolerance * target; }

std::string scaledTo(double total) {
    if (isNear(total, 1e6)) return "counts per million (CPM or TPM)";
    if (isNear(total, 1e4)) return "counts scaled to 10,000 per cell";
    if (total < 2) return "shares of a cell's counts";
    return "counts scaled to " + grouped(total) + " per cell";
}

/// Up to kSampledRows rows, spread over all.
Result<CsrMatrix> sampleRows(const CountSource& values) {
    const int64_t cells = values.cells(), step = std::max<int64_t>(1, cells / kSampledRows);
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < cells && static_cast<int64_t>(rows.size()) < kSampledRows; row += step) rows.push_back(row);
    return values.readRowsAt(rows);
}

}  // namespace

Result<ValueDescription> describeValues(const CountSource& values, ValueKind kind) {
    ValueDescription result;
    result.text = toString(kind);
    if (kind == ValueKind::Log1pNormalised) result.logBase = std::numbers::e;
    if (kind != ValueKind::Log1pNormalised && kind != ValueKind::Normalised) return result;
    TXFM_TRY(const CsrMatrix rows, sampleRows(values));
    if (const double total = commonSum(rows, [](float v) { return v; }); total > 0) {
        return ValueDescription{scaledTo(total), 0, total};
    }
    for (const auto& [base, name] : {std::pair{std::numbers::e, "log1p of "}, std::pair{2.0, "log2(1 + x) of "}}) {
        if (kind == ValueKind::Normalised && base > 2) continue;  // too large for a natural logarithm
        const double scale = std::log(base);
        if (const double total = commonSum(rows, [scale](float v) { return std::expm1(scale * v); }); total > 0)
            return ValueDescription{name + scaledTo(total), base, total};
    }
    return result;
}

std::string normalisedHint(bool usable) {
    const std::string other = "se a file with raw counts, or choose another matrix with --counts-in (X, raw.X or layers/NAME)";
    if (!usable) return "They cannot be turned back into counts; u" + other + ".";
    return "U" + other + ", or pass --allow-normalised to go on with these values.";
}

}  // namespace txfm::io
