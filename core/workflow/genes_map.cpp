// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/csv_table.h"
#include "core/workflow/gene_model.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

/// The order of the map is found by clustering, whose memory grows with the square of the genes.
constexpr size_t kMostGenes = 10000;

class GeneMap final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    GeneMapOptions m_options;
};

Result<nlohmann::json> GeneMap::run(const RunContext&, Progress& progress) {
    StageClock clock;
    clock.start("read");
    TXFM_TRY(const GeneModel model, openGeneModel(m_options.model, m_options.source, progress));
    clock.start("match");
    TXFM_TRY(const std::vector<int64_t> genes, findGenes(model, m_options.genes, progress));
    if (genes.size() > kMostGenes)
        return usageError("--genes names " + std::to_string(genes.size()) + " genes; a heat map takes at most " + std::to_string(kMostGenes) + ".");
    clock.start("knn");
    TXFM_TRY(const analysis::GeneVectors vectors,
             analysis::GeneVectors::make(model.values, model.genes(), model.width, m_options.pca, progress));
    const analysis::GeneHeatMap map = analysis::geneHeatMap(vectors, genes, true);
    std::vector<std::string> names;
    for (const int64_t gene : map.genes) names.push_back(model.vocabulary.symbols[static_cast<size_t>(gene)]);
    clock.start("write");
    std::vector<std::string> header = {"gene"};
    header.insert(header.end(), names.begin(), names.end());
    CsvTable table(header);
    for (size_t i = 0; i < names.size(); ++i) {
        table.row().add(names[i]);
        for (int64_t j = 0; j < map.cosines.cols; ++j) table.add(map.cosines(static_cast<int64_t>(i), j));
    }
    TXFM_CHECK(table.write(m_options.out));
    nlohmann::json result = {{"source", m_options.source}, {"n_genes", names.size()}, {"genes", names}, {"files", {m_options.out}}};
    clock.finish(result);
    return result;
}

std::string GeneMap::describe(const nlohmann::json& result) const {
    return "Cosines of " + std::to_string(result["n_genes"].get<size_t>()) + " genes (" + m_options.source + "), in clustered order, in " +
           m_options.out + "\n";
}

}  // namespace

std::unique_ptr<Workflow> makeGeneMap() { return std::make_unique<GeneMap>(); }

}  // namespace txfm::workflow
