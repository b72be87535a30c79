// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <ATen/core/Tensor.h>

#include "core/io/model_config.h"

namespace txfm::model {

/// Height α of the bounded activations: ln(L + 1). Without depth normalisation (L = null) the default
/// L = 100,000 bounds them.
double activationBound(const io::ModelConfig& config);
/// Width β of the rectified tanh: 4e, or α with unit_slope (paper C.1).
double activationWidth(const io::ModelConfig& config);

/// x̂ = φ(z) (spec §3.1), logits [B × G] -> expected log1p expression [B × G], in the precision of z.
/// `measured` [B × G] or broadcastable, 0/1: the softmax runs over measured genes, the others get 0;
/// undefined = all measured. For nb_mean = exp with NB or ZINB: ln(1 + e^z).
at::Tensor activate(const at::Tensor& z, const io::ModelConfig& config, const at::Tensor& measured = {});

}  // namespace txfm::model
