// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <ATen/core/Tensor.h>

namespace txfm::model::ops {

/// Operators of the library `txfm` (TORCH_LIBRARY), each with a reference version here and a CUDA kernel in plugins/cuda.
/// The functions below dispatch by device and are differentiable.

/// Weighted Poisson losses in log space under the rectified tanh (spec §3.1, §3.2), summed per sample [B]:
/// w_n·Σ_{g measured} (e^φ − e^x·φ), φ = bound·max(0, tanh(z/width)). z, x [B × G]; measured [D × G] 0/1 with the row of
/// each sample; weights [B]. One pass over the logits computes losses and gradient.
at::Tensor rectifiedTanhPoissonLoss(const at::Tensor& z, const at::Tensor& x, const at::Tensor& measured,
                                       const at::Tensor& measuredRow, const at::Tensor& weights, double bound,
                                       double width);

/// True when rectifiedTanhPoissonLoss() has its CUDA kernel (the plugin is loaded).
bool hasCudaLoss();

/// A residual branch joined and normalised in one pass: out = u + keep·scale·branch, y = LayerNorm(out)·w + b.
/// u [B × T × d] in the precision of the residual, branch [B × T × d] in that of the products, scale, w, b [d], keep
/// [B × 1 × 1] or undefined (stochastic depth); y in bf16 if asked for, else as u.
struct ResidualNorm {
    at::Tensor out, y;
};
ResidualNorm residualNorm(const at::Tensor& u, const at::Tensor& branch, const at::Tensor& scale, const at::Tensor& keep,
                          const at::Tensor& w, const at::Tensor& b, double eps, bool bfloat16);

/// Queries and keys [B × heads × T × width], normalised over width (weights and biases [width], one for all heads), from
/// their columns qk [B × T × 2·heads·width] of the input projection, whose rows may lie apart.
struct QueriesKeys {
    at::Tensor q, k;
};
QueriesKeys qkNorm(const at::Tensor& qk, int64_t heads, const at::Tensor& qw, const at::Tensor& qb, const at::Tensor& kw,
                   const at::Tensor& kb, double eps);

}  // namespace txfm::model::ops
