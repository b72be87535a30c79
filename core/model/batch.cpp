// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/batch.h"

#include <algorithm>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "core/base/parallel.h"

namespace txfm::model {

bool TokenBatch::padded() const {
    return std::any_of(lengths.begin(), lengths.end(), [&](int64_t length) { return length < width(); });
}

TokenBatch TokenBatch::to(at::Device device) const { return {genes.to(device), values.to(device), lengths}; }

TargetBatch TargetBatch::to(at::Device device) const {
    TargetBatch moved = *this;
    for (at::Tensor* tensor : {&moved.x, &moved.counts, &moved.library, &moved.measured, &moved.measuredRow})
        if (tensor->defined()) *tensor = tensor->to(device);
    return moved;
}

TokenBatch makeTokens(std::span<const SampleCounts> samples, std::span<const std::vector<int32_t>> revealed,
                      const io::ModelConfig& config, int64_t padTo) {
    TokenBatch batch;
    int64_t width = padTo;
    for (const auto& genes : revealed) {
        batch.lengths.push_back(static_cast<int64_t>(genes.size()));
        width = std::max(width, batch.lengths.back());
    }
    const auto count = static_cast<int64_t>(samples.size());
    batch.genes = at::empty({count, width}, at::kLong);
    batch.values = at::empty({count, width}, at::kFloat);
    auto* geneData = batch.genes.data_ptr<int64_t>();
    auto* valueData = batch.values.data_ptr<float>();
    constexpr size_t kSamplesPerThread = 16;  // starting a thread costs more than a few samples
    parallelFor(samples.size(), kSamplesPerThread, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) {
            const SampleCounts& sample = samples[i];
            const double library = librarySize(sample, config);
            int64_t* genes = geneData + static_cast<int64_t>(i) * width;
            float* values = valueData + static_cast<int64_t>(i) * width;
            size_t at = 0;
            int64_t slot = 0;
            for (int32_t gene : revealed[i]) {
                while (at < sample.genes.size() && sample.genes[at] < gene) ++at;
                const bool counted = at < sample.genes.size() && sample.genes[at] == gene;
                genes[slot] = gene;
                values[slot++] = counted ? normalisedValue(sample.counts[at], library, config) : 0.0f;
            }
            std::fill(genes + slot, genes + width, -1);
            std::fill(values + slot, values + width, 0.0f);
        }
    });
    return batch;
}

TargetBatch makeTargets(std::span<const SampleCounts> samples, const io::ModelConfig& config) {
    const auto count = static_cast<int64_t>(samples.size());
    const int64_t genes = config.nGenes;
    const bool wantCounts = config.loss == "nb" || config.loss == "zinb";
    TargetBatch batch;
    batch.x = at::zeros({count, genes}, at::kFloat);
    if (wantCounts) batch.counts = at::zeros({count, genes}, at::kFloat);
    batch.library = at::empty({count}, at::kFloat);
    batch.measuredRow = at::empty({count}, at::kLong);

    std::vector<const MeasuredGenes*> sets;
    for (int64_t i = 0; i < count; ++i) {
        auto found = std::find(sets.begin(), sets.end(), samples[i].measured);
        if (found == sets.end()) found = sets.insert(sets.end(), samples[i].measured);
        batch.measuredRow.data_ptr<int64_t>()[i] = found - sets.begin();
    }
    batch.measured = at::empty({static_cast<int64_t>(sets.size()), genes}, at::kFloat);
    for (size_t row = 0; row < sets.size(); ++row)
        std::copy(sets[row]->flags.begin(), sets[row]->flags.end(),
                  batch.measured.data_ptr<float>() + static_cast<int64_t>(row) * genes);

    auto* xData = batch.x.data_ptr<float>();
    float* countData = wantCounts ? batch.counts.data_ptr<float>() : nullptr;
    parallelFor(samples.size(), 1, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) {
            const SampleCounts& sample = samples[i];
            const double library = librarySize(sample, config);
            batch.library.data_ptr<float>()[i] = static_cast<float>(library);
            for (size_t j = 0; j < sample.genes.size(); ++j) {
                const int32_t gene = sample.genes[j];
                if (!sample.measured->flags[gene]) continue;
                const int64_t at = static_cast<int64_t>(i) * genes + gene;
                xData[at] = normalisedValue(sample.counts[j], library, config);
                if (countData) countData[at] = sample.counts[j];
            }
        }
    });
    return batch;
}

}  // namespace txfm::model
