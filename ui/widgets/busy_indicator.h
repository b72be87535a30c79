// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QBasicTimer>
#include <QWidget>

namespace txfm::ui {

/// A small turning arc; shown after a second of waiting so that short work does not flicker.
class BusyIndicator : public QWidget {
    Q_OBJECT
public:
    explicit BusyIndicator(QWidget* parent = nullptr);
    /// `delayMs` until it becomes visible.
    void start(int delayMs = 400);
    void stop();
    QSize sizeHint() const override { return {22, 22}; }

protected:
    void paintEvent(QPaintEvent*) override;
    void timerEvent(QTimerEvent*) override;

private:
    QBasicTimer m_timer;
    int m_angle = 0;
    int m_delay = 0;
    bool m_running = false;
};

}  // namespace txfm::ui
