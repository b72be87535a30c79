// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/model_cost.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace txfm::io {
namespace {

constexpr double kProgram = 3e8, kBytesPerNonZero = 8, kBytesPerNumber = 4;
/// Tokens of a micro-batch on the CPU, as training chooses it.
constexpr int64_t kTokensPerMicroBatch = 4096;

int64_t number(std::string_view text, int64_t fallback) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && value > 0 ? value : fallback;
}

double weights(const ModelConfig& config) { return static_cast<double>(config.parameterCount()); }

}  // namespace

InferenceLoad inferenceLoad(const std::string& given, const ModelConfig& config, int64_t measured, double detected) {
    const std::string mode = given.empty() ? config.inferenceGenes : given;
    const auto all = static_cast<double>(measured);
    if (mode == "expressed") return {detected > 0 ? std::min(detected, all) : all, 1};
    if (mode.starts_with("top:")) return {std::min(all, static_cast<double>(number(mode.substr(4), measured))), 1};
    if (mode.starts_with("random:")) {
        const std::string rest = mode.substr(7);
        const size_t colon = rest.find(':');
        return {std::min(all, static_cast<double>(number(rest.substr(0, colon), measured))),
                colon == std::string::npos ? 1 : number(rest.substr(colon + 1), 1)};
    }
    return {all, 1};
}

double embeddingOperations(const ModelConfig& config, const InferenceLoad& load) {
    const double tokens = load.genesPerCell + 1;
    const auto d = static_cast<double>(config.dim);
    const auto blocks = static_cast<double>(config.nBlocks);
    const double products = tokens * (4 * d * d + 2 * d * static_cast<double>(config.mlpWidth()));
    const double attention = 2 * tokens * tokens * d;
    return static_cast<double>(load.views) * blocks * 2 * (products + attention);
}

double trainingOperations(const ModelConfig& config, double shown) {
    const auto d = static_cast<double>(config.dim);
    const double layer = config.decoderLayer == "single" ? d * d : 2 * d * d;
    const double decoder = 2 * (static_cast<double>(config.decoderLayers) * layer + d * static_cast<double>(config.nGenes));
    return 3 * (embeddingOperations(config, {std::min(shown, static_cast<double>(config.nGenes)), 1}) + decoder);
}

double embeddingMemory(const ModelConfig& config, const CountSource& counts, double resultBytes) {
    const double inMemory = counts.inMemory() ? kBytesPerNonZero * static_cast<double>(counts.nonZeros()) : 0;
    return kProgram + kBytesPerNumber * weights(config) + inMemory + resultBytes;
}

double trainingMemory(const ModelConfig& config, double countBytes) {
    const int64_t tokens = std::min(config.nUnmasked, config.nGenes) + 1;
    const double samples = static_cast<double>(std::max<int64_t>(1, kTokensPerMicroBatch / tokens));
    return kProgram + 4 * kBytesPerNumber * weights(config) + countBytes + samples * activationBytes(config, tokens, false);
}

double trainingDisk(const ModelConfig& config) { return (3 + 3 + 1 + 1) * kBytesPerNumber * weights(config); }

double activationBytes(const ModelConfig& config, int64_t tokens, bool recomputed) {
    const auto t = static_cast<double>(tokens), d = static_cast<double>(config.dim);
    const auto blocks = static_cast<double>(config.nBlocks);
    const double block = t * d * 4 * (12 + 2 * config.mlpRatio) + t * t * static_cast<double>(config.nHeads) * 8;
    const double kept = recomputed ? t * d * 4 * blocks + block : block * blocks;
    return kept + static_cast<double>(config.nGenes) * 24;
}

}  // namespace txfm::io
