// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>

#include "core/base/readable.h"
#include "core/io/h5ad_writer.h"
#include "core/workflow/embedding_run.h"
#include "core/workflow/options/embed_options.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

/// `txfm embed` (interface contract §3, §4 "Embedding").
class Embed final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    EmbedOptions m_options;
};

Result<nlohmann::json> Embed::run(const RunContext& context, Progress& progress) {
    StageClock clock;
    TXFM_CHECK(checkOutputDiffers(m_options.out, m_options.data));
    TXFM_TRY(const ModelInput input,
             openModelInput(m_options.model, m_options.data, m_options, clock, progress));
    const EmbeddingRequest request{m_options.out, m_options.inferenceGenes, m_options.precision, m_options.layer,
                                   m_options.batch};
    if (m_options.forecast) {
        TXFM_TRY(const nlohmann::json expected, forecastEmbedding(input, request, context, clock, progress));
        nlohmann::json result{{"cells", input.dataset.cells()}, {"forecast", expected}, {"files", nlohmann::json::array()}};
        clock.finish(result);
        return result;
    }
    TXFM_TRY(const EmbeddingRun run, embedCells(input, request, context, clock, progress));

    clock.start("write");
    io::H5adAdditions additions;
    additions.obsmRows["X_txfm"] = run.rows(input.dataset.cells());
    additions.uns["txfm"] = run.provenance(input, request, context);
    TXFM_CHECK(io::saveResults(m_options.out, input.dataset, additions, progress));
    run.removeWorkFile();

    nlohmann::json result{{"cells", input.dataset.cells()},
                          {"dim", input.directory.config().dim},
                          {"model", input.modelName()},
                          {"inference_genes", run.inferenceGenes},
                          {"inference_genes_chosen_by", run.chosenBy},
                          {"precision", run.precision},
                          {"device", run.device},
                          {"layer", request.layer},
                          {"resumed_cells", run.resumedCells},
                          {"cells_per_second", run.cellsPerSecond},
                          {"genes", input.match.toJson()},
                          {"warnings", input.warnings},
                          {"files", {m_options.out}}};
    clock.finish(result);
    return result;
}

std::string Embed::describe(const nlohmann::json& result) const {
    if (result.contains("forecast")) {
        const nlohmann::json& f = result["forecast"];
        const auto bytes = [&](const char* key) { return readableBytes(f[key].get<double>() * 1024 * 1024); };
        return "Expected: " + readableDuration(f["seconds"].get<double>()) + " for " + std::to_string(f["cells"].get<int64_t>()) + " cells, " +
               bytes("memory_mb") + " of memory, " + bytes("disk_mb") + " on disk\n";
    }
    const auto& genes = result["genes"];
    const int64_t all = genes["genes"].get<int64_t>(), used = all - genes["dropped"].get<int64_t>();
    char numbers[128];
    std::snprintf(numbers, sizeof numbers, "%lld of %lld genes (%.1f %% of the counts), %.1f cells/s on %s\n",
                  static_cast<long long>(used), static_cast<long long>(all), 100 * (1 - genes["dropped_share"].get<double>()),
                  result["cells_per_second"].get<double>(), result["device"].get<std::string>().substr(0, 40).c_str());
    return "Embedded " + std::to_string(result["cells"].get<int64_t>()) + " cells with " + result["model"].get<std::string>() + " (" +
           result["inference_genes"].get<std::string>() + "): " + numbers + "Wrote obsm['X_txfm'] to " + m_options.out + "\n";
}

}  // namespace

std::unique_ptr<Workflow> makeEmbed() { return std::make_unique<Embed>(); }

}  // namespace txfm::workflow
