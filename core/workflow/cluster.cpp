// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/communities.h"
#include "core/workflow/forecast.h"
#include "core/workflow/options/analysis_options.h"
#include "core/workflow/representation.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

constexpr int64_t kPrincipalComponents = 50;

class Cluster final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    ClusterOptions m_options;
};

/// Labels "0", "1", … in numeric order, as scanpy writes them.
Column clusterColumn(const std::string& name, const analysis::Communities& found) {
    Categorical labels;
    for (int32_t c = 0; c < found.count; ++c) labels.categories.push_back(std::to_string(c));
    labels.codes = found.membership;
    return {name, std::move(labels), {}};
}

Result<nlohmann::json> Cluster::run(const RunContext& context, Progress& progress) {
    TXFM_CHECK(checkOutput(m_options.data, m_options.out));
    StageClock clock;
    clock.start("read");
    TXFM_TRY(const Dataset dataset, openForAnalysis(m_options.data, m_options.countsIn, progress, m_options.rep == "X"));
    announce(dataset, {.passes = m_options.rep == "X" ? 3 : 0, .copiesFile = true, .neighborWidth = kPrincipalComponents, .clusters = true}, progress);
    io::H5adAdditions additions;
    TXFM_TRY(Representation rep, loadRepresentation(dataset, m_options.rep, kPrincipalComponents, clock, progress, additions));
    TXFM_TRY(const auto graph, loadOrMakeGraph(dataset, rep, m_options.neighbors, context.seed, true, clock, progress, additions));
    rep.values = {};  // igraph takes more than the rest
    clock.start("leiden");
    const auto method = m_options.method == "leiden" ? analysis::CommunityMethod::Leiden : analysis::CommunityMethod::Louvain;
    TXFM_TRY(const analysis::Communities found,
             analysis::findCommunities(*graph, method, m_options.resolution, context.seed, progress));
    const std::string key = m_options.key.empty() ? "txfm_" + m_options.method : m_options.key;
    additions.obs.push_back(clusterColumn(key, found));
    additions.uns[key] = {{"params", {{"resolution", m_options.resolution}, {"random_state", context.seed}, {"use_rep", rep.usedKey}}},
                          {"modularity", found.modularity}};
    clock.start("write");
    TXFM_CHECK(io::saveResults(m_options.out, dataset, additions, progress));
    std::vector<int64_t> sizes(static_cast<size_t>(found.count), 0);
    for (const int32_t label : found.membership) ++sizes[static_cast<size_t>(label)];
    nlohmann::json result = {{"rep", m_options.rep},        {"method", m_options.method},          {"key", key},
                             {"n_cells", dataset.cells()},  {"n_clusters", found.count},           {"cluster_sizes", sizes},
                             {"modularity", found.modularity}, {"resolution", m_options.resolution}, {"seed", context.seed},
                             {"files", {m_options.out}}};
    clock.finish(result);
    return result;
}

std::string Cluster::describe(const nlohmann::json& result) const {
    return std::to_string(result["n_clusters"].get<int64_t>()) + " clusters of " + std::to_string(result["n_cells"].get<int64_t>()) +
           " cells (modularity " + std::to_string(result["modularity"].get<double>()) + ") in obs['" + result["key"].get<std::string>() +
           "'] of " + result["files"][0].get<std::string>() + "\n";
}

}  // namespace

std::unique_ptr<Workflow> makeCluster() { return std::make_unique<Cluster>(); }

}  // namespace txfm::workflow
