// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/stage_clock.h"

#include <sys/resource.h>

namespace txfm::workflow {

void StageClock::start(const std::string& stage) {
    const auto now = Clock::now();
    if (!m_stage.empty()) m_seconds[m_stage] += std::chrono::duration<double>(now - m_stageBegin).count();
    m_stage = stage;
    m_stageBegin = now;
}

void StageClock::finish(nlohmann::json& result) {
    start("");
    nlohmann::json seconds = m_seconds;
    seconds["total"] = std::chrono::duration<double>(Clock::now() - m_begin).count();
    result["seconds"] = seconds;
    result["peak_rss_mb"] = peakRssMb();
}

double peakRssMb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace txfm::workflow
