// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/txfm_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include "core/base/quoted.h"
#include "core/base/random.h"
#include "core/model/activations.h"
#include "core/model/block.h"
#include "core/model/block_chain.h"
#include "core/model/checkpoint.h"
#include "core/model/fused_block.h"
#include "core/model/initial_weights.h"

namespace txfm::model {
namespace {

// Names in the order of a forward pass, so that listings and gradients read as the network runs.
int64_t forwardOrder(const std::string& name) {
    constexpr int64_t kBlocks = 10, kAfter = 1'000'000'000;
    if (name == "cls_token") return 0;
    if (name.starts_with("gene_embedding")) return 1;
    if (name.starts_with("token_proj")) return 2;
    if (name.starts_with("blocks.")) return kBlocks + std::stoll(name.substr(7));
    if (name.starts_with("norm.")) return kAfter;
    if (name.starts_with("decoder.layers.")) return kAfter + 1 + std::stoll(name.substr(15));
    return 2 * kAfter;
}

std::vector<std::pair<std::string, std::vector<int64_t>>> orderedShapes(const io::ModelConfig& config) {
    const auto shapes = io::tensorShapes(config);
    std::vector<std::pair<std::string, std::vector<int64_t>>> ordered(shapes.begin(), shapes.end());
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto& a, const auto& b) { return forwardOrder(a.first) < forwardOrder(b.first); });
    return ordered;
}

struct DecoderLayer {
    at::Tensor norm, normBias, linear1, bias1, linear2, bias2;
};

}  // namespace

struct TxfmModel::Network {
    at::Tensor cls, embedding, tokenProj, tokenProjBias;
    std::vector<BlockWeights> blocks;
    at::Tensor norm, normBias;
    std::vector<DecoderLayer> layers;
    at::Tensor head, headBias, dispersion, zeroInflation, zeroInflationBias;

    Network(const io::ModelConfig& config, const TxfmModel& model);
    at::Tensor tokens(const TokenBatch& batch, const io::ModelConfig& config) const;
};

TxfmModel::Network::Network(const io::ModelConfig& config, const TxfmModel& model) {
    const auto get = [&](const std::string& name) { return model.parameter(name); };
    cls = get("cls_token"), embedding = get("gene_embedding.weight");
    tokenProj = get("token_proj.weight"), tokenProjBias = get("token_proj.bias");
    for (int64_t i = 0; i < config.nBlocks; ++i) blocks.push_back(bindBlock(config, i, get));
    norm = get("norm.weight"), normBias = get("norm.bias");
    for (int64_t j = 0; j < config.decoderLayers; ++j) {
        const std::string prefix = "decoder.layers." + std::to_string(j) + ".";
        const bool single = config.decoderLayer == "single";
        layers.push_back({get(prefix + "norm.weight"), get(prefix + "norm.bias"),
                          get(prefix + (single ? "linear.weight" : "linear1.weight")),
                          get(prefix + (single ? "linear.bias" : "linear1.bias")), get(prefix + "linear2.weight"),
                          get(prefix + "linear2.bias")});
    }
    head = get("decoder.head.weight"), headBias = get("decoder.head.bias");
    dispersion = get("decoder.dispersion");
    zeroInflation = get("decoder.zero_inflation.weight"), zeroInflationBias = get("decoder.zero_inflation.bias");
}

// [CLS, t_1 … t_T] with t = [e_g ; x] or its projection (spec §2.1).
at::Tensor TxfmModel::Network::tokens(const TokenBatch& batch, const io::ModelConfig& config) const {
    const auto rows = at::embedding(embedding, batch.genes.clamp_min(0));
    const auto values = batch.values.to(embedding.scalar_type()).unsqueeze(-1);
    auto sequence = at::cat({rows, values}, -1);
    if (config.token == "proj") sequence = at::linear(sequence, tokenProj, tokenProjBias);
    return at::cat({cls.expand({batch.samples(), 1, cls.size(0)}), sequence}, 1);
}

TxfmModel::~TxfmModel() = default;

std::shared_ptr<TxfmModel> TxfmModel::create(const io::ModelConfig& config, uint64_t seed, const CancelToken* cancel) {
    std::shared_ptr<TxfmModel> model(new TxfmModel);
    model->m_config = config;
    uint32_t position = 0;
    for (const auto& [name, shape] : orderedShapes(config)) {
        model->m_parameters.emplace_back(name,
                                         initialWeight(config, name, shape, seed, position++, cancel).requires_grad_(true));
        if (cancel && cancel->cancelled()) return nullptr;
    }
    model->m_network = std::make_unique<Network>(config, *model);
    return model;
}

Result<std::shared_ptr<TxfmModel>> TxfmModel::load(const io::ModelDirectory& directory) {
    std::shared_ptr<TxfmModel> model(new TxfmModel);
    model->m_config = directory.config();
    for (const auto& [name, shape] : orderedShapes(directory.config())) {
        TXFM_TRY(const std::vector<float> values, directory.weights().readFloat(name, shape));
        if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
            return badInput("Tensor '" + name + "' in " + txfm::quoted(directory.weights().path()) +
                                " holds values that are no finite numbers.",
                            "Use an earlier checkpoint of this model, or export it again.");
        auto tensor = at::empty(shape, at::kFloat);
        std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
        model->m_parameters.emplace_back(name, tensor.requires_grad_(true));
    }
    model->m_network = std::make_unique<Network>(directory.config(), *model);
    return model;
}

at::Tensor TxfmModel::parameter(const std::string& name) const {
    for (const auto& [known, tensor] : m_parameters)
        if (known == name) return tensor;
    return {};
}

void TxfmModel::to(at::Device device, at::ScalarType type) {
    for (auto& [name, tensor] : m_parameters)
        tensor = tensor.detach().to(device, type, false, tensor.dtype() != type || tensor.device() != device)
                     .requires_grad_(true);
    m_network = std::make_unique<Network>(m_config, *this);
}

at::Device TxfmModel::device() const { return m_parameters.front().second.device(); }

std::shared_ptr<TxfmModel> TxfmModel::clone() const {
    std::shared_ptr<TxfmModel> copy(new TxfmModel);
    copy->m_config = m_config;
    for (const auto& [name, tensor] : m_parameters)
        copy->m_parameters.emplace_back(name, tensor.detach().clone().requires_grad_(tensor.requires_grad()));
    copy->m_network = std::make_unique<Network>(m_config, *copy);
    return copy;
}

at::Tensor TxfmModel::encode(const TokenBatch& batch, const ForwardOptions& options) const {
    const auto& network = *m_network;
    auto u = network.tokens(batch, m_config);
    BlockCall call;
    call.bfloat16 = options.bfloat16;
    if (batch.padded()) {
        call.lengths = batch.lengths;
        auto absent = at::cat({at::zeros({batch.samples(), 1}, batch.genes.options()), batch.genes}, 1) < 0;
        call.padding = at::zeros(absent.sizes(), u.options().requires_grad(false))
                           .masked_fill(absent, -std::numeric_limits<double>::infinity())
                           .unsqueeze(1).unsqueeze(1);
    }
    const int64_t last = options.layer > 0 ? options.layer : m_config.nBlocks;
    std::vector<BlockCall> calls(static_cast<size_t>(last), call);
    for (int64_t i = 0; i < last; ++i) {
        const double rate = dropPathRate(m_config.dropPath, i, m_config.nBlocks);
        if (!options.dropPath || rate <= 0) continue;
        auto factors = at::empty({batch.samples(), 1, 1}, at::kFloat);
        for (int64_t b = 0; b < batch.samples(); ++b)
            factors.data_ptr<float>()[b] =
                keepsBlock(*options.dropPath, options.dropPath->sampleIds[b], i, rate) ? 1 / (1 - rate) : 0;
        calls[i].keep = factors.to(u.device(), u.scalar_type());
    }
    if (u.is_cuda() && !network.blocks.front().standard && !options.checkpoint) {
        const auto blocks = std::span(network.blocks).first(static_cast<size_t>(last));
        const auto [out, y] = runParallelChain(blocks, u, calls, network.norm, network.normBias);
        return (options.layer > 0 ? out : y).select(1, 0);
    }
    for (int64_t i = 0; i < last; ++i) {
        const auto block = [weights = network.blocks[i], call = calls[i], clsOnly = i + 1 == last](const at::Tensor& input) {
            return runBlock(weights, input, call, clsOnly);
        };
        u = options.checkpoint ? checkpointed(block, u) : block(u);
    }
    const auto cls = u.select(1, 0);
    if (options.layer > 0) return cls;
    return at::layer_norm(cls, {m_config.dim}, network.norm, network.normBias, kLayerNormEps);
}

DecoderOutput TxfmModel::decode(const at::Tensor& cls, const ForwardOptions& options,
                                const at::Tensor& genes) const {
    const auto& network = *m_network;
    auto h = cls;
    for (const DecoderLayer& layer : network.layers) {
        const auto y = at::layer_norm(h, {m_config.dim}, layer.norm, layer.normBias, kLayerNormEps);
        auto branch = at::gelu(linear(y, layer.linear1, layer.bias1, options.bfloat16));
        if (layer.linear2.defined()) branch = linear(branch, layer.linear2, layer.bias2, options.bfloat16);
        h = h + branch.to(h.scalar_type());
    }
    const auto rows = [&](const at::Tensor& tensor) {
        return genes.defined() && tensor.defined() ? tensor.index_select(0, genes) : tensor;
    };
    DecoderOutput output;
    output.logits = linear(h, rows(network.head), rows(network.headBias), options.bfloat16).to(h.scalar_type());
    output.dispersion = rows(network.dispersion);
    if (network.zeroInflation.defined())
        output.zeroInflation =
            linear(cls, rows(network.zeroInflation), rows(network.zeroInflationBias), options.bfloat16)
                .to(h.scalar_type());
    return output;
}

LossResult TxfmModel::loss(const TokenBatch& tokens, const TargetBatch& target, const ForwardOptions& options) const {
    return batchLoss(decode(encode(tokens, options), options), tokens, target, m_config);
}

at::Tensor TxfmModel::expectedExpression(const DecoderOutput& output, const at::Tensor& measured) const {
    return activate(output.logits, m_config, measured);
}

void TxfmModel::weightsChanged() { m_network = std::make_unique<Network>(m_config, *this); }

std::shared_ptr<const TxfmModel> TxfmModel::frozen(bool bfloat16) const {
    std::shared_ptr<TxfmModel> copy(new TxfmModel);
    copy->m_config = m_config;
    for (const auto& [name, tensor] : m_parameters) {
        // Norms, tokens, biases and residual scales work in float32.
        const bool product = tensor.dim() == 2 && name != "gene_embedding.weight" && !name.starts_with("token_proj");
        copy->m_parameters.emplace_back(name, bfloat16 && product ? tensor.detach().to(at::kBFloat16) : tensor.detach());
    }
    copy->m_network = std::make_unique<Network>(m_config, *copy);
    if (device().is_cpu())
        for (BlockWeights& block : copy->m_network->blocks)
            if (!block.standard && (bfloat16 || block.inProj.scalar_type() == at::kFloat)) block.packed = packMatrices(block, bfloat16);
    return copy;
}

double dropPathRate(double rate, int64_t block, int64_t blocks) {
    return blocks > 1 ? rate * static_cast<double>(block) / static_cast<double>(blocks - 1) : 0.0;
}

bool keepsBlock(const DropPathDraws& draws, uint32_t sampleId, int64_t block, double dropRate) {
    constexpr uint32_t kStream = 0x64706174;  // apart from the masks, which count views from 0
    const auto words = philox4x32({static_cast<uint32_t>(block), kStream, draws.step, sampleId},
                                  {static_cast<uint32_t>(draws.seed), static_cast<uint32_t>(draws.seed >> 32)});
    return (static_cast<double>(words[0]) + 0.5) * 0x1p-32 >= dropRate;
}

Result<void> saveModel(const std::filesystem::path& folder, const TxfmModel& model, const io::Vocabulary& vocabulary,
                       const std::string& card, bool bfloat16, const CancelToken* cancel) {
    std::vector<at::Tensor> kept;
    std::vector<io::TensorToWrite> tensors;
    for (const auto& [name, parameter] : model.parameters()) {
        if (cancel && cancel->cancelled()) return cancelledError();
        kept.push_back(parameter.detach().to(at::kCPU, bfloat16 ? at::kBFloat16 : at::kFloat).contiguous());
        tensors.push_back({name, bfloat16 ? "BF16" : "F32", parameter.sizes().vec(), kept.back().data_ptr()});
    }
    return io::writeModelDirectory(folder, model.config(), vocabulary, tensors, card, cancel);
}

}  // namespace txfm::model
