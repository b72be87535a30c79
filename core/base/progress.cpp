// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/progress.h"

#include <chrono>

namespace txfm {
namespace {
constexpr double kSecondsBetweenUpdates = 0.1;

double now() {
    using Clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}
}  // namespace

StageProgress::StageProgress(Progress& sink, std::string stage, double total, std::string unit, double start)
    : m_sink(sink), m_done(start), m_doneBefore(start), m_startTime(now()) {
    m_update.stage = std::move(stage);
    m_update.total = total;
    m_update.unit = std::move(unit);
    emitUpdate();
}

StageProgress::~StageProgress() { emitUpdate(); }

void StageProgress::set(double done) {
    m_done = done;
    if (now() - m_lastEmit >= kSecondsBetweenUpdates) emitUpdate();
}

double StageProgress::seconds() const { return now() - m_startTime; }

void StageProgress::emitUpdate() {
    m_lastEmit = now();
    const double elapsed = m_lastEmit - m_startTime;
    m_update.done = m_done;
    m_update.rate = elapsed > 0 ? (m_done - m_doneBefore) / elapsed : 0;
    m_update.etaSeconds =
        m_update.rate > 0 && m_update.total > 0 ? (m_update.total - m_done) / m_update.rate : -1;
    m_sink.progress(m_update);
}

}  // namespace txfm
