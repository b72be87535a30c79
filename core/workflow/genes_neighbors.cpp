// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/gene_pairs.h"
#include "core/workflow/csv_table.h"
#include "core/workflow/gene_model.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

class GeneNeighbors final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override { return tableOf(result).text() + "\n"; }

private:
    static CsvTable tableOf(const nlohmann::json& result);
    GeneNeighborsOptions m_options;
};

/// The columns of the contract: gene, cosine, percentile, known.
CsvTable GeneNeighbors::tableOf(const nlohmann::json& result) {
    CsvTable table({"gene", "cosine", "percentile", "known"});
    for (const auto& neighbor : result["neighbors"]) {
        std::string known;
        for (const auto& name : neighbor["known"]) known += (known.empty() ? "" : ";") + name.get<std::string>();
        table.row().add(neighbor["gene"].get<std::string>()).add(neighbor["cosine"].get<float>()).add(neighbor["percentile"].get<double>()).add(known);
    }
    return table;
}

Result<nlohmann::json> GeneNeighbors::run(const RunContext&, Progress& progress) {
    StageClock clock;
    clock.start("read");
    TXFM_TRY(const GeneModel model, openGeneModel(m_options.model, m_options.source, progress));
    clock.start("match");
    TXFM_TRY(const int64_t gene, findGene(model, m_options.gene));
    std::vector<analysis::GenePairDatabase> databases;
    for (const std::string& file : m_options.pairs) {
        TXFM_TRY(auto database, analysis::readGenePairs(file, model.vocabulary.symbols));
        databases.push_back(std::move(database));
    }
    const analysis::KnownPairs known(databases);
    clock.start("knn");
    TXFM_TRY(const analysis::GeneVectors vectors,
             analysis::GeneVectors::make(model.values, model.genes(), model.width, m_options.pca, progress));
    nlohmann::json rows = nlohmann::json::array();
    for (const analysis::GeneNeighbor& neighbor : vectors.nearest(gene, m_options.count)) {
        nlohmann::json row = {{"gene", model.vocabulary.symbols[static_cast<size_t>(neighbor.gene)]},
                              {"cosine", neighbor.cosine},
                              {"percentile", neighbor.percentile},
                              {"known", nullptr}};
        if (!known.empty()) row["known"] = known.databasesWith(gene, neighbor.gene);
        rows.push_back(std::move(row));
    }
    nlohmann::json result = {{"gene", model.vocabulary.symbols[static_cast<size_t>(gene)]},
                             {"source", m_options.source},
                             {"neighbors", std::move(rows)},
                             {"files", nlohmann::json::array()}};
    if (!m_options.out.empty()) {
        clock.start("write");
        TXFM_CHECK(tableOf(result).write(m_options.out));
        result["files"] = {m_options.out};
    }
    clock.finish(result);
    return result;
}

}  // namespace

std::unique_ptr<Workflow> makeGeneNeighbors() { return std::make_unique<GeneNeighbors>(); }

}  // namespace txfm::workflow
