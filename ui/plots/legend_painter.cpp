// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/legend_painter.h"

#include <algorithm>
#include <cmath>

#include <QFontMetricsF>
#include <QPainter>

#include "ui/plots/color_scale.h"
#include "ui/plots/scatter_scene.h"
#include "ui/widgets/nice_ticks.h"

namespace txfm::ui {

namespace {

constexpr double kRow = 18, kSwatch = 10, kTitle = 24, kColumnGap = 18, kBarWidth = 16, kBarHeight = 160;

struct Line {
    QString text;
    QRgb color;
};

std::vector<Line> legendLines(const PointColors& colors) {
    std::vector<Line> lines;
    for (const LegendEntry& entry : colors.entries) lines.push_back({entry.label, entry.color});
    if (colors.missing > 0) lines.push_back({QStringLiteral("no value"), missingColor(false)});
    return lines;
}

size_t rowsPerColumn(double height) { return static_cast<size_t>(std::max(1.0, std::floor((height - kTitle) / kRow))); }

/// Left edge of every column, and the end of the last.
std::vector<double> columnEdges(const std::vector<Line>& lines, const QFont& font, double height) {
    const QFontMetricsF metrics(font);
    std::vector<double> edges{0};
    const size_t rows = rowsPerColumn(height);
    for (size_t begin = 0; begin < lines.size(); begin += rows) {
        double widest = 0;
        for (size_t i = begin; i < std::min(lines.size(), begin + rows); ++i)
            widest = std::max(widest, metrics.horizontalAdvance(lines[i].text));
        edges.push_back(edges.back() + kSwatch + 8 + widest + kColumnGap);
    }
    return edges;
}

QString barTitle(const PointColors& colors) {
    return colors.unit.isEmpty() ? colors.title : colors.title + QStringLiteral(" (") + colors.unit + QLatin1Char(')');
}

void paintBar(QPainter& painter, const PointColors& colors, const QRectF& area) {
    const double top = area.top() + kTitle, height = std::min(kBarHeight, area.height() - kTitle);
    QLinearGradient gradient(0, top + height, 0, top);
    for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, QColor(viridis(i / 16.0)));
    painter.setPen(Qt::NoPen);
    painter.setBrush(gradient);
    painter.drawRect(QRectF(area.left(), top, kBarWidth, height));
    painter.setPen(Qt::black);
    const double ascent = QFontMetricsF(painter.font()).ascent();
    for (const double tick : niceTicks(colors.low, colors.high, 5)) {
        const double share = colors.high > colors.low ? (tick - colors.low) / (colors.high - colors.low) : 0.5;
        const double y = top + height * (1 - share);
        painter.drawLine(QPointF(area.left() + kBarWidth, y), QPointF(area.left() + kBarWidth + 4, y));
        painter.drawText(QPointF(area.left() + kBarWidth + 8, y + ascent * 0.4), QString::number(tick, 'g', 4));
    }
}

}  // namespace

double legendWidth(const PointColors& colors, const QFont& font, double height) {
    QFont bold = font;
    bold.setWeight(QFont::DemiBold);
    if (colors.kind == PointColors::Kind::Categorical)
        return std::max(columnEdges(legendLines(colors), font, height).back(),
                        QFontMetricsF(bold).horizontalAdvance(colors.title));
    if (colors.kind == PointColors::Kind::Continuous)
        return std::max(90.0, QFontMetricsF(bold).horizontalAdvance(barTitle(colors)));
    return 0;
}

void paintLegend(QPainter& painter, const PointColors& colors, const QRectF& area) {
    if (colors.kind == PointColors::Kind::Plain) return;
    painter.save();
    const QFont font = painter.font();
    QFont bold = font;
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(Qt::black);
    const bool bar = colors.kind == PointColors::Kind::Continuous;
    painter.drawText(QPointF(area.left(), area.top() + kTitle * 0.65), bar ? barTitle(colors) : colors.title);
    painter.setFont(font);
    if (bar) {
        paintBar(painter, colors, area);
        painter.restore();
        return;
    }
    const auto lines = legendLines(colors);
    const auto edges = columnEdges(lines, font, area.height());
    const size_t rows = rowsPerColumn(area.height());
    const double ascent = QFontMetricsF(font).ascent();
    for (size_t i = 0; i < lines.size(); ++i) {
        const double left = area.left() + edges[i / rows];
        const double middle = area.top() + kTitle + kRow * (static_cast<double>(i % rows) + 0.5);
        painter.setPen(Qt::NoPen);
        painter.setBrush(QColor(lines[i].color));
        painter.drawEllipse(QPointF(left + kSwatch / 2, middle), kSwatch / 2, kSwatch / 2);
        painter.setPen(Qt::black);
        painter.drawText(QPointF(left + kSwatch + 8, middle + ascent * 0.4), lines[i].text);
    }
    painter.restore();
}

}  // namespace txfm::ui
