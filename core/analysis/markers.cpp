// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/markers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/enrichment.h"
#include "core/base/parallel.h"
#include "core/preprocess/row_blocks.h"

namespace txfm::analysis {
namespace {

constexpr int64_t kBlockRows = 8192;
constexpr int64_t kHeldValues = 50'000'000;

/// Non-zero log values of some genes, gene by gene.
struct GeneBlock {
    int64_t first = 0, last = 0;
    std::vector<int64_t> begin;  ///< per gene of the block, into the lists below
    std::vector<int32_t> cells;
    std::vector<float> values;
};

/// What one comparison needs of a gene.
struct Side {
    double n = 0, nonZero = 0, sum = 0, squares = 0;
    double mean() const { return n > 0 ? sum / n : 0; }
    double variance() const { return n > 1 ? std::max(0.0, (squares - n * mean() * mean()) / (n - 1)) : 0; }
};

enum Membership : uint8_t { kNeither, kIn, kOut };

class Tester {
public:
    Tester(const Comparison& comparison, int64_t cells, const MarkerOptions& options)
        : m_options(options), m_where(static_cast<size_t>(cells), kNeither), m_in(static_cast<double>(comparison.in.size())),
          m_out(static_cast<double>(comparison.out.size())) {
        for (const int64_t cell : comparison.in) m_where[static_cast<size_t>(cell)] = kIn;
        for (const int64_t cell : comparison.out) m_where[static_cast<size_t>(cell)] = kOut;
    }

    Marker test(const GeneBlock& block, int64_t gene, std::vector<std::pair<float, bool>>& used) const {
        used.clear();
        Side in{m_in}, out{m_out};
        const auto at = static_cast<size_t>(gene - block.first);
        for (int64_t e = block.begin[at]; e < block.begin[at + 1]; ++e) {
            const uint8_t where = m_where[static_cast<size_t>(block.cells[static_cast<size_t>(e)])];
            if (where == kNeither) continue;
            const float value = block.values[static_cast<size_t>(e)];
            Side& side = where == kIn ? in : out;
            side.nonZero += 1;
            side.sum += value;
            side.squares += static_cast<double>(value) * value;
            used.emplace_back(value, where == kIn);
        }
        Marker marker;
        marker.gene = gene;
        marker.pctIn = in.nonZero / in.n;
        marker.pctOut = out.nonZero / out.n;
        marker.log2FoldChange = std::log2((std::expm1(in.mean()) + 1e-9) / (std::expm1(out.mean()) + 1e-9));
        if (m_options.test == MarkerTest::TTest)
            welch(in, out, marker);
        else
            rankSum(used, marker);
        return marker;
    }

private:
    /// Zeros share the lowest rank; ties get their mean rank.
    void rankSum(std::vector<std::pair<float, bool>>& used, Marker& marker) const {
        const double n = m_in + m_out;
        const double zeros = n - static_cast<double>(used.size());
        std::ranges::sort(used);
        double inside = m_in, sum = 0, ties = zeros * zeros * zeros - zeros;
        for (size_t i = 0; i < used.size();) {
            size_t j = i;
            double members = 0;
            for (; j < used.size() && used[j].first == used[i].first; ++j) members += used[j].second;
            const auto tied = static_cast<double>(j - i);
            sum += members * (zeros + static_cast<double>(i) + (tied + 1) / 2);
            ties += tied * tied * tied - tied;
            inside -= members;
            i = j;
        }
        sum += inside * (zeros + 1) / 2;
        double variance = m_in * m_out * (n + 1) / 12;
        if (m_options.tieCorrection) variance *= n > 1 ? 1 - ties / (n * n * n - n) : 0;
        marker.score = variance > 0 ? (sum - m_in * (n + 1) / 2) / std::sqrt(variance) : 0.0;
        marker.pValue = std::erfc(std::abs(marker.score) / std::sqrt(2.0));
    }

    static void welch(const Side& in, const Side& out, Marker& marker) {
        const double a = in.variance() / in.n, b = out.variance() / out.n;
        if (!(a + b > 0)) return;
        marker.score = (in.mean() - out.mean()) / std::sqrt(a + b);
        const double below = (in.n > 1 ? a * a / (in.n - 1) : 0) + (out.n > 1 ? b * b / (out.n - 1) : 0);
        marker.pValue = studentTwoSided(marker.score, (a + b) * (a + b) / below);
    }

    MarkerOptions m_options;
    std::vector<uint8_t> m_where;
    double m_in, m_out;
};

struct Totals {
    std::vector<double> perCell;
    std::vector<int64_t> nonZerosPerGene;
};

Result<Totals> totalsOf(const CountSource& counts, Progress& progress) {
    Totals totals;
    totals.perCell.resize(static_cast<size_t>(counts.cells()));
    totals.nonZerosPerGene.assign(static_cast<size_t>(counts.genes()), 0);
    TXFM_CHECK(forEachRowBlock(counts, kBlockRows, progress, [&](const RowBlock& block) -> Result<void> {
        for (int64_t row = block.first; row < block.last; ++row) {
            double total = 0;
            for (int64_t e = block.matrix.indptr[row]; e < block.matrix.indptr[row + 1]; ++e) {
                total += block.matrix.values[e];
                ++totals.nonZerosPerGene[static_cast<size_t>(block.matrix.indices[e])];
            }
            totals.perCell[static_cast<size_t>(block.cell + row - block.first)] = total;
        }
        return {};
    }));
    return totals;
}

/// The next genes whose non-zeros fit.
GeneBlock nextBlock(int64_t first, const Totals& totals) {
    GeneBlock block;
    block.first = block.last = first;
    block.begin = {0};
    const auto genes = static_cast<int64_t>(totals.nonZerosPerGene.size());
    while (block.last < genes) {
        const int64_t with = block.begin.back() + totals.nonZerosPerGene[static_cast<size_t>(block.last)];
        if (with > kHeldValues && block.last > first) break;
        block.begin.push_back(with);
        ++block.last;
    }
    block.cells.resize(static_cast<size_t>(block.begin.back()));
    block.values.resize(block.cells.size());
    return block;
}

Result<void> fill(GeneBlock& block, const CountSource& counts, const Totals& totals, double target, Progress& progress) {
    std::vector<int64_t> next(block.begin.begin(), block.begin.end() - 1);
    return forEachRowBlock(counts, kBlockRows, progress, [&](const RowBlock& rows) -> Result<void> {
        for (int64_t row = rows.first; row < rows.last; ++row) {
            const int64_t cell = rows.cell + row - rows.first;
            const double total = totals.perCell[static_cast<size_t>(cell)];
            const double scale = total > 0 ? target / total : 0;
            for (int64_t e = rows.matrix.indptr[row]; e < rows.matrix.indptr[row + 1]; ++e) {
                const int64_t gene = rows.matrix.indices[e];
                if (gene < block.first || gene >= block.last) continue;
                const auto to = static_cast<size_t>(next[static_cast<size_t>(gene - block.first)]++);
                block.cells[to] = static_cast<int32_t>(cell);
                block.values[to] = static_cast<float>(std::log1p(scale * rows.matrix.values[e]));
            }
        }
        return {};
    });
}

void adjustAndSort(std::vector<Marker>& markers) {
    std::vector<double> p(markers.size());
    for (size_t i = 0; i < markers.size(); ++i) p[i] = markers[i].pValue;
    const std::vector<double> adjusted = benjaminiHochberg(p);
    for (size_t i = 0; i < markers.size(); ++i) markers[i].pAdjusted = adjusted[i];
    std::ranges::stable_sort(markers, [](const Marker& a, const Marker& b) { return a.score > b.score; });
}

/// Regularised incomplete beta function by Lentz's continued fraction (Numerical Recipes §6.4).
double incompleteBeta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
    const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x)) / a;
    constexpr double kTiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (std::abs(d) < kTiny ? kTiny : d);
    double fraction = d;
    for (int m = 1; m < 500; ++m) {
        for (const double step : {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
            d = 1 + step * d;
            d = 1 / (std::abs(d) < kTiny ? kTiny : d);
            c = 1 + step / c;
            if (std::abs(c) < kTiny) c = kTiny;
            fraction *= c * d;
        }
        if (std::abs(c * d - 1) < 1e-15) break;
    }
    return front * fraction;
}

}  // namespace

double studentTwoSided(double t, double freedom) {
    if (!(freedom > 0)) return 1.0;
    return incompleteBeta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

Result<std::vector<std::vector<Marker>>> findMarkers(const CountSource& counts, const std::vector<Comparison>& comparisons,
                                                     const MarkerOptions& options, Progress& progress) {
    std::vector<Tester> testers;
    for (const Comparison& comparison : comparisons) {
        if (comparison.in.empty() || comparison.out.empty())
            return badInput("Group '" + comparison.group + "' cannot be compared: one side has no cells.");
        testers.emplace_back(comparison, counts.cells(), options);
    }
    TXFM_TRY(const Totals totals, totalsOf(counts, progress));
    std::vector<std::vector<Marker>> found(comparisons.size(), std::vector<Marker>(static_cast<size_t>(counts.genes())));
    StageProgress stage(progress, "markers", static_cast<double>(counts.genes()), "genes");
    for (int64_t gene = 0; gene < counts.genes();) {
        GeneBlock block = nextBlock(gene, totals);
        TXFM_CHECK(fill(block, counts, totals, options.target, progress));
        constexpr int64_t kGenesPerRound = 1024;
        for (int64_t first = block.first; first < block.last; first += kGenesPerRound) {
            if (progress.cancelled()) return cancelledError();
            const int64_t round = std::min(kGenesPerRound, block.last - first);
            parallelFor(static_cast<size_t>(round), 16, [&](size_t begin, size_t end) {
                std::vector<std::pair<float, bool>> used;
                for (size_t g = begin; g < end; ++g) {
                    for (size_t c = 0; c < testers.size(); ++c) {
                        const int64_t at = first + static_cast<int64_t>(g);
                        found[c][static_cast<size_t>(at)] = testers[c].test(block, at, used);
                    }
                }
            });
            stage.set(static_cast<double>(first + round));
        }
        gene = block.last;
    }
    for (std::vector<Marker>& markers : found) adjustAndSort(markers);
    return found;
}

}  // namespace txfm::analysis
