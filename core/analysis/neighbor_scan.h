// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/analysis/dot_products.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

/// Query rows that share one pass over a panel while it is in cache.
constexpr int64_t kQueryBlock = 96;

/// The mean of every column.
std::vector<double> columnMeans(const DenseMatrix& data);

/// The reference rows of a neighbour search in panels for dotTile(). Immutable; threads share it.
/// The mean is subtracted: that keeps |x|² small against the distances and so the rounding error of the float32 form.
class ReferencePanels {
public:
    /// `order` names a row of `data` for every place of the panels, −1 = none; empty = all rows in order.
    /// `data` must outlive the object.
    ReferencePanels(const DenseMatrix& data, std::vector<double> mean, std::vector<int32_t> order);
    int64_t panels() const { return static_cast<int64_t>(m_norms.size()) / PackedRows::kPanel; }
    int64_t width() const { return m_data.cols; }
    const float* panel(int64_t p) const { return m_values.data() + p * PackedRows::kPanel * m_data.cols; }
    /// |y|² of each row of a panel; infinite where there is none.
    const float* norms(int64_t p) const { return m_norms.data() + p * PackedRows::kPanel; }
    /// The row of the data at a place.
    int32_t rowAt(int64_t place) const { return m_order.empty() ? static_cast<int32_t>(place) : m_order[static_cast<size_t>(place)]; }
    const DenseMatrix& data() const { return m_data; }
    const std::vector<double>& mean() const { return m_mean; }

private:
    const DenseMatrix& m_data;
    std::vector<double> m_mean;
    std::vector<int32_t> m_order;
    std::vector<float> m_values, m_norms;
};

/// Up to kQueryBlock queries on their way through the panels. One thread each.
class QueryBlock {
public:
    /// Rows `rows` of `queries`; `leaveSelfOut` when the queries are the reference rows themselves.
    QueryBlock(const ReferencePanels& reference, const DenseMatrix& queries, std::vector<int32_t> rows, int64_t k, bool leaveSelfOut);
    void scan(int64_t panel);
    /// The k nearest of query i (row rows[i]) among the panels seen, nearest first, distances from the original values.
    /// The panels must have held k rows.
    void nearest(size_t i, int32_t* indices, float* distances) const;
    const std::vector<int32_t>& rows() const { return m_rows; }
    /// Query i with the mean taken off.
    const float* centred(size_t i) const { return m_centred.data() + static_cast<int64_t>(i) * m_reference.width(); }

private:
    struct Candidate {
        float score;  ///< |y|² − 2xy
        int32_t row;
        bool operator<(const Candidate& other) const { return score < other.score || (score == other.score && row < other.row); }
    };
    void offer(size_t query, Candidate candidate);

    const ReferencePanels& m_reference;
    const DenseMatrix& m_queries;
    std::vector<int32_t> m_rows;
    std::vector<float> m_centred;
    size_t m_k, m_held;
    bool m_leaveSelfOut;
    std::vector<std::vector<Candidate>> m_best;  ///< ascending
    std::vector<float> m_limits;                 ///< the worst score that still gets in
};

}  // namespace txfm::analysis
