// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/run_clock.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace txfm::training {
namespace {
constexpr double kThroughputWindow = 5;
}

double secondsNow() {
    using Clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

double RateMeter::add(double samples) {
    m_samples += samples;
    const double inWindow = secondsNow() - m_start;
    const double rate = m_samples / std::max(inWindow, 1e-9);
    if (inWindow > kThroughputWindow) {
        m_start += inWindow / 2;
        m_samples /= 2;
    }
    return rate;
}

std::string Forecast::text() const {
    char text[240];
    std::snprintf(text, sizeof text,
                  "Forecast from a trial: %.3g s per step of %lld samples (%.3g samples/s), %lld steps in about %.3g minutes, "
                  "about %.0f MB of memory.",
                  secondsPerStep, static_cast<long long>(batch), samplesPerSecond(),
                  static_cast<long long>(steps), seconds() / 60, memoryMb);
    return text;
}

nlohmann::json Forecast::toJson() const {
    return {{"type", "forecast"}, {"seconds_per_step", secondsPerStep}, {"steps", steps},
            {"samples_per_s", samplesPerSecond()}, {"seconds", seconds()}, {"memory_mb", memoryMb}, {"batch", batch}};
}

}  // namespace txfm::training
