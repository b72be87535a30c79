// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/losses.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/full.h>
#include <ATen/ops/lgamma.h>
#include <ATen/ops/log.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/smooth_l1_loss.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "core/model/activations.h"
#include "core/model/ops.h"

namespace txfm::model {
namespace {

constexpr double kNbEps = 1e-8;

// Mean of the negative binomial in raw counts: s_n·μ_ng (spec §3.3).
at::Tensor scaledMean(const at::Tensor& z, const at::Tensor& measured, const TargetBatch& target,
                         const io::ModelConfig& config) {
    const auto mean = config.nbMean == "exp" ? at::exp(z) : at::expm1(activate(z, config, measured));
    const auto library = target.library.to(z.scalar_type());
    if (config.nbSizeFactor == "mean") {
        const auto centre = target.meanLibrary > 0 ? at::full({}, target.meanLibrary, library.options())
                                                   : library.mean();
        return mean * (library / centre).unsqueeze(-1);
    }
    // Without depth normalisation the model's mean is already in raw counts.
    if (!config.depthNormalised()) return mean;
    return mean * (library / config.librarySize).unsqueeze(-1);
}

bool takesFusedPath(const DecoderOutput& output, const io::ModelConfig& config) {
    return config.loss == "poisson" && config.activation == "rectified_tanh" && !config.maskedOnly &&
           output.logits.scalar_type() == at::kFloat && (output.logits.is_cpu() || ops::hasCudaLoss());
}

LossResult fusedLoss(const DecoderOutput& output, const TargetBatch& target, const io::ModelConfig& config) {
    const auto counts = target.measured.sum(1).index_select(0, target.measuredRow).clamp_min(1.0);
    // Every sample's genes weigh 1/|M_n| in the mean, 1 in the other reductions.
    const bool mean = config.reduction == "mean";
    const auto weights = mean ? counts.reciprocal() : at::ones_like(counts);
    const auto sums = ops::rectifiedTanhPoissonLoss(output.logits, target.x, target.measured, target.measuredRow,
                                                    weights, activationBound(config), activationWidth(config));
    LossResult result;
    result.sum = sums.sum();
    result.weight = config.reduction == "mean_all_entries" ? counts.sum().item<double>()
                                                           : static_cast<double>(output.logits.size(0));
    result.samples = sums.detach();
    if (config.reduction == "mean_all_entries") result.samples = result.samples / counts;
    return result;
}

}  // namespace

double LossResult::mean() const { return sum.item<double>() / weight; }

at::Tensor negativeBinomialNll(const at::Tensor& counts, const at::Tensor& mean, const at::Tensor& theta) {
    const auto logTotal = at::log(theta + mean + kNbEps);
    return -(at::lgamma(counts + theta) - at::lgamma(theta) - at::lgamma(counts + 1.0) +
             theta * (at::log(theta + kNbEps) - logTotal) + counts * (at::log(mean + kNbEps) - logTotal));
}

at::Tensor zeroInflatedNll(const at::Tensor& counts, const at::Tensor& mean, const at::Tensor& theta,
                              const at::Tensor& rho) {
    const auto logTotal = at::log(theta + mean + kNbEps);
    const auto a = theta * (at::log(theta + kNbEps) - logTotal) - rho;
    const auto base = at::softplus(-rho);
    const auto zero = at::softplus(a) - base;
    const auto positive = a - base + counts * (at::log(mean + kNbEps) - logTotal) + at::lgamma(counts + theta) -
                          at::lgamma(theta) - at::lgamma(counts + 1.0);
    return -at::where(counts > 0, positive, zero);
}

at::Tensor geneLosses(const DecoderOutput& output, const TargetBatch& target, const io::ModelConfig& config) {
    const at::Tensor& z = output.logits;
    const auto measured = target.measured.index_select(0, target.measuredRow).to(z.scalar_type());
    if (config.loss == "nb" || config.loss == "zinb") {
        const auto mean = scaledMean(z, measured, target, config);
        const auto counts = target.counts.to(z.scalar_type());
        const auto theta = at::exp(output.dispersion);
        return config.loss == "nb" ? negativeBinomialNll(counts, mean, theta)
                                   : zeroInflatedNll(counts, mean, theta, output.zeroInflation);
    }
    const auto expected = activate(z, config, measured);
    const auto x = target.x.to(z.scalar_type());
    if (config.loss == "mse") return (expected - x).square();
    if (config.loss == "smooth_l1") return at::smooth_l1_loss(expected, x, at::Reduction::None, 1.0);
    return at::exp(expected) - at::exp(x) * expected;
}

LossResult batchLoss(const DecoderOutput& output, const TokenBatch& tokens, const TargetBatch& target,
                     const io::ModelConfig& config) {
    if (takesFusedPath(output, config)) return fusedLoss(output, target, config);
    const auto losses = geneLosses(output, target, config);
    auto use = target.measured.index_select(0, target.measuredRow) > 0;
    if (config.maskedOnly) {
        // One spare column takes the padding.
        auto revealed = at::zeros({use.size(0), use.size(1) + 1}, use.options());
        revealed.scatter_(1, at::where(tokens.genes < 0, use.size(1), tokens.genes), true);
        use = use.logical_and(revealed.narrow(1, 0, use.size(1)).logical_not());
    }
    // where(), not a product: an unmeasured entry may be infinite and must still have gradient 0.
    const auto sums = at::where(use, losses, at::zeros({}, losses.options())).sum(1);
    const auto counts = use.sum(1).to(losses.scalar_type());
    // A sample whose measured genes were all revealed has nothing to predict: it contributes 0.
    const auto means = sums / counts.clamp_min(1.0);
    LossResult result;
    const bool mean = config.reduction == "mean", entries = config.reduction == "mean_all_entries";
    result.sum = mean ? means.sum() : sums.sum();
    result.weight = entries ? std::max(counts.sum().item<double>(), 1.0) : static_cast<double>(use.size(0));
    result.samples = (config.reduction == "sum" ? sums : means).detach();
    return result;
}

}  // namespace txfm::model
