// SPDX-License-Identifier: GPL-3.0-or-later
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

}  // namespace

std::unique_ptr<Workflow> makeEmbed() { return std::make_unique<Embed>(); }

}  // namespace txfm::workflow
