// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/model_config.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <variant>

namespace txfm::io {
namespace {

using Json = nlohmann::json;

constexpr int kFormatVersion = 1;
/// Parameters of the ViT patch embedding that the paper's factory carries unused: 6 channels of
/// 16 × 16 and a bias, per unit of width (spec 2.4).
constexpr int64_t kDormantPerWidth = 6 * 16 * 16 + 1;

struct Key {
    using Member = std::variant<int ModelConfig::*, int64_t ModelConfig::*, double ModelConfig::*, bool ModelConfig::*,
                                std::string ModelConfig::*>;
    const char* name;
    Member member;
};

/// JSON name of every plain field; library_size, training and the aliases are handled apart.
const std::vector<Key>& keys() {
    static const std::vector<Key> kKeys = {
        {"format_version", &ModelConfig::formatVersion},
        {"name", &ModelConfig::name},
        {"preset", &ModelConfig::preset},
        {"n_genes", &ModelConfig::nGenes},
        {"dim", &ModelConfig::dim},
        {"n_blocks", &ModelConfig::nBlocks},
        {"n_heads", &ModelConfig::nHeads},
        {"block", &ModelConfig::block},
        {"qk_norm", &ModelConfig::qkNorm},
        {"qkv_bias", &ModelConfig::qkvBias},
        {"mlp_ratio", &ModelConfig::mlpRatio},
        {"layer_scale_init", &ModelConfig::layerScaleInit},
        {"drop_path", &ModelConfig::dropPath},
        {"token", &ModelConfig::token},
        {"decoder_layers", &ModelConfig::decoderLayers},
        {"decoder_layer", &ModelConfig::decoderLayer},
        {"activation", &ModelConfig::activation},
        {"unit_slope", &ModelConfig::unitSlope},
        {"softmax_link", &ModelConfig::softmaxLink},
        {"loss", &ModelConfig::loss},
        {"loss_reduction", &ModelConfig::reduction},
        {"masked_only", &ModelConfig::maskedOnly},
        {"nb_mean", &ModelConfig::nbMean},
        {"nb_size_factor", &ModelConfig::nbSizeFactor},
        {"library_size", &ModelConfig::librarySize},
        {"library_scope", &ModelConfig::libraryScope},
        {"log1p", &ModelConfig::log1p},
        {"n_unmasked", &ModelConfig::nUnmasked},
        {"mask_temperature", &ModelConfig::maskTemperature},
        {"gene_frequency_definition", &ModelConfig::geneFrequencyDefinition},
        {"inference_genes", &ModelConfig::inferenceGenes},
        {"gene_frequency", &ModelConfig::geneFrequency}};
    return kKeys;
}

/// Other spellings that are understood when reading.
const std::map<std::string, std::string>& keyAliases() {
    static const std::map<std::string, std::string> kAliases = {{"reduction", "loss_reduction"}};
    return kAliases;
}

Error badKey(const std::string& file, const std::string& key, const std::string& problem) {
    return badInput("'" + file + "': the value of '" + key + "' " + problem + ".", "Correct the model's config.json.");
}

Result<void> assign(ModelConfig& config, const Key& key, const Json& value, const std::string& file) {
    return std::visit(
        [&](auto member) -> Result<void> {
            using T = std::remove_reference_t<decltype(config.*member)>;
            if constexpr (std::is_same_v<T, bool>) {
                if (!value.is_boolean()) return badKey(file, key.name, "must be true or false");
                config.*member = value.get<bool>();
            } else if constexpr (std::is_same_v<T, std::string>) {
                if (!value.is_string()) return badKey(file, key.name, "must be a text");
                config.*member = value.get<std::string>();
            } else if constexpr (std::is_same_v<T, double>) {
                if (!value.is_number()) return badKey(file, key.name, "must be a number");
                config.*member = value.get<double>();
            } else {
                const double number = value.is_number() ? value.get<double>() : std::nan("");
                if (!(std::abs(number) < 1e9) || number != std::floor(number))
                    return badKey(file, key.name, "must be a whole number of reasonable size");
                config.*member = static_cast<T>(number);
            }
            return {};
        },
        key.member);
}

Result<void> checkName(const std::string& file, const char* key, const std::string& value,
                       const std::vector<std::string>& known) {
    std::string list;
    for (const std::string& name : known) {
        if (name == value) return {};
        list += (list.empty() ? "" : ", ") + name;
    }
    return badKey(file, key, "is '" + value.substr(0, 60) + "', but must be one of " + list);
}

template <class T>
Result<void> checkRange(const std::string& file, const char* key, T value, T low, T high) {
    if (value >= low && value <= high) return {};  // false for NaN
    const auto text = [](T number) { return Json(number).dump(); };
    return badKey(file, key, "is " + text(value) + ", but must lie between " + text(low) + " and " + text(high));
}

}  // namespace

Result<ModelConfig> ModelConfig::fromPreset(const std::string& preset) {
    ModelConfig config;
    config.preset = preset;
    config.name = "txfm-" + preset;
    if (preset == "S") {
        config.dim = 384;
        config.nHeads = 6;
    } else if (preset == "B") {
        config.dim = 768;
    } else if (preset == "L") {
        config.dim = 1024;
        config.nHeads = 16;
        config.nBlocks = 24;
        config.dropPath = 0.3;
    } else if (preset == "CxG") {
        config.nUnmasked = 1024;
    } else if (preset == "mini") {
        config.dim = 256;
        config.nHeads = 4;
        config.nBlocks = 6;
        config.nUnmasked = 512;
        config.dropPath = 0;
    } else {
        return usageError("There is no preset '" + preset + "'; choose S, B, L, CxG or mini.");
    }
    return config;
}

Result<ModelConfig> ModelConfig::fromJson(const Json& json, const std::string& file) {
    if (!json.is_object()) return badInput("'" + file + "' does not hold a JSON object.");
    ModelConfig config;
    std::set<std::string> seen;
    for (const auto& [givenName, value] : json.items()) {
        const auto alias = keyAliases().find(givenName);
        const std::string& name = alias == keyAliases().end() ? givenName : alias->second;
        if (name == "training") {
            if (!value.is_object()) return badKey(file, name, "must be an object");
            config.training = value;
            continue;
        }
        if (name == "library_size" && value.is_null()) {
            config.librarySize = 0;
            continue;
        }
        const auto key = std::find_if(keys().begin(), keys().end(), [&](const Key& k) { return name == k.name; });
        if (key == keys().end()) {
            config.extra[givenName] = value;
            continue;
        }
        const bool optionalText = name == "inference_genes" || name == "gene_frequency";
        if (!(optionalText && value.is_null())) TXFM_CHECK(assign(config, *key, value, file));
        seen.insert(name);
    }
    for (const char* required : {"n_genes", "dim", "n_blocks", "n_heads"})
        if (!seen.contains(required)) return badInput("'" + file + "' lacks the key '" + std::string(required) + "'.");
    if (config.nbSizeFactor == "library_over_target") config.nbSizeFactor = "library";
    if (config.nbSizeFactor == "library_over_mean") config.nbSizeFactor = "mean";
    if (config.nbMean == "exp(z)") config.nbMean = "exp";
    TXFM_CHECK(config.validate(file));
    return config;
}

Json ModelConfig::toJson() const {
    Json json = extra.is_object() ? extra : Json::object();
    for (const Key& key : keys()) {
        std::visit([&](auto member) { json[key.name] = this->*member; }, key.member);
    }
    if (!depthNormalised()) json["library_size"] = nullptr;
    if (inferenceGenes.empty()) json.erase("inference_genes");
    if (geneFrequency.empty()) json.erase("gene_frequency");
    json["training"] = training;
    return json;
}

Result<void> ModelConfig::validate(const std::string& file) const {
    if (formatVersion != kFormatVersion)
        return badInput("'" + file + "' has the format version " + std::to_string(formatVersion) +
                            ", this program reads version " + std::to_string(kFormatVersion) + ".",
                        "Use a newer version of the program.");
    TXFM_CHECK(checkRange<int64_t>(file, "n_genes", nGenes, 1, 10'000'000));
    TXFM_CHECK(checkRange<int64_t>(file, "dim", dim, 2, 65'536));
    TXFM_CHECK(checkRange<int64_t>(file, "n_blocks", nBlocks, 1, 1'000));
    TXFM_CHECK(checkRange<int64_t>(file, "n_heads", nHeads, 1, dim));
    if (dim % nHeads != 0)
        return badKey(file, "n_heads", "is " + std::to_string(nHeads) + ", which does not divide dim " + std::to_string(dim));
    TXFM_CHECK(checkName(file, "block", block, {"parallel", "standard"}));
    TXFM_CHECK(checkRange(file, "mlp_ratio", mlpRatio, 1.0 / static_cast<double>(dim), 64.0));
    TXFM_CHECK(checkRange(file, "layer_scale_init", layerScaleInit, -1e3, 1e3));
    TXFM_CHECK(checkRange(file, "drop_path", dropPath, 0.0, 0.99));
    TXFM_CHECK(checkName(file, "token", token, {"concat", "proj"}));
    TXFM_CHECK(checkRange<int64_t>(file, "decoder_layers", decoderLayers, 0, 1'000));
    TXFM_CHECK(checkName(file, "decoder_layer", decoderLayer, {"double", "single"}));
    TXFM_CHECK(checkName(file, "activation", activation, {"rectified_tanh", "relu", "clamped_relu", "softmax"}));
    TXFM_CHECK(checkName(file, "softmax_link", softmaxLink, {"log1p", "scaled"}));
    TXFM_CHECK(checkName(file, "loss", loss, {"poisson", "mse", "smooth_l1", "nb", "zinb"}));
    TXFM_CHECK(checkName(file, "loss_reduction", reduction, {"mean", "sum", "mean_all_entries"}));
    TXFM_CHECK(checkName(file, "nb_mean", nbMean, {"expm1", "exp"}));
    TXFM_CHECK(checkName(file, "nb_size_factor", nbSizeFactor, {"library", "mean"}));
    TXFM_CHECK(checkRange(file, "library_size", librarySize, 0.0, 1e12));
    TXFM_CHECK(checkName(file, "library_scope", libraryScope, {"measured_in_vocab", "all_profiled"}));
    if (!log1p) return badKey(file, "log1p", "is false; the model works on the logarithm of counts");
    TXFM_CHECK(checkRange<int64_t>(file, "n_unmasked", nUnmasked, 1, 10'000'000));
    TXFM_CHECK(checkRange(file, "mask_temperature", maskTemperature, -10.0, 10.0));
    TXFM_CHECK(checkName(file, "gene_frequency_definition", geneFrequencyDefinition, {"count", "fraction_of_measured"}));
    if (geneFrequency.find('/') != std::string::npos || geneFrequency == "..")
        return badKey(file, "gene_frequency", "must be the name of a file in the model's folder");
    // With the bounds above the largest model has under 2^62 weights; one that fits a computer has far fewer.
    constexpr double kMaxParameters = 1e12;
    const double d = static_cast<double>(dim), width = static_cast<double>(mlpWidth());
    const double rough = 2.0 * d * static_cast<double>(nGenes) +
                         static_cast<double>(nBlocks) * d * (4 * d + 2 * width) +
                         2.0 * d * d * static_cast<double>(decoderLayers);
    if (rough > kMaxParameters) return badInput("'" + file + "' describes a model of more than 10^12 weights.");
    return {};
}

std::map<std::string, std::vector<int64_t>> tensorShapes(const ModelConfig& c) {
    const int64_t d = c.dim, mlp = c.mlpWidth(), head = c.dim / c.nHeads;
    std::map<std::string, std::vector<int64_t>> shapes;
    const auto add = [&](const std::string& name, std::vector<int64_t> shape) { shapes[name] = std::move(shape); };
    const auto addNorm = [&](const std::string& name, int64_t width) {
        add(name + ".weight", {width});
        add(name + ".bias", {width});
    };
    const auto addLinear = [&](const std::string& name, int64_t out, int64_t in) {
        add(name + ".weight", {out, in});
        add(name + ".bias", {out});
    };
    add("cls_token", {d});
    add("gene_embedding.weight", {c.nGenes, c.embeddingWidth()});
    if (c.token == "proj") addLinear("token_proj", d, d + 1);
    for (int64_t i = 0; i < c.nBlocks; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        if (c.block == "parallel") {
            addNorm(block + "norm", d);
            add(block + "in_proj.weight", {mlp + 3 * d, d});
            add(block + "mlp_bias", {mlp});
            if (c.qkvBias) add(block + "qkv_bias", {3 * d});
            add(block + "layer_scale", {d});
        } else {
            addNorm(block + "norm1", d);
            addNorm(block + "norm2", d);
            add(block + "qkv.weight", {3 * d, d});
            if (c.qkvBias) add(block + "qkv.bias", {3 * d});
            addLinear(block + "mlp_in", mlp, d);
            add(block + "layer_scale1", {d});
            add(block + "layer_scale2", {d});
        }
        if (c.qkNorm) {
            addNorm(block + "q_norm", head);
            addNorm(block + "k_norm", head);
        }
        addLinear(block + "attn_out", d, d);
        addLinear(block + "mlp_out", d, mlp);
    }
    addNorm("norm", d);
    for (int64_t j = 0; j < c.decoderLayers; ++j) {
        const std::string layer = "decoder.layers." + std::to_string(j) + ".";
        addNorm(layer + "norm", d);
        if (c.decoderLayer == "double") {
            addLinear(layer + "linear1", d, d);
            addLinear(layer + "linear2", d, d);
        } else {
            addLinear(layer + "linear", d, d);
        }
    }
    addLinear("decoder.head", c.nGenes, d);
    if (c.loss == "nb" || c.loss == "zinb") add("decoder.dispersion", {c.nGenes});
    if (c.loss == "zinb") addLinear("decoder.zero_inflation", c.nGenes, d);
    return shapes;
}

int64_t ModelConfig::parameterCount() const {
    int64_t count = 0;
    for (const auto& [name, shape] : tensorShapes(*this)) {
        int64_t size = 1;
        for (const int64_t extent : shape) size *= extent;
        count += size;
    }
    return count;
}

int64_t ModelConfig::paperEquivalentParameterCount() const { return parameterCount() + kDormantPerWidth * dim; }

}  // namespace txfm::io
