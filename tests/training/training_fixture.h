// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/training/corpus.h"
#include "core/training/trainer.h"

namespace txfm::test {

/// Gene symbols that no gene table knows, so that tests need no real names.
inline io::Vocabulary syntheticVocabulary(int64_t genes) {
    io::Vocabulary vocabulary;
    for (int64_t i = 0; i < genes; ++i) {
        vocabulary.symbols.push_back("SYNTH" + std::to_string(1000 + i));
        vocabulary.ensemblIds.emplace_back();
    }
    return vocabulary;
}

/// Cells × genes [firstGene, lastGene) of the synthetic vocabulary: two groups of cells with opposite programmes.
inline Dataset syntheticDataset(int64_t cells, int64_t firstGene, int64_t lastGene, uint32_t stream) {
    Dataset set;
    CsrMatrix counts;
    counts.rows = cells;
    counts.cols = lastGene - firstGene;
    RandomStream random(7, stream);
    for (int64_t cell = 0; cell < cells; ++cell) {
        for (int64_t gene = 0; gene < counts.cols; ++gene) {
            const bool high = ((gene + firstGene) % 2 == 0) == (cell % 2 == 0);
            const double mean = high ? 8.0 : 0.7;
            const auto count = static_cast<float>(std::floor(-mean * std::log(random.uniform53())));
            if (count > 0) {
                counts.indices.push_back(static_cast<int32_t>(gene));
                counts.values.push_back(count);
            }
        }
        counts.indptr.push_back(static_cast<int64_t>(counts.indices.size()));
        set.obs.index.push_back("cell" + std::to_string(cell));
    }
    for (int64_t gene = firstGene; gene < lastGene; ++gene) set.var.index.push_back("SYNTH" + std::to_string(1000 + gene));
    set.counts = std::make_shared<MemoryCounts>(std::move(counts));
    return set;
}

/// A small, quick model.
inline io::ModelConfig tinyConfig(int64_t genes) {
    io::ModelConfig config;
    config.preset = "custom";
    config.name = "tiny";
    config.nGenes = genes;
    config.dim = 16;
    config.nBlocks = 2;
    config.nHeads = 2;
    config.decoderLayers = 1;
    config.layerScaleInit = 0.1;
    config.dropPath = 0.1;
    config.nUnmasked = 12;
    return config;
}

/// Two data sets over 40 genes, measured 0–29 and 10–39.
inline std::shared_ptr<const training::Corpus> syntheticCorpus(const io::ModelConfig& config, double validation = 0.1) {
    Progress progress;
    std::vector<Dataset> sets;
    sets.push_back(syntheticDataset(50, 0, 30, 1));
    sets.push_back(syntheticDataset(30, 10, 40, 2));
    auto corpus = training::Corpus::build(std::move(sets), {"first", "second"}, syntheticVocabulary(config.nGenes),
                                          config, {validation, 3}, progress);
    return std::make_shared<const training::Corpus>(std::move(corpus).value());
}

/// A run on the synthetic corpus; `out` is its model folder.
inline training::TrainingRun syntheticRun(const std::filesystem::path& out, int64_t epochs, int64_t batch) {
    training::TrainingRun run;
    run.out = out;
    run.modelConfig = tinyConfig(40);
    run.vocabulary = syntheticVocabulary(40);
    run.corpus = syntheticCorpus(run.modelConfig);
    run.sampler = std::make_shared<training::EpochSampler>(
        training::EpochSampler::create(*run.corpus, "proportional", 5).value());
    run.model = model::TxfmModel::create(run.modelConfig, 11);
    run.config.seed = 5;
    run.config.batch = batch;
    run.config.epochs = epochs;
    run.config.peakLearningRate = 5e-3;
    return run;
}

/// Remembers the steps of a run; cancels after a step of that number.
class RecordingProgress : public Progress {
public:
    explicit RecordingProgress(int64_t cancelAfter = -1) : m_cancelAfter(cancelAfter) {}
    void step(const StepUpdate& update) override {
        steps.push_back(update);
        if (update.step == m_cancelAfter) CancelToken(token()).cancel();
    }
    void event(const nlohmann::json& event) override { events.push_back(event); }
    void message(MessageLevel, const std::string& text) override { messages.push_back(text); }
    std::vector<StepUpdate> steps;
    std::vector<nlohmann::json> events;
    std::vector<std::string> messages;

private:
    int64_t m_cancelAfter;
};

}  // namespace txfm::test
