// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/stage_clock.h"

#include "core/base/memory.h"

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
    seconds["total"] = total();
    result["seconds"] = seconds;
    result["peak_rss_mb"] = peakResidentMb();
}

}  // namespace txfm::workflow
