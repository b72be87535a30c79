// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "core/analysis/gene_pairs.h"
#include "core/analysis/gene_recall.h"
#include "core/analysis/gene_relations.h"
#include "core/io/reader.h"
#include "core/io/safetensors.h"
#include "core/model/batch.h"
#include "core/preprocess/gene_matching.h"
#include "core/workflow/training_setup.h"

namespace txfm::workflow {
namespace {

constexpr int64_t kMostProbeCells = 1000;
constexpr int64_t kProbeBatch = 16;

/// Cells whose embedding shows how the model develops.
struct Probe {
    CsrMatrix counts;
    std::shared_ptr<const model::MeasuredGenes> measured;
};

Result<std::shared_ptr<const Probe>> openProbe(const std::string& path, const io::Vocabulary& vocabulary,
                                               Progress& progress) {
    TXFM_TRY(const Dataset file, io::openDataset(path, {}, progress));
    TXFM_TRY(const GeneMatch match, matchGenes(file.var, vocabulary, path));
    auto probe = std::make_shared<Probe>();
    probe->measured = std::make_shared<const model::MeasuredGenes>(match.measured);
    const int64_t count = std::min(file.cells(), kMostProbeCells);
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < count; ++i) rows.push_back(i * file.cells() / count);
    TXFM_TRY(probe->counts, projectToVocabulary(file.counts, match, vocabulary.size())->readRowsAt(rows));
    return std::shared_ptr<const Probe>(probe);
}

/// CLS embeddings [cells × d] from the expressed genes of every cell.
torch::Tensor embedProbe(const Probe& probe, const model::TxfmModel& model, bool bfloat16) {
    torch::NoGradGuard noGrad;
    std::vector<torch::Tensor> parts;
    model::ForwardOptions options;
    options.bfloat16 = bfloat16;
    for (int64_t begin = 0; begin < probe.counts.rows; begin += kProbeBatch) {
        std::vector<model::SampleCounts> samples;
        std::vector<std::vector<int32_t>> revealed;
        for (int64_t row = begin; row < std::min(begin + kProbeBatch, probe.counts.rows); ++row) {
            samples.push_back({probe.counts.rowIndices(row), probe.counts.rowValues(row), probe.measured.get()});
            revealed.emplace_back(samples.back().genes.begin(), samples.back().genes.end());
        }
        const auto tokens = model::makeTokens(samples, revealed, model.config(), 1);
        parts.push_back(model.encode(tokens.to(model.device()), options).to(torch::kCPU, torch::kFloat32));
    }
    return torch::cat(parts).contiguous();
}

/// Stores the probe's embedding of an epoch; fills "file", "cells" and "dim" of the event.
Result<void> storeProbe(const Probe& probe, const model::TxfmModel& model, bool bfloat16,
                        const std::filesystem::path& folder, int64_t epoch, nlohmann::json& event) {
    std::error_code ec;
    std::filesystem::create_directories(folder, ec);
    if (ec) return failed("Cannot write '" + folder.string() + "': " + ec.message() + ".", "Free some disk space.");
    const auto embedding = embedProbe(probe, model, bfloat16);
    const auto file = folder / ("epoch-" + std::to_string(epoch) + ".safetensors");
    TXFM_CHECK(io::writeSafetensors(file, {{"X_txfm", "F32", embedding.sizes().vec(), embedding.const_data_ptr()}},
                                    {{"format", "txfm-probe"}, {"epoch", std::to_string(epoch)}}));
    event["file"] = file.string();
    event["cells"] = embedding.size(0);
    event["dim"] = embedding.size(1);
    return {};
}

/// Recall of every database (spec §6) by codebook and decoder; fills "recall" of the event.
Result<void> measureRecall(const std::vector<analysis::GenePairDatabase>& databases, const model::TxfmModel& model,
                           nlohmann::json& event) {
    Progress silent;
    for (const auto& [source, name] : {std::pair{"codebook", "gene_embedding.weight"}, {"decoder", "decoder.head.weight"}}) {
        const auto matrix = model.parameter(name).detach().to(torch::kCPU, torch::kFloat32).contiguous();
        const float* data = matrix.const_data_ptr<float>();
        TXFM_TRY(const analysis::GeneVectors vectors,
                 analysis::GeneVectors::make(std::vector<float>(data, data + matrix.numel()), matrix.size(0),
                                             matrix.size(1), 0, silent));
        TXFM_TRY(const analysis::RecallResult recall,
                 analysis::relationshipRecall(vectors.unit(), databases, analysis::RecallOptions{}, silent));
        for (size_t i = 0; i < databases.size(); ++i)
            event["recall"][source][databases[i].name] =
                std::isfinite(recall.recall[i]) ? nlohmann::json(recall.recall[i]) : nlohmann::json(nullptr);
    }
    return {};
}

}  // namespace

Result<void> attachEpochProbe(training::TrainingRun& run, const TrainingOptions& options, Progress& progress) {
    if (options.probe.empty() && options.pairs.empty()) return {};
    std::shared_ptr<const Probe> probe;
    if (!options.probe.empty()) {
        TXFM_TRY(probe, openProbe(options.probe, run.vocabulary, progress));
    }
    std::vector<analysis::GenePairDatabase> databases;
    for (const std::string& file : options.pairs) {
        TXFM_TRY(analysis::GenePairDatabase database, analysis::readGenePairs(file, run.vocabulary.symbols));
        databases.push_back(std::move(database));
    }
    if (!databases.empty()) databases.push_back(analysis::combined(databases));
    const auto folder = training::workFolder(run.out) / "probe";
    run.epochProbe = [probe, databases, folder, bfloat16 = run.config.bfloat16](
                         const model::TxfmModel& model, int64_t epoch) -> Result<nlohmann::json> {
        nlohmann::json event{{"type", "probe"}, {"epoch", epoch}};
        if (probe) TXFM_CHECK(storeProbe(*probe, model, bfloat16, folder, epoch, event));
        if (!databases.empty()) TXFM_CHECK(measureRecall(databases, model, event));
        return event;
    };
    return {};
}

}  // namespace txfm::workflow
