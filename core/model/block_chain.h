// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "core/model/block.h"
#include "core/model/ops.h"

namespace txfm::model {

/// Parallel blocks one after the other with each residual join fused with the LayerNorm that follows it, which the
/// memory of a GPU is thankful for: the same function as runBlock() per block. u [B × T × d]; one call per block;
/// `norm`, `normBias` follow the last block, which is computed for the CLS row alone. Returns that row [B × 1 × d] before
/// (`out`) and after (`y`) the final norm.
ops::ResidualNorm runParallelChain(std::span<const BlockWeights> blocks, const at::Tensor& u,
                                   std::span<const BlockCall> calls, const at::Tensor& norm, const at::Tensor& normBias);

}  // namespace txfm::model
