// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/io/model_config.h"

namespace txfm::model {

constexpr double kLayerNormEps = 1e-6;

/// Per call: precision, padding and the drop-path factors of this block.
struct BlockCall {
    bool bfloat16 = false;
    at::Tensor padding;  ///< [B × 1 × 1 × T] additive mask, 0 or -inf; undefined = no padding
    std::vector<int64_t> lengths;  ///< genes of each sample when some are padded, else empty
    at::Tensor keep;     ///< [B × 1 × 1] factor 0 or 1/(1-p) of stochastic depth; undefined = 1
};

/// A parallel block's matrices as the fused CPU path takes them, in the precision of its products.
struct BlockMatrices {
    at::Tensor in;   ///< [m+3d × d]
    at::Tensor out;  ///< [d × d+m]: attention and MLP output projections side by side
};

/// Weights of one encoder block under their contract names (spec §2.2); handles share the model's storage.
struct BlockWeights {
    bool standard = false;
    int64_t heads = 1;
    at::Tensor norm, normBias;        // norm (parallel) or norm1
    at::Tensor inProj, mlpBias;       // parallel: [m+3d × d], [m]
    at::Tensor qkv, qkvBias;          // standard: [3d × d]; bias optional in both
    at::Tensor qNorm, qNormBias, kNorm, kNormBias;  // optional
    at::Tensor attnOut, attnOutBias;
    at::Tensor norm2, norm2Bias, mlpIn, mlpInBias;  // standard
    at::Tensor mlpOut, mlpOutBias;
    at::Tensor layerScale, layerScale2;
    BlockMatrices packed;  ///< only in models frozen for evaluation on the CPU
};

/// Fetches the weights of block `index` by contract name.
BlockWeights bindBlock(const io::ModelConfig& config, int64_t index,
                       const std::function<at::Tensor(const std::string&)>& parameter);

/// u [B × T × d] -> [B × T × d]. With clsOnly, [B × 1 × d]: the first row alone, with keys and values of all rows (exact).
at::Tensor runBlock(const BlockWeights& weights, const at::Tensor& u, const BlockCall& call, bool clsOnly);

/// The branch of a parallel block before LayerScale, from the normalised rows y [B × T × d]: attention plus MLP
/// [B × T × d], or of the first row alone [B × 1 × d].
at::Tensor parallelBranch(const BlockWeights& weights, const at::Tensor& y, const BlockCall& call, bool clsOnly);

/// x·Wᵀ + b in bf16 or in the precision of x.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool bfloat16);

}  // namespace txfm::model
