// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/run_state.h"

#include <cmath>

namespace txfm::training {

nlohmann::json numberOrNull(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

double numberOf(const nlohmann::json& json, const char* key) {
    return json.contains(key) && json[key].is_number() ? json[key].get<double>() : RunState::kNone;
}

nlohmann::json RunState::historyJson() const {
    auto list = nlohmann::json::array();
    for (const EpochLosses& e : history)
        list.push_back({{"epoch", e.epoch}, {"loss", numberOrNull(e.train)}, {"val_loss", numberOrNull(e.validation)}});
    return list;
}

nlohmann::json RunState::toJson() const {
    return {{"step", step},
            {"samples", samples},
            {"elapsed", elapsed},
            {"plan", plan.toJson()},
            {"guard", guard.toJson()},
            {"history", historyJson()},
            {"last_loss", numberOrNull(lastLoss)},
            {"best_loss", numberOrNull(bestLoss)},
            {"best_step", bestStep},
            {"best_epoch", bestEpoch},
            {"epoch_sum", epochSum},
            {"epoch_weight", epochWeight},
            {"validation_seconds", validationSeconds},
            {"seconds_per_step", secondsPerStep},
            {"pending", pending ? nlohmann::json{{"epoch", pending->epoch}, {"loss", pending->loss},
                                                 {"lr", pending->learningRate}, {"grad_norm", pending->gradNorm}}
                                : nlohmann::json(nullptr)}};
}

RunState RunState::fromJson(const nlohmann::json& json) {
    RunState state;
    state.step = json.value("step", int64_t{0});
    state.samples = json.value("samples", int64_t{0});
    state.elapsed = json.value("elapsed", 0.0);
    state.plan = StepPlan::fromJson(json.value("plan", nlohmann::json::object()));
    state.guard = DivergenceGuard::fromJson(json.value("guard", nlohmann::json::object()));
    for (const auto& e : json.value("history", nlohmann::json::array()))
        state.history.push_back({e.value("epoch", int64_t{0}), numberOf(e, "loss"), numberOf(e, "val_loss")});
    state.lastLoss = numberOf(json, "last_loss");
    state.bestLoss = numberOf(json, "best_loss");
    state.bestStep = json.value("best_step", int64_t{0});
    state.bestEpoch = json.value("best_epoch", int64_t{0});
    state.epochSum = json.value("epoch_sum", 0.0);
    state.epochWeight = json.value("epoch_weight", 0.0);
    state.validationSeconds = json.value("validation_seconds", 0.0);
    state.secondsPerStep = json.value("seconds_per_step", 0.0);
    if (json.contains("pending") && json["pending"].is_object()) {
        StepUpdate update;
        update.step = state.step;
        update.epoch = numberOf(json["pending"], "epoch");
        update.loss = numberOf(json["pending"], "loss");
        update.learningRate = numberOf(json["pending"], "lr");
        update.gradNorm = numberOf(json["pending"], "grad_norm");
        state.pending = update;
    }
    return state;
}

}  // namespace txfm::training
