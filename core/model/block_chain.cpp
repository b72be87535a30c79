// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/block_chain.h"

#include <ATen/ops/layer_norm.h>

namespace txfm::model {

ops::ResidualNorm runParallelChain(std::span<const BlockWeights> blocks, const at::Tensor& u,
                                   std::span<const BlockCall> calls, const at::Tensor& norm, const at::Tensor& normBias) {
    const BlockWeights& first = blocks.front();
    ops::ResidualNorm state{u, at::layer_norm(u, {u.size(-1)}, first.norm, first.normBias, kLayerNormEps)};
    for (size_t i = 0; i < blocks.size(); ++i) {
        const bool last = i + 1 == blocks.size();
        const auto branch = parallelBranch(blocks[i], state.y, calls[i], last);
        state = ops::residualNorm(last ? state.out.narrow(1, 0, 1) : state.out, branch, blocks[i].layerScale, calls[i].keep,
                                  last ? norm : blocks[i + 1].norm, last ? normBias : blocks[i + 1].normBias, kLayerNormEps,
                                  calls[i].bfloat16 && !last);
    }
    return state;
}

}  // namespace txfm::model
