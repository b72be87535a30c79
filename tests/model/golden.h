// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <nlohmann/json.hpp>

#include "core/io/safetensors.h"
#include "tests/support/test_support.h"

namespace txfm::test {

inline at::Tensor tensorOf(const std::vector<double>& values) {
    auto tensor = at::empty({static_cast<int64_t>(values.size())}, at::kDouble);
    std::copy(values.begin(), values.end(), tensor.data_ptr<double>());
    return tensor;
}

/// The input generator of the golden values as a float64 tensor.
inline at::Tensor goldenMatrix(int64_t rows, int64_t cols, double a = 0.9) {
    return tensorOf(goldenInput(static_cast<int>(rows), static_cast<int>(cols), a)).view({rows, cols});
}

/// A tensor of a safetensors file; an undefined tensor when absent.
inline at::Tensor tensorFrom(const io::SafetensorsFile& file, const std::string& name) {
    const auto found = file.tensors().find(name);
    if (found == file.tensors().end()) return {};
    const auto values = file.readFloat(name);
    auto tensor = at::empty(found->second.shape, at::kFloat);
    std::copy(values->begin(), values->end(), tensor.data_ptr<float>());
    return tensor;
}

/// max |a - b| / max |b| over all entries.
inline double relativeError(const at::Tensor& a, const at::Tensor& b) {
    const auto expected = b.to(at::kDouble);
    const double scale = std::max(expected.abs().max().item<double>(), 1e-12);
    const double error = (a.detach().to(at::kDouble) - expected).abs().max().item<double>();
    return std::isfinite(error) ? error / scale : 1e300;
}

/// Largest error of the gradient of f at x against central differences, relative to the largest slope.
template <class F>
double gradientError(const F& f, const at::Tensor& at, double step = 1e-5) {
    auto x = at.detach().clone().requires_grad_(true);
    f(x).backward();
    const auto analytic = x.grad().defined() ? x.grad().clone() : at::zeros_like(at);
    auto numeric = at::empty_like(analytic);
    at::NoGradGuard noGrad;
    auto probe = at.detach().clone();
    auto* data = probe.template data_ptr<double>();
    for (int64_t i = 0; i < probe.numel(); ++i) {
        const double kept = data[i];
        data[i] = kept + step;
        const double up = f(probe).template item<double>();
        data[i] = kept - step;
        const double down = f(probe).template item<double>();
        data[i] = kept;
        numeric.template data_ptr<double>()[i] = (up - down) / (2 * step);
    }
    const double scale = std::max(numeric.abs().max().item<double>(), 1e-8);
    return (analytic - numeric).abs().max().item<double>() / scale;
}

}  // namespace txfm::test
