// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/histogram_view.h"

#include <algorithm>
#include <cmath>

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include "ui/widgets/format.h"
#include "ui/widgets/nice_ticks.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

constexpr double kGrab = 7;  // pixels around a handle that still take it
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Whole numbers stay whole when dragged; percentages get one decimal.
double rounded(double value, double span) {
    const double step = span > 50 ? 1 : std::pow(10, std::floor(std::log10(std::max(span, 1e-9)) - 2));
    return std::round(value / step) * step;
}

}  // namespace

HistogramView::HistogramView(QWidget* parent) : QWidget(parent) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void HistogramView::setHistogram(const Histogram& histogram, const QString& axisTitle) {
    m_histogram = histogram;
    m_axisTitle = axisTitle;
    setAccessibleName(axisTitle);
    update();
}

void HistogramView::setThresholds(double lower, double upper) {
    if (lower == m_lower && upper == m_upper) return;
    m_lower = lower;
    m_upper = upper;
    update();
    Q_EMIT thresholdsChanged(m_lower, m_upper);
}

void HistogramView::setMovable(bool lower, bool upper) {
    m_lowerMovable = lower;
    m_upperMovable = upper;
    m_active = lower ? Handle::Lower : Handle::Upper;
    update();
}

QRectF HistogramView::plotArea() const {
    const int text = fontMetrics().height();
    return QRectF(rect()).adjusted(8, text + 4, -8, -(2 * text + 8));
}

double HistogramView::toX(double value) const {
    const QRectF area = plotArea();
    const double position = value == kInfinity ? 1 : value == -kInfinity ? 0 : std::clamp(m_histogram.toPosition(value), 0.0, 1.0);
    return area.left() + position * area.width();
}

HistogramView::Handle HistogramView::handleAt(double x) const {
    const double toLower = m_lowerMovable ? std::abs(x - toX(m_lower)) : kInfinity;
    const double toUpper = m_upperMovable ? std::abs(x - toX(m_upper)) : kInfinity;
    if (std::min(toLower, toUpper) > kGrab) return Handle::None;
    return toLower < toUpper ? Handle::Lower : Handle::Upper;
}

void HistogramView::moveHandle(Handle handle, double value) {
    value = rounded(value, m_histogram.max - m_histogram.min);
    const bool off = handle == Handle::Lower ? m_histogram.toPosition(value) <= 0.004 : m_histogram.toPosition(value) >= 0.996;
    if (handle == Handle::Lower) {
        setThresholds(off ? -kInfinity : std::min(value, m_upper), m_upper);
    } else {
        setThresholds(m_lower, off ? kInfinity : std::max(value, m_lower));
    }
}

void HistogramView::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || m_histogram.bins.empty()) return;
    m_dragged = handleAt(event->position().x());
    if (m_dragged == Handle::None) return;
    m_active = m_dragged;
    update();
}

void HistogramView::mouseMoveEvent(QMouseEvent* event) {
    if (m_dragged != Handle::None) {
        const QRectF area = plotArea();
        moveHandle(m_dragged, m_histogram.toValue(std::clamp((event->position().x() - area.left()) / area.width(), 0.0, 1.0)));
        return;
    }
    const Handle hovered = m_histogram.bins.empty() ? Handle::None : handleAt(event->position().x());
    if (hovered == m_hovered) return;
    m_hovered = hovered;
    setCursor(hovered == Handle::None ? Qt::ArrowCursor : Qt::SplitHCursor);
    update();
}

void HistogramView::mouseReleaseEvent(QMouseEvent*) { m_dragged = Handle::None; }

void HistogramView::mouseDoubleClickEvent(QMouseEvent* event) {
    const Handle handle = handleAt(event->position().x());
    if (handle == Handle::Lower) setThresholds(-kInfinity, m_upper);
    if (handle == Handle::Upper) setThresholds(m_lower, kInfinity);
}

void HistogramView::leaveEvent(QEvent*) {
    m_hovered = Handle::None;
    update();
}

void HistogramView::keyPressEvent(QKeyEvent* event) {
    const int direction = event->key() == Qt::Key_Left ? -1 : event->key() == Qt::Key_Right ? 1 : 0;
    if (event->key() == Qt::Key_Up || event->key() == Qt::Key_Down) {
        if (m_lowerMovable && m_upperMovable) m_active = m_active == Handle::Lower ? Handle::Upper : Handle::Lower;
        update();
    } else if (event->key() == Qt::Key_Delete || event->key() == Qt::Key_Backspace) {
        m_active == Handle::Lower ? setThresholds(-kInfinity, m_upper) : setThresholds(m_lower, kInfinity);
    } else if (direction != 0 && !m_histogram.bins.empty()) {
        const double current = m_active == Handle::Lower ? (m_lower == -kInfinity ? m_histogram.min : m_lower)
                                                         : (m_upper == kInfinity ? m_histogram.max : m_upper);
        const double step = event->modifiers() & Qt::ShiftModifier ? 0.05 : 0.01;
        double moved = m_histogram.toValue(std::clamp(m_histogram.toPosition(current) + direction * step, 0.0, 1.0));
        if (rounded(moved, m_histogram.max - m_histogram.min) == current) moved = current + direction;
        moveHandle(m_active, moved);
    } else {
        QWidget::keyPressEvent(event);
    }
}

void HistogramView::drawHandle(QPainter& painter, Handle handle, const QRectF& area) const {
    const double value = handle == Handle::Lower ? m_lower : m_upper;
    const bool off = std::isinf(value);
    const double x = toX(value);
    const bool strong = handle == m_dragged || handle == m_hovered || (hasFocus() && handle == m_active);
    QColor colour = off ? colours().muted : colours().accent;
    painter.setPen(QPen(colour, strong ? 2.5 : 1.5, off ? Qt::DotLine : Qt::SolidLine));
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    const double radius = strong ? 6 : 4.5;
    painter.drawRoundedRect(QRectF(x - radius, area.center().y() - 2 * radius, 2 * radius, 4 * radius), radius, radius);
    if (off) return;
    const QString text = formatNumber(value, 3);
    const double width = painter.fontMetrics().horizontalAdvance(text);
    const double left = std::clamp(x - width / 2, 0.0, static_cast<double>(this->width()) - width);
    painter.setPen(colours().text);
    painter.drawText(QPointF(left, area.top() - 5), text);
}

void HistogramView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = plotArea();
    const ThemeColours& c = colours();
    if (!m_histogram.bins.empty() && m_histogram.highest > 0) {
        const double width = area.width() / Histogram::kBins;
        for (int i = 0; i < Histogram::kBins; ++i) {
            const auto count = m_histogram.bins[static_cast<size_t>(i)];
            if (count == 0) continue;
            // Square root: the small groups, which thresholds are about, stay visible beside the bulk.
            const double height = std::max(1.5, area.height() * std::sqrt(static_cast<double>(count) / static_cast<double>(m_histogram.highest)));
            const double middle = m_histogram.toValue((i + 0.5) / Histogram::kBins);
            const bool kept = middle >= m_lower && middle <= m_upper;
            QColor fill = kept ? c.accent : c.bad;
            fill.setAlpha(kept ? 170 : 90);
            painter.fillRect(QRectF(area.left() + i * width + 0.5, area.bottom() - height, width - 1, height), fill);
        }
    }
    painter.setPen(QPen(c.plotAxis, 1));
    painter.drawLine(area.bottomLeft(), area.bottomRight());
    const int line = fontMetrics().height();
    const auto ticks = m_histogram.scale == Histogram::Scale::Linear ? niceTicks(m_histogram.min, m_histogram.max, 5) : niceLogTicks(m_histogram.min, m_histogram.max);
    double lastRight = -kInfinity;
    painter.setFont(Theme::instance().smallFont());
    for (const double tick : ticks) {
        const double x = toX(tick);
        painter.setPen(QPen(c.plotAxis, 1));
        painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3));
        const QString text = formatNumber(tick, 3);
        const double width = painter.fontMetrics().horizontalAdvance(text);
        const double left = std::clamp(x - width / 2, 0.0, this->width() - width);
        if (left < lastRight + 6) continue;
        painter.setPen(c.muted);
        painter.drawText(QPointF(left, area.bottom() + line), text);
        lastRight = left + width;
    }
    painter.setPen(c.muted);
    painter.drawText(QRectF(area.left(), area.bottom() + line + 3, area.width(), line + 2), Qt::AlignCenter, m_axisTitle);
    if (m_histogram.bins.empty()) return;
    if (m_lowerMovable) drawHandle(painter, Handle::Lower, area);
    if (m_upperMovable) drawHandle(painter, Handle::Upper, area);
}

}  // namespace txfm::ui
