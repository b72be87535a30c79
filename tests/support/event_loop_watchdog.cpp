// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/event_loop_watchdog.h"

#include <sys/syscall.h>
#include <unistd.h>

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
    m_lastBeat = nowMs();
    m_lastWaited = waitedMs();
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

double EventLoopWatchdog::waitedMs() const {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%ld/schedstat", m_thread);
    double ran = 0, waited = 0;
    if (std::FILE* file = std::fopen(path, "r")) {
        if (std::fscanf(file, "%lf %lf", &ran, &waited) != 2) waited = 0;
        std::fclose(file);
    }
    return waited / 1e6;
}

void EventLoopWatchdog::beat() {
    const double now = nowMs(), waited = waitedMs();
    const double wall = now - m_lastBeat - kBeatMs;
    const double own = wall - (waited - m_lastWaited);
    if (own > m_longest) m_longest = own;
    if (own > m_limit) m_stalls.push_back({own, wall, m_phase});
    m_lastBeat = now;
    m_lastWaited = waited;
    m_beatSeen = now;
}

QString EventLoopWatchdog::report() const {
    QString text = QStringLiteral("longest stall %1 ms").arg(m_longest.load(), 0, 'f', 0);
    for (const Stall& stall : m_stalls)
        text += QStringLiteral("\n  %1 ms (%2 ms by the clock) during: %3").arg(stall.ms, 0, 'f', 0).arg(stall.wallMs, 0, 'f', 0).arg(stall.during);
    return text;
}

}  // namespace txfm::test
