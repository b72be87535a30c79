// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/inference.h"

#include <algorithm>
#include <exception>
#include <mutex>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "core/base/parallel.h"
#include "core/model/device.h"

namespace txfm::model {
namespace {
/// Tokens that go through the products together: enough to fill them, few enough to stay in the cache.
constexpr int64_t kRowsPerGroup = 2048;
}  // namespace

Embedder::Embedder(const TxfmModel& model, const InferenceOptions& options)
    : m_model(model.frozen(options.bfloat16)), m_options(options) {}

at::Tensor Embedder::embed(std::span<const SampleCounts> samples, int64_t firstCell) const {
    return m_model->device().is_cpu() ? embedOnCpu(samples, firstCell) : embedInBatches(samples, firstCell);
}

bool Embedder::sharesProducts() const { return m_model->config().block == "parallel"; }

std::vector<Embedder::Group> Embedder::groups(std::span<const SampleCounts> samples) const {
    const auto count = static_cast<int64_t>(samples.size());
    const auto rowsOf = [&](const SampleCounts& sample) {
        const int64_t shown = m_options.genes.mode == InferenceGenes::Mode::Expressed ? static_cast<int64_t>(sample.genes.size())
                                                                                      : sample.measured->count();
        return (m_options.genes.count > 0 ? std::min(shown, m_options.genes.count) : shown) + 1;
    };
    int64_t total = 0;
    for (const SampleCounts& sample : samples) total += rowsOf(sample);
    // Every thread the same number of groups of about the same size.
    const int64_t threads = std::max(1, threadCount()), rounds = total / (threads * kRowsPerGroup) + 1;
    const int64_t target = total / (threads * rounds) + 1;
    const int64_t most = !sharesProducts() ? 1 : m_options.batch > 0 ? m_options.batch : count;
    std::vector<Group> found;
    for (int64_t begin = 0; begin < count;) {
        int64_t end = begin, rows = 0;
        while (end < count && end - begin < most && (rows < target || m_options.batch > 0)) rows += rowsOf(samples[end++]);
        found.push_back({begin, end});
        begin = end;
    }
    return found;
}

at::Tensor Embedder::embedOnCpu(std::span<const SampleCounts> samples, int64_t firstCell) const {
    const int64_t dim = m_model->config().dim;
    auto result = at::zeros({static_cast<int64_t>(samples.size()), dim}, at::kFloat);
    const std::vector<Group> work = groups(samples);
    std::mutex mutex;
    std::exception_ptr failure;
    parallelFor(work.size(), 1, [&](size_t begin, size_t end) {
        const ComputeAlone alone;
        try {
            for (size_t i = begin; i < end && !m_options.stop.cancelled(); ++i)
                embedGroup(samples, work[i], firstCell, result.mutable_data_ptr<float>());
        } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
        }
    });
    if (failure) std::rethrow_exception(failure);
    return m_options.stop.cancelled() ? at::Tensor() : result;
}

void Embedder::embedGroup(std::span<const SampleCounts> samples, Group group, int64_t firstCell, float* result) const {
    const c10::InferenceMode inference;
    ForwardOptions forward;
    forward.bfloat16 = m_options.bfloat16;
    forward.layer = m_options.layer;
    const int64_t views = m_options.genes.viewCount(), count = group.end - group.begin, dim = m_model->config().dim;
    for (int64_t view = 0; view < views; ++view) {
        std::vector<std::vector<int32_t>> genes;
        for (int64_t i = group.begin; i < group.end; ++i)
            genes.push_back(shownGenes(samples[i], m_options.genes, m_options.seed, static_cast<uint32_t>(firstCell + i),
                                       static_cast<uint32_t>(view)));
        const auto part = samples.subspan(static_cast<size_t>(group.begin), static_cast<size_t>(count));
        const auto cls = m_model->encode(makeTokens(part, genes, m_model->config()), forward).contiguous();
        const float* values = cls.const_data_ptr<float>();
        float* rows = result + group.begin * dim;
        for (int64_t j = 0; j < count * dim; ++j) rows[j] += values[j] / static_cast<float>(views);
    }
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
        if (m_options.stop.cancelled()) return {};
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
