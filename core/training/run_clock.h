// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace txfm::training {

/// Monotonic seconds.
double secondsNow();

/// Samples per second over the last few seconds.
class RateMeter {
public:
    RateMeter() : m_start(secondsNow()) {}
    /// The rate after so many more samples.
    double add(double samples);

private:
    double m_start, m_samples = 0;
};

/// What a trial foretells of a run.
struct Forecast {
    double secondsPerStep = 0, validationSeconds = 0, memoryMb = 0;
    int64_t batch = 1, steps = 0;
    double seconds() const { return secondsPerStep * static_cast<double>(steps) + validationSeconds; }
    double samplesPerSecond() const { return static_cast<double>(batch) / secondsPerStep; }
    std::string text() const;
    /// The event "forecast".
    nlohmann::json toJson() const;
};

}  // namespace txfm::training
