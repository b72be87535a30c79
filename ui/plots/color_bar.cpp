// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/color_bar.h"

#include <QPainter>

#include "ui/plots/color_scale.h"
#include "ui/widgets/format.h"
#include "ui/widgets/nice_ticks.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

void ColorBar::setColors(std::shared_ptr<const PointColors> colors) {
    m_colors = std::move(colors);
    update();
}

void ColorBar::paintEvent(QPaintEvent*) {
    if (!m_colors || m_colors->kind != PointColors::Kind::Continuous) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF bar(6, 4, width() - 12, 14);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, QColor(viridis(i / 16.0)));
    painter.setPen(Qt::NoPen);
    painter.setBrush(gradient);
    painter.drawRoundedRect(bar, 3, 3);
    painter.setPen(colours().muted);
    painter.setFont(Theme::instance().smallFont());
    const QFontMetricsF metrics(painter.font());
    double end = -1;
    for (const double tick : niceTicks(m_colors->low, m_colors->high, 4)) {
        const double share = m_colors->high > m_colors->low ? (tick - m_colors->low) / (m_colors->high - m_colors->low) : 0.5;
        const double x = bar.left() + share * bar.width();
        const QString text = formatNumber(tick);
        const double half = metrics.horizontalAdvance(text) / 2;
        const double left = std::clamp(x - half, 0.0, std::max(0.0, width() - 2 * half));
        if (left <= end + 4) continue;
        painter.drawLine(QPointF(x, bar.bottom() + 1), QPointF(x, bar.bottom() + 4));
        painter.drawText(QPointF(left, bar.bottom() + 6 + metrics.ascent()), text);
        end = left + 2 * half;
    }
}

}  // namespace txfm::ui
