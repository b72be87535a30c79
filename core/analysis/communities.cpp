// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/communities.h"

#include <igraph/igraph.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>

namespace txfm::analysis {
namespace {

/// igraph's C structures with their life times.
template <class T, void (*Destroy)(T*)>
class Owned {
public:
    ~Owned() {
        if (m_live) Destroy(&m_value);
    }
    T* get() { return &m_value; }
    void own() { m_live = true; }

private:
    T m_value{};
    bool m_live = false;
};
using Graph = Owned<igraph_t, igraph_destroy>;
using Reals = Owned<igraph_vector_t, igraph_vector_destroy>;
using Integers = Owned<igraph_vector_int_t, igraph_vector_int_destroy>;

Error igraphError(igraph_error_t code) {
    const ErrorCode kind = code == IGRAPH_ENOMEM ? ErrorCode::OutOfMemory : ErrorCode::Failed;
    return {kind, std::string("Clustering failed inside igraph: ") + igraph_strerror(code) + ".", {}};
}

#define TXFM_IGRAPH(call)                                                   \
    do {                                                                    \
        if (const igraph_error_t code = (call); code != IGRAPH_SUCCESS) return igraphError(code); \
    } while (false)

Result<void> makeGraph(const CsrMatrix& m, Graph& graph, Reals& weights, Reals& strengths) {
    Integers ends;
    int64_t edges = 0;
    for (int64_t row = 0; row < m.rows; ++row) {
        for (int64_t e = m.indptr[row]; e < m.indptr[row + 1]; ++e) edges += m.indices[e] > row;
    }
    TXFM_IGRAPH(igraph_vector_int_init(ends.get(), 2 * edges));
    ends.own();
    TXFM_IGRAPH(igraph_vector_init(weights.get(), edges));
    weights.own();
    TXFM_IGRAPH(igraph_vector_init(strengths.get(), m.rows));
    strengths.own();
    int64_t at = 0;
    for (int64_t row = 0; row < m.rows; ++row) {
        for (int64_t e = m.indptr[row]; e < m.indptr[row + 1]; ++e) {
            const int64_t column = m.indices[e];
            if (column <= row) continue;
            VECTOR(*ends.get())[2 * at] = row;
            VECTOR(*ends.get())[2 * at + 1] = column;
            VECTOR(*weights.get())[at] = m.values[e];
            VECTOR(*strengths.get())[row] += m.values[e];
            VECTOR(*strengths.get())[column] += m.values[e];
            ++at;
        }
    }
    TXFM_IGRAPH(igraph_create(graph.get(), ends.get(), m.rows, IGRAPH_UNDIRECTED));
    graph.own();
    return {};
}

Result<void> leiden(Graph& graph, Reals& weights, Reals& strengths, double resolution, Integers& membership, Progress& progress) {
    constexpr int kMostIterations = 100;
    const double twice = igraph_vector_sum(strengths.get());
    double before = -1e300;
    StageProgress stage(progress, "leiden", 0, "iterations");
    for (int iteration = 0; iteration < kMostIterations; ++iteration) {
        if (progress.cancelled()) return cancelledError();
        igraph_integer_t clusters = 0;
        igraph_real_t quality = 0;
        TXFM_IGRAPH(igraph_community_leiden(graph.get(), weights.get(), strengths.get(), twice > 0 ? resolution / twice : resolution,
                                            0.01, iteration > 0, 1, membership.get(), &clusters, &quality));
        stage.advance(1);
        // igraph's quality is NaN for a graph without edges.
        if (!(quality > before + 1e-12)) break;
        before = quality;
    }
    return {};
}

/// Numbers clusters by size, the largest first.
void relabel(Communities& out) {
    std::map<int32_t, std::pair<int64_t, int64_t>> sizes;  // label -> (-size, first cell)
    for (size_t i = 0; i < out.membership.size(); ++i) {
        auto [entry, added] = sizes.try_emplace(out.membership[i], 0, static_cast<int64_t>(i));
        --entry->second.first;
    }
    std::vector<std::pair<std::pair<int64_t, int64_t>, int32_t>> order;
    for (const auto& [label, key] : sizes) order.emplace_back(key, label);
    std::ranges::sort(order);
    std::map<int32_t, int32_t> rank;
    for (size_t i = 0; i < order.size(); ++i) rank[order[i].second] = static_cast<int32_t>(i);
    for (int32_t& label : out.membership) label = rank.at(label);
    out.count = static_cast<int32_t>(order.size());
}

}  // namespace

Result<Communities> findCommunities(const CsrMatrix& connectivities, CommunityMethod method, double resolution,
                                    uint64_t seed, Progress& progress) {
    static std::mutex oneAtATime;
    const std::lock_guard lock(oneAtATime);
    igraph_set_error_handler(igraph_error_handler_ignore);  // the default ends the process
    igraph_set_warning_handler(igraph_warning_handler_ignore);
    TXFM_IGRAPH(igraph_rng_seed(igraph_rng_default(), static_cast<igraph_uint_t>(seed)));
    Graph graph;
    Reals weights, strengths;
    Integers membership;
    TXFM_CHECK(makeGraph(connectivities, graph, weights, strengths));
    TXFM_IGRAPH(igraph_vector_int_init(membership.get(), 0));
    membership.own();
    if (method == CommunityMethod::Leiden) {
        TXFM_CHECK(leiden(graph, weights, strengths, resolution, membership, progress));
    } else {
        TXFM_IGRAPH(igraph_community_multilevel(graph.get(), weights.get(), resolution, membership.get(), nullptr, nullptr));
    }
    if (progress.cancelled()) return cancelledError();
    Communities out;
    out.membership.resize(static_cast<size_t>(connectivities.rows));
    for (size_t i = 0; i < out.membership.size(); ++i)
        out.membership[i] = static_cast<int32_t>(VECTOR(*membership.get())[static_cast<igraph_integer_t>(i)]);
    relabel(out);
    out.modularity = modularity(connectivities, out.membership, resolution);
    return out;
}

double modularity(const CsrMatrix& graph, const std::vector<int32_t>& membership, double resolution) {
    std::map<int32_t, double> strength;
    double inside = 0, all = 0;
    for (int64_t row = 0; row < graph.rows; ++row) {
        const int32_t label = membership[static_cast<size_t>(row)];
        double own = 0;
        for (int64_t e = graph.indptr[row]; e < graph.indptr[row + 1]; ++e) {
            own += graph.values[e];
            if (membership[static_cast<size_t>(graph.indices[e])] == label) inside += graph.values[e];
        }
        strength[label] += own;
        all += own;
    }
    if (all <= 0) return 0;
    double expected = 0;
    for (const auto& [label, k] : strength) expected += k * k;
    return inside / all - resolution * expected / (all * all);
}

}  // namespace txfm::analysis
