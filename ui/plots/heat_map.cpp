// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/heat_map.h"

#include <algorithm>
#include <cmath>

#include <QImage>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include "ui/plots/color_scale.h"
#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

constexpr double kBarHeight = 10, kBarArea = 34, kMaxLabel = 110, kMinLabelPitch = 9, kGap = 4;

QImage toImage(const HeatMapData& data) {
    const auto n = static_cast<int>(data.size());
    QImage image(n, n, QImage::Format_RGB32);
    const double limit = data.limit > 0 ? data.limit : 1;
    for (int row = 0; row < n; ++row) {
        auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
        for (int column = 0; column < n; ++column) {
            const float value = data.values[static_cast<size_t>(row) * data.size() + static_cast<size_t>(column)];
            line[column] = std::isnan(value) ? missingColor(false) : diverging(value / limit);
        }
    }
    return image;
}

QFont labelFont(const QFont& base, double pitch) {
    QFont font = base;
    font.setPixelSize(std::clamp(static_cast<int>(pitch * 0.8), 7, 12));
    return font;
}

/// Space for the labels: rows left, columns on top; none when they would be unreadable.
double labelSpace(const HeatMapData& data, const QFont& base, const QRectF& area) {
    const double n = static_cast<double>(data.size());
    const double pitch = (std::min(area.width(), area.height() - kBarArea) - kMaxLabel / 2) / std::max(1.0, n);
    if (pitch < kMinLabelPitch) return 0;
    const QFontMetricsF metrics(labelFont(base, pitch));
    double widest = 0;
    for (const QString& label : data.labels) widest = std::max(widest, metrics.horizontalAdvance(label));
    return std::min(widest + kGap, kMaxLabel);
}

/// The square that holds the values.
QRectF mapArea(const HeatMapData& data, const QFont& base, const QRectF& area) {
    const double space = labelSpace(data, base, area);
    const double side = std::max(1.0, std::min(area.width() - space, area.height() - kBarArea - space));
    return {area.left() + space + (area.width() - space - side) / 2, area.top() + space, side, side};
}

void paintBar(QPainter& painter, const HeatMapData& data, const QRectF& map, const QColor& ink) {
    const double width = std::min(160.0, map.width());
    const QRectF bar(map.right() - width, map.bottom() + 6, width, kBarHeight);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, QColor(diverging(i / 8.0 - 1)));
    painter.setPen(Qt::NoPen);
    painter.setBrush(gradient);
    painter.drawRect(bar);
    painter.setPen(ink);
    QFont font = painter.font();
    font.setPixelSize(11);
    painter.setFont(font);
    const QFontMetricsF metrics(font);
    const double baseline = bar.bottom() + metrics.ascent() + 2;
    const QString high = formatNumber(data.limit, 2);
    painter.drawText(QPointF(bar.left(), baseline), QStringLiteral("−") + high);
    painter.drawText(QPointF(bar.center().x() - metrics.horizontalAdvance(QLatin1Char('0')) / 2, baseline), QStringLiteral("0"));
    painter.drawText(QPointF(bar.right() - metrics.horizontalAdvance(high), baseline), high);
    painter.drawText(QPointF(bar.left() - metrics.horizontalAdvance(data.quantity) - 8, bar.bottom()), data.quantity);
}

void paintLabels(QPainter& painter, const HeatMapData& data, const QRectF& map, double space, const QColor& ink) {
    const double pitch = map.width() / static_cast<double>(data.size());
    if (space <= 0 || pitch < kMinLabelPitch * 0.7) return;
    const QFont font = labelFont(painter.font(), pitch);
    const QFontMetricsF metrics(font);
    painter.setFont(font);
    painter.setPen(ink);
    const double drop = (metrics.ascent() - metrics.descent()) / 2;
    for (size_t i = 0; i < data.size(); ++i) {
        const QString text = metrics.elidedText(data.labels[i], Qt::ElideRight, space - kGap);
        const double middle = (static_cast<double>(i) + 0.5) * pitch;
        painter.drawText(QPointF(map.left() - kGap - metrics.horizontalAdvance(text), map.top() + middle + drop), text);
        painter.save();
        painter.translate(map.left() + middle + drop, map.top() - kGap);
        painter.rotate(-90);
        painter.drawText(QPointF(0, 0), text);
        painter.restore();
    }
}

}  // namespace

std::string heatMapCsv(const HeatMapData& data) {
    std::string text = "gene";
    for (const QString& label : data.labels) text += ',' + label.toStdString();
    for (size_t row = 0; row < data.size(); ++row) {
        text += '\n' + data.labels[row].toStdString();
        for (size_t column = 0; column < data.size(); ++column) {
            const float value = data.values[row * data.size() + column];
            text += ',';
            if (!std::isnan(value)) text += QByteArray::number(static_cast<double>(value), 'g', 7).toStdString();
        }
    }
    return text + '\n';
}

HeatMap::HeatMap(QWidget* parent) : QWidget(parent) {
    setMouseTracking(true);
    setAccessibleName(tr("Heat map"));
}

void HeatMap::setData(std::shared_ptr<const HeatMapData> data) {
    m_data = std::move(data);
    m_hovered = {-1, -1};
    update();
}

void HeatMap::setEmptyText(const QString& text) {
    m_emptyText = text;
    update();
}

void HeatMap::paint(QPainter& painter, const HeatMapData& data, const QRectF& area, const QColor& ink) {
    if (data.size() == 0) return;
    painter.save();
    const QRectF map = mapArea(data, painter.font(), area);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.drawImage(map, toImage(data));
    painter.setRenderHint(QPainter::Antialiasing);
    paintLabels(painter, data, map, labelSpace(data, painter.font(), area), ink);
    paintBar(painter, data, map, ink);
    painter.restore();
}

void HeatMap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    if (!m_data || m_data->size() == 0) {
        painter.setPen(colours().muted);
        painter.drawText(rect().adjusted(20, 20, -20, -20), Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
        return;
    }
    paint(painter, *m_data, rect(), colours().text);
    if (m_hovered.x() < 0) return;
    const QRectF map = mapArea(*m_data, font(), rect());
    const double pitch = map.width() / static_cast<double>(m_data->size());
    painter.setPen(QPen(colours().text, 1.5));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRectF(map.left() + m_hovered.x() * pitch, map.top() + m_hovered.y() * pitch, pitch, pitch));
}

QPoint HeatMap::squareAt(QPointF position) const {
    if (!m_data || m_data->size() == 0) return {-1, -1};
    const QRectF map = mapArea(*m_data, font(), rect());
    if (!map.contains(position)) return {-1, -1};
    const double pitch = map.width() / static_cast<double>(m_data->size());
    const int last = static_cast<int>(m_data->size()) - 1;
    return {std::min(static_cast<int>((position.x() - map.left()) / pitch), last),
            std::min(static_cast<int>((position.y() - map.top()) / pitch), last)};
}

void HeatMap::mouseMoveEvent(QMouseEvent* event) {
    const QPoint square = squareAt(event->position());
    if (square != m_hovered) {
        m_hovered = square;
        update();
    }
    if (square.x() < 0) {
        QToolTip::hideText();
        return;
    }
    const auto row = static_cast<size_t>(square.y()), column = static_cast<size_t>(square.x());
    const float value = m_data->values[row * m_data->size() + column];
    QToolTip::showText(event->globalPosition().toPoint(),
                       QStringLiteral("%1 – %2\n%3: %4").arg(m_data->labels[row], m_data->labels[column], m_data->quantity,
                                                            std::isnan(value) ? tr("not known") : formatNumber(value, 3)),
                       this);
}

void HeatMap::mouseReleaseEvent(QMouseEvent* event) {
    const QPoint square = squareAt(event->position());
    if (event->button() == Qt::LeftButton && square.x() >= 0) Q_EMIT pairClicked(square.y(), square.x());
}

void HeatMap::leaveEvent(QEvent*) {
    m_hovered = {-1, -1};
    update();
}

}  // namespace txfm::ui
