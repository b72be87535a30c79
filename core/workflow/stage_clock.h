// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace txfm::workflow {

/// Seconds per stage for the "seconds" object of results, and the process's peak memory.
class StageClock {
public:
    /// Ends the running stage and starts another ("" = none).
    void start(const std::string& stage);
    /// {"seconds": {stage: s, ..., "total": s}, "peak_rss_mb": m} merged into `result`.
    void finish(nlohmann::json& result);

    /// Seconds since this clock was made.
    double total() const { return std::chrono::duration<double>(Clock::now() - m_begin).count(); }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point m_begin = Clock::now(), m_stageBegin = m_begin;
    std::string m_stage;
    std::map<std::string, double> m_seconds;
};

}  // namespace txfm::workflow
