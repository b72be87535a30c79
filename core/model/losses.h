// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <ATen/core/Tensor.h>

#include "core/io/model_config.h"
#include "core/model/batch.h"

namespace txfm::model {

/// Decoder output of a batch, all [B × G] or [G], float32 (float64 in tests).
struct DecoderOutput {
    at::Tensor logits;         ///< z
    at::Tensor dispersion;     ///< [G] r = ln θ; NB, ZINB only
    at::Tensor zeroInflation;  ///< [B × G] ρ, logit of π; ZINB only
};

/// A batch loss as `sum / weight`, so that micro-batches and ranks add up exactly: the objective over any
/// number of micro-batches is Σ sum / Σ weight (call backward() on each `sum`, then scale the gradients by 1/Σ weight).
struct LossResult {
    at::Tensor sum;      ///< scalar with gradient
    double weight = 0;      ///< samples; entries for the reduction mean_all_entries
    at::Tensor samples;  ///< [B] loss of each sample, detached (sum for the reduction `sum`, else mean)
    double mean() const;    ///< sum / weight as a number
};

/// Loss of every (sample, gene) pair [B × G] (spec §3.2, §3.3); Poisson, MSE, SmoothL1 on x, NB and ZINB on counts.
at::Tensor geneLosses(const DecoderOutput& output, const TargetBatch& target, const io::ModelConfig& config);

/// Loss with the configured reduction over measured genes; `tokens` is needed for masked_only (hidden genes only).
/// Everything in float32 (spec §4.4). The default pair (rectified tanh, Poisson) takes one fused pass that also
/// leaves the gradient ready.
LossResult batchLoss(const DecoderOutput& output, const TokenBatch& tokens, const TargetBatch& target,
                     const io::ModelConfig& config);

/// NLL of the negative binomial with mean `mean` and inverse dispersion `theta` (Risso; eq. 13), ε = 1e-8 in logs.
at::Tensor negativeBinomialNll(const at::Tensor& counts, const at::Tensor& mean, const at::Tensor& theta);
/// NLL of its zero-inflated form; `rho` is the logit of the zero-inflation probability (eq. 14).
at::Tensor zeroInflatedNll(const at::Tensor& counts, const at::Tensor& mean, const at::Tensor& theta,
                              const at::Tensor& rho);

}  // namespace txfm::model
