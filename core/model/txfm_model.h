// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/base/result.h"
#include "core/io/model_directory.h"
#include "core/model/batch.h"
#include "core/model/losses.h"

namespace txfm::model {

/// Stochastic depth of a training step (spec §2.2): sample b keeps block i with probability 1 - rate_i, drawn from
/// Philox by (seed, step, sampleIds[b], block), so that any device, batch split and resume draws the same.
struct DropPathDraws {
    uint64_t seed = 0;
    uint32_t step = 0;
    std::vector<uint32_t> sampleIds;  ///< B
};

/// How to run the network.
struct ForwardOptions {
    bool bfloat16 = false;    ///< matrix products and attention in bf16; residual, norm statistics, losses in fp32
    bool checkpoint = false;  ///< recompute blocks in the backward pass instead of keeping their activations
    int64_t layer = 0;        ///< 1-based: CLS row after that block without the final LayerNorm; 0 = last block with it
    std::optional<DropPathDraws> dropPath;  ///< training only
};

/// The TxFM network (spec §2): tokens, encoder, decoder. Parameters carry the names of the model directory.
/// Evaluation under at::NoGradGuard is thread-safe; training is for one thread at a time.
class TxfmModel {
public:
    /// Initial weights (spec §2.1: codebook N(0,1), linear truncated normal 0.02, CLS 0.02, LayerScale), each
    /// tensor from a Philox stream of (seed, its position), so equal on every machine.
    /// The configuration must have passed ModelConfig::validate(). Null after a stop.
    static std::shared_ptr<TxfmModel> create(const io::ModelConfig& config, uint64_t seed, const CancelToken* cancel = nullptr);
    /// Weights of a directory (F32 or BF16 -> float32). BadInput naming file and tensor.
    static Result<std::shared_ptr<TxfmModel>> load(const io::ModelDirectory& directory);

    ~TxfmModel();
    const io::ModelConfig& config() const { return m_config; }

    /// Every weight with its contract name, in the order of a forward pass. Leaves that require a gradient.
    const std::vector<std::pair<std::string, at::Tensor>>& parameters() const { return m_parameters; }
    /// The parameter of that name; an undefined tensor when this configuration has none.
    at::Tensor parameter(const std::string& name) const;
    /// Moves (and converts) the weights in place; gradients are dropped.
    void to(at::Device device, at::ScalarType type = at::kFloat);
    at::Device device() const;

    /// CLS embeddings [B × d] float32. The last block is computed for the CLS row alone, which is exact.
    at::Tensor encode(const TokenBatch& tokens, const ForwardOptions& options = {}) const;
    /// Logits of every gene, or of the genes listed (int64 [n]).
    DecoderOutput decode(const at::Tensor& cls, const ForwardOptions& options = {},
                         const at::Tensor& genes = {}) const;
    /// The training objective: encode, decode, batchLoss.
    LossResult loss(const TokenBatch& tokens, const TargetBatch& target, const ForwardOptions& options = {}) const;
    /// x̂ = φ(z) as `reconstruct` stores it: expected log1p expression; for NB and ZINB ln(1 + mean of the NB part).
    at::Tensor expectedExpression(const DecoderOutput& output, const at::Tensor& measured = {}) const;

    /// Deep copy on the same device (EMA, best checkpoint).
    std::shared_ptr<TxfmModel> clone() const;
    /// To be called after parameters were changed outside autograd (optimizer step, restored checkpoint): whatever the
    /// network derived from them is made anew.
    void weightsChanged();
    /// A copy for evaluation that shares storage where it can: no gradients, matrices kept in bf16 when the products
    /// are to run in it. Later changes of this model may or may not be seen by the copy.
    std::shared_ptr<const TxfmModel> frozen(bool bfloat16) const;

private:
    TxfmModel() = default;
    struct Network;
    io::ModelConfig m_config;
    std::vector<std::pair<std::string, at::Tensor>> m_parameters;
    std::unique_ptr<Network> m_network;
};

/// Drop rate of block i (0-based): rate·i/(D-1).
double dropPathRate(double rate, int64_t block, int64_t blocks);
/// True when that sample keeps that block.
bool keepsBlock(const DropPathDraws& draws, uint32_t sampleId, int64_t block, double dropRate);

/// Writes a model directory (see io::writeModelDirectory), weights as F32 or BF16. Errors: Failed, Cancelled.
Result<void> saveModel(const std::filesystem::path& folder, const TxfmModel& model, const io::Vocabulary& vocabulary,
                       const std::string& card, bool bfloat16 = false, const CancelToken* cancel = nullptr);

}  // namespace txfm::model
