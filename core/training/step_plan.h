// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

namespace txfm::training {

/// Where a run stands on its schedule: how many steps are left and at which position of the one-cycle curve.
/// With a fixed number of steps the position is the step number. With a time budget, T is estimated from the measured
/// time per step and estimated again while the run goes on: the part of the curve that was passed stays passed, the
/// rest is stretched or squeezed over the steps that still fit, so the rate ends at its minimum when the time is over.
struct StepPlan {
    double position = 0;      ///< of the next step, 0 … totalSteps - 1
    double totalSteps = 1;    ///< T
    int64_t remaining = 1;    ///< steps still to take

    static StepPlan fixed(int64_t steps) { return {0, static_cast<double>(steps), steps}; }
    bool finished() const { return remaining <= 0; }
    /// After a step.
    void advance() {
        position += 1;
        remaining -= 1;
    }
    /// Fits the rest of the curve to `steps` more steps. One is always taken, at the end of the curve where it is the only one.
    void replan(int64_t steps);

    nlohmann::json toJson() const;
    static StepPlan fromJson(const nlohmann::json& json);
};

}  // namespace txfm::training
