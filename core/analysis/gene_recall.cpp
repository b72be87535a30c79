// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/gene_recall.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/analysis/dot_products.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr int64_t kBlock = 768;       // rows and columns of a tile held at once
constexpr int64_t kBins = 1 << 16;

int64_t binOf(float cosine) {
    return std::clamp<int64_t>(static_cast<int64_t>((static_cast<double>(cosine) + 1.0) * 0.5 * kBins), 0, kBins - 1);
}

DenseMatrix gather(const DenseMatrix& m, const std::vector<int64_t>& rows) {
    DenseMatrix out(static_cast<int64_t>(rows.size()), m.cols);
    for (size_t i = 0; i < rows.size(); ++i) std::copy_n(m.row(rows[i]), m.cols, out.row(static_cast<int64_t>(i)));
    return out;
}

/// All cosines of a null, tile by tile; made twice by the selection below.
class NullPairs {
public:
    /// Cross pairs of two lists, or with `triangle` the unordered pairs of one list.
    NullPairs(const DenseMatrix& unit, std::vector<int64_t> left, std::vector<int64_t> right, bool triangle)
        : m_left(std::move(left)), m_right(std::move(right)), m_triangle(triangle), m_rows(gather(unit, m_left)), m_columns(gather(unit, m_right)) {}

    /// visit(values, count) for the pairs of each row of each tile, on one thread at a time.
    template <class Visit>
    Result<void> forEach(Progress& progress, Visit&& visit) const {
        std::vector<float> tile(static_cast<size_t>(kBlock * kBlock)), kept(static_cast<size_t>(kBlock));
        for (int64_t c = 0; c < m_columns.rows; c += kBlock) {
            const int64_t columns = std::min(kBlock, m_columns.rows - c);
            const PackedRows packed(m_columns.row(c), columns, m_columns.cols, m_columns.cols);
            for (int64_t r = 0; r < m_rows.rows; r += kBlock) {
                if (progress.cancelled()) return cancelledError();
                if (m_triangle && r > c) break;
                const int64_t rows = std::min(kBlock, m_rows.rows - r);
                dotProducts(m_rows.row(r), rows, m_rows.cols, packed, tile.data(), kBlock);
                for (int64_t i = 0; i < rows; ++i) visitRow(tile.data() + i * kBlock, r + i, c, columns, kept, visit);
            }
        }
        return {};
    }

private:
    template <class Visit>
    void visitRow(const float* values, int64_t row, int64_t column, int64_t columns, std::vector<float>& kept, Visit&& visit) const {
        int64_t count = 0;
        for (int64_t j = 0; j < columns; ++j) {
            const bool skip = m_triangle ? column + j <= row : m_left[static_cast<size_t>(row)] == m_right[static_cast<size_t>(column + j)];
            if (!skip) kept[static_cast<size_t>(count++)] = values[j];
        }
        visit(kept.data(), count);
    }

    std::vector<int64_t> m_left, m_right;
    bool m_triangle;
    DenseMatrix m_rows, m_columns;
};

/// One order statistic: the bin that holds it, and its rank inside.
struct Wanted {
    int64_t rank = 0, bin = 0, inside = 0;
    std::vector<float> values;

    void locate(const std::vector<int64_t>& histogram) {
        int64_t below = 0;
        for (bin = 0; bin < kBins && below + histogram[static_cast<size_t>(bin)] <= rank; ++bin) below += histogram[static_cast<size_t>(bin)];
        inside = rank - below;
    }
    float value() {
        std::nth_element(values.begin(), values.begin() + inside, values.end());
        return values[static_cast<size_t>(inside)];
    }
};

Result<NullThresholds> thresholdsOf(const NullPairs& pairs, double upper, Progress& progress) {
    std::vector<int64_t> histogram(kBins, 0);
    TXFM_CHECK(pairs.forEach(progress, [&](const float* values, int64_t count) {
        for (int64_t j = 0; j < count; ++j) ++histogram[static_cast<size_t>(binOf(values[j]))];
    }));
    NullThresholds out;
    out.size = std::accumulate(histogram.begin(), histogram.end(), int64_t{0});
    if (out.size == 0) return badInput("The null of the relationship recall has no pairs.", "The model needs more genes.");
    // Smallest count that makes count/N >= upper in double precision, as the reference compares.
    const auto n = static_cast<double>(out.size);
    auto least = static_cast<int64_t>(std::ceil(upper * n));
    while (least > 0 && static_cast<double>(least - 1) / n >= upper) --least;
    while (static_cast<double>(least) / n < upper) ++least;
    auto most = static_cast<int64_t>(std::floor((1.0 - upper) * n));
    Wanted high, low;
    high.rank = std::clamp<int64_t>(least - 1, 0, out.size - 1);
    low.rank = std::clamp<int64_t>(most, 0, out.size - 1);
    high.locate(histogram);
    low.locate(histogram);
    TXFM_CHECK(pairs.forEach(progress, [&](const float* values, int64_t count) {
        for (int64_t j = 0; j < count; ++j) {
            const int64_t bin = binOf(values[j]);
            if (bin == high.bin) high.values.push_back(values[j]);
            if (bin == low.bin) low.values.push_back(values[j]);
        }
    }));
    out.upper = high.value();
    out.lower = low.value();
    return out;
}

double recallOf(const DenseMatrix& unit, const GenePairDatabase& database, const NullThresholds& null, bool twoSided) {
    if (database.pairs.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::vector<uint8_t> hit(database.pairs.size(), 0);
    parallelFor(database.pairs.size(), 4096, [&](size_t begin, size_t end) {
        for (size_t p = begin; p < end; ++p) {
            // The same rounding as in the null: a pair that is itself the threshold must not exceed it.
            const float cosine = dotProduct(unit.row(database.pairs[p].first), unit.row(database.pairs[p].second), unit.cols);
            hit[p] = cosine > null.upper || (twoSided && cosine < null.lower);
        }
    });
    return static_cast<double>(std::accumulate(hit.begin(), hit.end(), int64_t{0})) / static_cast<double>(hit.size());
}

std::vector<int64_t> drawn(const std::vector<int64_t>& universe, int64_t count, RandomStream& random) {
    std::vector<int64_t> genes(static_cast<size_t>(count));
    for (int64_t& g : genes) g = universe[static_cast<size_t>(random.below(universe.size()))];
    return genes;
}

}  // namespace

Result<NullThresholds> sampledThresholds(const DenseMatrix& unit, const std::vector<int64_t>& left, const std::vector<int64_t>& right,
                                         double upper, Progress& progress) {
    return thresholdsOf(NullPairs(unit, left, right, false), upper, progress);
}

Result<NullThresholds> fullThresholds(const DenseMatrix& unit, const std::vector<int64_t>& genes, double upper, Progress& progress) {
    return thresholdsOf(NullPairs(unit, genes, genes, true), upper, progress);
}

Result<RecallResult> relationshipRecall(const DenseMatrix& unit, const std::vector<GenePairDatabase>& databases,
                                        const RecallOptions& options, Progress& progress) {
    std::vector<int64_t> universe = options.universe;
    if (universe.empty()) {
        universe.resize(static_cast<size_t>(unit.rows));
        std::iota(universe.begin(), universe.end(), 0);
    }
    const int64_t iterations = options.fullNull ? 1 : options.iterations;
    std::vector<std::vector<double>> runs(databases.size());
    RecallResult result;
    for (int64_t i = 0; i < iterations; ++i) {
        RandomStream leftDraw(options.seed, static_cast<uint32_t>(i), 0), rightDraw(options.seed, static_cast<uint32_t>(i), 1);
        TXFM_TRY(const NullThresholds null,
                 options.fullNull ? fullThresholds(unit, universe, options.upper, progress)
                                  : sampledThresholds(unit, drawn(universe, options.nullGenes, leftDraw),
                                                      drawn(universe, options.nullGenes, rightDraw), options.upper, progress));
        result.upperThreshold += null.upper / static_cast<double>(iterations);
        result.lowerThreshold += null.lower / static_cast<double>(iterations);
        result.nullSize = null.size;
        for (size_t d = 0; d < databases.size(); ++d) runs[d].push_back(recallOf(unit, databases[d], null, options.twoSided));
    }
    for (const std::vector<double>& values : runs) {
        const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
        double squares = 0;
        for (const double v : values) squares += (v - mean) * (v - mean);
        result.recall.push_back(mean);
        result.deviation.push_back(values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0.0);
    }
    return result;
}

}  // namespace txfm::analysis
