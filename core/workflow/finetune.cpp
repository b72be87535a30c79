// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/types.h>

#include "core/base/paths.h"
#include "core/model/device.h"
#include "core/model/errors.h"
#include "core/training/vocabulary_growth.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/training_setup.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;

/// Fine-tuning starts from good weights: a few passes, not the paper's 200 (spec §4.5), unless asked for.
constexpr int64_t kDefaultEpochs = 10;

class Finetune final : public Workflow {
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
    FinetuneOptions m_options;
};

/// Genes of the data that the model does not know, as sentences and for the result.
nlohmann::json reportGenes(const training::Corpus& corpus, Progress& progress) {
    nlohmann::json report = nlohmann::json::object();
    for (const training::CorpusSet& set : corpus.sets()) {
        report[set.name] = set.match;
        const int64_t dropped = set.match.value("dropped", int64_t{0});
        if (dropped > 0)
            progress.message(MessageLevel::Info, "'" + set.path + "': " + std::to_string(dropped) +
                                                     " genes are outside the model's vocabulary and are left out "
                                                     "(--add-genes appends them).");
    }
    return report;
}

Result<nlohmann::json> Finetune::train(const RunContext& context, Progress& reportTo) {
    StageClock clock;
    const OptionFields all = fields();
    TXFM_TRY(SettledOptions settled, settleOptions("finetune", all, m_options, context));
    if (settled.alreadyFinished) {
        reportTo.message(MessageLevel::Info, "The run in '" + m_options.out + "' is finished; nothing was changed.");
        return settled.stored["finished"].value("result", nlohmann::json::object());
    }
    const fs::path base = m_options.model.empty() ? defaultModelFolder() : fs::path(m_options.model);
    std::error_code ec;
    if (fs::exists(m_options.out, ec) && fs::equivalent(base, m_options.out, ec))
        return usageError("--out is the folder of the model to start from.", "Choose another folder for the new model.");
    TXFM_TRY(torch::Device device, model::prepareDevice(context.device));
    TXFM_TRY(const io::ModelDirectory directory, io::ModelDirectory::open(base));

    training::TrainingRun run;
    run.out = m_options.out;
    run.kind = "finetune";
    run.baseModel = directory.config().name.empty() ? base.filename().string() : directory.config().name;
    run.resume = settled.continues;
    TXFM_CHECK(joinProcesses(run, m_options, device));
    Progress quiet(reportTo.token());
    Progress& progress = isMainProcess(run) ? reportTo : quiet;
    run.device = model::describeDevice(device);
    if (settled.continues) {
        TXFM_CHECK(restoreModelShape(run, settled.stored));
    } else {
        TXFM_TRY(run.modelConfig, mergeModelKeys(directory.config(), settled.modelKeys, "--config"));
        overrideModelConfig(run.modelConfig, m_options, context);
        run.modelConfig.name = modelName(m_options);
        if (io::tensorShapes(run.modelConfig) != io::tensorShapes(directory.config()))
            return usageError("The options ask for other weights than the model '" + base.string() + "' has.",
                              "Leave out sizes and losses that need other weights, or pretrain a new model.");
    }
    if (const auto valid = run.modelConfig.validate("the options"); !valid)
        return usageError(valid.error().message, valid.error().hint);

    clock.start("read");
    TXFM_TRY(std::vector<Dataset> sets, training::openDatasets(m_options.data, openChoices(m_options), progress));
    clock.start("match");
    if (!settled.continues) run.vocabulary = directory.vocabulary();
    if (!settled.continues && m_options.addGenes) {
        TXFM_TRY(run.vocabulary, training::appendGenes(directory.vocabulary(), sets));
    }
    const int64_t added = run.vocabulary.size() - directory.vocabulary().size();
    if (added > 0 && !settled.continues)
        progress.message(MessageLevel::Info, std::to_string(added) + " genes are appended to the vocabulary.");
    TXFM_CHECK(buildCorpus(run, std::move(sets), m_options, settled, progress));
    const nlohmann::json genes = reportGenes(*run.corpus, progress);

    if (m_options.epochs == 0 && m_options.minutes <= 0) m_options.epochs = kDefaultEpochs;
    TXFM_TRY(run.config, trainingConfig(m_options, run.modelConfig, settled.seed, device));
    run.config.validateFirst = true;
    run.config.patience = m_options.patience;
    run.config.layerDecay = m_options.layerDecay;
    run.config.freezeEncoder = m_options.freezeEncoder;
    clock.start("init");
    TXFM_CHECK(checkModelFits(run.modelConfig, device));
    if (settled.continues) {
        run.model = model::TxfmModel::create(run.modelConfig, 0);
    } else {
        TXFM_TRY(run.model, model::TxfmModel::load(directory));
        if (added > 0) {
            TXFM_TRY(run.model, training::growModel(*run.model, run.modelConfig, *run.corpus, m_options.newGenes));
        }
    }
    TXFM_TRY(nlohmann::json result, startTraining(run, m_options, all, settled, device, clock, progress));
    result["genes"] = genes;
    result["genes_added"] = added;
    clock.finish(result);
    return result;
}

}  // namespace

std::unique_ptr<Workflow> makeFinetune() { return std::make_unique<Finetune>(); }

}  // namespace txfm::workflow
