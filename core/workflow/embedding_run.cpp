// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/embedding_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/atomic_file.h"
#include "core/base/memory.h"
#include "core/base/parallel.h"
#include "core/base/quoted.h"
#include "core/base/readable.h"
#include "core/model/device.h"
#include "core/model/errors.h"
#include "core/workflow/embedding_file.h"
#include "core/workflow/forecast.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int64_t kRowsPerRead = 512;
constexpr double kSecondsPerChunk = 0.5;  // cells that are kept, and told of, together
constexpr double kTrialSeconds = 3;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

fs::path workFileFor(const std::string& out) {
    const fs::path path(out);
    return path.parent_path() / ("." + path.filename().string() + ".txfm-cells");
}

/// Names the work: another model, file or option gives another key.
std::string workKey(const ModelInput& input, const EmbeddingRequest& request, const EmbeddingRun& run, uint64_t seed) {
    std::error_code error;
    const fs::path data = input.dataset.provenance.path;
    const auto size = fs::is_regular_file(data, error) ? fs::file_size(data, error) : 0;
    const auto time = fs::last_write_time(data, error).time_since_epoch().count();
    const std::vector<int32_t>& genes = input.match.target;  // a mapping file changes it
    const size_t matched = std::hash<std::string_view>()({reinterpret_cast<const char*>(genes.data()), genes.size() * sizeof(int32_t)});
    return nlohmann::json{{"model", run.modelSha256}, {"data", fs::absolute(data, error).string()}, {"size", size},
                          {"time", time}, {"cells", input.dataset.cells()}, {"counts", input.dataset.provenance.countsIn},
                          {"matched", matched}, {"genes", run.inferenceGenes},
                          {"precision", run.precision}, {"device", run.device}, {"layer", request.layer},
                          {"seed", seed}, {"version", TXFM_VERSION}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<void> choose(const ModelInput& input, const EmbeddingRequest& request, const RunContext& context,
                    EmbeddingRun& run, Progress& progress) {
    const io::ModelConfig& config = input.directory.config();
    if (request.layer > config.nBlocks)
        return usageError("--layer " + std::to_string(request.layer) + " is out of range: the model has " +
                              std::to_string(config.nBlocks) + " blocks.",
                          "Use a block from 1 to " + std::to_string(config.nBlocks) + ".");
    model::InferenceOptions options;
    run.chosenBy = !request.inferenceGenes.empty() ? "option" : !config.inferenceGenes.empty() ? "model" : "default";
    const bool fromModel = run.chosenBy == "model";
    const std::string text = run.chosenBy == "default" ? "all" : fromModel ? config.inferenceGenes : request.inferenceGenes;
    auto genes = model::InferenceGenes::parse(text, fromModel ? "inference_genes of the model" : "--inference-genes");
    if (!genes && fromModel) return badInput("config.json of the model: " + genes.error().message, genes.error().hint);
    if (!genes) return genes.error();
    options.genes = *genes;
    run.inferenceGenes = genes->toString();
    TXFM_TRY(const auto device, model::prepareDevice(context.device));
    TXFM_TRY(options.bfloat16, model::chooseBfloat16(request.precision, device));
    run.precision = options.bfloat16 ? "bf16" : "fp32";
    run.device = model::describeDevice(device);
    options.layer = request.layer;
    options.batch = request.batch;
    options.seed = context.seed;
    options.stop = progress.token();
    if (run.chosenBy != "option")
        progress.message(MessageLevel::Info, "Genes shown to the encoder: " + run.inferenceGenes +
                                                 (fromModel ? ", as the model recommends" : ", the default") +
                                                 " (--inference-genes changes it).");
    TXFM_TRY(run.modelSha256, input.directory.sha256());
    TXFM_TRY(const auto network, model::TxfmModel::load(input.directory));
    network->to(device);
    run.embedder = std::make_shared<model::Embedder>(*network, options);
    return {};
}

/// Weights that are finite but far too large overflow on the way; what comes out must not pass for an embedding.
Result<void> checkFinite(std::span<const float> rows, int64_t firstCell, const ModelInput& input) {
    const auto bad = std::ranges::find_if(rows, [](float value) { return !std::isfinite(value); });
    if (bad == rows.end()) return {};
    const int64_t cell = firstCell + (bad - rows.begin()) / input.directory.config().dim;
    return badInput("The model " + txfm::quoted(input.directory.folder()) + " gives no finite embedding for cell " + std::to_string(cell + 1) +
                        " of " + txfm::quoted(input.dataset.provenance.path) + ".",
                    "Its weights are damaged or far too large: export the model again.");
}

Error stoppedAfter(int64_t finished, int64_t cells) {
    return cancelledError("Cancelled; " + std::to_string(finished) + " of " + std::to_string(cells) +
                          " cells are finished, and the same command continues after them.");
}

nlohmann::json embeddingForecast(const ModelInput& input, int64_t cells, double cellsPerSecond, double before) {
    const double rows = static_cast<double>(input.dataset.cells()) * static_cast<double>(input.directory.config().dim) * sizeof(float);
    const Forecast copy = forecast(input.dataset, {.copiesFile = true});
    return {{"type", "forecast"}, {"cells", cells}, {"cells_per_s", cellsPerSecond},
            {"seconds", before + static_cast<double>(cells) / cellsPerSecond}, {"memory_mb", peakResidentMb()},
            {"disk_mb", (copy.diskBytes + 2 * rows) / (1024 * 1024)}};
}

/// The cells that `file` does not hold yet.
Result<void> embedRest(const ModelInput& input, const EmbeddingRequest& request, EmbeddingRun& run, EmbeddingFile& file, Progress& progress) {
    const int64_t cells = input.dataset.cells();
    run.resumedCells = std::min(file.rows(), cells);
    if (run.resumedCells > 0)
        progress.message(MessageLevel::Info, "Continuing after " + std::to_string(run.resumedCells) + " of " +
                                                 std::to_string(cells) + " cells that an interrupted run finished.");
    StageProgress stage(progress, "embed", static_cast<double>(cells), "cells", static_cast<double>(run.resumedCells));
    const Clock::time_point start = Clock::now();
    const int64_t threads = std::clamp<int64_t>(threadCount(), 1, kRowsPerRead);
    int64_t chunk = threads, trials = 0;
    for (int64_t begin = run.resumedCells; begin < cells; begin += kRowsPerRead) {
        const int64_t end = std::min(begin + kRowsPerRead, cells);
        TXFM_TRY(const SampleBlock block, readSamples(input, begin, end));
        for (int64_t at = begin; at < end;) {
            if (progress.cancelled()) return stoppedAfter(file.rows(), cells);
            const int64_t count = std::min(chunk, end - at);
            const Clock::time_point before = Clock::now();
            try {
                const auto samples = std::span(block.samples).subspan(static_cast<size_t>(at - begin), static_cast<size_t>(count));
                const auto cls = run.embedder->embed(samples, at);
                if (!cls.defined()) return stoppedAfter(file.rows(), cells);
                TXFM_CHECK(checkFinite({cls.const_data_ptr<float>(), static_cast<size_t>(cls.numel())}, at, input));
                TXFM_CHECK(file.append(cls.const_data_ptr<float>(), count));
            } catch (const std::exception& exception) {
                return model::translateException(exception, "embedding " + txfm::quoted(input.dataset.provenance.path));
            }
            at += count;
            stage.set(static_cast<double>(at));
            // The first chunk warms caches up; the second is the trial that the forecast rests on.
            const double rate = static_cast<double>(count) / std::max(secondsSince(before), 1e-6);
            if (++trials == 2) {
                progress.event(embeddingForecast(input, cells - at, rate, 0));
                progress.message(MessageLevel::Info, "Embedding " + std::to_string(cells) + " cells takes about " +
                                                         readableDuration(static_cast<double>(cells - at) / rate) + " (" +
                                                         run.precision + ", " + run.device + ").");
            }
            if (trials >= 2)
                chunk = std::clamp<int64_t>(static_cast<int64_t>(rate * kSecondsPerChunk) / threads * threads,
                                            std::clamp(request.batch * threads, threads, kRowsPerRead), kRowsPerRead);
        }
    }
    run.cellsPerSecond = static_cast<double>(cells - run.resumedCells) / std::max(secondsSince(start), 1e-6);
    return {};
}

}  // namespace

nlohmann::json EmbeddingRun::provenance(const ModelInput& input, const EmbeddingRequest& request,
                                        const RunContext& context) const {
    nlohmann::json uns{{"model_name", input.modelName()}, {"model_sha256", modelSha256}, {"inference_genes", inferenceGenes},
                       {"seed", context.seed}, {"precision", precision}, {"version", TXFM_VERSION},
                       {"command", context.commandLine}, {"device", device}, {"layer", request.layer},
                       {"genes_measured", input.match.vocabularyCovered}};
    if (!input.warnings.empty()) uns["warnings"] = input.warnings;
    return uns;
}

Result<DenseMatrix> EmbeddingRun::read(int64_t begin, int64_t end) const {
    return EmbeddingFile::read(workFile, embedder->model().config().dim, begin, end);
}

io::DenseRows EmbeddingRun::rows(int64_t cells) const {
    return {cells, embedder->model().config().dim,
            [this](int64_t begin, int64_t end) { return read(begin, end); }};
}

void EmbeddingRun::removeWorkFile() const {
    std::error_code error;
    fs::remove(workFile, error);
}

Result<EmbeddingRun> embedCells(const ModelInput& input, const EmbeddingRequest& request, const RunContext& context,
                                StageClock& clock, Progress& progress) {
    EmbeddingRun run;
    {
        // The result file is written at the very end; an unwritable place is found now.
        TXFM_TRY(const AtomicFile probe, AtomicFile::create(request.out));
    }
    clock.start("read");
    TXFM_CHECK(choose(input, request, context, run, progress));
    run.workFile = workFileFor(request.out);
    TXFM_TRY(EmbeddingFile file, EmbeddingFile::open(run.workFile, workKey(input, request, run, context.seed),
                                                     input.directory.config().dim));
    clock.start("embed");
    const auto embedded = embedRest(input, request, run, file, progress);
    if (embedded) return run;
    // What was finished of a file or model that cannot be used is of no use to the next start.
    if (embedded.error().code == ErrorCode::BadInput) run.removeWorkFile();
    return embedded.error();
}

Result<nlohmann::json> forecastEmbedding(const ModelInput& input, const EmbeddingRequest& request, const RunContext& context,
                                         StageClock& clock, Progress& progress) {
    EmbeddingRun run;
    clock.start("read");
    TXFM_CHECK(choose(input, request, context, run, progress));
    clock.start("embed");
    const int64_t cells = input.dataset.cells(), threads = std::clamp<int64_t>(threadCount(), 1, kRowsPerRead);
    TXFM_TRY(const SampleBlock block, readSamples(input, 0, std::min(cells, kRowsPerRead)));
    double spent = 0;
    int64_t counted = 0, chunk = threads;
    for (int64_t at = 0; at < block.rows.rows && spent < kTrialSeconds;) {
        if (progress.cancelled()) return cancelledError();
        const int64_t count = std::min(chunk, block.rows.rows - at);
        const Clock::time_point before = Clock::now();
        try {
            const auto samples = std::span(block.samples).subspan(static_cast<size_t>(at), static_cast<size_t>(count));
            if (!run.embedder->embed(samples, at).defined()) return cancelledError();
        } catch (const std::exception& exception) {
            return model::translateException(exception, "embedding " + txfm::quoted(input.dataset.provenance.path));
        }
        at += count;
        // The first cells warm caches up; they count only where there are no others.
        if (at > count || at == block.rows.rows) {
            spent += secondsSince(before);
            counted += count;
            chunk = std::min(chunk * 2, kRowsPerRead);
        }
    }
    nlohmann::json expected = embeddingForecast(input, cells, static_cast<double>(counted) / std::max(spent, 1e-6), clock.total() - spent);
    progress.event(expected);
    expected.erase("type");
    expected["precision"] = run.precision;
    expected["device"] = run.device;
    return expected;
}

}  // namespace txfm::workflow
