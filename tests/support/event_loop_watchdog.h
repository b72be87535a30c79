// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include <QString>
#include <QTimer>

namespace txfm::test {

/// Watches the event loop of the thread it is made on: a timer beats every few milliseconds and notes how late it
/// is. A busy machine must not be mistaken for a stalling program: taken off is the time in which the watched thread was
/// ready but had no processor, and the time in which any process waited for one (the kernel's pressure account), since the
/// thread may wait for the display server or a worker then. Never taken off is processor time that the thread itself used.
class EventLoopWatchdog {
public:
    explicit EventLoopWatchdog(int limitMs);
    ~EventLoopWatchdog();

    struct Stall {
        double ms;       ///< after the deductions
        double wallMs;   ///< by the clock
        double cpuMs;    ///< processor time of the watched thread
        bool drawing;    ///< noteDrawing() was called in it
        QString during;  ///< what setPhase() named last
    };
    void setPhase(const QString& name);
    /// OpenGL draws in this turn of the event loop; a software renderer computes that on the same thread.
    void noteDrawing() { m_drawing = true; }
    /// Stalls above the limit so far.
    std::vector<Stall> stalls() const;
    double longestMs() const { return m_longest.load(); }
    QString report() const;

private:
    void beat();
    struct Account {
        double wall, ran, waited, pressure;  // milliseconds
    };
    Account account() const;
    int m_limit;
    QTimer m_timer;
    long m_thread;
    Account m_last;
    QString m_phase;
    bool m_drawing = false;
    std::vector<Stall> m_stalls;
    std::atomic<double> m_longest{0};
    std::atomic<double> m_beatSeen;
    std::atomic<bool> m_stop{false};
    std::thread m_monitor;
};

}  // namespace txfm::test
