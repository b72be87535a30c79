// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/model/sample.h"

namespace txfm::model {

/// What the encoder sees: B samples of up to T revealed genes, right-padded. The CLS token is added by the model.
struct TokenBatch {
    at::Tensor genes;    ///< [B × T] int64 vocabulary indices; -1 = padding
    at::Tensor values;   ///< [B × T] float32 x; 0 at padding
    std::vector<int64_t> lengths;  ///< B; number of genes of each sample (host copy)

    int64_t samples() const { return genes.size(0); }
    int64_t width() const { return genes.size(1); }
    /// True when some sample is shorter than T, i.e. attention needs a mask.
    bool padded() const;
    TokenBatch to(at::Device device) const;
};

/// What the loss compares with.
struct TargetBatch {
    at::Tensor x;           ///< [B × G] float32 ln(1 + L·c/l); 0 where unmeasured
    at::Tensor counts;      ///< [B × G] float32 raw counts; undefined unless the loss is nb or zinb
    at::Tensor library;     ///< [B] float32 library sizes
    at::Tensor measured;    ///< [D × G] float32 0/1, one row per data set of this batch
    at::Tensor measuredRow; ///< [B] int64 row of `measured`
    double meanLibrary = 0;    ///< mean library size of the global batch (nb_size_factor = mean); 0 = of this batch

    TargetBatch to(at::Device device) const;
};

/// Tokens of the revealed genes (ascending per sample, from selectGenes()), one list per sample.
/// `padTo` > 0 pads to that width at least. Runs on all allowed threads.
TokenBatch makeTokens(std::span<const SampleCounts> samples, std::span<const std::vector<int32_t>> revealed,
                      const io::ModelConfig& config, int64_t padTo = 0);

/// Dense targets of the same samples.
TargetBatch makeTargets(std::span<const SampleCounts> samples, const io::ModelConfig& config);

}  // namespace txfm::model
