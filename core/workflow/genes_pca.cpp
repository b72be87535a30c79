// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>

#include "core/analysis/pca.h"
#include "core/workflow/csv_table.h"
#include "core/workflow/gene_model.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

class GenePca final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    GenePcaOptions m_options;
};

std::vector<std::string> componentNames(int64_t count) {
    std::vector<std::string> names;
    for (int64_t c = 1; c <= count; ++c) names.push_back("PC" + std::to_string(c));
    return names;
}

CsvTable scoreTable(const GeneModel& model, const analysis::Pca& pca) {
    std::vector<std::string> header = {"gene", "ensembl_id"};
    for (const std::string& name : componentNames(pca.scores.cols)) header.push_back(name);
    CsvTable table(header);
    for (int64_t g = 0; g < pca.scores.rows; ++g) {
        const auto at = static_cast<size_t>(g);
        table.row().add(model.vocabulary.symbols[at]).add(model.vocabulary.ensemblIds[at]);
        for (int64_t c = 0; c < pca.scores.cols; ++c) table.add(pca.scores(g, c));
    }
    return table;
}

CsvTable loadingTable(const analysis::Pca& pca) {
    std::vector<std::string> header = {"dimension"};
    for (const std::string& name : componentNames(pca.components.rows)) header.push_back(name);
    CsvTable table(header);
    for (int64_t j = 0; j < pca.components.cols; ++j) {
        table.row().add(j);
        for (int64_t c = 0; c < pca.components.rows; ++c) table.add(pca.components(c, j));
    }
    return table;
}

Result<nlohmann::json> GenePca::run(const RunContext&, Progress& progress) {
    StageClock clock;
    clock.start("read");
    TXFM_TRY(const GeneModel model, openGeneModel(m_options.model, m_options.source, progress));
    clock.start("pca");
    DenseMatrix values(model.genes(), model.width);
    values.values = model.values;
    TXFM_TRY(const analysis::Pca pca, analysis::principalComponents(values, m_options.components, progress));
    clock.start("write");
    TXFM_CHECK(scoreTable(model, pca).write(m_options.out));
    nlohmann::json files = {m_options.out};
    if (!m_options.loadings.empty()) {
        TXFM_CHECK(loadingTable(pca).write(m_options.loadings));
        files.push_back(m_options.loadings);
    }
    nlohmann::json result = {{"source", m_options.source},        {"n_genes", model.genes()},       {"components", pca.scores.cols},
                             {"variance", pca.variance},          {"variance_ratio", pca.varianceRatio},
                             {"total_variance", pca.totalVariance}, {"files", files}};
    clock.finish(result);
    return result;
}

std::string GenePca::describe(const nlohmann::json& result) const {
    std::string shares;
    const auto& ratios = result["variance_ratio"];
    for (size_t c = 0; c < ratios.size() && c < 5; ++c) {
        char share[16];
        std::snprintf(share, sizeof share, "%s%.1f", c == 0 ? "" : ", ", 100 * ratios[c].get<double>());
        shares += share;
    }
    std::string out = std::to_string(ratios.size()) + " components of " + std::to_string(result["n_genes"].get<int64_t>()) +
                      " gene vectors (" + m_options.source + "); the first explain " + shares + " % of the variance\n";
    for (const auto& file : result["files"]) out += "Wrote " + file.get<std::string>() + "\n";
    return out;
}

}  // namespace

std::unique_ptr<Workflow> makeGenePca() { return std::make_unique<GenePca>(); }

}  // namespace txfm::workflow
