// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include <QString>
#include <QTimer>

namespace txfm::test {

/// Watches the event loop of the thread it is made on: a timer beats every few milliseconds, another thread notes
/// when a beat is late. Time that the watched thread spent ready to run but without a processor (another process
/// had it) is taken off, so that a busy machine is not mistaken for a stalling program.
class EventLoopWatchdog {
public:
    explicit EventLoopWatchdog(int limitMs);
    ~EventLoopWatchdog();

    struct Stall {
        double ms;       ///< without the time spent waiting for a processor
        double wallMs;
        QString during;  ///< what setPhase() named last
    };
    void setPhase(const QString& name);
    /// Stalls above the limit so far.
    std::vector<Stall> stalls() const;
    double longestMs() const { return m_longest.load(); }
    QString report() const;

private:
    void beat();
    double waitedMs() const;
    int m_limit;
    QTimer m_timer;
    double m_lastBeat, m_lastWaited;
    long m_thread;
    QString m_phase;
    std::vector<Stall> m_stalls;
    std::atomic<double> m_longest{0};
    std::atomic<double> m_beatSeen;
    std::atomic<bool> m_stop{false};
    std::thread m_monitor;
};

}  // namespace txfm::test
