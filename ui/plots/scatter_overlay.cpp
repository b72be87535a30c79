// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/scatter_overlay.h"

#include <QPainter>
#include <QPainterPath>

#include "ui/plots/scatter_view.h"
#include "ui/widgets/nice_ticks.h"

namespace txfm::ui {

namespace {

constexpr double kArrow = 46;  // length of the axis stubs of maps without units

void drawText(QPainter& painter, QPointF at, const QString& text) {
    // Text, not a path: an exported SVG keeps it editable.
    painter.drawText(at, text);
}

void paintTicks(QPainter& painter, const ScatterScene& scene, const QRectF& frame,
                const std::function<QPointF(QPointF)>& toFrame, QColor ink) {
    const QFontMetricsF metrics(painter.font());
    QColor grid = ink;
    grid.setAlpha(50);
    for (const double x : niceTicks(scene.window.left(), scene.window.right(), static_cast<int>(frame.width() / 80))) {
        const double at = toFrame({x, 0}).x();
        painter.setPen(QPen(grid, x == 0 ? 1.2 : 0.6));
        painter.drawLine(QPointF(at, frame.top()), QPointF(at, frame.bottom()));
        painter.setPen(ink);
        const QString text = QString::number(x, 'g', 4);
        const double left = at - metrics.horizontalAdvance(text) / 2;
        if (left > frame.left() + 2 && left + metrics.horizontalAdvance(text) < frame.right() - 2) drawText(painter, {left, frame.bottom() - 4}, text);
    }
    for (const double y : niceTicks(scene.window.top(), scene.window.bottom(), static_cast<int>(frame.height() / 60))) {
        const double at = toFrame({0, y}).y();
        painter.setPen(QPen(grid, y == 0 ? 1.2 : 0.6));
        painter.drawLine(QPointF(frame.left(), at), QPointF(frame.right(), at));
        painter.setPen(ink);
        if (at < frame.bottom() - 2 * metrics.height() && at > frame.top() + 2.5 * metrics.height())
            drawText(painter, {frame.left() + 4, at - 3}, QString::number(y, 'g', 4));
    }
}

void paintAxisNames(QPainter& painter, const ScatterScene& scene, const QRectF& frame, QColor ink) {
    const QFontMetricsF metrics(painter.font());
    painter.setPen(QPen(ink, 1));
    const double text = metrics.height();
    if (scene.ticks) {
        drawText(painter, {frame.right() - metrics.horizontalAdvance(scene.xLabel) - 8, frame.bottom() - text - 6}, scene.xLabel);
        drawText(painter, {frame.left() + 8, frame.top() + text}, scene.yLabel);
        return;
    }
    const QPointF origin(frame.left() + text + 8, frame.bottom() - text - 8);
    painter.drawLine(origin, origin + QPointF(kArrow, 0));
    painter.drawLine(origin, origin - QPointF(0, kArrow));
    drawText(painter, {origin.x(), origin.y() + metrics.ascent() + 3}, scene.xLabel);
    painter.save();
    painter.translate(origin.x() - 5, origin.y());
    painter.rotate(-90);
    drawText(painter, {0, 0}, scene.yLabel);
    painter.restore();
}

void paintLabels(QPainter& painter, const ScatterScene& scene, const QRectF& frame,
                 const std::function<QPointF(QPointF)>& toFrame) {
    QFont font = painter.font();
    font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    const QFontMetricsF metrics(font);
    QColor plate(sceneBackground(scene.dark));
    plate.setAlpha(190);
    std::vector<QRectF> taken;
    for (const PlotLabel& label : scene.labels) {
        const QPointF at = toFrame(label.position);
        QRectF box(0, 0, metrics.horizontalAdvance(label.text) + 8, metrics.height() + 2);
        box.moveCenter(at);
        if (!frame.contains(at)) continue;
        box.moveLeft(std::clamp(box.left(), frame.left() + 2, std::max(frame.left() + 2, frame.right() - box.width() - 2)));
        // A label that would cover another moves up or down a little, or stays out.
        bool free = false;
        for (const double shift : {0.0, -1.0, 1.0, -2.0, 2.0}) {
            QRectF moved = box.translated(0, shift * box.height());
            free = frame.contains(moved) && std::none_of(taken.begin(), taken.end(),
                                                         [&](const QRectF& other) { return other.intersects(moved); });
            if (free) {
                box = moved;
                break;
            }
        }
        if (!free) continue;
        taken.push_back(box);
        painter.setPen(Qt::NoPen);
        painter.setBrush(plate);
        painter.drawRoundedRect(box, 3, 3);
        painter.setPen(scene.dark ? QColor(240, 240, 240) : QColor(20, 20, 20));
        drawText(painter, {box.left() + 4, box.top() + 1 + metrics.ascent()}, label.text);
    }
}

}  // namespace

void paintScatterAnnotations(QPainter& painter, const ScatterScene& scene, const QRectF& frame,
                             const std::function<QPointF(QPointF)>& toFrame) {
    painter.save();
    const QColor ink = scene.dark ? QColor(175, 178, 185) : QColor(90, 94, 102);
    if (scene.ticks) paintTicks(painter, scene, frame, toFrame, ink);
    paintAxisNames(painter, scene, frame, ink);
    paintLabels(painter, scene, frame, toFrame);
    painter.restore();
}

ScatterOverlay::ScatterOverlay(ScatterView* view) : QWidget(view), m_view(view) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setAttribute(Qt::WA_NoSystemBackground);
}

void ScatterOverlay::paintEvent(QPaintEvent*) {
    const ScatterScene scene = m_view->scene();
    if (!scene.points || scene.points->size() == 0) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QFont font = painter.font();
    font.setPointSizeF(std::max(7.5, font.pointSizeF() * 0.9));
    painter.setFont(font);
    paintScatterAnnotations(painter, scene, rect(), [this](QPointF p) { return m_view->toWidget(p); });

    for (const int64_t point : {m_view->m_highlight, m_view->m_hovered}) {
        if (point < 0 || static_cast<size_t>(point) >= scene.points->size()) continue;
        const auto i = static_cast<size_t>(point);
        const double radius = m_view->pointDiameter() / 2 + 2.5;
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(scene.dark ? Qt::white : Qt::black, 1.6));
        painter.drawEllipse(m_view->toWidget({scene.points->x[i], scene.points->y[i]}), radius, radius);
    }
    if (m_view->m_outline.size() > 1) {
        const QColor accent = palette().color(QPalette::Highlight);
        QColor fill = accent;
        fill.setAlpha(40);
        painter.setPen(QPen(accent, 1.5, Qt::DashLine));
        painter.setBrush(fill);
        painter.drawPolygon(m_view->m_outline);
    }
}

}  // namespace txfm::ui
