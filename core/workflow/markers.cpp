// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/markers.h"

#include <algorithm>

#include "core/preprocess/gene_symbols.h"
#include "core/workflow/csv_table.h"
#include "core/workflow/options/analysis_options.h"
#include "core/workflow/representation.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

constexpr size_t kShownPerGroup = 100;

class Markers final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override { return m_table.empty() ? Workflow::describe(result) : m_table; }

private:
    Result<std::vector<analysis::Comparison>> comparisons(const Dataset& dataset) const;

    MarkerOptions m_options;
    std::string m_table;
};

Error noSuchGroup(const Categorical& groups, const std::string& column, const std::string& name, const std::string& file) {
    std::string names;
    for (size_t i = 0; i < groups.categories.size() && i < 10; ++i) names += (i ? ", " : "") + groups.categories[i];
    return badInput("obs['" + column + "'] of " + file + " has no group '" + name + "'.", "Its groups: " + names + (groups.categories.size() > 10 ? ", …" : "") + ".");
}

Result<std::vector<analysis::Comparison>> Markers::comparisons(const Dataset& dataset) const {
    const Column* column = dataset.obs.find(m_options.groupby);
    if (column == nullptr) {
        std::string columns;
        for (const Column& c : dataset.obs.columns) columns += (columns.empty() ? "" : ", ") + c.name;
        return badInput(m_options.data + " has no column obs['" + m_options.groupby + "'].", "It has: " + columns + ".");
    }
    const Categorical groups = column->toCategorical();
    const auto codeOf = [&](const std::string& name) {
        const auto found = std::ranges::find(groups.categories, name);
        return found == groups.categories.end() ? -1 : static_cast<int32_t>(found - groups.categories.begin());
    };
    if (!m_options.group.empty() && codeOf(m_options.group) < 0) return noSuchGroup(groups, m_options.groupby, m_options.group, m_options.data);
    const bool againstRest = m_options.reference == "rest";
    if (!againstRest && codeOf(m_options.reference) < 0) return noSuchGroup(groups, m_options.groupby, m_options.reference, m_options.data);
    const int32_t reference = againstRest ? -1 : codeOf(m_options.reference);
    std::vector<analysis::Comparison> out;
    for (int32_t code = 0; code < static_cast<int32_t>(groups.categories.size()); ++code) {
        if (code == reference || (!m_options.group.empty() && groups.categories[static_cast<size_t>(code)] != m_options.group)) continue;
        analysis::Comparison comparison;
        comparison.group = groups.categories[static_cast<size_t>(code)];
        for (size_t i = 0; i < groups.codes.size(); ++i) {
            if (groups.codes[i] == code)
                comparison.in.push_back(static_cast<int64_t>(i));
            else if (groups.codes[i] >= 0 && (againstRest || groups.codes[i] == reference))
                comparison.out.push_back(static_cast<int64_t>(i));
        }
        if (comparison.in.empty() && m_options.group.empty()) continue;
        out.push_back(std::move(comparison));
    }
    if (out.empty()) return usageError("--group and --reference name the same group.");
    return out;
}

Result<nlohmann::json> Markers::run(const RunContext&, Progress& progress) {
    if (!m_options.out.empty()) TXFM_CHECK(checkOutput(m_options.data, m_options.out));
    StageClock clock;
    clock.start("read");
    TXFM_TRY(const Dataset dataset, openForAnalysis(m_options.data, m_options.countsIn, progress));
    if (dataset.provenance.valueKind != ValueKind::Counts)
        return badInput(m_options.data + " holds no counts in " + dataset.provenance.countsIn + ".", "The tests need raw counts; give the file with its counts.");
    TXFM_TRY(const std::vector<analysis::Comparison> groups, comparisons(dataset));
    TXFM_TRY(const std::vector<std::string> symbols, geneSymbols(dataset.var));
    clock.start("markers");
    analysis::MarkerOptions options;
    options.test = m_options.method == "t-test" ? analysis::MarkerTest::TTest : analysis::MarkerTest::Wilcoxon;
    TXFM_TRY(const auto found, analysis::findMarkers(*dataset.counts, groups, options, progress));
    CsvTable table({"group", "gene", "score", "log2_fold_change", "pval", "pval_adj", "pct_in", "pct_out"});
    nlohmann::json rows = nlohmann::json::array();
    for (size_t g = 0; g < groups.size(); ++g) {
        size_t shown = 0;
        for (const analysis::Marker& marker : found[g]) {
            const std::string& gene = symbols[static_cast<size_t>(marker.gene)];
            table.row().add(groups[g].group).add(gene).add(marker.score).add(marker.log2FoldChange).add(marker.pValue).add(marker.pAdjusted).add(marker.pctIn).add(marker.pctOut);
            if (shown++ >= kShownPerGroup) continue;
            rows.push_back({{"group", groups[g].group}, {"gene", gene}, {"score", marker.score}, {"log2_fold_change", marker.log2FoldChange},
                            {"pval", marker.pValue}, {"pval_adj", marker.pAdjusted}, {"pct_in", marker.pctIn}, {"pct_out", marker.pctOut}});
        }
    }
    nlohmann::json result = {{"groupby", m_options.groupby}, {"reference", m_options.reference}, {"method", m_options.method},
                             {"n_genes", dataset.genes()},   {"groups", nlohmann::json::array()}, {"markers", std::move(rows)},
                             {"files", nlohmann::json::array()}};
    for (const analysis::Comparison& group : groups) result["groups"].push_back({{"group", group.group}, {"cells", group.in.size()}, {"reference_cells", group.out.size()}});
    if (m_options.out.empty()) {
        m_table = table.text() + "\n";
    } else {
        clock.start("write");
        TXFM_CHECK(table.write(m_options.out));
        result["files"] = {m_options.out};
    }
    clock.finish(result);
    return result;
}

}  // namespace

std::unique_ptr<Workflow> makeMarkers() { return std::make_unique<Markers>(); }

}  // namespace txfm::workflow
