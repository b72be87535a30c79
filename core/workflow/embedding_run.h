// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "core/io/h5ad_writer.h"
#include "core/model/inference.h"
#include "core/workflow/model_input.h"
#include "core/workflow/workflow.h"

namespace txfm::workflow {

/// What `embed` and `reconstruct` share: the choice of genes and precision, and the CLS vectors of every cell.
struct EmbeddingRequest {
    std::string out;             ///< the result file; finished cells wait beside it
    std::string inferenceGenes;  ///< "" = the model's choice
    std::string precision = "auto";
    int64_t layer = 0;
    int64_t batch = 0;
};

struct EmbeddingRun {
    std::shared_ptr<model::Embedder> embedder;
    std::string inferenceGenes;  ///< as used, e.g. "random:1024:2"
    std::string chosenBy;        ///< "option", "model" or "default"
    std::string precision;       ///< "fp32" or "bf16"
    std::string device;
    std::string modelSha256;
    std::filesystem::path workFile;
    int64_t resumedCells = 0;
    double cellsPerSecond = 0;

    /// uns['txfm'] of the contract.
    nlohmann::json provenance(const ModelInput& input, const EmbeddingRequest& request, const RunContext& context) const;
    /// Embedding of cells [begin, end) from the work file.
    Result<DenseMatrix> read(int64_t begin, int64_t end) const;
    /// The embedding of all `cells`, streamed from the work file.
    io::DenseRows rows(int64_t cells) const;
    void removeWorkFile() const;
};

/// Embeds every cell into a work file beside `out` (hidden name), continuing what an interrupted call with the same
/// model, data and options left there. A forecast from a short trial comes as a message before the long part.
/// Errors: Usage (options), OutOfMemory, Failed (disk), Cancelled (finished cells are kept).
Result<EmbeddingRun> embedCells(const ModelInput& input, const EmbeddingRequest& request, const RunContext& context,
                                StageClock& clock, Progress& progress);

/// What embedCells() and saving would take, from embedding some cells: cells, cells_per_s, seconds (reading, matching and
/// loading as they were just measured, and the embedding), memory_mb (main memory), disk_mb (the result and the work file).
/// Writes nothing; sends it as the event "forecast", as embedCells() does after its first cells.
Result<nlohmann::json> forecastEmbedding(const ModelInput& input, const EmbeddingRequest& request, const RunContext& context,
                                         StageClock& clock, Progress& progress);

}  // namespace txfm::workflow
