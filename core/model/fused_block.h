// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/model/block.h"

namespace txfm::model {

/// True when runFusedBlock() serves this call: parallel block, CPU, float32 residual, heads up to 512 wide; bf16 products,
/// or float32 ones of a model frozen for evaluation. The CLS row alone in evaluation only.
bool canFuse(const BlockWeights& weights, const at::Tensor& u, const BlockCall& call, bool clsOnly);

/// The parallel block in bf16, one sample per thread, so that its intermediate values stay in the cache: same function as
/// runBlock() with products in bf16, with a hand-written backward pass. Padded rows are skipped, not masked; they
/// pass unchanged. The two output products are one, over [attention | hidden]. Results depend on neither the batch nor
/// the thread count. Without a gradient, evaluateBlock() computes it.
at::Tensor runFusedBlock(const BlockWeights& weights, const at::Tensor& u, const BlockCall& call, bool clsOnly);

/// Matrices of a block in bf16 or float32: input projection [m+3d × d] and both output projections side by side [d × d+m].
BlockMatrices packMatrices(const BlockWeights& weights, bool bfloat16);

}  // namespace txfm::model
