// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/hvg.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/large_pages.h"
#include "core/base/parallel.h"
#include "core/preprocess/gene_filter.h"
#include "core/preprocess/row_blocks.h"

namespace txfm {
namespace {

constexpr int64_t kPieces = 8;  // per block, shared out over threads
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Rows of a piece: by the size of the data alone, so that sums do not depend on the number of threads.
int64_t pieceRows(int64_t cells) { return std::clamp<int64_t>(cells / 16, 256, 1024); }

/// Sums of one piece of rows; pieces are added in their order whatever thread made them. A gene's sum and sum of
/// squares lie side by side and are added together: one place in memory to fetch for each value.
using Moments = double __attribute__((vector_size(16)));
using PieceSums = std::vector<Moments>;

/// Genes whose sums are added to in one go: 16 KiB of sums, which stay in the processor's first cache.
constexpr int32_t kGenesAtOnce = 1024;
/// Rows whose values are read again while they are in the second cache.
constexpr int64_t kRowsAtOnce = 16;

using Doubles = double __attribute__((vector_size(32)));
Doubles fourOf(const float* values) {
    float __attribute__((vector_size(16))) four;
    std::memcpy(&four, values, sizeof four);
    return __builtin_convertvector(four, Doubles);
}

/// Sum of a row's values; asks for its indices, too, which are wanted next.
double totalOf(const int32_t* indices, const float* values, int64_t n) {
    // Sixteen sums at a time: one would wait for each addition.
    Doubles parts[4] = {};
    int64_t k = 0;
    for (; k + 16 <= n; k += 16) {
        __builtin_prefetch(indices + k);
        for (int64_t part = 0; part < 4; ++part) parts[part] += fourOf(values + k + 4 * part);
    }
    const Doubles all = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    double total = (all[0] + all[1]) + (all[2] + all[3]);
    for (; k < n; ++k) total += values[k];
    return total;
}

void sumPiece(const CsrMatrix& m, int64_t first, int64_t last, double target, double* totals, PieceSums& out) {
    std::ranges::fill(out, Moments{});
    for (int64_t begin = first; begin < last; begin += kRowsAtOnce) {
        const int64_t end = std::min(begin + kRowsAtOnce, last);
        double scale[kRowsAtOnce];
        int64_t next[kRowsAtOnce];
        for (int64_t row = begin; row < end; ++row) {
            const double total = totalOf(m.indices.data() + m.indptr[row], m.values.data() + m.indptr[row], m.indptr[row + 1] - m.indptr[row]);
            totals[row - first] = total;
            scale[row - begin] = total > 0 ? target / total : 0;
            next[row - begin] = m.indptr[row];
        }
        for (int64_t gene = 0; gene < m.cols; gene += kGenesAtOnce) {
            const int64_t beyond = gene + kGenesAtOnce;
            for (int64_t row = begin; row < end; ++row) {
                int64_t k = next[row - begin];
                const int64_t stop = m.indptr[row + 1];
                const double factor = scale[row - begin];
                for (; k + 4 <= stop && m.indices[k + 3] < beyond; k += 4) {
                    const Doubles values = factor * fourOf(m.values.data() + k), squares = values * values;
                    for (int64_t i = 0; i < 4; ++i) out[static_cast<size_t>(m.indices[k + i])] += Moments{values[i], squares[i]};
                }
                for (; k < stop && m.indices[k] < beyond; ++k) {
                    const double value = factor * m.values[k];
                    out[static_cast<size_t>(m.indices[k])] += Moments{value, value * value};
                }
                next[row - begin] = k;
            }
        }
    }
}

/// Bin of each value among `bins` of equal width (pandas.cut: right-closed, the lowest edge moved down by 0.1 %).
std::vector<int> equalWidthBins(const std::vector<double>& values, int bins) {
    const auto [lowest, highest] = std::ranges::minmax_element(values);
    double low = *lowest, high = *highest;
    std::vector<double> edges(static_cast<size_t>(bins) + 1);
    if (low == high) {
        low -= low != 0 ? 0.001 * std::abs(low) : 0.001;
        high += high != 0 ? 0.001 * std::abs(high) : 0.001;
    }
    const double step = (high - low) / bins;
    for (int i = 0; i <= bins; ++i) edges[static_cast<size_t>(i)] = low + step * i;
    edges.back() = high;
    if (*lowest != *highest) edges.front() -= 0.001 * (high - low);
    std::vector<int> bin(values.size());
    for (size_t g = 0; g < values.size(); ++g) {
        const auto edge = std::ranges::lower_bound(edges, values[g]) - edges.begin();
        bin[g] = std::clamp(static_cast<int>(edge) - 1, 0, bins - 1);
    }
    return bin;
}

constexpr int64_t kBlockRows = 16384;

/// ln(1 + scale · count). Most counts of a cell are one of a few small numbers, so these are computed once.
class RowLogarithms {
public:
    explicit RowLogarithms(double scale) : m_scale(scale) {}
    float of(float count) {
        const auto small = count >= 0 && count < kSmall ? static_cast<uint32_t>(count) : 0;
        if (static_cast<float>(small) != count) return compute(count);
        if (!(m_known >> small & 1)) {
            m_values[small] = compute(count);
            m_known |= 1u << small;
        }
        return m_values[small];
    }

private:
    static constexpr float kSmall = 32;
    float compute(float count) const { return static_cast<float>(std::log1p(m_scale * count)); }
    double m_scale;
    uint32_t m_known = 0;
    float m_values[32];
};

/// ln(1 + scaled) of some genes of some rows.
class LogNormaliser {
public:
    LogNormaliser(const std::vector<int64_t>& genes, int64_t allGenes, double target)
        : m_filter(genes, allGenes), m_column(static_cast<size_t>(allGenes), -1), m_target(target) {
        for (size_t g = 0; g < genes.size(); ++g) m_column[static_cast<size_t>(genes[g])] = static_cast<int32_t>(g);
    }

    /// Appends rows [first, last) of `m`, whose totals start at `totals`, to the arrays of `out`, which has its number of
    /// rows but not yet all of them.
    void append(const CsrMatrix& m, int64_t first, int64_t last, const double* totals, CsrMatrix& out) const {
        std::vector<Kept> parts(static_cast<size_t>((kRowsFiltered + kRowsOfTask - 1) / kRowsOfTask));
        for (int64_t begin = first; begin < last; begin += kRowsFiltered)
            appendSome(m, begin, std::min(begin + kRowsFiltered, last), totals + (begin - first), parts, out);
    }

private:
    static constexpr int64_t kRowsFiltered = 512;  // what is kept of them stays in the cache until it is copied
    static constexpr int64_t kRowsOfTask = 32;

    /// What is kept of the rows of one task, before their place in the result is known.
    struct Kept {
        LargeVector<int32_t> genes;
        LargeVector<float> counts;
    };

    void appendSome(const CsrMatrix& m, int64_t first, int64_t last, const double* totals, std::vector<Kept>& parts, CsrMatrix& out) const {
        const auto rows = static_cast<size_t>(last - first);
        const size_t before = out.indptr.size() - 1;
        out.indptr.resize(before + rows + 1);
        const auto tasks = static_cast<size_t>((last - first + kRowsOfTask - 1) / kRowsOfTask);
        const auto forEachTask = [&](const auto& body) {
            parallelFor(tasks, 1, [&](size_t begin, size_t end) {
                for (size_t task = begin; task < end; ++task) {
                    const int64_t from = first + static_cast<int64_t>(task) * kRowsOfTask;
                    body(parts[task], from, std::min(from + kRowsOfTask, last));
                }
            });
        };
        forEachTask([&](Kept& part, int64_t from, int64_t beyond) {
            const auto room = static_cast<size_t>(m.indptr[beyond] - m.indptr[from]) + GeneFilter::kSlack;
            if (part.genes.size() < room) {
                part.genes.resize(room);
                part.counts.resize(room);
            }
            size_t at = 0;
            for (int64_t row = from; row < beyond; ++row) {
                const size_t kept = m_filter.keep(m.rowIndices(row), m.rowValues(row).data(), part.genes.data() + at, part.counts.data() + at);
                out.indptr[before + static_cast<size_t>(row - first) + 1] = static_cast<int64_t>(kept);
                at += kept;
            }
        });
        for (size_t i = before; i < before + rows; ++i) out.indptr[i + 1] += out.indptr[i];
        const auto size = static_cast<size_t>(out.indptr.back());
        if (size > out.indices.capacity()) {  // these are the largest arrays: grow to what the rows so far let expect
            const size_t expected = size * static_cast<size_t>(out.rows) / (before + rows);
            reserveLarge(out.indices, expected + expected / 32);
            reserveLarge(out.values, expected + expected / 32);
        }
        out.indices.resize(size);
        out.values.resize(size);
        forEachTask([&](const Kept& part, int64_t from, int64_t beyond) {
            size_t at = 0;
            for (int64_t row = from; row < beyond; ++row) {
                const auto place = static_cast<size_t>(row - first);
                RowLogarithms logarithms(totals[place] > 0 ? m_target / totals[place] : 0);
                const auto end = static_cast<size_t>(out.indptr[before + place + 1]);
                for (auto k = static_cast<size_t>(out.indptr[before + place]); k < end; ++k, ++at) {
                    out.indices[k] = m_column[static_cast<size_t>(part.genes[at])];
                    out.values[k] = logarithms.of(part.counts[at]);
                }
            }
        });
    }

    GeneFilter m_filter;
    std::vector<int32_t> m_column;
    double m_target;
};

/// Reads through to the counts.
class LogNormalisedCounts final : public CountSource {
public:
    LogNormalisedCounts(std::shared_ptr<const CountSource> counts, const std::vector<int64_t>& genes, std::vector<double> totals, double target)
        : m_counts(std::move(counts)), m_normaliser(genes, m_counts->genes(), target), m_totals(std::move(totals)),
          m_genes(static_cast<int64_t>(genes.size())) {}
    int64_t cells() const override { return m_counts->cells(); }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override { return -1; }
    bool concurrentReads() const override { return m_counts->concurrentReads(); }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override {
        TXFM_TRY(const CsrMatrix block, m_counts->readRows(begin, end));
        return normalised(block, m_totals.data() + begin);
    }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override {
        TXFM_TRY(const CsrMatrix block, m_counts->readRowsAt(rows));
        std::vector<double> totals;
        for (const int64_t row : rows) totals.push_back(m_totals[static_cast<size_t>(row)]);
        return normalised(block, totals.data());
    }

private:
    CsrMatrix normalised(const CsrMatrix& block, const double* totals) const {
        CsrMatrix out;
        out.rows = block.rows;
        out.cols = m_genes;
        m_normaliser.append(block, 0, block.rows, totals, out);
        return out;
    }
    std::shared_ptr<const CountSource> m_counts;
    LogNormaliser m_normaliser;
    std::vector<double> m_totals;
    int64_t m_genes;
};

}  // namespace

Result<GeneMoments> geneMoments(const CountSource& counts, double target, Progress& progress) {
    const auto genes = static_cast<size_t>(counts.genes());
    const auto cells = static_cast<double>(counts.cells());
    GeneMoments moments;
    moments.cellTotals.resize(static_cast<size_t>(counts.cells()));
    const int64_t rowsOfPiece = pieceRows(counts.cells());
    PieceSums sums(genes, Moments{});
    std::vector<PieceSums> pieces(kPieces, PieceSums(genes, Moments{}));
    StageProgress stage(progress, "hvg", cells, "cells");
    TXFM_CHECK(forEachRowBlock(counts, rowsOfPiece * kPieces, progress, [&](const RowBlock& block) -> Result<void> {
        const int64_t rows = block.last - block.first;
        const int64_t used = (rows + rowsOfPiece - 1) / rowsOfPiece;
        parallelFor(static_cast<size_t>(used), 1, [&](size_t begin, size_t end) {
            for (size_t p = begin; p < end; ++p) {
                const int64_t from = static_cast<int64_t>(p) * rowsOfPiece;
                sumPiece(block.matrix, block.first + from, block.first + std::min(from + rowsOfPiece, rows), target,
                         moments.cellTotals.data() + block.cell + from, pieces[p]);
            }
        });
        for (int64_t p = 0; p < used; ++p) {
            const PieceSums& piece = pieces[static_cast<size_t>(p)];
            for (size_t i = 0; i < sums.size(); ++i) sums[i] += piece[i];
        }
        stage.set(static_cast<double>(block.cell + rows));
        return {};
    }));
    moments.mean.resize(genes);
    moments.variance.resize(genes);
    for (size_t g = 0; g < genes; ++g) {
        const double mean = cells > 0 ? sums[g][0] / cells : 0;
        moments.mean[g] = mean;
        moments.variance[g] = cells > 1 ? std::max(0.0, (sums[g][1] - cells * mean * mean) / (cells - 1)) : 0;
    }
    return moments;
}

HvgResult highlyVariableGenes(const GeneMoments& moments, int64_t top, int bins) {
    const size_t genes = moments.mean.size();
    HvgResult result;
    result.means.resize(genes);
    result.dispersions.assign(genes, kNaN);
    result.dispersionsNorm.assign(genes, kNaN);
    if (genes == 0) return result;
    for (size_t g = 0; g < genes; ++g) {
        const double mean = moments.mean[g] == 0 ? 1e-12 : moments.mean[g];
        const double dispersion = moments.variance[g] / mean;
        if (dispersion > 0) result.dispersions[g] = std::log(dispersion);
        result.means[g] = std::log1p(mean);
    }
    const std::vector<int> bin = equalWidthBins(result.means, bins);
    for (int b = 0; b < bins; ++b) {
        double sum = 0, squares = 0;
        int64_t n = 0;
        for (size_t g = 0; g < genes; ++g) {
            if (bin[g] != b || std::isnan(result.dispersions[g])) continue;
            sum += result.dispersions[g];
            ++n;
        }
        const double mean = n > 0 ? sum / static_cast<double>(n) : kNaN;
        for (size_t g = 0; g < genes; ++g) {
            if (bin[g] == b && !std::isnan(result.dispersions[g]))
                squares += (result.dispersions[g] - mean) * (result.dispersions[g] - mean);
        }
        const double deviation = n > 1 ? std::sqrt(squares / static_cast<double>(n - 1)) : kNaN;
        for (size_t g = 0; g < genes; ++g) {
            if (bin[g] != b || std::isnan(result.dispersions[g])) continue;
            // A gene alone in its bin gets the value 1.
            result.dispersionsNorm[g] = n == 1 ? 1.0 : (result.dispersions[g] - mean) / deviation;
        }
    }
    std::vector<double> ranked;
    for (const double value : result.dispersionsNorm) {
        if (!std::isnan(value)) ranked.push_back(value);
    }
    std::ranges::sort(ranked, std::greater<>());
    if (ranked.empty() || top <= 0) return result;
    const double cutOff = ranked[static_cast<size_t>(std::min<int64_t>(top, static_cast<int64_t>(ranked.size())) - 1)];
    for (size_t g = 0; g < genes; ++g) {
        if (result.dispersionsNorm[g] >= cutOff) result.selected.push_back(static_cast<int64_t>(g));
    }
    return result;
}

Result<CsrMatrix> logNormalised(const CountSource& counts, const std::vector<int64_t>& genes,
                                const std::vector<double>& cellTotals, double target, Progress& progress) {
    const LogNormaliser normaliser(genes, counts.genes(), target);
    CsrMatrix out;
    out.rows = counts.cells();
    out.cols = static_cast<int64_t>(genes.size());
    out.indptr.assign(1, 0);
    out.indptr.reserve(static_cast<size_t>(out.rows) + 1);
    StageProgress stage(progress, "normalise", static_cast<double>(counts.cells()), "cells");
    TXFM_CHECK(forEachRowBlock(counts, kBlockRows, progress, [&](const RowBlock& block) -> Result<void> {
        normaliser.append(block.matrix, block.first, block.last, cellTotals.data() + block.cell, out);
        stage.set(static_cast<double>(block.cell + block.last - block.first));
        return {};
    }));
    return out;
}

std::shared_ptr<const CountSource> logNormalisedView(std::shared_ptr<const CountSource> counts, const std::vector<int64_t>& genes,
                                                     std::vector<double> cellTotals, double target) {
    return std::make_shared<LogNormalisedCounts>(std::move(counts), genes, std::move(cellTotals), target);
}

}  // namespace txfm
