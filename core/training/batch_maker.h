// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/model/batch.h"
#include "core/training/corpus.h"
#include "core/training/epoch_sampler.h"

namespace txfm::training {

/// Part of a step that goes through the network at once.
struct MicroBatch {
    model::TokenBatch tokens;
    model::TargetBatch target;
    std::vector<uint32_t> sampleIds;  ///< draw numbers within the epoch, for stochastic depth
    std::vector<int32_t> sets;        ///< data set of each sample
};

/// What this process computes of one optimizer step.
struct StepBatch {
    int64_t step = 0;           ///< 0-based over the whole run
    int64_t epoch = 0;          ///< 0-based
    int64_t globalSamples = 0;  ///< of all processes
    bool lastOfEpoch = false;
    std::vector<MicroBatch> micro;
};

/// Memory that the tensors of a step take.
double bytesOf(const StepBatch& batch);

/// How samples become batches.
struct BatchPlan {
    uint64_t seed = 0;
    int64_t batch = 64;          ///< samples per step over all processes
    int64_t rank = 0, world = 1; ///< this process's share: an even, contiguous part of each batch
    std::string maskPool = "measured";
};

/// Thrown where samples on disk cannot be read while batches are made, which happens on a thread of its own.
struct UnreadableSamples : std::runtime_error {
    explicit UnreadableSamples(Error cause) : std::runtime_error(cause.message), error(std::move(cause)) {}
    Error error;
};

/// Turns (step) into tensors: which samples, which genes are revealed, targets. A function of its arguments alone,
/// whatever the thread count; step() may run on another thread than eachValidationBatch(). Both throw UnreadableSamples.
class BatchMaker {
public:
    BatchMaker(std::shared_ptr<const Corpus> corpus, EpochSampler sampler, io::ModelConfig config, BatchPlan plan);

    int64_t stepsPerEpoch() const;
    /// The step of that number, cut into micro-batches of at most `microSamples`.
    StepBatch step(int64_t step, int64_t microSamples);
    /// Shows `visit` the held-out samples of this process in fixed order with fixed masks, in pieces of `microSamples`. One
    /// piece is held at a time: dense targets of all of them would take gigabytes for a large data set.
    Result<void> eachValidationBatch(int64_t microSamples, const std::function<Result<void>(const MicroBatch&)>& visit) const;

private:
    struct Item {
        int32_t set;
        int64_t row;
        uint32_t id;
    };
    double libraryOf(const Item& item) const;
    MicroBatch assemble(std::span<const Item> items, uint32_t epoch, double meanLibrary) const;

    std::shared_ptr<const Corpus> m_corpus;
    EpochSampler m_sampler;
    io::ModelConfig m_config;
    BatchPlan m_plan;
    std::vector<float> m_logWeights;
    int64_t m_orderEpoch = -1;
    std::vector<Draw> m_order;
};

}  // namespace txfm::training
