// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/activations.h"

#include <cmath>
#include <limits>
#include <numbers>

#include <ATen/TensorOperators.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/where.h>

namespace txfm::model {

double activationBound(const io::ModelConfig& config) {
    return std::log(1.0 + (config.depthNormalised() ? config.librarySize : 100000.0));
}

double activationWidth(const io::ModelConfig& config) {
    return config.unitSlope ? activationBound(config) : 4.0 * std::numbers::e;
}

at::Tensor activate(const at::Tensor& z, const io::ModelConfig& config, const at::Tensor& measured) {
    if ((config.loss == "nb" || config.loss == "zinb") && config.nbMean == "exp")
        return at::softplus(z);  // ln(1 + e^z)
    const double bound = activationBound(config);
    if (config.activation == "rectified_tanh")
        return at::relu(at::tanh(z / activationWidth(config))) * bound;
    if (config.activation == "relu") return at::relu(z);
    if (config.activation == "clamped_relu") {
        // torch::clamp passes the gradient at the bounds; the specification wants it strictly inside.
        const auto inside = (z > 0).logical_and(z < bound);
        return at::where(inside, z, z.detach().clamp(0.0, bound));
    }
    at::Tensor logits = z;
    if (measured.defined())
        logits = z.masked_fill(measured.expand_as(z) == 0, -std::numeric_limits<double>::infinity());
    const auto share = at::softmax(logits, -1);
    if (config.softmaxLink == "scaled") return share * bound;
    return at::log1p(share * std::expm1(bound));
}

}  // namespace txfm::model
