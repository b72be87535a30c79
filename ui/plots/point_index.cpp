// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/point_index.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <QLineF>

namespace txfm::ui {

namespace {

constexpr double kPointsPerCell = 8;
constexpr int kMaxSide = 1024;

int clampedCell(double offset, double width, int side) {
    return static_cast<int>(std::clamp(std::floor(offset / width), 0.0, side - 1.0));
}

/// Ascending. Sorting most of a million indices takes longer than a frame: marking them and walking over the marks does not.
void putInOrder(std::vector<int64_t>& chosen, size_t points) {
    if (chosen.size() < points / 16) {
        std::sort(chosen.begin(), chosen.end());
        return;
    }
    std::vector<uint8_t> marked(points, 0);
    for (const int64_t i : chosen) marked[static_cast<size_t>(i)] = 1;
    size_t count = 0;
    for (size_t i = 0; i < points; ++i)
        if (marked[i]) chosen[count++] = static_cast<int64_t>(i);
}

constexpr double kSlack = 1e-6;  // of a cell, against rounding at its border
constexpr double kFar = std::numeric_limits<double>::max();

/// Edges of the closed outline that reach into [low, high] in y.
std::vector<QLineF> edgesBetween(const QPolygonF& outline, double low, double high) {
    std::vector<QLineF> edges;
    for (qsizetype i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
        const QPointF &p = outline[i], &q = outline[j];
        if (std::max(p.y(), q.y()) >= low && std::min(p.y(), q.y()) <= high) edges.emplace_back(p, q);
    }
    return edges;
}

/// Smallest and largest x of the part of an edge that lies in [low, high].
std::pair<double, double> spanWithin(const QLineF& edge, double low, double high) {
    const auto xAt = [&edge](double y) {
        if (edge.dy() == 0) return edge.x1();
        return edge.x1() + std::clamp((y - edge.y1()) / edge.dy(), 0.0, 1.0) * edge.dx();
    };
    if (edge.dy() == 0) return std::minmax({edge.x1(), edge.x2()});
    return std::minmax({xAt(low), xAt(high)});
}

/// Odd-even rule along the ray to the right of (x, y).
bool crossingsAreOdd(const std::vector<QLineF>& edges, double x, double y) {
    bool odd = false;
    for (const QLineF& e : edges)
        if ((e.y1() > y) != (e.y2() > y) && x < (e.x2() - e.x1()) * (y - e.y1()) / (e.y2() - e.y1()) + e.x1()) odd = !odd;
    return odd;
}

}  // namespace

PointIndex::PointIndex(std::shared_ptr<const PointSet> points) : m_points(std::move(points)) {
    const size_t n = m_points->size();
    const QRectF& bounds = m_points->bounds;
    m_side = std::clamp(static_cast<int>(std::sqrt(static_cast<double>(n) / kPointsPerCell)), 1, kMaxSide);
    m_cellWidth = bounds.width() > 0 ? bounds.width() / m_side : 1;
    m_cellHeight = bounds.height() > 0 ? bounds.height() / m_side : 1;

    std::vector<int32_t> cellOf(n, -1);
    m_start.assign(static_cast<size_t>(m_side) * static_cast<size_t>(m_side) + 1, 0);
    for (size_t i = 0; i < n; ++i) {
        const float x = m_points->x[i], y = m_points->y[i];
        if (!std::isfinite(x) || !std::isfinite(y)) continue;
        const int column = clampedCell(x - bounds.left(), m_cellWidth, m_side);
        const int row = clampedCell(y - bounds.top(), m_cellHeight, m_side);
        cellOf[i] = row * m_side + column;
        ++m_start[static_cast<size_t>(cellOf[i]) + 1];
    }
    for (size_t c = 1; c < m_start.size(); ++c) m_start[c] += m_start[c - 1];
    m_members.resize(static_cast<size_t>(m_start.back()));
    std::vector<int32_t> next(m_start.begin(), m_start.end() - 1);
    for (size_t i = 0; i < n; ++i)
        if (cellOf[i] >= 0) m_members[static_cast<size_t>(next[static_cast<size_t>(cellOf[i])]++)] = static_cast<int32_t>(i);
}

PointIndex::CellRange PointIndex::cellsOf(const QRectF& rectangle) const {
    const QRectF& bounds = m_points->bounds;
    return {clampedCell(rectangle.left() - bounds.left(), m_cellWidth, m_side),
            clampedCell(rectangle.right() - bounds.left(), m_cellWidth, m_side),
            clampedCell(rectangle.top() - bounds.top(), m_cellHeight, m_side),
            clampedCell(rectangle.bottom() - bounds.top(), m_cellHeight, m_side)};
}

template <class Visitor> void PointIndex::visit(const QRectF& rectangle, Visitor&& visitor) const {
    const CellRange range = cellsOf(rectangle);
    for (int row = range.y0; row <= range.y1; ++row) {
        const auto first = static_cast<size_t>(row) * static_cast<size_t>(m_side);
        const auto begin = static_cast<size_t>(m_start[first + static_cast<size_t>(range.x0)]);
        const auto end = static_cast<size_t>(m_start[first + static_cast<size_t>(range.x1) + 1]);
        for (size_t k = begin; k < end; ++k) {
            const auto i = static_cast<size_t>(m_members[k]);
            const double x = m_points->x[i], y = m_points->y[i];
            if (x >= rectangle.left() && x <= rectangle.right() && y >= rectangle.top() && y <= rectangle.bottom())
                visitor(i, x, y);
        }
    }
}

int64_t PointIndex::nearest(QPointF position, double radiusX, double radiusY, const PointMask& shown) const {
    int64_t best = -1;
    double bestDistance = 1;
    const QRectF box(position.x() - radiusX, position.y() - radiusY, 2 * radiusX, 2 * radiusY);
    visit(box, [&](size_t i, double x, double y) {
        if (shown && !(*shown)[i]) return;
        const double dx = (x - position.x()) / radiusX, dy = (y - position.y()) / radiusY;
        const double squared = dx * dx + dy * dy;
        if (squared <= bestDistance) {
            bestDistance = squared;
            best = static_cast<int64_t>(i);
        }
    });
    return best;
}

std::vector<int64_t> PointIndex::inRectangle(const QRectF& rectangle, const PointMask& shown) const {
    std::vector<int64_t> inside;
    visit(rectangle.normalized(), [&](size_t i, double, double) {
        if (!shown || (*shown)[i]) inside.push_back(static_cast<int64_t>(i));
    });
    putInOrder(inside, m_points->size());
    return inside;
}

std::vector<int64_t> PointIndex::inPolygon(const QPolygonF& outline, const PointMask& shown) const {
    std::vector<int64_t> inside;
    if (outline.size() < 3) return inside;
    const QRectF& bounds = m_points->bounds;
    const CellRange range = cellsOf(outline.boundingRect());
    for (int row = range.y0; row <= range.y1; ++row) {
        // Only edges that meet this row of cells matter, and cells that no edge touches are inside or
        // outside as a whole. The first and last row and column also hold what rounding put there.
        const double low = row == 0 ? -kFar : bounds.top() + (row - kSlack) * m_cellHeight;
        const double high = row == m_side - 1 ? kFar : bounds.top() + (row + 1 + kSlack) * m_cellHeight;
        const auto edges = edgesBetween(outline, low, high);
        if (edges.empty()) continue;
        std::vector<uint8_t> touched(static_cast<size_t>(m_side), 0);
        for (const QLineF& edge : edges) {
            const auto [left, right] = spanWithin(edge, low, high);
            const int first = std::max(clampedCell(left - bounds.left(), m_cellWidth, m_side) - 1, 0);
            const int last = std::min(clampedCell(right - bounds.left(), m_cellWidth, m_side) + 1, m_side - 1);
            std::fill(touched.begin() + first, touched.begin() + last + 1, uint8_t{1});
        }
        for (int column = range.x0; column <= range.x1; ++column) {
            const auto cell = static_cast<size_t>(row) * static_cast<size_t>(m_side) + static_cast<size_t>(column);
            const bool mixed = touched[static_cast<size_t>(column)] != 0;
            if (!mixed && !crossingsAreOdd(edges, bounds.left() + (column + 0.5) * m_cellWidth,
                                           bounds.top() + (row + 0.5) * m_cellHeight))
                continue;
            for (int32_t k = m_start[cell]; k < m_start[cell + 1]; ++k) {
                const auto i = static_cast<size_t>(m_members[static_cast<size_t>(k)]);
                if (shown && !(*shown)[i]) continue;
                if (!mixed || crossingsAreOdd(edges, m_points->x[i], m_points->y[i]))
                    inside.push_back(static_cast<int64_t>(i));
            }
        }
    }
    putInOrder(inside, m_points->size());
    return inside;
}

bool polygonContains(const QPolygonF& outline, double x, double y) {
    return crossingsAreOdd(edgesBetween(outline, y, y), x, y);
}

}  // namespace txfm::ui
