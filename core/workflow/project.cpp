// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/pca.h"
#include "core/analysis/tsne.h"
#include "core/analysis/umap.h"
#include "core/workflow/forecast.h"
#include "core/workflow/options/analysis_options.h"
#include "core/workflow/representation.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

constexpr int64_t kPrincipalComponents = 50;

class Project final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    Result<void> checkComponents() const;
    Result<DenseMatrix> map(const Dataset& dataset, const Representation& rep, const RunContext& context, StageClock& clock,
                            Progress& progress, io::H5adAdditions& additions) const;

    ProjectOptions m_options;
};

Result<void> Project::checkComponents() const {
    if (m_options.method == "umap" && m_options.components != 0 && m_options.components != 2 && m_options.components != 3)
        return usageError("--components must be 2 or 3 with --method umap.");
    if (m_options.method == "tsne" && m_options.components != 0 && m_options.components != 2)
        return usageError("--components must be 2 with --method tsne.");
    return {};
}

Result<DenseMatrix> Project::map(const Dataset& dataset, const Representation& rep, const RunContext& context, StageClock& clock,
                                 Progress& progress, io::H5adAdditions& additions) const {
    if (m_options.method == "pca") {
        // For X the representation itself is the principal components.
        if (rep.prefix == "X_") return rep.values;
        clock.start("pca");
        const int64_t wanted = m_options.components > 0 ? m_options.components : kPrincipalComponents;
        TXFM_TRY(analysis::Pca pca, analysis::principalComponents(rep.values, wanted, progress));
        additions.uns["txfm_pca"] = {{"variance", pca.variance}, {"variance_ratio", pca.varianceRatio}, {"use_rep", rep.usedKey}};
        return std::move(pca.scores);
    }
    io::H5adAdditions discarded;
    TXFM_TRY(const auto graph,
             loadOrMakeGraph(dataset, rep, m_options.neighbors, context.seed, m_options.method == "umap", clock, progress,
                             m_options.discardGraph ? discarded : additions));
    // Maps start from the first principal components where a better start fails.
    TXFM_TRY(const analysis::Pca start, analysis::principalComponents(rep.values, 2, progress));
    if (m_options.method == "umap") {
        clock.start("umap");
        analysis::UmapOptions options;
        options.minDist = m_options.minDist;
        options.spread = m_options.spread;
        options.components = m_options.components > 0 ? static_cast<int>(m_options.components) : 2;
        options.epochs = static_cast<int>(m_options.epochs);
        options.seed = context.seed;
        additions.uns[rep.prefix == "X_" ? "umap" : "txfm_umap"] = {
            {"params", {{"min_dist", options.minDist}, {"spread", options.spread}, {"random_state", context.seed}}}};
        return analysis::umapLayout(*graph, start.scores, options, progress);
    }
    clock.start("knn");
    TXFM_TRY(const analysis::Neighbors near, analysis::nearestNeighbors(rep.values, analysis::tsneNeighbors(m_options.perplexity), progress));
    clock.start("tsne");
    analysis::TsneOptions options;
    options.perplexity = m_options.perplexity;
    options.seed = context.seed;
    additions.uns[rep.prefix == "X_" ? "tsne" : "txfm_tsne"] = {
        {"params", {{"perplexity", options.perplexity}, {"random_state", context.seed}}}};
    return analysis::tsneLayout(near, start.scores, options, progress);
}

Result<nlohmann::json> Project::run(const RunContext& context, Progress& progress) {
    TXFM_CHECK(checkComponents());
    TXFM_CHECK(checkOutput(m_options.data, m_options.out));
    StageClock clock;
    clock.start("read");
    TXFM_TRY(const Dataset dataset, openForAnalysis(m_options.data, m_options.countsIn, progress, m_options.rep == "X"));
    PlannedWork work{.passes = m_options.rep == "X" ? 3 : 0, .copiesFile = true};
    if (m_options.method != "pca") work.neighborWidth = kPrincipalComponents;
    if (m_options.method == "umap") work.mapEpochs = m_options.epochs > 0 ? m_options.epochs : 200;
    announce(dataset, work, progress);
    io::H5adAdditions additions;
    const int64_t components = m_options.method == "pca" && m_options.components > 0 ? m_options.components : kPrincipalComponents;
    TXFM_TRY(const Representation rep, loadRepresentation(dataset, m_options.rep, components, clock, progress, additions));
    TXFM_TRY(DenseMatrix coordinates, map(dataset, rep, context, clock, progress, additions));
    const std::string key = rep.prefix + m_options.method;
    nlohmann::json result = {{"rep", m_options.rep},     {"method", m_options.method},        {"key", key},
                             {"n_cells", dataset.cells()}, {"components", coordinates.cols}, {"neighbors", m_options.neighbors},
                             {"seed", context.seed}};
    additions.obsm[key] = std::move(coordinates);
    clock.start("write");
    TXFM_CHECK(io::saveResults(m_options.out, dataset, additions, progress));
    result["files"] = {m_options.out};
    clock.finish(result);
    return result;
}

std::string Project::describe(const nlohmann::json& result) const {
    return "Wrote obsm['" + result["key"].get<std::string>() + "'] of " + std::to_string(result["n_cells"].get<int64_t>()) + " cells to " +
           result["files"][0].get<std::string>() + "\n";
}

}  // namespace

std::unique_ptr<Workflow> makeProject() { return std::make_unique<Project>(); }

}  // namespace txfm::workflow
