// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/share_bar.h"

#include <QHelpEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

ShareBar::ShareBar(QWidget* parent) : QWidget(parent) {
    setFixedHeight(14);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ShareBar::setParts(std::vector<Part> parts) {
    m_parts = std::move(parts);
    update();
}

void ShareBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath frame;
    frame.addRoundedRect(QRectF(rect()), 5, 5);
    painter.setClipPath(frame);
    painter.fillRect(rect(), colours().raised);
    double x = 0;
    for (const Part& part : m_parts) {
        const double width = part.share * this->width();
        painter.fillRect(QRectF(x, 0, width, height()), part.colour);
        x += width;
    }
}

bool ShareBar::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    double x = 0;
    for (const Part& part : m_parts) {
        x += part.share * width();
        if (help->pos().x() > x) continue;
        QToolTip::showText(help->globalPos(), QStringLiteral("%1: %2").arg(part.name, formatShare(part.share)), this);
        return true;
    }
    QToolTip::hideText();
    return true;
}

}  // namespace txfm::ui
