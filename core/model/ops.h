// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <ATen/core/Tensor.h>

namespace txfm::model::ops {

/// Operators of the library `txfm` (TORCH_LIBRARY), each with a CPU version that is the reference for plugins/cuda.
/// The functions below dispatch by device and are differentiable.

/// Weighted Poisson losses in log space under the rectified tanh (spec §3.1, §3.2), summed per sample [B]:
/// w_n·Σ_{g measured} (e^φ − e^x·φ), φ = bound·max(0, tanh(z/width)). z, x [B × G]; measured [D × G] 0/1 with the row of
/// each sample; weights [B]. One pass over the logits computes losses and gradient.
at::Tensor rectifiedTanhPoissonLoss(const at::Tensor& z, const at::Tensor& x, const at::Tensor& measured,
                                       const at::Tensor& measuredRow, const at::Tensor& weights, double bound,
                                       double width);

}  // namespace txfm::model::ops
