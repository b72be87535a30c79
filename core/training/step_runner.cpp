// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/step_runner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <string>

#include <c10/util/Exception.h>
#include <torch/types.h>

#include "core/base/memory.h"
#include "core/io/model_cost.h"
#include "core/training/run_clock.h"
#include "core/training/seeds.h"

namespace txfm::training {
namespace {

/// Tokens per micro-batch on the CPU: activations of a few MB stay in the caches (measured, 2 cores with AMX).
constexpr int64_t kCpuTokensPerMicroBatch = 4096;
constexpr int64_t kLargestMicroBatch = 256;

Error tooLarge() {
    return {ErrorCode::OutOfMemory, "Not enough memory for one training sample.",
            "Use fewer --unmasked genes, --checkpoint-activations or a smaller --preset."};
}

template <class F>
auto translated(F&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const UnreadableSamples& unreadable) {
        return unreadable.error;
    } catch (const std::exception& error) {
        if (isOutOfMemory(error)) return tooLarge();
        const std::string what = error.what();
        return failed("The training step failed: " + what.substr(0, what.find('\n')) + ".");
    }
}

}  // namespace

bool isOutOfMemory(const std::exception& error) {
    if (dynamic_cast<const std::bad_alloc*>(&error) || dynamic_cast<const c10::OutOfMemoryError*>(&error)) return true;
    const std::string what = error.what();
    return what.find("can't allocate memory") != std::string::npos || what.find("out of memory") != std::string::npos;
}

int64_t initialMicroSamples(const io::ModelConfig& model, const TrainingConfig& config, int64_t samplesOfProcess,
                            int64_t longestTokens, bool cpu) {
    if (config.accumulate > 0) return std::max<int64_t>(1, (samplesOfProcess + config.accumulate - 1) / config.accumulate);
    const int64_t tokens = std::min(model.nUnmasked, longestTokens) + 1;
    int64_t samples = std::min(samplesOfProcess, kLargestMicroBatch);
    if (cpu) {
        samples = std::min(samples, std::max<int64_t>(1, kCpuTokensPerMicroBatch / tokens));
        const double fits = 0.5 * availableMemory().value_or(std::numeric_limits<double>::infinity()) / io::activationBytes(model, tokens, config.activationCheckpointing);
        samples = std::min(samples, static_cast<int64_t>(std::min(fits, 1e6)));
    }
    return std::max<int64_t>(1, samples);
}

StepRunner::StepRunner(std::shared_ptr<model::TxfmModel> model, const TrainingConfig& config,
                       std::shared_ptr<DataParallel> parallel)
    : m_model(std::move(model)), m_config(config), m_parallel(std::move(parallel)) {}

bool StepRunner::backOff() {
    if (m_exhausted) return false;
    m_microSamples = (m_microSamples + 1) / 2;
    return true;
}

std::array<double, 2> StepRunner::memoryFlags(bool ranOut) const {
    return {ranOut ? 1.0 : 0.0, ranOut && m_microSamples <= 1 ? 1.0 : 0.0};
}

Result<void> StepRunner::agree(double ranOut, double exhausted) {
    m_exhausted = exhausted > 0;
    if (ranOut > 0) return tooLarge();
    return {};
}

Result<void> StepRunner::passes(const StepBatch& batch, Progress& progress, LossSums& local, bool& armed) {
    model::ForwardOptions options;
    options.bfloat16 = m_config.bfloat16;
    options.checkpoint = m_config.activationCheckpointing;
    const auto device = m_model->device();
    for (size_t i = 0; i < batch.micro.size(); ++i) {
        // Alone, a stop takes effect between micro-batches; together, all processes finish the step first.
        if (!m_parallel && progress.cancelled()) return cancelledError();
        const MicroBatch& micro = batch.micro[i];
        options.dropPath = model::DropPathDraws{domainSeed(m_config.seed, SeedDomain::DropPath),
                                                static_cast<uint32_t>(batch.step), micro.sampleIds};
        const model::LossResult loss = device.is_cpu()
                                           ? m_model->loss(micro.tokens, micro.target, options)
                                           : m_model->loss(micro.tokens.to(device), micro.target.to(device), options);
        if (m_parallel && i + 1 == batch.micro.size()) {
            m_parallel->armReduction();
            armed = true;
        }
        loss.sum.backward();
        local.sum += loss.sum.item<double>();
        local.weight += loss.weight;
    }
    local.stopRequested = progress.cancelled();
    return {};
}

Result<LossSums> StepRunner::gradients(const StepBatch& batch, Progress& progress) {
    LossSums local;
    bool armed = false;
    const Result<void> passed = translated([&] { return passes(batch, progress, local, armed); });
    const bool ranOut = !passed && passed.error().code == ErrorCode::OutOfMemory;
    if (!passed && !ranOut) return passed.error();
    const auto [missing, exhausted] = memoryFlags(ranOut);
    if (!m_parallel) {
        TXFM_CHECK(agree(missing, exhausted));
        return local;
    }
    // A process without memory still sends every bucket, empty: the others wait for them in the same order.
    if (ranOut)
        for (const auto& [name, tensor] : m_model->parameters()) tensor.mutable_grad() = torch::Tensor();
    if (!armed) m_parallel->armReduction();
    TXFM_CHECK(m_parallel->finishReduction());
    std::vector<double> values{local.sum, local.weight, local.stopRequested ? 1.0 : 0.0, missing, exhausted};
    TXFM_CHECK(m_parallel->sum(values));
    TXFM_CHECK(agree(values[3], values[4]));
    return LossSums{values[0], values[1], values[2] > 0};
}

Result<ValidationLoss> StepRunner::validate(const BatchMaker& maker, size_t sets, Progress& progress) {
    // Sum and number of samples, in all and per data set; at the end whether memory ran out.
    std::vector<double> sums(2 + 2 * sets, 0);
    const Result<void> passed = translated([&]() -> Result<void> {
        torch::NoGradGuard noGrad;
        model::ForwardOptions options;
        options.bfloat16 = m_config.bfloat16;
        const auto device = m_model->device();
        return maker.eachValidationBatch(m_microSamples, [&](const MicroBatch& micro) -> Result<void> {
            if (!m_parallel && progress.cancelled()) return cancelledError();
            const model::LossResult loss = m_model->loss(micro.tokens.to(device), micro.target.to(device), options);
            sums[0] += loss.sum.item<double>();
            sums[1] += loss.weight;
            const auto samples = loss.samples.to(torch::kCPU, torch::kFloat64).contiguous();
            for (size_t i = 0; i < micro.sets.size(); ++i) {
                sums[2 + 2 * static_cast<size_t>(micro.sets[i])] += samples.data_ptr<double>()[i];
                sums[3 + 2 * static_cast<size_t>(micro.sets[i])] += 1;
            }
            return {};
        });
    });
    const bool ranOut = !passed && passed.error().code == ErrorCode::OutOfMemory;
    if (!passed && !ranOut) return passed.error();
    for (double flag : memoryFlags(ranOut)) sums.push_back(flag);
    if (m_parallel) TXFM_CHECK(m_parallel->sum(sums));
    TXFM_CHECK(agree(sums[2 + 2 * sets], sums[3 + 2 * sets]));
    ValidationLoss out;
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    out.mean = sums[1] > 0 ? sums[0] / sums[1] : kNone;
    for (size_t set = 0; set < sets; ++set)
        out.perSet.push_back(sums[3 + 2 * set] > 0 ? sums[2 + 2 * set] / sums[3 + 2 * set] : kNone);
    return out;
}

Result<StepRunner::Trial> StepRunner::trial(const StepBatch& batch, double seconds) {
    const Result<Trial> measured = translated([&]() -> Result<Trial> {
        Trial trial;
        if (batch.micro.empty()) return trial;
        model::ForwardOptions options;
        options.bfloat16 = m_config.bfloat16;
        options.checkpoint = m_config.activationCheckpointing;
        const auto device = m_model->device();
        double spent = 0, begin = secondsNow();
        int64_t samples = 0;
        // The first pass pays for caches and allocations and is not counted.
        for (size_t i = 0; i < 64 && (samples == 0 || secondsNow() - begin < seconds); ++i) {
            const MicroBatch& micro = batch.micro[i % batch.micro.size()];
            const double start = secondsNow();
            const auto loss = m_model->loss(micro.tokens.to(device), micro.target.to(device), options);
            loss.sum.backward();
            loss.sum.item<double>();
            if (i == 0) continue;
            spent += secondsNow() - start;
            samples += micro.tokens.samples();
        }
        trial.secondsPerSample = spent / static_cast<double>(samples);
        return trial;
    });
    const bool ranOut = !measured && measured.error().code == ErrorCode::OutOfMemory;
    if (!measured && !ranOut) return measured;
    const auto flags = memoryFlags(ranOut);
    std::vector<double> values{measured ? measured->secondsPerSample : 0.0, flags[0], flags[1]};
    if (m_parallel) TXFM_CHECK(m_parallel->sum(values));
    TXFM_CHECK(agree(values[1], values[2]));
    return Trial{values[0] / (m_parallel ? m_parallel->world() : 1)};
}

}  // namespace txfm::training
