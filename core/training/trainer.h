// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/io/model_directory.h"
#include "core/model/txfm_model.h"
#include "core/training/batch_maker.h"
#include "core/training/corpus.h"
#include "core/training/data_parallel.h"
#include "core/training/epoch_sampler.h"
#include "core/training/training_config.h"
#include "core/training/work_folder.h"

namespace txfm::training {

/// Everything a run needs. The model is trained in place.
struct TrainingRun {
    std::filesystem::path out;                 ///< model directory to make; working files go to out/.work
    std::shared_ptr<model::TxfmModel> model;   ///< on its device
    io::ModelConfig modelConfig;               ///< what config.json will say
    io::Vocabulary vocabulary;
    std::shared_ptr<const Corpus> corpus;
    std::shared_ptr<EpochSampler> sampler;
    TrainingConfig config;
    bool resume = false;                       ///< continue from out/.work
    std::string device;                        ///< for the card
    std::string kind = "pretrain";             ///< pretrain | finetune, for the card
    std::string baseModel;                     ///< fine-tuning: name of the model that it started from
    std::shared_ptr<DataParallel> parallel;    ///< null for one process
    /// Called on process 0 with the weights of each finished epoch; the object becomes an event.
    std::function<Result<nlohmann::json>(const model::TxfmModel&, int64_t epoch)> epochProbe;
};

/// Runs the optimisation (spec §4) to its end, to Ctrl-C or to a failure. Returns the numbers for the result:
/// steps, epochs, loss, val_loss, best, verdict, forecast …
/// Files: out/.work/last.safetensors (weights, moments, schedule; every few minutes and every epoch, atomic),
/// out/.work/best.safetensors, out/.work/training.jsonl; at the end the model directory itself.
/// Errors: Cancelled after writing a checkpoint and the model so far; Failed for divergence (the best weights are
/// published), a full disk (the checkpoint before stays) or a lost peer; OutOfMemory when one sample does not fit.
Result<nlohmann::json> train(TrainingRun& run, Progress& progress);

/// What train() would take, from a trial of a few seconds: seconds, seconds_per_step, steps, samples_per_s, memory_mb
/// (main memory at its highest so far, moments included), disk_mb, batch, micro_batch. Nothing is written, and the model
/// stays as it is. The same event as train() sends before its first step.
Result<nlohmann::json> forecastRun(TrainingRun& run, Progress& progress);

}  // namespace txfm::training
