// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include <torch/types.h>

#include "core/model/device.h"
#include "core/model/errors.h"
#include "core/training/data_init.h"
#include "core/training/seeds.h"
#include "core/training/vocabulary_builder.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/training_setup.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPaperEpochs = 200, kCxgEpochs = 50;

/// What --codebook-init asks for.
struct CodebookInit {
    int64_t components = 0;  ///< 0 = random numbers alone
    double deviation = 1;
};

/// "normal" or "svd:N[:S]".
Result<CodebookInit> parseCodebookInit(const std::string& text) {
    CodebookInit init;
    if (text == "normal") return init;
    if (text.starts_with("svd:")) {
        char* end = nullptr;
        init.components = std::strtoll(text.c_str() + 4, &end, 10);
        if (*end == ':') init.deviation = std::strtod(end + 1, &end);
        if (init.components > 0 && init.deviation > 0 && init.deviation < 1e3 && *end == '\0') return init;
    }
    return usageError("Option --codebook-init does not know '" + text + "'.", "Use normal, svd:N or svd:N:S.");
}

/// A model that `txfm init` made and that no run has trained yet.
std::optional<io::ModelDirectory> initialModel(const fs::path& out) {
    auto opened = io::ModelDirectory::open(out);
    if (!opened || opened->config().training.value("steps", int64_t{0}) > 0) return std::nullopt;
    return std::move(*opened);
}

class Pretrain final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override {
        try {
            return train(context, progress);
        } catch (const std::exception& error) {
            return model::translateException(error, "preparing the training");
        }
    }
    std::string describe(const nlohmann::json& result) const override { return describeTraining(result); }

private:
    Result<nlohmann::json> train(const RunContext& context, Progress& reportTo);
    Result<io::ModelConfig> newModelConfig(const nlohmann::json& keys, const RunContext& context) const;
    Result<void> initialise(training::TrainingRun& run, uint64_t seed, const CodebookInit& init, Progress& progress) const;

    PretrainOptions m_options;
};

Result<io::ModelConfig> Pretrain::newModelConfig(const nlohmann::json& keys, const RunContext& context) const {
    const PretrainOptions& o = m_options;
    TXFM_TRY(io::ModelConfig config, io::ModelConfig::fromPreset(o.preset.empty() ? "B" : o.preset));
    if (o.dim > 0) config.dim = o.dim;
    if (o.blocks > 0) config.nBlocks = o.blocks;
    if (o.heads > 0) config.nHeads = o.heads;
    if (o.decoderLayers >= 0) config.decoderLayers = o.decoderLayers;
    if (o.dropPath >= 0) config.dropPath = o.dropPath;
    if (o.layerScaleInit > 0) config.layerScaleInit = o.layerScaleInit;
    // Flags win: keys of --config are applied first where both name a value.
    nlohmann::json rest = keys;
    if (o.dim > 0) rest.erase("dim");
    if (o.blocks > 0) rest.erase("n_blocks");
    if (o.heads > 0) rest.erase("n_heads");
    if (o.unmasked > 0) rest.erase("n_unmasked");
    TXFM_TRY(config, mergeModelKeys(config, rest, "--config"));
    overrideModelConfig(config, o, context);
    config.name = modelName(o);
    return config;
}

Result<void> Pretrain::initialise(training::TrainingRun& run, uint64_t seed, const CodebookInit& init,
                                  Progress& progress) const {
    torch::NoGradGuard noGrad;
    if (init.components > 0) {
        auto codebook = run.model->parameter("gene_embedding.weight").detach();
        TXFM_CHECK(training::initCodebookFromData(
            *run.corpus, run.modelConfig, init.components, init.deviation, training::domainSeed(seed, training::SeedDomain::Codebook), progress,
            std::span(codebook.data_ptr<float>(), static_cast<size_t>(codebook.numel())), codebook.size(1)));
    }
    if (m_options.headBiasInit == "mean") {
        TXFM_TRY(const auto bias, training::meanHeadBias(*run.corpus, run.modelConfig, run.sampler->quotas()));
        auto head = run.model->parameter("decoder.head.bias").detach();
        std::copy(bias.begin(), bias.end(), head.data_ptr<float>());
    }
    run.model->weightsChanged();
    return {};
}

Result<nlohmann::json> Pretrain::train(const RunContext& context, Progress& reportTo) {
    StageClock clock;
    const OptionFields all = fields();
    TXFM_TRY(SettledOptions settled, settleOptions("pretrain", all, m_options, context));
    if (settled.alreadyFinished) {
        reportTo.message(MessageLevel::Info, "The run in '" + m_options.out + "' is finished; nothing was changed.");
        return settled.stored["finished"].value("result", nlohmann::json::object());
    }
    TXFM_TRY(const CodebookInit codebookInit, parseCodebookInit(m_options.codebookInit));
    TXFM_TRY(torch::Device device, model::prepareDevice(context.device));

    training::TrainingRun run;
    run.out = m_options.out;
    run.resume = settled.continues;
    TXFM_CHECK(joinProcesses(run, m_options, device));
    Progress quiet(reportTo.token());
    Progress& progress = isMainProcess(run) ? reportTo : quiet;
    run.device = model::describeDevice(device);
    std::optional<io::ModelDirectory> initial;
    if (!settled.continues) initial = initialModel(run.out);
    if (settled.continues) {
        TXFM_CHECK(restoreModelShape(run, settled.stored));
    } else if (initial) {
        if (!m_options.preset.empty() && m_options.preset != initial->config().preset)
            return usageError("'" + m_options.out + "' holds an initial model of preset " + initial->config().preset +
                                  ", but --preset is " + m_options.preset + ".",
                              "Leave --preset out, or choose another folder.");
        TXFM_TRY(run.modelConfig, mergeModelKeys(initial->config(), settled.modelKeys, "--config"));
        overrideModelConfig(run.modelConfig, m_options, context);
    } else {
        TXFM_TRY(run.modelConfig, newModelConfig(settled.modelKeys, context));
    }
    // Nonsense is found before hours of reading; the number of genes is known only after it.
    io::ModelConfig checked = run.modelConfig;
    checked.nGenes = std::max<int64_t>(checked.nGenes, 1);
    if (const auto valid = checked.validate("the options"); !valid)
        return usageError(valid.error().message, valid.error().hint);

    clock.start("read");
    TXFM_TRY(std::vector<Dataset> sets, training::openDatasets(m_options.data, openChoices(m_options), progress));
    clock.start("match");
    if (settled.continues) {
        // The vocabulary came with the stored run.
    } else if (initial) {
        run.vocabulary = initial->vocabulary();
    } else if (!m_options.genes.empty()) {
        TXFM_TRY(run.vocabulary, training::readGeneLists(m_options.genes, progress));
    } else {
        TXFM_TRY(run.vocabulary, training::buildVocabulary(
                                     sets, {m_options.minSets, m_options.minCells, m_options.approvedGenes}, progress));
    }
    TXFM_CHECK(buildCorpus(run, std::move(sets), m_options, settled, progress));

    if (m_options.epochs == 0 && m_options.minutes <= 0)
        m_options.epochs = run.modelConfig.preset == "CxG" ? kCxgEpochs : kPaperEpochs;
    TXFM_TRY(run.config, trainingConfig(m_options, run.modelConfig, settled.seed, device));
    clock.start("init");
    TXFM_CHECK(checkModelFits(run.modelConfig, device));
    if (initial) {
        TXFM_TRY(run.model, model::TxfmModel::load(*initial));
    } else {
        const CancelToken stop = progress.token();
        run.model = model::TxfmModel::create(run.modelConfig, training::domainSeed(settled.seed, training::SeedDomain::Weights), &stop);
        if (!run.model) return cancelledError("Cancelled before the first step; nothing was written.");
        if (!settled.continues) TXFM_CHECK(initialise(run, settled.seed, codebookInit, progress));
    }
    TXFM_TRY(nlohmann::json result, startTraining(run, m_options, all, settled, device, clock, progress));
    result["model"] = {{"parameters", run.modelConfig.parameterCount()}, {"n_genes", run.modelConfig.nGenes}};
    clock.finish(result);
    return result;
}

}  // namespace

std::unique_ptr<Workflow> makePretrain() { return std::make_unique<Pretrain>(); }

}  // namespace txfm::workflow
