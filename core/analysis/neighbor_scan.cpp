// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/neighbor_scan.h"

#include <algorithm>
#include <cmath>

#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

/// Candidates kept beyond k: float32 rounding may swap near ties, the exact distances decide among these.
constexpr size_t kSpare = 8;

float distance(const float* x, const float* y, int64_t width) {
    double sum = 0;
    for (int64_t k = 0; k < width; ++k) {
        const double d = static_cast<double>(x[k]) - static_cast<double>(y[k]);
        sum += d * d;
    }
    return static_cast<float>(std::sqrt(sum));
}

}  // namespace

std::vector<double> columnMeans(const DenseMatrix& data) {
    std::vector<double> mean(static_cast<size_t>(data.cols), 0.0);
    for (int64_t i = 0; i < data.rows; ++i) {
        for (int64_t j = 0; j < data.cols; ++j) mean[static_cast<size_t>(j)] += data(i, j);
    }
    for (double& m : mean) m /= static_cast<double>(std::max<int64_t>(1, data.rows));
    return mean;
}

ReferencePanels::ReferencePanels(const DenseMatrix& data, std::vector<double> mean, std::vector<int32_t> order)
    : m_data(data), m_mean(std::move(mean)), m_order(std::move(order)) {
    constexpr int64_t kPanel = PackedRows::kPanel;
    const int64_t places = m_order.empty() ? data.rows : static_cast<int64_t>(m_order.size());
    const int64_t panels = (places + kPanel - 1) / kPanel;
    m_values.assign(static_cast<size_t>(panels * kPanel * data.cols), 0.0f);
    m_norms.assign(static_cast<size_t>(panels * kPanel), std::numeric_limits<float>::infinity());
    parallelFor(static_cast<size_t>(panels), 16, [&](size_t begin, size_t end) {
        for (auto p = static_cast<int64_t>(begin); p < static_cast<int64_t>(end); ++p) {
            for (int64_t place = p * kPanel; place < std::min((p + 1) * kPanel, places); ++place) {
                const int32_t row = rowAt(place);
                if (row < 0) continue;
                float* to = m_values.data() + p * kPanel * data.cols + (place - p * kPanel);
                double norm = 0;
                for (int64_t k = 0; k < data.cols; ++k) {
                    const auto value = static_cast<float>(static_cast<double>(data(row, k)) - m_mean[static_cast<size_t>(k)]);
                    to[k * kPanel] = value;
                    norm += static_cast<double>(value) * value;
                }
                m_norms[static_cast<size_t>(place)] = static_cast<float>(norm);
            }
        }
    });
}

QueryBlock::QueryBlock(const ReferencePanels& reference, const DenseMatrix& queries, std::vector<int32_t> rows, int64_t k, bool leaveSelfOut)
    : m_reference(reference), m_queries(queries), m_rows(std::move(rows)), m_centred(m_rows.size() * static_cast<size_t>(reference.width())),
      m_k(static_cast<size_t>(k)), m_held(m_k + kSpare), m_leaveSelfOut(leaveSelfOut), m_best(m_rows.size()),
      m_limits(m_rows.size(), std::numeric_limits<float>::infinity()) {
    for (size_t i = 0; i < m_rows.size(); ++i) {
        m_best[i].reserve(m_held + 1);
        const float* from = queries.row(m_rows[i]);
        float* to = m_centred.data() + i * static_cast<size_t>(reference.width());
        for (int64_t j = 0; j < reference.width(); ++j) to[j] = static_cast<float>(static_cast<double>(from[j]) - reference.mean()[static_cast<size_t>(j)]);
    }
}

void QueryBlock::offer(size_t query, Candidate candidate) {
    std::vector<Candidate>& best = m_best[query];
    best.insert(std::ranges::upper_bound(best, candidate, std::less<>()), candidate);
    if (best.size() > m_held) best.pop_back();
    if (best.size() == m_held) m_limits[query] = best.back().score;
}

void QueryBlock::scan(int64_t panel) {
    const auto count = static_cast<int64_t>(m_rows.size());
    const float* norms = m_reference.norms(panel);
    for (int64_t first = 0; first < count; first += kTileRows) {
        const int64_t rows = std::min(kTileRows, count - first);
        float dots[kTileRows * PackedRows::kPanel];
        dotTile(centred(static_cast<size_t>(first)), rows, m_reference.width(), m_reference.panel(panel), m_reference.width(), dots);
        for (int64_t i = 0; i < rows; ++i) {
            const auto query = static_cast<size_t>(first + i);
            const float limit = m_limits[query];
            float scores[PackedRows::kPanel];
            int any = 0;  // unlike the smallest score, an "or" of flags is vectorised
            for (int64_t j = 0; j < PackedRows::kPanel; ++j) {
                scores[j] = norms[j] - 2.0f * dots[i * PackedRows::kPanel + j];
                any |= scores[j] < limit;
            }
            if (!any) continue;
            for (int64_t j = 0; j < PackedRows::kPanel; ++j) {
                if (!(scores[j] < m_limits[query])) continue;
                const int32_t row = m_reference.rowAt(panel * PackedRows::kPanel + j);
                if (m_leaveSelfOut && row == m_rows[query]) continue;
                offer(query, {scores[j], row});
            }
        }
    }
}

void QueryBlock::nearest(size_t i, int32_t* indices, float* distances) const {
    const std::vector<Candidate>& best = m_best[i];
    std::vector<Candidate> exact;
    for (const Candidate& c : best)
        exact.push_back({distance(m_queries.row(m_rows[i]), m_reference.data().row(c.row), m_reference.width()), c.row});
    std::ranges::sort(exact, std::less<>());
    for (size_t j = 0; j < m_k; ++j) {
        indices[j] = exact[j].row;
        distances[j] = exact[j].score;
    }
}

}  // namespace txfm::analysis
