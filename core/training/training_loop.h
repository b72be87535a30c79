// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/training/adamw.h"
#include "core/training/batch_maker.h"
#include "core/training/prefetcher.h"
#include "core/training/run_clock.h"
#include "core/training/run_files.h"
#include "core/training/run_state.h"
#include "core/training/step_runner.h"
#include "core/training/trainer.h"
#include "core/training/training_log.h"

namespace txfm::training {

/// A run under way: what train() and forecastRun() do, step by step. How it begins and ends is in trainer.cpp, the steps
/// themselves are in training_loop.cpp.
class TrainingLoop {
public:
    TrainingLoop(TrainingRun& run, Progress& progress)
        : m_run(run), m_config(run.config), m_progress(progress),
          m_maker(run.corpus, *run.sampler, run.modelConfig,
                  {run.config.seed, run.config.batch, run.parallel ? run.parallel->rank() : 0,
                   run.parallel ? run.parallel->world() : 1, run.config.maskPool}),
          m_runner(run.model, run.config, run.parallel),
          m_optimizer(selectParameters(run.model->parameters(), run.config, run.modelConfig.nBlocks), run.config.beta2,
                      run.config.epsilon, run.config.ema),
          m_files(run, m_optimizer) {}

    /// Trains to the end, to a stop or to a failure, with everything that train() promises.
    Result<nlohmann::json> run();
    /// Measures a few passes and says what the run will take; writes nothing and leaves weights and moments as they are.
    Result<nlohmann::json> forecast();

private:
    static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    static constexpr const char* kDiverged = "diverged";

    double elapsed() const { return m_elapsedBefore + secondsNow() - m_start; }
    Result<void> prepare();
    void prepareModel();
    /// How many steps there are, from the options and from the state of a run that is continued.
    void planSteps(bool continues);
    Result<void> measureTrial();
    /// Validations that go with so many steps, the one before the first step included.
    double validationsIn(double steps) const;
    /// Fits the schedule to what is left of --minutes: steps at the measured pace, their validations, and at the end the
    /// last validation, the last checkpoint and the model.
    Result<void> planByTime();
    /// Whether it is time to plan anew; the same answer in all processes.
    Result<bool> planIsDue();
    Result<void> loop();
    /// Repeats `work` with ever smaller micro-batches while memory runs out.
    template <class Work>
    auto withBackOff(Work&& work) -> decltype(work()) {
        for (;;) {
            auto done = work();
            if (done || done.error().code != ErrorCode::OutOfMemory) return done;
            m_optimizer.dropGradients();
            if (!m_runner.backOff()) return done;
            m_progress.message(MessageLevel::Warning, "Memory ran out; goes on with micro-batches of " +
                                                          std::to_string(m_runner.microSamples()) + " samples.");
        }
    }
    Result<LossSums> computeStep(StepBatch& batch);
    Result<double> validate(std::vector<double>* perSet);
    Result<void> endEpoch(int64_t epoch, StepUpdate& update);
    Result<void> report(const StepUpdate& update);
    void reportProgress(double samplesPerSecond);
    Result<void> noteValidation(double loss);
    Result<void> saveCheckpoint();
    Error diverged(const std::string& why);
    nlohmann::json facts(bool completed) const;
    nlohmann::json result(bool completed) const;
    double weightDecay() const;

    TrainingRun& m_run;
    TrainingConfig& m_config;
    Progress& m_progress;
    BatchMaker m_maker;
    StepRunner m_runner;
    AdamW m_optimizer;
    RunFiles m_files;
    RunState m_state;
    std::optional<TrainingLog> m_log;
    std::unique_ptr<Prefetcher> m_prefetcher;
    double m_start = 0, m_elapsedBefore = 0, m_lastCheckpoint = 0, m_lastPlan = 0, m_lastProgress = 0;
    double m_paused = 0;       ///< seconds of validations and checkpoints since the last plan
    double m_saveSeconds = 0;  ///< of the last checkpoint
    Forecast m_forecast;
    int64_t m_stepAtPlan = 0;
    std::string m_stopReason;
};

}  // namespace txfm::training
