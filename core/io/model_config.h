// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace txfm::io {

/// config.json of a model directory (interface contract §1; defaults and AMBIGUOUS choices: spec §1-§3).
/// Plain values: readable without LibTorch, e.g. by the window.
struct ModelConfig {
    int formatVersion = 1;
    std::string name;
    std::string preset = "B";       ///< S, B, L, CxG, mini or custom
    int64_t nGenes = 0;             ///< G
    int64_t dim = 768;              ///< d
    int64_t nBlocks = 12;           ///< D
    int64_t nHeads = 12;            ///< h, divides d
    std::string block = "parallel"; ///< parallel | standard
    bool qkNorm = true;
    bool qkvBias = false;
    double mlpRatio = 4;
    double layerScaleInit = 1e-4;
    double dropPath = 0.1;          ///< rate of the last block; linear from 0
    std::string token = "concat";   ///< concat | proj
    int64_t decoderLayers = 4;
    std::string decoderLayer = "double";  ///< double | single
    std::string activation = "rectified_tanh";  ///< rectified_tanh | relu | clamped_relu | softmax
    bool unitSlope = false;         ///< rectified tanh with width = height (paper C.1)
    std::string softmaxLink = "log1p";    ///< log1p: ln(1 + L softmax) | scaled: ln(L+1) softmax
    std::string loss = "poisson";   ///< poisson | mse | smooth_l1 | nb | zinb
    std::string reduction = "mean"; ///< mean | sum | mean_all_entries (spec 3.2 a)
    bool maskedOnly = false;        ///< loss on hidden genes only (spec 3.2 b)
    std::string nbMean = "expm1";   ///< NB/ZINB mean: expm1(x̂) | exp(z)
    std::string nbSizeFactor = "library"; ///< library: l/L | mean: l/mean(l)
    double librarySize = 100000;    ///< L; 0 = null: no depth normalisation, x = ln(1+c)
    std::string libraryScope = "measured_in_vocab";  ///< or all_profiled
    bool log1p = true;
    int64_t nUnmasked = 2048;       ///< K
    double maskTemperature = 0;     ///< tau
    std::string geneFrequencyDefinition = "count";  ///< count | fraction_of_measured
    std::string inferenceGenes;     ///< "" = all
    std::string geneFrequency;      ///< optional array file in the directory
    nlohmann::json training = nlohmann::json::object();
    nlohmann::json extra = nlohmann::json::object();  ///< unknown keys, preserved

    /// A named preset (S, B, L, CxG, mini); Usage error listing the names otherwise.
    static Result<ModelConfig> fromPreset(const std::string& preset);
    static Result<ModelConfig> fromJson(const nlohmann::json& json, const std::string& file);
    nlohmann::json toJson() const;
    /// Sizes positive and bounded, heads divide, known names, L agrees; BadInput naming `file` and key.
    Result<void> validate(const std::string& file) const;

    int64_t embeddingWidth() const { return token == "concat" ? dim - 1 : dim; }
    int64_t mlpWidth() const { return static_cast<int64_t>(mlpRatio * static_cast<double>(dim) + 0.5); }
    bool depthNormalised() const { return librarySize > 0; }
    /// Number of weights (spec 2.4).
    int64_t parameterCount() const;
    /// parameterCount() plus the dormant 1537·d of the paper's factory (spec 2.4).
    int64_t paperEquivalentParameterCount() const;
};

/// Name -> shape of every tensor that a model of this configuration has (interface contract §1).
std::map<std::string, std::vector<int64_t>> tensorShapes(const ModelConfig& config);

}  // namespace txfm::io
