// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/event_loop_watchdog.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace txfm::test {
namespace {

constexpr int kBeatMs = 5;
/// A loop that stands still this long is hopeless: the test program ends instead of hanging.
constexpr double kHopelessMs = 120000;

double nowMs() {
    using Clock = std::chrono::steady_clock;
    return std::chrono::duration<double, std::milli>(Clock::now().time_since_epoch()).count();
}

}  // namespace

EventLoopWatchdog::EventLoopWatchdog(int limitMs)
    : m_limit(limitMs), m_thread(::syscall(SYS_gettid)), m_beatSeen(nowMs()) {
    m_last = account();
    m_timer.setTimerType(Qt::PreciseTimer);
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { beat(); });
    m_timer.start(kBeatMs);
    m_monitor = std::thread([this] {
        while (!m_stop) {
            std::this_thread::sleep_for(std::chrono::milliseconds(kBeatMs));
            if (nowMs() - m_beatSeen > kHopelessMs) {
                std::fprintf(stderr, "The event loop has stood still for two minutes.\n");
                std::abort();
            }
        }
    });
}

EventLoopWatchdog::~EventLoopWatchdog() {
    m_stop = true;
    m_monitor.join();
}

void EventLoopWatchdog::setPhase(const QString& name) { m_phase = name; }
std::vector<EventLoopWatchdog::Stall> EventLoopWatchdog::stalls() const { return m_stalls; }

EventLoopWatchdog::Account EventLoopWatchdog::account() const {
    Account now{nowMs(), 0, 0, 0};
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%ld/schedstat", m_thread);
    if (std::FILE* file = std::fopen(path, "r")) {  // nanoseconds on a processor, nanoseconds ready without one
        if (std::fscanf(file, "%lf %lf", &now.ran, &now.waited) != 2) now.ran = now.waited = 0;
        std::fclose(file);
    }
    if (std::FILE* file = std::fopen("/proc/pressure/cpu", "r")) {  // microseconds
        if (std::fscanf(file, "some avg10=%*f avg60=%*f avg300=%*f total=%lf", &now.pressure) != 1) now.pressure = 0;
        std::fclose(file);
    }
    now.ran /= 1e6;
    now.waited /= 1e6;
    now.pressure /= 1e3;
    return now;
}

void EventLoopWatchdog::beat() {
    const Account now = account();
    const double wall = now.wall - m_last.wall - kBeatMs, ran = now.ran - m_last.ran;
    const double excused = std::max(now.waited - m_last.waited, now.pressure - m_last.pressure);
    const double own = std::min(wall, std::max(ran, wall - excused));
    if (own > m_longest) m_longest = own;
    if (own > m_limit || ran > m_limit) m_stalls.push_back({own, wall, ran, m_drawing, m_phase});
    m_drawing = false;
    m_last = now;
    m_beatSeen = now.wall;
}

QString EventLoopWatchdog::report() const {
    QString text = QStringLiteral("longest stall %1 ms").arg(m_longest.load(), 0, 'f', 0);
    for (const Stall& stall : m_stalls)
        text += QStringLiteral("\n  %1 ms (%2 ms by the clock, %3 ms of processor%5) during: %4")
                    .arg(stall.ms, 0, 'f', 0)
                    .arg(stall.wallMs, 0, 'f', 0)
                    .arg(stall.cpuMs, 0, 'f', 0)
                    .arg(stall.during, stall.drawing ? QStringLiteral(", drawing") : QString());
    return text;
}

}  // namespace txfm::test
