// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <numeric>

#include "core/analysis/enrichment.h"
#include "core/analysis/pca.h"
#include "core/workflow/csv_table.h"
#include "core/workflow/gene_model.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

/// A list of genes whose sets are asked for.
struct Query {
    std::string name;
    std::vector<int32_t> genes;
};

class GeneEnrich final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    Result<std::vector<Query>> queries(const GeneModel& model, StageClock& clock, Progress& progress) const;
    GeneEnrichOptions m_options;
};

Result<std::vector<Query>> GeneEnrich::queries(const GeneModel& model, StageClock& clock, Progress& progress) const {
    if (!m_options.gene.empty()) {
        TXFM_TRY(const int64_t gene, findGene(model, m_options.gene));
        clock.start("knn");
        TXFM_TRY(const analysis::GeneVectors vectors, analysis::GeneVectors::make(model.values, model.genes(), model.width, m_options.pca, progress));
        Query query{"neighbours of " + model.vocabulary.symbols[static_cast<size_t>(gene)], {}};
        for (const auto& neighbor : vectors.nearest(gene, m_options.count)) query.genes.push_back(static_cast<int32_t>(neighbor.gene));
        return std::vector<Query>{query};
    }
    clock.start("pca");
    DenseMatrix values(model.genes(), model.width);
    values.values = model.values;
    TXFM_TRY(const analysis::Pca pca, analysis::principalComponents(values, m_options.component, progress));
    if (pca.scores.cols < m_options.component)
        return usageError("--component is " + std::to_string(m_options.component) + " but the " + m_options.source + " has " + std::to_string(pca.scores.cols) + " components.");
    std::vector<int32_t> order(static_cast<size_t>(model.genes()));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](int32_t a, int32_t b) { return pca.scores(a, m_options.component - 1) > pca.scores(b, m_options.component - 1); });
    const auto count = static_cast<std::ptrdiff_t>(std::min<int64_t>(m_options.count, model.genes() / 2));
    const std::string name = "PC" + std::to_string(m_options.component);
    return std::vector<Query>{{name + " high", {order.begin(), order.begin() + count}}, {name + " low", {order.end() - count, order.end()}}};
}

Result<nlohmann::json> GeneEnrich::run(const RunContext&, Progress& progress) {
    if (m_options.gene.empty() == (m_options.component == 0)) return usageError("Give either --gene or --component.");
    StageClock clock;
    clock.start("read");
    TXFM_TRY(const GeneModel model, openGeneModel(m_options.model, m_options.source, progress));
    std::vector<analysis::GeneSet> sets;
    for (const std::string& file : m_options.sets) {
        TXFM_TRY(std::vector<analysis::GeneSet> more, analysis::readGeneSets(file, model.vocabulary.symbols));
        std::ranges::move(more, std::back_inserter(sets));
    }
    TXFM_TRY(const std::vector<Query> lists, queries(model, clock, progress));
    clock.start("enrich");
    CsvTable table({"query", "set", "set_size", "overlap", "fold_enrichment", "pval", "pval_adj", "genes"});
    nlohmann::json rows = nlohmann::json::array();
    for (const Query& query : lists) {
        for (const analysis::Enrichment& e : analysis::enrich(query.genes, sets, model.genes())) {
            if (e.overlap == 0) continue;
            std::string genes;
            for (const int32_t gene : e.genes) genes += (genes.empty() ? "" : ";") + model.vocabulary.symbols[static_cast<size_t>(gene)];
            table.row().add(query.name).add(e.set).add(e.setSize).add(e.overlap).add(e.foldEnrichment).add(e.pValue).add(e.pAdjusted).add(genes);
            rows.push_back({{"query", query.name}, {"set", e.set}, {"set_size", e.setSize}, {"overlap", e.overlap}, {"fold_enrichment", e.foldEnrichment},
                            {"pval", e.pValue}, {"pval_adj", e.pAdjusted}, {"genes", genes}});
        }
    }
    nlohmann::json result = {{"source", m_options.source}, {"sets_tested", sets.size()}, {"universe", model.genes()}, {"enrichment", std::move(rows)},
                             {"files", nlohmann::json::array()}};
    if (!m_options.out.empty()) {
        clock.start("write");
        TXFM_CHECK(table.write(m_options.out));
        result["files"] = {m_options.out};
    }
    clock.finish(result);
    return result;
}

std::string GeneEnrich::describe(const nlohmann::json& result) const {
    constexpr size_t kShown = 20;
    CsvTable table({"query", "set", "overlap", "set_size", "pval_adj"});
    size_t shown = 0;
    for (const auto& row : result["enrichment"]) {
        if (shown++ == kShown) break;
        table.row().add(row["query"].get<std::string>()).add(row["set"].get<std::string>()).add(row["overlap"].get<int64_t>())
            .add(row["set_size"].get<int64_t>()).add(row["pval_adj"].get<double>());
    }
    return table.text() + "\n";
}

}  // namespace

std::unique_ptr<Workflow> makeGeneEnrich() { return std::make_unique<GeneEnrich>(); }

}  // namespace txfm::workflow
