// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/block.h"

namespace txfm::model {

/// The parallel block on the CPU without a backward pass: u [B × T × d] float32 -> [B × T × d], or the first row alone
/// [B × 1 × d] with clsOnly. Products run in the precision of `matrices`, bf16 or float32. The rows of all samples that a thread serves go through the matrix products together,
/// in pieces of one fixed size: no padding, one kernel for every cell length, and bits that depend on neither the
/// batch nor the thread count. Attention runs per sample. Padded rows pass unchanged.
at::Tensor evaluateBlock(const BlockWeights& weights, const BlockMatrices& matrices, const at::Tensor& u,
                         const BlockCall& call, bool clsOnly);

}  // namespace txfm::model
