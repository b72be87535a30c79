// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/step_plan.h"

#include <algorithm>

namespace txfm::training {

void StepPlan::replan(int64_t steps) {
    const double passed = totalSteps > 1 ? position / (totalSteps - 1) : 0.0;
    // A run at its last step keeps it; otherwise position/(T' - 1) = passed and T' - position = steps.
    if (remaining <= 1 || passed >= 1) return;
    if (steps <= 1) {  // no room for a curve: its end
        position = totalSteps - 1;
        remaining = 1;
        return;
    }
    totalSteps = (static_cast<double>(steps) - passed) / (1 - passed);
    position = totalSteps - static_cast<double>(steps);
    remaining = steps;
}

nlohmann::json StepPlan::toJson() const {
    return {{"position", position}, {"total_steps", totalSteps}, {"remaining", remaining}};
}

StepPlan StepPlan::fromJson(const nlohmann::json& json) {
    return {json.value("position", 0.0), json.value("total_steps", 1.0), json.value("remaining", int64_t{0})};
}

}  // namespace txfm::training
