// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include <torch/types.h>

#include "core/base/atomic_file.h"
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

}  // namespace

Result<void> attachEpochProbe(training::TrainingRun& run, const TrainingOptions& options, Progress& progress) {
    if (options.probe.empty()) return {};
    TXFM_TRY(const auto probe, openProbe(options.probe, run.vocabulary, progress));
    const auto folder = training::workFolder(run.out) / "probe";
    const bool bfloat16 = run.config.bfloat16;
    run.epochProbe = [probe, folder, bfloat16](const model::TxfmModel& model, int64_t epoch) -> Result<nlohmann::json> {
        std::error_code ec;
        std::filesystem::create_directories(folder, ec);
        if (ec) return failed("Cannot write '" + folder.string() + "': " + ec.message() + ".");
        const auto embedding = embedProbe(*probe, model, bfloat16);
        const auto file = folder / ("epoch-" + std::to_string(epoch) + ".safetensors");
        TXFM_CHECK(io::writeSafetensors(file, {{"X_txfm", "F32", embedding.sizes().vec(), embedding.const_data_ptr()}},
                                        {{"format", "txfm-probe"}, {"epoch", std::to_string(epoch)}}));
        return nlohmann::json{{"type", "probe"}, {"epoch", epoch}, {"file", file.string()},
                              {"cells", embedding.size(0)}, {"dim", embedding.size(1)}};
    };
    return {};
}

}  // namespace txfm::workflow
