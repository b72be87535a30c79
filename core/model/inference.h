// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/base/progress.h"
#include "core/model/inference_genes.h"
#include "core/model/txfm_model.h"

namespace txfm::model {

struct InferenceOptions {
    InferenceGenes genes;
    bool bfloat16 = false;
    int64_t layer = 0;  ///< as ForwardOptions::layer
    int64_t batch = 0;  ///< cells that go through the network together (per thread on the CPU); 0 = by their size
    uint64_t seed = 0;
    CancelToken stop;   ///< looked at between groups of cells
};

/// Embeds cells in evaluation mode. On the CPU a thread takes a few cells at a time, without padding, or one (standard
/// blocks): the bits of a cell depend neither on its neighbours nor on the thread count. On a GPU cells
/// of similar length share a batch.
class Embedder {
public:
    Embedder(const TxfmModel& model, const InferenceOptions& options);

    /// CLS vectors [n × d] float32 on the CPU, mean over the views. `firstCell` is the index of samples[0] in its file
    /// and keys the random draws. Undefined when `stop` was cancelled meanwhile. Throws c10::Error (translate with errors.h); never NaN for a cell without counts.
    at::Tensor embed(std::span<const SampleCounts> samples, int64_t firstCell) const;

    /// Expected log1p expression [n × |genes|] of embedded cells (genes int64, undefined = all); `measured` 0/1 [G] is
    /// what a softmax runs over.
    at::Tensor reconstruct(const at::Tensor& cls, const at::Tensor& genes, const at::Tensor& measured) const;

    const TxfmModel& model() const { return *m_model; }

private:
    struct Group {
        int64_t begin, end;
    };
    /// True when cells of different length share matrix products (block_evaluation.h).
    bool sharesProducts() const;
    std::vector<Group> groups(std::span<const SampleCounts> samples) const;
    void embedGroup(std::span<const SampleCounts> samples, Group group, int64_t firstCell, float* result) const;
    at::Tensor embedOnCpu(std::span<const SampleCounts> samples, int64_t firstCell) const;
    at::Tensor embedInBatches(std::span<const SampleCounts> samples, int64_t firstCell) const;
    int64_t cellsPerBatch(int64_t tokens) const;

    std::shared_ptr<const TxfmModel> m_model;
    InferenceOptions m_options;
};

}  // namespace txfm::model
