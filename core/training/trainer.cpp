// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/training/adamw.h"
#include "core/training/one_cycle.h"
#include "core/training/prefetcher.h"
#include "core/training/publish.h"
#include "core/training/run_clock.h"
#include "core/training/run_files.h"
#include "core/training/run_state.h"
#include "core/training/step_runner.h"
#include "core/training/training_log.h"
#include "core/training/verdict.h"

namespace txfm::training {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kDiverged = "diverged";
constexpr double kTrialSeconds = 3;
/// The plan is made anew after so many seconds, or after so much of the budget where that is less.
constexpr double kSecondsBetweenPlans = 20, kBudgetBetweenPlans = 0.05;
/// A trial on a busy machine can be far too slow; a curve of a few steps can still be stretched, one of a single step not.
constexpr int64_t kFewestPlannedSteps = 4;
constexpr double kSecondsBetweenProgress = 0.5;

class Trainer {
public:
    Trainer(TrainingRun& run, Progress& progress)
        : m_run(run), m_config(run.config), m_progress(progress),
          m_maker(run.corpus, *run.sampler, run.modelConfig,
                  {run.config.seed, run.config.batch, run.parallel ? run.parallel->rank() : 0,
                   run.parallel ? run.parallel->world() : 1, run.config.maskPool}),
          m_runner(run.model, run.config, run.parallel),
          m_optimizer(selectParameters(run.model->parameters(), run.config, run.modelConfig.nBlocks), run.config.beta2,
                      run.config.epsilon, run.config.ema),
          m_files(run, m_optimizer) {}

    Result<nlohmann::json> run();

private:
    double elapsed() const { return m_elapsedBefore + secondsNow() - m_start; }
    Result<void> prepare();
    Result<void> measureTrial();
    void planByTime();
    Result<void> loop();
    /// Repeats `work` with ever smaller micro-batches while memory runs out.
    template <class Work>
    auto withBackOff(Work&& work) -> decltype(work());
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
    double m_start = 0, m_elapsedBefore = 0, m_lastCheckpoint = 0, m_lastPlan = 0, m_lastProgress = 0, m_forecastMemory = 0;
    int64_t m_stepAtPlan = 0;
    std::string m_stopReason;
};

double Trainer::weightDecay() const {
    // Spec §4.1: the decay time of the weights equals the run.
    return m_config.weightDecay >= 0 ? m_config.weightDecay
                                     : 1.0 / (m_config.peakLearningRate * std::max(m_state.plan.totalSteps, 1.0));
}

Result<void> Trainer::prepare() {
    m_start = m_lastCheckpoint = secondsNow();
    TXFM_CHECK(m_files.createFolder());
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
    TXFM_TRY(const std::optional<RunState> before, m_files.restore());
    const bool continues = before.has_value();
    if (continues) {
        m_state = *before;
        m_elapsedBefore = m_state.elapsed;
        m_progress.message(MessageLevel::Info, "Continues after step " + std::to_string(m_state.step) + ".");
    }
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
    if (m_files.writes()) {
        TXFM_TRY(TrainingLog log, TrainingLog::open(workFolder(m_run.out) / "training.jsonl", m_state.step));
        m_log.emplace(std::move(log));
    }
    const bool timeIsLeft = m_config.minutes > 0 && m_config.minutes * 60 > m_elapsedBefore;
    if (!m_state.plan.finished() || timeIsLeft) TXFM_CHECK(measureTrial());
    return {};
}

Result<void> Trainer::measureTrial() {
    if (m_state.secondsPerStep > 0) {  // a resumed run knows its pace
        planByTime();
        return {};
    }
    TXFM_TRY(const StepRunner::Trial trial, withBackOff([&]() -> Result<StepRunner::Trial> {
        const StepBatch batch = m_maker.step(m_state.step, m_runner.microSamples());
        if (batch.micro.empty()) return StepRunner::Trial{};
        return m_runner.trial(batch, kTrialSeconds);
    }));
    const double world = m_run.parallel ? m_run.parallel->world() : 1;
    std::vector<double> pace{trial.secondsPerSample * static_cast<double>(m_config.batch) / world};
    if (m_run.parallel) TXFM_CHECK(m_run.parallel->sum(pace));
    m_state.secondsPerStep = pace[0] / world;
    m_forecastMemory = trial.memoryMb;
    planByTime();
    const Forecast forecast{m_state.secondsPerStep, m_forecastMemory, m_config.batch, m_state.plan.remaining};
    m_progress.message(MessageLevel::Info, forecast.text());
    m_progress.event({{"type", "forecast"}, {"seconds_per_step", forecast.secondsPerStep}, {"steps", forecast.steps},
                      {"seconds", forecast.seconds()}, {"memory_mb", forecast.memoryMb}});
    return {};
}

void Trainer::planByTime() {
    if (m_config.minutes <= 0) return;
    m_lastPlan = secondsNow();
    m_stepAtPlan = m_state.step;
    const double left = m_config.minutes * 60 - elapsed() - m_state.validationSeconds - 1;
    auto steps = static_cast<int64_t>(std::max(left, 0.0) / std::max(m_state.secondsPerStep, 1e-6));
    if (m_config.epochs > 0) steps = std::min(steps, m_config.epochs * m_maker.stepsPerEpoch() - m_state.step);
    if (m_state.step == 0) {
        m_state.plan = StepPlan::fixed(std::max(steps, kFewestPlannedSteps));
    } else if (m_state.plan.finished()) {
        // A finished run is given more time: the rest of a longer curve.
        m_state.plan = {static_cast<double>(m_state.step), static_cast<double>(m_state.step + steps), steps};
    } else {
        m_state.plan.replan(steps);
    }
}

template <class Work>
auto Trainer::withBackOff(Work&& work) -> decltype(work()) {
    for (;;) {
        auto done = work();
        if (done || done.error().code != ErrorCode::OutOfMemory) return done;
        m_optimizer.dropGradients();
        if (!m_runner.backOff()) return done;
        m_progress.message(MessageLevel::Warning, "Memory ran out; goes on with micro-batches of " +
                                                      std::to_string(m_runner.microSamples()) + " samples.");
    }
}

Result<LossSums> Trainer::computeStep(StepBatch& batch) {
    int64_t madeFor = m_runner.microSamples();
    return withBackOff([&]() -> Result<LossSums> {
        if (madeFor != m_runner.microSamples()) {
            madeFor = m_runner.microSamples();
            m_prefetcher.reset();
            batch = m_maker.step(batch.step, madeFor);
            m_prefetcher = std::make_unique<Prefetcher>(m_maker, batch.step + 1, madeFor);
        }
        return m_runner.gradients(batch, m_progress);
    });
}

Result<double> Trainer::validate(std::vector<double>* perSet) {
    const double begin = secondsNow();
    m_optimizer.swapAverages();
    if (m_optimizer.averages()) m_run.model->weightsChanged();
    auto loss = withBackOff([&] { return m_runner.validate(m_maker, m_run.corpus->sets().size(), m_progress); });
    m_optimizer.swapAverages();
    if (m_optimizer.averages()) m_run.model->weightsChanged();
    m_state.validationSeconds = secondsNow() - begin;
    if (!loss) return loss.error();
    if (perSet) *perSet = loss->perSet;
    return loss->mean;
}

Result<void> Trainer::noteValidation(double loss) {
    if (!std::isfinite(loss) || (std::isfinite(m_state.bestLoss) && loss >= m_state.bestLoss)) return {};
    m_state.bestLoss = loss;
    m_state.bestStep = m_state.step;
    m_state.bestEpoch = (m_state.step + m_maker.stepsPerEpoch() - 1) / m_maker.stepsPerEpoch();
    return m_files.saveBest(m_state);
}

Result<void> Trainer::saveCheckpoint() {
    m_lastCheckpoint = secondsNow();
    m_state.elapsed = elapsed();
    return m_files.saveCheckpoint(m_state);
}

Result<void> Trainer::endEpoch(int64_t epoch, StepUpdate& update) {
    std::vector<double> perSet;
    TXFM_TRY(update.valLoss, validate(&perSet));
    const double train = m_state.epochWeight > 0 ? m_state.epochSum / m_state.epochWeight : kNaN;
    m_state.history.push_back({epoch, train, update.valLoss});
    m_state.epochSum = m_state.epochWeight = 0;
    TXFM_CHECK(noteValidation(update.valLoss));
    nlohmann::json sets = nlohmann::json::object();
    for (size_t i = 0; i < perSet.size(); ++i) sets[m_run.corpus->sets()[i].name] = numberOrNull(perSet[i]);
    m_progress.event({{"type", "epoch"}, {"epoch", epoch}, {"loss", numberOrNull(train)},
                      {"val_loss", numberOrNull(update.valLoss)}, {"val_loss_by_set", sets}});
    if (m_run.epochProbe && m_files.writes()) {
        TXFM_TRY(const nlohmann::json probe, m_run.epochProbe(*m_run.model, epoch));
        m_progress.event(probe);
    }
    return {};
}

Result<void> Trainer::report(const StepUpdate& update) {
    m_progress.step(update);
    if (!m_log) return {};
    return m_log->append(update, elapsed());
}

void Trainer::reportProgress(double samplesPerSecond) {
    if (secondsNow() - m_lastProgress < kSecondsBetweenProgress && !m_state.plan.finished()) return;
    m_lastProgress = secondsNow();
    ProgressUpdate update;
    update.stage = "train";
    update.unit = "steps";
    update.done = static_cast<double>(m_state.step);
    update.total = static_cast<double>(m_state.step + m_state.plan.remaining);
    update.rate = samplesPerSecond / static_cast<double>(m_config.batch);
    update.etaSeconds = m_config.minutes > 0 ? std::max(0.0, m_config.minutes * 60 - elapsed())
                                             : static_cast<double>(m_state.plan.remaining) / std::max(update.rate, 1e-9);
    m_progress.progress(update);
}

Result<void> Trainer::loop() {
    if (m_config.validateFirst && m_state.step == 0) {
        TXFM_TRY(const double loss, validate(nullptr));
        m_state.history.push_back({0, kNaN, loss});
        TXFM_CHECK(noteValidation(loss));
    }
    const int64_t stepsPerEpoch = m_maker.stepsPerEpoch();
    if (m_state.pending) {
        StepUpdate update = *m_state.pending;
        TXFM_CHECK(endEpoch((m_state.step + stepsPerEpoch - 1) / stepsPerEpoch, update));
        m_state.pending.reset();
        TXFM_CHECK(report(update));
        TXFM_CHECK(saveCheckpoint());
    }
    m_prefetcher = std::make_unique<Prefetcher>(m_maker, m_state.step, m_runner.microSamples());
    RateMeter meter;
    while (!m_state.plan.finished()) {
        StepBatch batch = m_prefetcher->next();
        TXFM_TRY(const LossSums sums, computeStep(batch));
        // A step that was overtaken by a stop is not taken; the continued run computes it again.
        if (sums.stopRequested) return cancelledError();
        const double loss = sums.mean(), norm = m_optimizer.gradNorm(1.0 / sums.weight);
        if (const auto why = m_state.guard.check(loss, norm)) {
            m_optimizer.dropGradients();
            return diverged(*why);
        }
        const OneCycle schedule{m_config.peakLearningRate, m_state.plan.totalSteps, m_config.warmup};
        const double learningRate = schedule.learningRate(m_state.plan.position);
        const double beta1 = m_config.cycleMomentum ? schedule.beta1(m_state.plan.position) : m_config.beta1;
        double scale = 1.0 / sums.weight;
        if (m_config.clipNorm > 0 && norm > m_config.clipNorm) scale *= m_config.clipNorm / norm;
        m_optimizer.step(learningRate, beta1, weightDecay(), scale);
        m_run.model->weightsChanged();

        ++m_state.step;
        m_state.plan.advance();
        m_state.samples += batch.globalSamples;
        m_state.lastLoss = loss;
        m_state.epochSum += sums.sum;
        m_state.epochWeight += sums.weight;
        const double rate = meter.add(static_cast<double>(batch.globalSamples));
        StepUpdate update;
        update.step = m_state.step;
        update.epoch = static_cast<double>(m_state.step) / static_cast<double>(stepsPerEpoch);
        update.loss = loss;
        update.valLoss = kNaN;
        update.learningRate = learningRate;
        update.gradNorm = norm;
        update.samplesPerSecond = rate;
        update.memoryMb = residentMb();

        const bool last = m_state.plan.finished();
        const bool epochEnds = batch.lastOfEpoch || last;
        if (epochEnds) {
            m_state.pending = update;
            TXFM_CHECK(endEpoch(batch.epoch + 1, update));
            m_state.pending.reset();
        } else if (m_config.validateEvery > 0 && m_state.step % m_config.validateEvery == 0) {
            TXFM_TRY(update.valLoss, validate(nullptr));
            TXFM_CHECK(noteValidation(update.valLoss));
        }
        TXFM_CHECK(report(update));
        reportProgress(rate);
        if (epochEnds && m_config.patience > 0 && batch.epoch + 1 - m_state.bestEpoch >= m_config.patience && !last) {
            m_stopReason = "early_stopping";
            m_state.plan.remaining = 0;
        }
        const double planAfter = std::min(kSecondsBetweenPlans, kBudgetBetweenPlans * m_config.minutes * 60);
        if (m_config.minutes > 0 && secondsNow() - m_lastPlan > planAfter && !m_state.plan.finished()) {
            if (m_state.step > m_stepAtPlan)
                m_state.secondsPerStep = (secondsNow() - m_lastPlan) / static_cast<double>(m_state.step - m_stepAtPlan);
            planByTime();
        }
        if (epochEnds || secondsNow() - m_lastCheckpoint > m_config.checkpointMinutes * 60) TXFM_CHECK(saveCheckpoint());
    }
    return {};
}

Error Trainer::diverged(const std::string& why) {
    m_stopReason = kDiverged;
    const std::string at = "Training stopped at step " + std::to_string(m_state.step + 1) + ": " + why;
    const std::string hint = "Start again with a lower --lr (now " + nlohmann::json(m_config.peakLearningRate).dump() +
                             ") or with --clip-norm 1.";
    if (!m_files.writes()) return failed(at + ".", hint);
    if (const auto marked = m_files.markDiverged(m_state.step + 1, why); !marked) return marked.error();
    if (!m_files.hasBest() || !std::isfinite(m_state.bestLoss))
        return failed(at + "; no validated weights exist yet, so no model was written.", hint);
    if (const auto published = m_files.publish(facts(false), true); !published) return published.error();
    return failed(at + "; the best weights (step " + std::to_string(m_state.bestStep) + ") are kept in '" +
                      m_run.out.string() + "'.", hint);
}

nlohmann::json Trainer::facts(bool completed) const {
    nlohmann::json facts = trainingFacts(m_run, m_state, m_maker.stepsPerEpoch(), completed);
    facts["weight_decay"] = weightDecay();
    facts["seconds"] = elapsed();
    return facts;
}

nlohmann::json Trainer::result(bool completed) const {
    nlohmann::json out = facts(completed);
    const Verdict verdict = judge(m_state.history);
    out["verdict"] = {{"kind", verdict.kind}, {"text", verdict.text}, {"best_epoch", verdict.bestEpoch}};
    out["forecast"] = {{"seconds_per_step", m_state.secondsPerStep}, {"memory_mb", m_forecastMemory}};
    out["stopped"] = m_stopReason.empty() ? "completed" : m_stopReason;
    out["files"] = nlohmann::json::array({m_run.out.string()});
    return out;
}

Result<nlohmann::json> Trainer::run() {
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

}  // namespace

Result<nlohmann::json> train(TrainingRun& run, Progress& progress) {
    try {
        return Trainer(run, progress).run();
    } catch (const std::exception& error) {
        if (isOutOfMemory(error))
            return Error{ErrorCode::OutOfMemory, "Not enough memory for this model and data.",
                         "Use a smaller --preset or --batch; --resume continues from the last checkpoint."};
        const std::string what = error.what();
        return failed("Training failed: " + what.substr(0, what.find('\n')) + ".",
                      "--resume continues from the last checkpoint.");
    }
}

}  // namespace txfm::training
