// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstring>

#include <ATen/ops/empty.h>

#include "core/base/quoted.h"
#include "core/io/h5ad_writer.h"
#include "core/model/errors.h"
#include "core/training/vocabulary_builder.h"
#include "core/workflow/embedding_run.h"
#include "core/workflow/options/reconstruct_options.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

/// Rows of expected expression, decoded from the stored CLS vectors when the writer asks for them, so that the
/// [cells × genes] matrix never exists as a whole.
class DecodedRows final : public CountSource {
public:
    DecodedRows(const ModelInput& input, const EmbeddingRun& run, at::Tensor genes, int64_t width)
        : m_input(input), m_run(run), m_genes(std::move(genes)), m_width(width) {}
    int64_t cells() const override { return m_input.dataset.cells(); }
    int64_t genes() const override { return m_width; }
    int64_t nonZeros() const override { return -1; }
    bool dense() const override { return true; }

    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override {
        TXFM_TRY(const DenseMatrix cls, m_run.read(begin, end));
        CsrMatrix rows;
        rows.rows = end - begin;
        rows.cols = m_width;
        try {
            auto vectors = at::empty({cls.rows, cls.cols}, at::kFloat);
            std::memcpy(vectors.mutable_data_ptr<float>(), cls.values.data(), cls.values.size() * sizeof(float));
            const auto expected = m_run.embedder->reconstruct(vectors, m_genes, measured(begin, end));
            const float* values = expected.const_data_ptr<float>();
            for (int64_t i = 0; i < rows.rows; ++i) {
                for (int64_t j = 0; j < m_width; ++j) {
                    if (values[i * m_width + j] == 0) continue;
                    rows.indices.push_back(static_cast<int32_t>(j));
                    rows.values.push_back(values[i * m_width + j]);
                }
                rows.indptr.push_back(static_cast<int64_t>(rows.indices.size()));
            }
        } catch (const std::exception& exception) {
            return model::translateException(exception, "decoding " + txfm::quoted(m_input.dataset.provenance.path));
        }
        return rows;
    }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& wanted) const override {
        CsrMatrix rows;
        rows.cols = m_width;
        for (int64_t row : wanted) {
            TXFM_TRY(const CsrMatrix one, readRows(row, row + 1));
            rows.indices.insert(rows.indices.end(), one.indices.begin(), one.indices.end());
            rows.values.insert(rows.values.end(), one.values.begin(), one.values.end());
            rows.indptr.push_back(static_cast<int64_t>(rows.indices.size()));
            ++rows.rows;
        }
        return rows;
    }

private:
    at::Tensor measured(int64_t begin, int64_t end) const {
        const int64_t vocabulary = m_input.directory.config().nGenes;
        auto flags = at::empty({end - begin, vocabulary}, at::kFloat);
        for (int64_t i = 0; i < end - begin; ++i) {
            const auto& genes = m_input.measuredIn(begin + i).flags;
            std::copy(genes.begin(), genes.end(), flags.mutable_data_ptr<float>() + i * vocabulary);
        }
        return flags;
    }
    const ModelInput& m_input;
    const EmbeddingRun& m_run;
    at::Tensor m_genes;
    int64_t m_width;
};

/// `txfm reconstruct` (interface contract §3, §4 "Reconstruction").
class Reconstruct final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    Result<std::vector<int64_t>> keptGenes(const ModelInput& input, Progress& progress) const;
    ReconstructOptions m_options;
};

/// Vocabulary indices of the listed genes, in vocabulary order; all when no list is given.
Result<std::vector<int64_t>> Reconstruct::keptGenes(const ModelInput& input, Progress& progress) const {
    const io::Vocabulary& vocabulary = input.directory.vocabulary();
    std::vector<uint8_t> keep(static_cast<size_t>(vocabulary.size()), m_options.genes.empty());
    if (!m_options.genes.empty()) {
        TXFM_TRY(const io::Vocabulary listed, training::readGeneLists(m_options.genes, progress));
        Table names;
        names.index = listed.symbols;
        names.set({"ensembl_id", listed.ensemblIds, {}});
        TXFM_TRY(const GeneMatch match, matchGenes(names, vocabulary, m_options.genes.front()));
        if (match.dropped > 0)
            progress.message(MessageLevel::Warning, std::to_string(match.dropped) + " listed genes are not in the model's vocabulary.");
        keep = match.measured;
    }
    std::vector<int64_t> genes;
    for (size_t gene = 0; gene < keep.size(); ++gene)
        if (keep[gene]) genes.push_back(static_cast<int64_t>(gene));
    return genes;
}

Result<nlohmann::json> Reconstruct::run(const RunContext& context, Progress& progress) {
    StageClock clock;
    TXFM_CHECK(checkOutputDiffers(m_options.out, m_options.data));
    TXFM_TRY(const ModelInput input,
             openModelInput(m_options.model, m_options.data, m_options, clock, progress));
    TXFM_TRY(const std::vector<int64_t> genes, keptGenes(input, progress));
    const EmbeddingRequest request{m_options.out, m_options.inferenceGenes, m_options.precision, 0, m_options.batch};
    TXFM_TRY(const EmbeddingRun run, embedCells(input, request, context, clock, progress));

    clock.start("write");
    at::Tensor indices;
    const auto width = static_cast<int64_t>(genes.size());
    if (width < input.directory.config().nGenes) {
        indices = at::empty({width}, at::kLong);
        std::copy(genes.begin(), genes.end(), indices.mutable_data_ptr<int64_t>());
    }
    Dataset decoded;
    decoded.counts = std::make_shared<DecodedRows>(input, run, indices, width);
    decoded.obs = input.dataset.obs;
    decoded.provenance = input.dataset.provenance;
    std::vector<std::string> ensemblIds;
    for (int64_t gene : genes) {
        decoded.var.index.push_back(input.directory.vocabulary().symbols[static_cast<size_t>(gene)]);
        ensemblIds.push_back(input.directory.vocabulary().ensemblIds[static_cast<size_t>(gene)]);
    }
    decoded.var.set({"ensembl_id", ensemblIds, {}});
    io::H5adAdditions additions;
    additions.obsmRows["X_txfm"] = run.rows(input.dataset.cells());
    additions.uns["txfm"] = run.provenance(input, request, context);
    TXFM_CHECK(io::writeH5ad(m_options.out, decoded, additions, progress));
    run.removeWorkFile();

    nlohmann::json result{{"cells", input.dataset.cells()}, {"genes", width}, {"model", input.modelName()},
                          {"inference_genes", run.inferenceGenes}, {"precision", run.precision}, {"device", run.device},
                          {"cells_per_second", run.cellsPerSecond}, {"warnings", input.warnings}, {"files", {m_options.out}}};
    clock.finish(result);
    return result;
}

std::string Reconstruct::describe(const nlohmann::json& result) const {
    return "Wrote the expected expression of " + std::to_string(result["genes"].get<int64_t>()) + " genes in " +
           std::to_string(result["cells"].get<int64_t>()) + " cells to " + m_options.out + "\n";
}

}  // namespace

std::unique_ptr<Workflow> makeReconstruct() { return std::make_unique<Reconstruct>(); }

}  // namespace txfm::workflow
