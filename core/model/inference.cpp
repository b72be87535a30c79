// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/inference.h"

#include <algorithm>
#include <numeric>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

namespace txfm::model {

Embedder::Embedder(const TxfmModel& model, const InferenceOptions& options)
    : m_model(model.frozen(options.bfloat16)), m_options(options) {}

at::Tensor Embedder::embed(std::span<const SampleCounts> samples, int64_t firstCell) const {
    return m_model->device().is_cpu() ? embedOnCpu(samples, firstCell) : embedInBatches(samples, firstCell);
}

at::Tensor Embedder::embedOnCpu(std::span<const SampleCounts> samples, int64_t firstCell) const {
    const int64_t dim = m_model->config().dim;
    auto result = at::empty({static_cast<int64_t>(samples.size()), dim}, at::kFloat);
    ForwardOptions forward;
    forward.bfloat16 = m_options.bfloat16;
    forward.layer = m_options.layer;
    const int64_t views = m_options.genes.viewCount();
    at::parallel_for(0, static_cast<int64_t>(samples.size()), 1, [&](int64_t begin, int64_t end) {
        const c10::InferenceMode inference;
        for (int64_t i = begin; i < end; ++i) {
            float* row = result.mutable_data_ptr<float>() + i * dim;
            std::fill(row, row + dim, 0.0f);
            for (int64_t view = 0; view < views; ++view) {
                const std::vector<int32_t> genes =
                    shownGenes(samples[i], m_options.genes, m_options.seed, static_cast<uint32_t>(firstCell + i),
                               static_cast<uint32_t>(view));
                const auto cls = m_model->encode(makeTokens(samples.subspan(i, 1), {&genes, 1}, m_model->config()), forward)
                                     .contiguous();
                const float* values = cls.const_data_ptr<float>();
                for (int64_t j = 0; j < dim; ++j) row[j] += values[j] / static_cast<float>(views);
            }
        }
    });
    return result;
}

int64_t Embedder::cellsPerBatch(int64_t tokens) const {
    if (m_options.batch > 0) return m_options.batch;
    // Peak of one block: residual in fp32, input projection, MLP and attention outputs, about 20 values of 4 bytes per
    // token and width; a sixteenth of a small card's memory keeps room for weights and workspaces.
    constexpr int64_t kBudget = int64_t{1} << 30;
    return std::clamp<int64_t>(kBudget / ((tokens + 1) * m_model->config().dim * 80), 1, 4096);
}

at::Tensor Embedder::embedInBatches(std::span<const SampleCounts> samples, int64_t firstCell) const {
    const c10::InferenceMode inference;
    ForwardOptions forward;
    forward.bfloat16 = m_options.bfloat16;
    forward.layer = m_options.layer;
    const int64_t views = m_options.genes.viewCount();
    struct Item {
        int64_t sample;
        std::vector<int32_t> genes;
    };
    std::vector<Item> items;
    for (int64_t i = 0; i < static_cast<int64_t>(samples.size()); ++i)
        for (int64_t view = 0; view < views; ++view)
            items.push_back({i, shownGenes(samples[i], m_options.genes, m_options.seed,
                                           static_cast<uint32_t>(firstCell + i), static_cast<uint32_t>(view))});
    // Longest first: a batch pads little, and the largest memory need comes at once.
    std::stable_sort(items.begin(), items.end(),
                     [](const Item& a, const Item& b) { return a.genes.size() > b.genes.size(); });
    auto result = at::zeros({static_cast<int64_t>(samples.size()), m_model->config().dim}, at::kFloat);
    for (size_t begin = 0; begin < items.size();) {
        const size_t count = std::min<size_t>(items.size() - begin, static_cast<size_t>(cellsPerBatch(static_cast<int64_t>(items[begin].genes.size()))));
        std::vector<SampleCounts> batch;
        std::vector<std::vector<int32_t>> genes;
        for (size_t i = begin; i < begin + count; ++i) {
            batch.push_back(samples[static_cast<size_t>(items[i].sample)]);
            genes.push_back(std::move(items[i].genes));
        }
        const auto tokens = makeTokens(batch, genes, m_model->config()).to(m_model->device());
        const auto cls = m_model->encode(tokens, forward).to(at::kCPU, at::kFloat).contiguous();
        for (size_t i = 0; i < count; ++i)
            result[items[begin + i].sample] += cls[static_cast<int64_t>(i)] / static_cast<double>(views);
        begin += count;
    }
    return result;
}

at::Tensor Embedder::reconstruct(const at::Tensor& cls, const at::Tensor& genes, const at::Tensor& measured) const {
    const c10::InferenceMode inference;
    ForwardOptions forward;
    forward.bfloat16 = m_options.bfloat16;
    const auto device = m_model->device();
    // A softmax needs every logit before genes are picked.
    const bool pickFirst = genes.defined() && m_model->config().activation != "softmax";
    const auto output = m_model->decode(cls.to(device), forward, pickFirst ? genes.to(device) : at::Tensor());
    auto expected = m_model->expectedExpression(output, m_model->config().activation == "softmax" && measured.defined()
                                                            ? measured.to(device) : at::Tensor());
    if (genes.defined() && !pickFirst) expected = expected.index_select(1, genes.to(device));
    return expected.to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace txfm::model
