// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/training/run_state.h"
#include "core/training/trainer.h"

namespace txfm::training {

/// What config.json says under "training" and the result repeats: data, steps, losses, history.
nlohmann::json trainingFacts(const TrainingRun& run, const RunState& state, int64_t stepsPerEpoch, bool completed);

/// Writes the model directory of a run: weights, genes, config.json with `facts` under "training", gene frequencies,
/// card and training.jsonl.
Result<void> publishModel(const TrainingRun& run, const nlohmann::json& facts);

/// model_card.md from the facts of a run: data sets, steps, losses, device, limits.
std::string modelCard(const TrainingRun& run, const nlohmann::json& facts);

}  // namespace txfm::training
