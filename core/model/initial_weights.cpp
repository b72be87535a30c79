// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/initial_weights.h"

#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "core/base/parallel.h"
#include "core/base/random.h"

namespace txfm::model {
namespace {

constexpr double kLinearStd = 0.02;

// Normal draws, one stream per row, so that the numbers do not depend on the thread count. `cut` > 0 redraws
// beyond ±cut (timm's trunc_normal_ cuts at an absolute ±2, a hundred standard deviations).
at::Tensor normal(at::IntArrayRef shape, double deviation, double cut, uint64_t seed, uint32_t position, const CancelToken* cancel) {
    auto tensor = at::empty(shape, at::kFloat);
    const int64_t rows = shape.size() > 1 ? shape[0] : 1, width = tensor.numel() / std::max<int64_t>(rows, 1);
    float* data = tensor.data_ptr<float>();
    parallelFor(static_cast<size_t>(rows), 64, [&](size_t begin, size_t end) {
        for (size_t row = begin; row < end; ++row) {
            if (cancel && cancel->cancelled()) return;
            RandomStream stream(seed, position, static_cast<uint32_t>(row));
            for (int64_t i = 0; i < width; ++i) {
                double value = deviation * stream.normal();
                while (cut > 0 && std::abs(value) > cut) value = deviation * stream.normal();
                data[static_cast<int64_t>(row) * width + i] = static_cast<float>(value);
            }
        }
    });
    return tensor;
}

bool endsWith(const std::string& name, const char* tail) { return name.ends_with(tail); }

}  // namespace

at::Tensor initialWeight(const io::ModelConfig& config, const std::string& name, at::IntArrayRef shape,
                         uint64_t seed, uint32_t position, const CancelToken* cancel) {
    if (name == "gene_embedding.weight") return normal(shape, 1.0, 0, seed, position, cancel);
    if (name == "cls_token") return normal(shape, kLinearStd, 0, seed, position, cancel);
    if (name.find("layer_scale") != std::string::npos) return at::full(shape, config.layerScaleInit, at::kFloat);
    if (name.find("norm") != std::string::npos && endsWith(name, ".weight")) return at::ones(shape, at::kFloat);
    // Linear weights are the remaining matrices; biases and log dispersions start at 0.
    if (shape.size() == 2) return normal(shape, kLinearStd, 2.0, seed, position, cancel);
    return at::zeros(shape, at::kFloat);
}

}  // namespace txfm::model
