// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/training/divergence_guard.h"
#include "core/training/step_plan.h"
#include "core/training/verdict.h"

namespace txfm::training {

/// What a checkpoint holds besides tensors.
struct RunState {
    static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

    int64_t step = 0;        ///< steps done
    int64_t samples = 0;     ///< samples shown
    double elapsed = 0;      ///< seconds of training
    StepPlan plan;
    DivergenceGuard guard;
    std::vector<EpochLosses> history;
    double lastLoss = kNone, bestLoss = kNone;
    int64_t bestStep = 0, bestEpoch = 0;
    double epochSum = 0, epochWeight = 0;  ///< training loss of the epoch under way
    double validationSeconds = 0, secondsPerStep = 0;
    /// A step whose epoch ended but whose validation was interrupted; the continued run makes up for it.
    std::optional<StepUpdate> pending;

    nlohmann::json toJson() const;
    static RunState fromJson(const nlohmann::json& json);
    /// [{"epoch", "loss", "val_loss"}, ...], null where not measured.
    nlohmann::json historyJson() const;
};

/// NaN and infinities as null, as the interface contract prints them; and back.
nlohmann::json numberOrNull(double value);
double numberOf(const nlohmann::json& json, const char* key);

}  // namespace txfm::training
