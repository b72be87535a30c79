// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/model/txfm_model.h"
#include "core/training/batch_maker.h"
#include "core/training/data_parallel.h"
#include "core/training/training_config.h"

namespace txfm::training {

/// Loss of a step or of a validation over all processes.
struct LossSums {
    double sum = 0, weight = 0;
    bool stopRequested = false;  ///< some process was asked to stop
    double mean() const { return sum / weight; }
};

/// Mean validation loss, in all and of each data set (NaN where it has no held-out sample).
struct ValidationLoss {
    double mean = 0;
    std::vector<double> perSet;
};

/// Forward and backward passes of a step in micro-batches that fit, summed over processes.
class StepRunner {
public:
    StepRunner(std::shared_ptr<model::TxfmModel> model, const TrainingConfig& config,
               std::shared_ptr<DataParallel> parallel);

    /// Leaves Σ gradients (to be scaled by 1/weight) in the weights. Stops between micro-batches when cancelled, with
    /// no gradient left. Errors: OutOfMemory (of any process, told to all), Failed (lost peer), Cancelled.
    Result<LossSums> gradients(const StepBatch& batch, Progress& progress);
    Result<ValidationLoss> validate(const BatchMaker& maker, size_t sets, Progress& progress);

    /// Largest micro-batch that is tried now; halved after an out-of-memory.
    int64_t microSamples() const { return m_microSamples; }
    void setMicroSamples(int64_t samples) { m_microSamples = samples; }
    /// Halves the micro-batch after an out-of-memory, in all processes of a run alike; false when it happened with a
    /// single sample.
    bool backOff();
    /// Seconds of forward and backward pass per sample (mean over the processes) from a trial on the first samples
    /// without an update; leaves gradients in the weights.
    struct Trial {
        double secondsPerSample = 0;
    };
    Result<Trial> trial(const StepBatch& batch, double seconds);

private:
    Result<void> passes(const StepBatch& batch, Progress& progress, LossSums& local, bool& armed);
    /// What a process tells the others: memory ran out, and it did with a single sample.
    std::array<double, 2> memoryFlags(bool ranOut) const;
    /// Takes the sums of these flags; OutOfMemory when memory ran out anywhere.
    Result<void> agree(double ranOut, double exhausted);

    std::shared_ptr<model::TxfmModel> m_model;
    TrainingConfig m_config;
    std::shared_ptr<DataParallel> m_parallel;
    int64_t m_microSamples = 1;
    bool m_exhausted = false;  ///< memory ran out with a single sample
};

/// Samples per micro-batch to begin with: what fits memory with room to spare; on the CPU no more than keeps the
/// activations of a block in cache. `accumulate` > 0 decides instead.
int64_t initialMicroSamples(const io::ModelConfig& model, const TrainingConfig& config, int64_t samplesOfProcess,
                            int64_t longestTokens, bool cpu);

/// True for the exceptions by which LibTorch and the allocator say that memory ran out.
bool isOutOfMemory(const std::exception& error);

}  // namespace txfm::training
