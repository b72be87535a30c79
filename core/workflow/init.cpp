// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>

#include "core/base/atomic_file.h"
#include "core/base/memory.h"
#include "core/base/quoted.h"
#include "core/model/txfm_model.h"
#include "core/training/seeds.h"
#include "core/training/vocabulary_builder.h"
#include "core/workflow/options/init_options.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;

/// `txfm init` (interface contract §3, §4 "Initialisation and vocabulary").
class Init final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    Result<io::ModelConfig> config() const;
    InitOptions m_options;
};

Result<nlohmann::json> configKeys(const std::string& option) {
    const bool inlineText = option.find('{') != std::string::npos;
    std::string text = option;
    if (!inlineText) {
        TXFM_TRY(text, readWholeFile(option, size_t{16} << 20));
    }
    auto keys = nlohmann::json::parse(text, nullptr, false);
    if (keys.is_object()) return keys;
    const std::string message = (inlineText ? std::string("--config") : txfm::quoted(option)) + " is not a JSON object.";
    return Error{inlineText ? ErrorCode::Usage : ErrorCode::BadInput, message, "Write {\"key\": value, ...} with keys of config.json."};
}

Result<io::ModelConfig> Init::config() const {
    const InitOptions& o = m_options;
    TXFM_TRY(const io::ModelConfig preset, io::ModelConfig::fromPreset(o.preset));
    nlohmann::json json = preset.toJson();
    json["n_genes"] = 1;  // the vocabulary is read later; fromJson wants a valid number
    if (!o.config.empty()) {
        TXFM_TRY(const nlohmann::json keys, configKeys(o.config));
        json.update(keys);
    }
    TXFM_TRY(io::ModelConfig config, io::ModelConfig::fromJson(json, "--config"));
    const auto number = [](int64_t value, int64_t& target) { if (value > 0) target = value; };
    const auto text = [](const std::string& value, std::string& target) { if (!value.empty()) target = value; };
    number(o.dim, config.dim), number(o.blocks, config.nBlocks), number(o.heads, config.nHeads), number(o.unmasked, config.nUnmasked);
    if (o.decoderLayers >= 0) config.decoderLayers = o.decoderLayers;
    if (o.dropPath >= 0) config.dropPath = o.dropPath;
    if (o.layerScaleInit >= 0) config.layerScaleInit = o.layerScaleInit;
    if (o.librarySize >= 0) config.librarySize = o.librarySize;
    if (o.maskTemperature != 0) config.maskTemperature = o.maskTemperature;
    text(o.token, config.token), text(o.block, config.block), text(o.decoderLayer, config.decoderLayer);
    text(o.activation, config.activation), text(o.loss, config.loss);
    if (o.noQkNorm) config.qkNorm = false;
    if (o.qkvBias) config.qkvBias = true;
    config.name = !o.name.empty() ? o.name : fs::path(o.out).lexically_normal().filename().string();
    return config;
}

Result<nlohmann::json> Init::run(const RunContext& context, Progress& progress) {
    StageClock clock;
    std::error_code error;
    if (fs::exists(fs::path(m_options.out) / "model.safetensors", error))
        return usageError(txfm::quoted(m_options.out) + " already holds a model.", "Choose another folder, or remove that model first.");
    TXFM_TRY(io::ModelConfig config, this->config());
    if (const auto valid = config.validate("the options"); !valid) return usageError(valid.error().message, valid.error().hint);
    clock.start("read");
    TXFM_TRY(const io::Vocabulary vocabulary, training::readGeneLists(m_options.genes, progress));
    config.nGenes = vocabulary.size();
    TXFM_CHECK(config.validate("the options"));
    clock.start("write");
    const uint64_t seed = training::domainSeed(context.seed, training::SeedDomain::Weights);
    const double weights = static_cast<double>(config.parameterCount());
    TXFM_CHECK(requireMemory(4 * weights, "A model of " + std::to_string(config.parameterCount()) + " parameters",
                             "Choose a smaller --preset, --dim or --blocks, or fewer genes."));
    const CancelToken stop = progress.token();
    const auto network = model::TxfmModel::create(config, seed, &stop);
    if (!network) return cancelledError("Cancelled; no model was written.");
    const std::string card = "# " + config.name + "\n\nRandom initial weights (preset " + config.preset + ", seed " +
                             std::to_string(context.seed) + "); not trained.\n";
    TXFM_CHECK(model::saveModel(m_options.out, *network, vocabulary, card, m_options.savePrecision == "bf16", &stop));
    nlohmann::json result{{"parameters", config.parameterCount()},
                          {"paper_equivalent_parameters", config.paperEquivalentParameterCount()},
                          {"n_genes", config.nGenes},
                          {"config", config.toJson()},
                          {"files", {m_options.out}}};
    clock.finish(result);
    return result;
}

std::string Init::describe(const nlohmann::json& result) const {
    return "Initial weights of " + std::to_string(result["n_genes"].get<int64_t>()) + " genes, " +
           std::to_string(result["parameters"].get<int64_t>()) + " parameters, in " + m_options.out + "\n";
}

}  // namespace

std::unique_ptr<Workflow> makeInit() { return std::make_unique<Init>(); }

}  // namespace txfm::workflow
