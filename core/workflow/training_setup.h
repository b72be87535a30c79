// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/training/trainer.h"
#include "core/workflow/options/training_options.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflow.h"

namespace txfm::workflow {

/// Options of a run after --config and, with --resume, the stored run were merged in.
struct SettledOptions {
    nlohmann::json modelKeys = nlohmann::json::object();  ///< keys of config.json given by --config
    nlohmann::json stored;       ///< run.json of the run to continue, null for a new run
    bool continues = false;      ///< there is a run to continue
    bool alreadyFinished = false;  ///< nothing is left to do; stored["finished"]["result"] is the answer
    uint64_t seed = 0;
};

/// Applies --config to fields that no flag named, then --resume. Usage or BadInput errors name the key;
/// Usage when --out holds an unfinished run and --resume is missing, or an option contradicts the run to continue.
/// `kind`: pretrain | finetune.
Result<SettledOptions> settleOptions(const std::string& kind, const OptionFields& fields, const TrainingOptions& options,
                                     const RunContext& context);

/// Model configuration and vocabulary of the run to continue; BadInput when its files do not belong together.
Result<void> restoreModelShape(training::TrainingRun& run, const nlohmann::json& stored);

/// Model-config values that both commands let flags override.
void overrideModelConfig(io::ModelConfig& config, const TrainingOptions& options, const RunContext& context);
/// Merges keys of --config into a model configuration; Usage or BadInput for unknown keys and nonsense.
Result<io::ModelConfig> mergeModelKeys(const io::ModelConfig& config, const nlohmann::json& keys,
                                       const std::string& where);

/// Optimisation part of the options.
Result<training::TrainingConfig> trainingConfig(const TrainingOptions& options, const io::ModelConfig& model,
                                                uint64_t seed, torch::Device device);

/// Joins the processes of a data-parallel run that the environment describes (torchrun, SLURM) and chooses this
/// process's GPU. Call it after settleOptions(): nobody writes before all have read.
Result<void> joinProcesses(training::TrainingRun& run, const TrainingOptions& options, torch::Device& device);
/// Process 0 alone writes and reports.
bool isMainProcess(const training::TrainingRun& run);

/// Optional work at the end of each epoch (--probe, --pairs).
Result<void> attachEpochProbe(training::TrainingRun& run, const TrainingOptions& options, Progress& progress);

/// Matches the opened data sets to run.vocabulary, splits them and plans the order of the samples.
Result<void> buildCorpus(training::TrainingRun& run, std::vector<Dataset> sets, const TrainingOptions& options,
                         const SettledOptions& settled, Progress& progress);
/// OutOfMemory when weights, gradients and moments of the model cannot fit into the memory that is free; asked before
/// the weights are made.
Result<void> checkModelFits(const io::ModelConfig& model, torch::Device device);
/// Moves the model to its device, notes a new run in out/.work and trains; --forecast only measures (`forecast` of the
/// result, as training::forecastRun() describes it).
Result<nlohmann::json> startTraining(training::TrainingRun& run, const TrainingOptions& options, const OptionFields& fields,
                                     const SettledOptions& settled, torch::Device device, StageClock& clock,
                                     Progress& progress);

/// How the count files are opened.
training::OpenChoices openChoices(const TrainingOptions& options);

/// Name for config.json: the option, else the folder's.
std::string modelName(const TrainingOptions& options);
/// Sentences for people: where the model is, losses, verdict.
std::string describeTraining(const nlohmann::json& result);

}  // namespace txfm::workflow
