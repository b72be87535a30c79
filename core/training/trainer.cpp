// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/trainer.h"

#include <algorithm>
#include <cmath>

#include "core/base/memory.h"
#include "core/io/model_cost.h"
#include "core/training/publish.h"
#include "core/training/training_loop.h"
#include "core/training/verdict.h"

namespace txfm::training {
namespace {

constexpr double kTrialSeconds = 3;
/// At the end a checkpoint and the model, a third of its size, are written; and some more takes about a second.
constexpr double kModelAfterCheckpoint = 1.4, kSecondsToEnd = 1;
/// A trial on a busy machine can be far too slow; a curve of a few steps can still be stretched, one of a single step not.
constexpr int64_t kFewestPlannedSteps = 4;

/// body() with the exceptions of LibTorch and the allocator as errors.
template <class Body>
Result<nlohmann::json> guarded(Body&& body) {
    try {
        return body();
    } catch (const UnreadableSamples& unreadable) {
        return unreadable.error;
    } catch (const std::exception& error) {
        if (isOutOfMemory(error))
            return Error{ErrorCode::OutOfMemory, "Not enough memory for this model and data.",
                         "Use a smaller --preset or --batch; --resume continues from the last checkpoint."};
        const std::string what = error.what();
        return failed("Training failed: " + what.substr(0, what.find('\n')) + ".",
                      "--resume continues from the last checkpoint.");
    }
}

}  // namespace

double TrainingLoop::weightDecay() const {
    // Spec §4.1: the decay time of the weights equals the run.
    return m_config.weightDecay >= 0 ? m_config.weightDecay
                                     : 1.0 / (m_config.peakLearningRate * std::max(m_state.plan.totalSteps, 1.0));
}

void TrainingLoop::prepareModel() {
    for (const OptimizedParameter& parameter : m_optimizer.parameters()) parameter.tensor.requires_grad_(true);
    for (const auto& [name, tensor] : m_run.model->parameters()) {
        const bool trained = std::ranges::any_of(m_optimizer.parameters(),
                                                 [&](const OptimizedParameter& p) { return p.name == name; });
        if (!trained) tensor.requires_grad_(false);
    }
    if (m_run.parallel) m_run.parallel->attach(m_optimizer.parameters());
    const int64_t perProcess = std::max<int64_t>(1, m_config.batch / (m_run.parallel ? m_run.parallel->world() : 1));
    int64_t longest = 1;
    for (const CorpusSet& set : m_run.corpus->sets()) longest = std::max(longest, set.measured->count());
    m_runner.setMicroSamples(initialMicroSamples(m_run.modelConfig, m_config, perProcess, longest,
                                                 m_run.model->device().is_cpu()));
}

void TrainingLoop::planSteps(bool continues) {
    if (continues) m_elapsedBefore = m_state.elapsed;
    if (m_config.epochs > 0) {
        const int64_t total = m_config.epochs * m_maker.stepsPerEpoch();
        if (m_config.minutes <= 0 || !continues) {
            m_state.plan = StepPlan::fixed(total);
            m_state.plan.position = static_cast<double>(m_state.step);
            m_state.plan.remaining = total - m_state.step;
        }
    } else if (!continues) {
        // Any length: the trial replaces it before the first step.
        m_state.plan = StepPlan::fixed(std::numeric_limits<int32_t>::max());
    }
}

Result<void> TrainingLoop::prepare() {
    m_start = m_lastCheckpoint = secondsNow();
    TXFM_CHECK(m_files.createFolder());
    prepareModel();
    TXFM_TRY(const std::optional<RunState> before, m_files.restore());
    if (before) {
        m_state = *before;
        m_progress.message(MessageLevel::Info, "Continues after step " + std::to_string(m_state.step) + ".");
    }
    planSteps(before.has_value());
    if (m_files.writes()) {
        TXFM_TRY(TrainingLog log, TrainingLog::open(workFolder(m_run.out) / "training.jsonl", m_state.step));
        m_log.emplace(std::move(log));
    }
    const bool timeIsLeft = m_config.minutes > 0 && m_config.minutes * 60 > m_elapsedBefore;
    if (m_state.plan.finished() && !timeIsLeft) return {};
    if (m_state.secondsPerStep <= 0) return measureTrial();
    return planByTime();  // a continued run knows its pace
}

double TrainingLoop::validationsIn(double steps) const {
    double times = steps / static_cast<double>(m_maker.stepsPerEpoch());
    if (m_config.validateFirst && m_state.step == 0) times += 1;
    if (m_config.validateEvery > 0) times += steps / static_cast<double>(m_config.validateEvery);
    return times;
}

Result<void> TrainingLoop::measureTrial() {
    double stepBytes = 0;
    TXFM_TRY(const StepRunner::Trial trial, withBackOff([&]() -> Result<StepRunner::Trial> {
        const StepBatch batch = m_maker.step(m_state.step, m_runner.microSamples());
        stepBytes = bytesOf(batch);
        return m_runner.trial(batch, kTrialSeconds);
    }));
    double update = 0;
    if (m_state.step == 0 && std::isfinite(m_optimizer.gradNorm(1))) {
        // A step of rate 0 changes no weight; afterwards the moments are as new.
        const double begin = secondsNow();
        m_optimizer.step(0, m_config.beta1, 0, 1);
        update = secondsNow() - begin;
        m_optimizer.restart();
    }
    m_optimizer.dropGradients();
    const double world = m_run.parallel ? m_run.parallel->world() : 1;
    m_state.secondsPerStep = trial.secondsPerSample * static_cast<double>(m_config.batch) / world + update;
    // A forward pass costs about a third of a training pass.
    m_state.validationSeconds = static_cast<double>(m_run.corpus->validationSamples()) / world * trial.secondsPerSample / 3;
    TXFM_CHECK(planByTime());
    const auto steps = static_cast<double>(m_state.plan.remaining);
    // Beside the step in work, which the trial had too, a run holds those that are ready and one that is being made.
    const double ahead = static_cast<double>(Prefetcher::kDepth + 1) * stepBytes / (1024 * 1024);
    m_forecast = {m_state.secondsPerStep, validationsIn(steps) * m_state.validationSeconds, peakResidentMb() + ahead, m_config.batch,
                  m_state.plan.remaining};
    m_progress.message(MessageLevel::Info, m_forecast.text());
    m_progress.event(m_forecast.toJson());
    return {};
}

Result<nlohmann::json> TrainingLoop::forecast() {
    m_start = secondsNow();
    prepareModel();
    TXFM_TRY(const std::optional<RunState> before, m_files.storedState());
    if (before) m_state = *before;
    planSteps(before.has_value());
    TXFM_CHECK(measureTrial());
    nlohmann::json out = m_forecast.toJson();
    out.erase("type");
    out["micro_batch"] = m_runner.microSamples();
    out["disk_mb"] = io::trainingDisk(m_run.modelConfig) / (1024 * 1024);
    return out;
}

Result<void> TrainingLoop::planByTime() {
    if (m_config.minutes <= 0) return {};
    m_lastPlan = secondsNow();
    m_stepAtPlan = m_state.step;
    m_paused = 0;
    const double end = m_state.validationSeconds + kModelAfterCheckpoint * m_saveSeconds + kSecondsToEnd;
    const double left = m_config.minutes * 60 - elapsed() - end - validationsIn(0) * m_state.validationSeconds;
    const double perStep = m_state.secondsPerStep + (validationsIn(1) - validationsIn(0)) * m_state.validationSeconds;
    auto steps = static_cast<int64_t>(std::max(left, 0.0) / std::max(perStep, 1e-6));
    if (m_config.epochs > 0) steps = std::min(steps, m_config.epochs * m_maker.stepsPerEpoch() - m_state.step);
    if (m_run.parallel) {  // clocks differ: process 0 decides
        std::vector<double> values{m_run.parallel->rank() == 0 ? static_cast<double>(steps) : 0.0};
        TXFM_CHECK(m_run.parallel->sum(values));
        steps = static_cast<int64_t>(values[0]);
    }
    if (m_state.step == 0) {
        m_state.plan = StepPlan::fixed(std::max(steps, kFewestPlannedSteps));
    } else if (m_state.plan.finished()) {
        // A finished run is given more time: the rest of a longer curve.
        m_state.plan = {static_cast<double>(m_state.step), static_cast<double>(m_state.step + steps), steps};
    } else {
        m_state.plan.replan(steps);
    }
    return {};
}

nlohmann::json TrainingLoop::facts(bool completed) const {
    nlohmann::json facts = trainingFacts(m_run, m_state, m_maker.stepsPerEpoch(), completed);
    facts["weight_decay"] = weightDecay();
    facts["seconds"] = elapsed();
    return facts;
}

nlohmann::json TrainingLoop::result(bool completed) const {
    nlohmann::json out = facts(completed);
    const Verdict verdict = judge(m_state.history);
    out["verdict"] = {{"kind", verdict.kind}, {"text", verdict.text}, {"best_epoch", verdict.bestEpoch}};
    out["forecast"] = {{"seconds_per_step", m_state.secondsPerStep}, {"memory_mb", m_forecast.memoryMb}};
    out["stopped"] = m_stopReason.empty() ? "completed" : m_stopReason;
    out["files"] = nlohmann::json::array({m_run.out.string()});
    return out;
}

Result<nlohmann::json> TrainingLoop::run() {
    TXFM_CHECK(prepare());
    const auto looped = loop();
    m_prefetcher.reset();
    if (!looped) {
        m_optimizer.dropGradients();
        const Error error = looped.error();
        // Steps are whole: whatever interrupted the run, the weights are those after the last finished step. A
        // diverged run keeps its checkpoint from before; a full disk has no room for another.
        if (error.code == ErrorCode::Cancelled) {
            TXFM_CHECK(saveCheckpoint());
            if (m_state.step > 0) TXFM_CHECK(m_files.publish(facts(false), false));
        } else if (m_run.parallel && m_stopReason != kDiverged) {
            // The other processes are gone, the weights are not. The error of the run matters more than a second one.
            if (const auto saved = saveCheckpoint(); !saved) m_progress.message(MessageLevel::Warning, saved.error().message);
        }
        return error;
    }
    TXFM_CHECK(saveCheckpoint());
    const bool best = m_config.keepBest && std::isfinite(m_state.bestLoss) && m_state.bestStep != m_state.step &&
                      m_files.hasBest();
    TXFM_CHECK(m_files.publish(facts(true), best));
    const nlohmann::json out = result(true);
    TXFM_CHECK(m_files.finish(m_state, out));
    return out;
}

Result<nlohmann::json> train(TrainingRun& run, Progress& progress) {
    return guarded([&] { return TrainingLoop(run, progress).run(); });
}

Result<nlohmann::json> forecastRun(TrainingRun& run, Progress& progress) {
    return guarded([&] { return TrainingLoop(run, progress).forecast(); });
}

}  // namespace txfm::training
