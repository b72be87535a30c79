// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/training_loop.h"

#include <algorithm>
#include <cmath>

#include "core/base/memory.h"
#include "core/training/one_cycle.h"

namespace txfm::training {
namespace {

/// The plan is made anew after so many seconds, or after so much of the budget or of what is left of it where that is
/// less: a machine that slows down late is met by ever shorter plans.
constexpr double kSecondsBetweenPlans = 20, kBudgetBetweenPlans = 0.05, kRestBetweenPlans = 0.2;
constexpr double kSecondsBetweenProgress = 0.5;

}  // namespace

Result<LossSums> TrainingLoop::computeStep(StepBatch& batch) {
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

Result<double> TrainingLoop::validate(std::vector<double>* perSet) {
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

Result<void> TrainingLoop::noteValidation(double loss) {
    if (!std::isfinite(loss) || (std::isfinite(m_state.bestLoss) && loss >= m_state.bestLoss)) return {};
    m_state.bestLoss = loss;
    m_state.bestStep = m_state.step;
    m_state.bestEpoch = (m_state.step + m_maker.stepsPerEpoch() - 1) / m_maker.stepsPerEpoch();
    return m_files.saveBest(m_state);
}

Result<void> TrainingLoop::saveCheckpoint() {
    m_lastCheckpoint = secondsNow();
    m_state.elapsed = elapsed();
    TXFM_CHECK(m_files.saveCheckpoint(m_state));
    m_saveSeconds = secondsNow() - m_lastCheckpoint;
    m_paused += m_saveSeconds;
    return {};
}

Result<void> TrainingLoop::endEpoch(int64_t epoch, StepUpdate& update) {
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

Result<void> TrainingLoop::report(const StepUpdate& update) {
    m_progress.step(update);
    if (!m_log) return {};
    return m_log->append(update, elapsed());
}

void TrainingLoop::reportProgress(double samplesPerSecond) {
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

Result<bool> TrainingLoop::planIsDue() {
    if (m_config.minutes <= 0 || m_state.plan.finished()) return false;
    const double budget = m_config.minutes * 60;
    const double planAfter = std::min({kSecondsBetweenPlans, kBudgetBetweenPlans * budget, kRestBetweenPlans * (budget - elapsed())});
    const bool due = secondsNow() - m_lastPlan > planAfter;
    if (!m_run.parallel) return due;
    std::vector<double> values{m_run.parallel->rank() == 0 && due ? 1.0 : 0.0};
    TXFM_CHECK(m_run.parallel->sum(values));
    return values[0] > 0;
}

Result<void> TrainingLoop::loop() {
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
        const double pause = secondsNow();
        if (epochEnds) {
            m_state.pending = update;
            TXFM_CHECK(endEpoch(batch.epoch + 1, update));
            m_state.pending.reset();
        } else if (m_config.validateEvery > 0 && m_state.step % m_config.validateEvery == 0) {
            TXFM_TRY(update.valLoss, validate(nullptr));
            TXFM_CHECK(noteValidation(update.valLoss));
        }
        m_paused += secondsNow() - pause;
        TXFM_CHECK(report(update));
        reportProgress(rate);
        if (epochEnds && m_config.patience > 0 && batch.epoch + 1 - m_state.bestEpoch >= m_config.patience && !last) {
            m_stopReason = "early_stopping";
            m_state.plan.remaining = 0;
        }
        TXFM_TRY(const bool due, planIsDue());
        if (due) {
            if (m_state.step > m_stepAtPlan)
                m_state.secondsPerStep = (secondsNow() - m_lastPlan - m_paused) / static_cast<double>(m_state.step - m_stepAtPlan);
            TXFM_CHECK(planByTime());
        }
        if (epochEnds || secondsNow() - m_lastCheckpoint > m_config.checkpointMinutes * 60) TXFM_CHECK(saveCheckpoint());
    }
    return {};
}

Error TrainingLoop::diverged(const std::string& why) {
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

}  // namespace txfm::training
