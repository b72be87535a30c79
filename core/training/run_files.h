// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>

#include "core/training/adamw.h"
#include "core/training/checkpoint_file.h"
#include "core/training/run_state.h"
#include "core/training/trainer.h"

namespace txfm::training {

/// What a run keeps on disk (interface contract §4 "Training"): out/.work with the last checkpoint, the best weights
/// and the marks of how it ended; the model directory itself. Every file is replaced whole or not at all. Only process
/// 0 of a data-parallel run writes; on the others the writing functions do nothing.
class RunFiles {
public:
    RunFiles(TrainingRun& run, AdamW& optimizer) : m_run(run), m_optimizer(optimizer) {}

    bool writes() const { return !m_run.parallel || m_run.parallel->rank() == 0; }
    Result<void> createFolder() const;
    /// Puts weights and moments back and returns the state of the run to continue; nothing for a new run. A finished
    /// run has no checkpoint any more: it goes on from the model that it made, with fresh moments.
    Result<std::optional<RunState>> restore();
    /// The state alone, without touching weights or files.
    Result<std::optional<RunState>> storedState() const;
    /// Failed when the disk is full; the checkpoint before stays.
    Result<void> saveCheckpoint(const RunState& state) const;
    /// Keeps the (averaged) weights as the best so far.
    Result<void> saveBest(const RunState& state);
    bool hasBest() const;
    /// Writes the model directory from the (averaged) weights, or from the best ones.
    Result<void> publish(const nlohmann::json& facts, bool best);
    /// A diverged run cannot be continued.
    Result<void> markDiverged(int64_t step, const std::string& why) const;
    /// Notes the end and removes checkpoint and moments, which are three times the size of the model.
    Result<void> finish(const RunState& state, const nlohmann::json& result) const;

private:
    NamedTensors weights() const;
    NamedTensors checkpointTensors() const;
    TrainingRun& m_run;
    AdamW& m_optimizer;
};

}  // namespace txfm::training
