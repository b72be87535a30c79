// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/busy_indicator.h"

#include <QPainter>
#include <QTimerEvent>

#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {
constexpr int kFrameMs = 40;
}

BusyIndicator::BusyIndicator(QWidget* parent) : QWidget(parent) {
    setFixedSize(22, 22);
    setAccessibleName(tr("Working"));
}

void BusyIndicator::start(int delayMs) {
    m_running = true;
    m_delay = delayMs;
    m_timer.start(kFrameMs, this);
}

void BusyIndicator::stop() {
    m_running = false;
    m_timer.stop();
    update();
}

void BusyIndicator::timerEvent(QTimerEvent*) {
    m_delay -= kFrameMs;
    m_angle = (m_angle + 12) % 360;
    if (m_delay <= 0) update();
}

void BusyIndicator::paintEvent(QPaintEvent*) {
    if (!m_running || m_delay > 0) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF circle = QRectF(rect()).adjusted(3, 3, -3, -3);
    painter.setPen(QPen(colours().border, 2.5));
    painter.drawEllipse(circle);
    painter.setPen(QPen(colours().accent, 2.5, Qt::SolidLine, Qt::RoundCap));
    painter.drawArc(circle, -m_angle * 16, 100 * 16);
}

}  // namespace txfm::ui
