// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/publish.h"

#include <bit>
#include <cstdio>

#include "core/base/atomic_file.h"
#include "core/io/safetensors.h"

namespace txfm::training {
namespace {

constexpr const char* kFrequencyFile = "gene_frequency.npy";

/// NumPy format 1.0, little-endian float64 vector.
std::string npyVector(const std::vector<double>& values) {
    static_assert(std::endian::native == std::endian::little);
    std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + std::to_string(values.size()) + ",), }";
    constexpr size_t kPreamble = 10, kAlignment = 64;
    while ((kPreamble + header.size() + 1) % kAlignment != 0) header += ' ';
    header += '\n';
    std::string out("\x93NUMPY\x01\x00", 8);
    out += static_cast<char>(header.size() & 0xFF);
    out += static_cast<char>(header.size() >> 8);
    out += header;
    out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    return out;
}

std::string number(const nlohmann::json& value, const char* format) {
    if (!value.is_number()) return "not measured";
    char text[48];
    std::snprintf(text, sizeof text, format, value.get<double>());
    return text;
}

}  // namespace

nlohmann::json trainingFacts(const TrainingRun& run, const RunState& state, int64_t stepsPerEpoch, bool completed) {
    return {{"kind", run.kind},
            {"base_model", run.baseModel},
            {"data_sets", run.corpus->facts()},
            {"steps", state.step},
            {"epochs", static_cast<double>(state.step) / static_cast<double>(stepsPerEpoch)},
            {"samples", state.samples},
            {"batch", run.config.batch},
            {"lr", run.config.peakLearningRate},
            {"seed", run.config.seed},
            {"mask_pool", run.config.maskPool},
            {"precision", run.config.bfloat16 ? "bf16" : "fp32"},
            {"processes", run.parallel ? run.parallel->world() : 1},
            {"device", run.device},
            {"loss", numberOrNull(state.lastLoss)},
            {"val_loss", state.history.empty() ? nlohmann::json(nullptr)
                                                 : numberOrNull(state.history.back().validation)},
            {"best", {{"step", state.bestStep}, {"epoch", state.bestEpoch}, {"val_loss", numberOrNull(state.bestLoss)}}},
            {"history", state.historyJson()},
            {"completed", completed}};
}

std::string modelCard(const TrainingRun& run, const nlohmann::json& facts) {
    const io::ModelConfig& config = run.modelConfig;
    std::string card = "# " + (config.name.empty() ? std::string("TxFM model") : config.name) + "\n\n";
    card += run.kind == "finetune" ? "Fine-tuned from " + run.baseModel + ".\n\n" : "Pretrained without labels.\n\n";
    card += "## Architecture\n\nTxFM, preset " + config.preset + ": width " + std::to_string(config.dim) + ", " +
            std::to_string(config.nBlocks) + " blocks, " + std::to_string(config.nHeads) + " heads, " +
            std::to_string(config.nGenes) + " genes, " + std::to_string(config.parameterCount()) +
            " parameters. Trained on " + std::to_string(config.nUnmasked) + " revealed genes per sample (temperature " +
            number(config.maskTemperature, "%g") + "), loss " + config.loss + ".\n\n";
    card += "## Training data\n\n| data set | samples | genes | sha256 |\n|---|---|---|---|\n";
    for (const auto& set : facts.value("data_sets", nlohmann::json::array()))
        card += "| " + set.value("name", "") + " | " + std::to_string(set.value("cells", int64_t{0})) + " | " +
                std::to_string(set.value("genes", int64_t{0})) + " | " + set.value("sha256", "").substr(0, 16) + " |\n";
    card += "\n## Training\n\n";
    card += "- optimizer steps: " + std::to_string(facts.value("steps", int64_t{0})) + ", samples shown: " +
            std::to_string(facts.value("samples", int64_t{0})) + ", batch " +
            std::to_string(facts.value("batch", int64_t{0})) + ", highest learning rate " +
            number(facts.value("lr", nlohmann::json()), "%g") + ", seed " +
            std::to_string(facts.value("seed", uint64_t{0})) + "\n";
    card += "- training loss " + number(facts.value("loss", nlohmann::json()), "%.4f") + ", validation loss " +
            number(facts.value("val_loss", nlohmann::json()), "%.4f") + "\n";
    card += "- " + number(facts.value("seconds", nlohmann::json()), "%.0f") + " s on " + facts.value("device", "") + "\n";
    if (!facts.value("completed", false)) card += "- stopped before its planned end\n";
    card += "\n| epoch | training loss | validation loss |\n|---|---|---|\n";
    for (const auto& epoch : facts.value("history", nlohmann::json::array()))
        card += "| " + std::to_string(epoch.value("epoch", int64_t{0})) + " | " +
                number(epoch.value("loss", nlohmann::json()), "%.4f") + " | " +
                number(epoch.value("val_loss", nlohmann::json()), "%.4f") + " |\n";
    card += "\n## Limits\n\nFor human RNA-seq counts whose genes are in `genes.tsv`; other genes are ignored. The embedding is made "
            "for research and is no diagnostic. The licences of the training data apply to them.\n";
    return card;
}

Result<void> publishModel(const TrainingRun& run, const nlohmann::json& facts) {
    io::ModelConfig config = run.modelConfig;
    config.training = facts;
    config.geneFrequency = kFrequencyFile;
    std::error_code ec;
    std::filesystem::create_directories(run.out, ec);
    if (ec)
        return failed("Cannot write the model folder '" + run.out.string() + "': " + ec.message() + ".",
                      "Choose a folder that is writable.");
    TXFM_CHECK(writeFileAtomically(run.out / kFrequencyFile, npyVector(run.corpus->geneFrequency())));
    const auto log = workFolder(run.out) / "training.jsonl";
    if (std::filesystem::exists(log)) {
        TXFM_TRY(const std::string text, readWholeFile(log, size_t{8} << 30));
        TXFM_CHECK(writeFileAtomically(run.out / "training.jsonl", text));
    }
    std::vector<torch::Tensor> host;
    std::vector<io::TensorToWrite> tensors;
    for (const auto& [name, tensor] : run.model->parameters()) {
        host.push_back(tensor.detach().to(torch::kCPU, run.config.saveBfloat16 ? torch::kBFloat16 : torch::kFloat32).contiguous());
        tensors.push_back({name, run.config.saveBfloat16 ? "BF16" : "F32", host.back().sizes().vec(),
                           host.back().const_data_ptr()});
    }
    return io::writeModelDirectory(run.out, config, run.vocabulary, tensors, modelCard(run, facts));
}

}  // namespace txfm::training
