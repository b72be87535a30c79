// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/line_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

#include "ui/widgets/format.h"
#include "ui/widgets/nice_ticks.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

/// The highest and lowest point of each pixel column, in order of x.
std::vector<QPointF> thin(const std::vector<QPointF>& points, double width) {
    const auto limit = static_cast<size_t>(std::max(1.0, width) * 2);
    if (points.size() <= 2 * limit) return points;
    std::vector<QPointF> thinned;
    const size_t bucket = (points.size() + limit - 1) / limit;
    for (size_t begin = 0; begin < points.size(); begin += bucket) {
        const auto first = points.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto last = points.begin() + static_cast<std::ptrdiff_t>(std::min(points.size(), begin + bucket));
        const auto [low, high] = std::minmax_element(first, last, [](const QPointF& a, const QPointF& b) { return a.y() < b.y(); });
        thinned.push_back(low < high ? *low : *high);
        if (low != high) thinned.push_back(low < high ? *high : *low);
    }
    return thinned;
}

}  // namespace

LinePlot::LinePlot(QWidget* parent) : QWidget(parent) {
    setMouseTracking(true);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void LinePlot::setTitles(const QString& title, const QString& xTitle) {
    m_title = title;
    m_xTitle = xTitle;
    setAccessibleName(title);
    update();
}

void LinePlot::setEmptyText(const QString& text) {
    m_emptyText = text;
    update();
}

void LinePlot::setSeries(std::vector<Series> series) {
    m_series = std::move(series);
    updateRange();
    update();
}

std::vector<QPointF> LinePlot::smooth(const std::vector<QPointF>& points, double weight) {
    if (weight <= 0) return points;
    std::vector<QPointF> result;
    result.reserve(points.size());
    double average = 0, correction = 1;
    for (const QPointF& point : points) {
        if (!std::isfinite(point.y())) continue;
        average = weight * average + (1 - weight) * point.y();
        correction *= weight;
        result.emplace_back(point.x(), average / (1 - correction));
    }
    return result;
}

void LinePlot::updateRange() {
    double xMin = std::numeric_limits<double>::infinity(), xMax = -xMin, yMin = xMin, yMax = -xMin;
    std::vector<double> heights;
    for (const Series& s : m_series) {
        for (const QPointF& p : s.points) {
            if (!std::isfinite(p.y())) continue;
            xMin = std::min(xMin, p.x());
            xMax = std::max(xMax, p.x());
            yMin = std::min(yMin, p.y());
            yMax = std::max(yMax, p.y());
            if (s.faint) heights.push_back(p.y());
        }
    }
    m_hasPoints = xMin <= xMax;
    if (!m_hasPoints) return;
    // A single spike of the raw values must not flatten the curves.
    if (heights.size() > 50) {
        const auto rank = heights.begin() + static_cast<std::ptrdiff_t>(heights.size() * 98 / 100);
        std::nth_element(heights.begin(), rank, heights.end());
        double others = *rank;
        for (const Series& s : m_series) {
            if (s.faint) continue;
            for (const QPointF& p : s.points) {
                if (std::isfinite(p.y())) others = std::max(others, p.y());
            }
        }
        yMax = std::min(yMax, others);
    }
    if (xMax == xMin) xMax = xMin + 1;
    // A value and its smoothed twin differ by rounding only: that is one value.
    const double size = std::max(std::abs(yMin), std::abs(yMax));
    const double pad = yMax - yMin > 1e-9 * size ? 0.06 * (yMax - yMin) : std::max(1e-9, 0.1 * size);
    m_xMin = xMin;
    m_xMax = xMax;
    m_yMin = yMin >= 0 ? std::max(0.0, yMin - pad) : yMin - pad;
    m_yMax = yMax + pad;
}

QRectF LinePlot::plotArea() const {
    const int line = fontMetrics().height();
    return QRectF(rect()).adjusted(62, line + 12, -14, -(2 * line + 10));
}

QPointF LinePlot::toPixel(const QPointF& p, const QRectF& area) const {
    return {area.left() + (p.x() - m_xMin) / (m_xMax - m_xMin) * area.width(),
            area.bottom() - (p.y() - m_yMin) / (m_yMax - m_yMin) * area.height()};
}

void LinePlot::drawAxes(QPainter& painter, const QRectF& area) const {
    const ThemeColours& c = colours();
    const int line = fontMetrics().height();
    painter.setFont(Theme::instance().smallFont());
    // A low plot may get one round number only; three give a scale, or two where they would crowd.
    constexpr int kMostLevels = 8;
    const size_t enough = area.height() < 80 ? 2 : 3;
    std::vector<double> levels;
    for (int wanted = std::clamp(static_cast<int>(area.height() / 40), 2, kMostLevels); levels.size() < enough && wanted <= kMostLevels; ++wanted)
        levels = niceTicks(m_yMin, m_yMax, wanted);
    const double step = levels.size() > 1 ? levels[1] - levels[0] : 0;
    for (const double tick : levels) {
        const double y = toPixel({m_xMin, tick}, area).y();
        painter.setPen(QPen(c.plotGrid, 1));
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
        painter.setPen(c.muted);
        painter.drawText(QRectF(0, y - line, area.left() - 6, 2 * line), Qt::AlignRight | Qt::AlignVCenter, formatTick(tick, step));
    }
    for (const double tick : niceTicks(m_xMin, m_xMax, std::max(2, static_cast<int>(area.width() / 90)))) {
        if (std::abs(tick - std::round(tick)) > 1e-6) continue;  // steps and components are counted
        const double x = toPixel({tick, m_yMin}, area).x();
        painter.setPen(c.muted);
        painter.drawText(QRectF(x - 45, area.bottom() + 4, 90, line), Qt::AlignCenter, formatNumber(tick, 4));
    }
    painter.setPen(QPen(c.plotAxis, 1));
    painter.drawLine(area.bottomLeft(), area.bottomRight());
    painter.setPen(c.muted);
    painter.drawText(QRectF(area.left(), area.bottom() + line + 5, area.width(), line + 2), Qt::AlignCenter, m_xTitle);
}

void LinePlot::drawSeries(QPainter& painter, const QRectF& area, const Series& series) const {
    QPainterPath path;
    bool pen = false;
    for (const QPointF& point : thin(series.points, area.width())) {
        if (!std::isfinite(point.y())) {
            pen = series.dots && pen;  // sparse measurements are joined over what was not measured
            continue;
        }
        const QPointF pixel = toPixel(point, area);
        pen ? path.lineTo(pixel) : path.moveTo(pixel);
        pen = true;
        if (series.dots) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(series.colour);
            painter.drawEllipse(pixel, 3, 3);
        }
    }
    QColor colour = series.colour;
    if (series.faint) colour.setAlpha(80);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colour, series.faint ? 1 : 2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPath(path);
}

void LinePlot::drawLegend(QPainter& painter, const QRectF& area) const {
    double x = area.right();
    const double y = area.top() - 9;
    painter.setFont(Theme::instance().smallFont());
    for (auto series = m_series.rbegin(); series != m_series.rend(); ++series) {
        if (series->faint || series->points.empty() || m_series.size() < 2) continue;
        x -= painter.fontMetrics().horizontalAdvance(series->name);
        painter.setPen(colours().text);
        painter.drawText(QPointF(x, y), series->name);
        painter.setPen(QPen(series->colour, 3, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(QPointF(x - 22, y - 4), QPointF(x - 7, y - 4));
        x -= 36;
    }
}

void LinePlot::drawHover(QPainter& painter, const QRectF& area) const {
    if (m_hoverX < area.left() || m_hoverX > area.right()) return;
    const double x = m_xMin + (m_hoverX - area.left()) / area.width() * (m_xMax - m_xMin);
    QStringList lines;
    painter.setPen(QPen(colours().plotAxis, 1, Qt::DotLine));
    painter.drawLine(QPointF(m_hoverX, area.top()), QPointF(m_hoverX, area.bottom()));
    for (const Series& s : m_series) {
        if (s.faint || s.points.empty()) continue;
        const QPointF* nearest = nullptr;
        for (auto it = std::ranges::lower_bound(s.points, x, {}, &QPointF::x); it != s.points.end() && !nearest; ++it)
            if (std::isfinite(it->y())) nearest = &*it;
        for (auto it = s.points.rbegin(); !nearest && it != s.points.rend(); ++it)
            if (std::isfinite(it->y())) nearest = &*it;
        if (!nearest) continue;
        if (lines.isEmpty()) lines << QStringLiteral("%1 %2").arg(m_xTitle, formatNumber(std::round(nearest->x()), 6));
        lines << QStringLiteral("%1  %2").arg(s.name, formatNumber(nearest->y(), 4));
        painter.setBrush(s.colour);
        painter.setPen(QPen(colours().plotBackground, 1.5));
        painter.drawEllipse(toPixel(*nearest, area), 4, 4);
    }
    if (lines.isEmpty()) return;
    double width = 0;
    for (const QString& line : lines) width = std::max<double>(width, painter.fontMetrics().horizontalAdvance(line));
    const double height = painter.fontMetrics().height();
    QRectF box(m_hoverX + 10, area.top() + 4, width + 16, static_cast<double>(lines.size()) * height + 10);
    if (box.right() > area.right()) box.moveRight(m_hoverX - 10);
    painter.setPen(QPen(colours().border, 1));
    painter.setBrush(colours().raised);
    painter.drawRoundedRect(box, 5, 5);
    painter.setPen(colours().text);
    painter.drawText(box.adjusted(8, 5, -8, -5), Qt::AlignLeft, lines.join(QLatin1Char('\n')));
}

void LinePlot::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = plotArea();
    painter.setPen(colours().text);
    QFont bold = font();
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.drawText(QPointF(4, fontMetrics().ascent() + 2), m_title);
    if (!m_hasPoints) {
        painter.setFont(font());
        painter.setPen(colours().muted);
        painter.drawText(QRectF(rect()).adjusted(12, 24, -12, -12), Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
        return;
    }
    drawAxes(painter, area);
    painter.save();
    painter.setClipRect(area.adjusted(-4, -4, 4, 4));
    for (const Series& s : m_series) drawSeries(painter, area, s);
    painter.restore();
    drawLegend(painter, area);
    drawHover(painter, area);
}

void LinePlot::mouseMoveEvent(QMouseEvent* event) {
    m_hoverX = event->position().x();
    update();
}

void LinePlot::leaveEvent(QEvent*) {
    m_hoverX = -1;
    update();
}

}  // namespace txfm::ui
