// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/communities.h"

#include <igraph/igraph.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace txfm::analysis {
namespace {

/// A structure of igraph with its life time.
template <class T, void (*Destroy)(T*)>
class Owned {
public:
    Owned() = default;
    Owned(const Owned&) = delete;
    ~Owned() {
        if (m_live) Destroy(&m_value);
    }
    T* get() { return &m_value; }
    /// To be called once the structure was initialised.
    void own() { m_live = true; }

private:
    T m_value{};
    bool m_live = false;
};
using Graph = Owned<igraph_t, igraph_destroy>;
using Reals = Owned<igraph_vector_t, igraph_vector_destroy>;
using Integers = Owned<igraph_vector_int_t, igraph_vector_int_destroy>;

Result<void> checked(igraph_error_t code) {
    if (code == IGRAPH_SUCCESS) return {};
    if (code == IGRAPH_INTERRUPTED) return cancelledError();
    if (code == IGRAPH_ENOMEM) return Error{ErrorCode::OutOfMemory, "There is not enough memory for the clusters.", {}};
    return failed(std::string("Clustering failed inside igraph: ") + igraph_strerror(code) + ".");
}

/// igraph's own handlers end the process and write to the terminal.
void quietErrors() {
    static std::once_flag once;
    std::call_once(once, [] {
        igraph_set_error_handler(igraph_error_handler_ignore);
        igraph_set_warning_handler(igraph_warning_handler_ignore);
    });
}

/// igraph as this process wants it for the life time of the object: alone, seeded and open to cancelling.
class IgraphSession {
public:
    IgraphSession(uint64_t seed, const Progress& progress) : m_alone(mutex()) {
        watched() = &progress;
        igraph_set_interruption_handler([](void*) -> igraph_error_t {
            if (!watched()->cancelled()) return IGRAPH_SUCCESS;
            IGRAPH_FINALLY_FREE();
            return IGRAPH_INTERRUPTED;
        });
        igraph_rng_seed(igraph_rng_default(), static_cast<igraph_uint_t>(seed));
    }
    IgraphSession(const IgraphSession&) = delete;
    ~IgraphSession() { igraph_set_interruption_handler(nullptr); }

private:
    static std::mutex& mutex() {
        static std::mutex one;
        return one;
    }
    static const Progress*& watched() {
        static const Progress* progress = nullptr;
        return progress;
    }
    std::lock_guard<std::mutex> m_alone;
};

struct WeightedGraph {
    Integers ends;    ///< two nodes per edge; empty once the graph was made
    Reals weights;    ///< per edge
    Reals strengths;  ///< per node
    Graph graph;
};

/// Fills all but the graph.
Result<void> listEdges(const CsrMatrix& m, WeightedGraph& out) {
    quietErrors();
    int64_t edges = 0;
    for (int64_t row = 0; row < m.rows; ++row) {
        for (const int32_t column : m.rowIndices(row)) edges += column > row;
    }
    TXFM_CHECK(checked(igraph_vector_int_init(out.ends.get(), 2 * edges)));
    out.ends.own();
    TXFM_CHECK(checked(igraph_vector_init(out.weights.get(), edges)));
    out.weights.own();
    TXFM_CHECK(checked(igraph_vector_init(out.strengths.get(), m.rows)));
    out.strengths.own();
    int64_t at = 0;
    for (int64_t row = 0; row < m.rows; ++row) {
        for (int64_t e = m.indptr[row]; e < m.indptr[row + 1]; ++e) {
            const int64_t column = m.indices[e];
            if (column <= row) continue;
            VECTOR(*out.ends.get())[2 * at] = row;
            VECTOR(*out.ends.get())[2 * at + 1] = column;
            VECTOR(*out.weights.get())[at] = m.values[e];
            VECTOR(*out.strengths.get())[row] += m.values[e];
            VECTOR(*out.strengths.get())[column] += m.values[e];
            ++at;
        }
    }
    return {};
}

Result<void> makeGraph(WeightedGraph& g) {
    TXFM_CHECK(checked(igraph_create(g.graph.get(), g.ends.get(), igraph_vector_size(g.strengths.get()), IGRAPH_UNDIRECTED)));
    g.graph.own();
    igraph_vector_int_clear(g.ends.get());
    igraph_vector_int_resize_min(g.ends.get());
    return {};
}

struct Membership : Integers {
    Result<void> init() {
        TXFM_CHECK(checked(igraph_vector_int_init(get(), 0)));
        own();
        return {};
    }
    std::vector<int32_t> labels() {
        std::vector<int32_t> out;
        for (igraph_integer_t i = 0; i < igraph_vector_int_size(get()); ++i) out.push_back(static_cast<int32_t>(VECTOR(*get())[i]));
        return out;
    }
};

struct Wanted {
    CommunityMethod method;
    double resolution;
    uint64_t seed;
};

/// Repeated from its own result while the quality grows.
Result<void> leiden(WeightedGraph& g, double resolution, Membership& membership, const Progress& progress, std::atomic<int>& rounds) {
    constexpr int kMostRounds = 100;
    constexpr double kGain = 1e-6;
    constexpr double kRandomness = 0.01;  // of the refinement, as in leidenalg
    const double twice = igraph_vector_sum(g.strengths.get());
    double before = std::numeric_limits<double>::lowest();
    while (rounds < kMostRounds) {
        if (progress.cancelled()) return cancelledError();
        igraph_integer_t count = 0;
        igraph_real_t quality = 0;
        TXFM_CHECK(checked(igraph_community_leiden(g.graph.get(), g.weights.get(), g.strengths.get(), twice > 0 ? resolution / twice : resolution,
                                                   kRandomness, rounds > 0, 1, membership.get(), &count, &quality)));
        ++rounds;
        // The quality of a graph without edges is NaN.
        if (!(quality > before + kGain)) break;
        before = quality;
    }
    return {};
}

/// `g` as listEdges() leaves it.
Result<std::vector<int32_t>> clusters(WeightedGraph& g, const Wanted& wanted, const Progress& progress, std::atomic<int>& rounds) {
    const IgraphSession session(wanted.seed, progress);
    TXFM_CHECK(makeGraph(g));
    Membership membership;
    TXFM_CHECK(membership.init());
    if (wanted.method == CommunityMethod::Leiden) {
        TXFM_CHECK(leiden(g, wanted.resolution, membership, progress, rounds));
    } else {
        TXFM_CHECK(checked(igraph_community_multilevel(g.graph.get(), g.weights.get(), wanted.resolution, membership.get(), nullptr, nullptr)));
    }
    return membership.labels();
}

/// igraph hears a cancel neither while it sorts the edges nor within a pass of the Louvain method: seconds on a large
/// graph. So it works on a thread of its own, which a cancelled call leaves behind to end by itself.
Result<std::vector<int32_t>> clustersLeftBehind(std::shared_ptr<WeightedGraph> graph, const Wanted& wanted, const Progress& progress, StageProgress& stage) {
    const auto rounds = std::make_shared<std::atomic<int>>(0);
    std::packaged_task<Result<std::vector<int32_t>>()> task([graph = std::move(graph), wanted, rounds, token = progress.token()] {
        return clusters(*graph, wanted, Progress(token), *rounds);
    });
    auto result = task.get_future();
    std::thread(std::move(task)).detach();
    while (result.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
        if (progress.cancelled()) return cancelledError();
        stage.set(*rounds);
    }
    return result.get();
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
    Communities out;
    const Wanted wanted{method, resolution, seed};
    constexpr int64_t kSmall = 20'000;  // a fraction of a second in all
    const auto graph = std::make_shared<WeightedGraph>();
    TXFM_CHECK(listEdges(connectivities, *graph));
    std::atomic<int> rounds{0};
    StageProgress stage(progress, method == CommunityMethod::Leiden ? "leiden" : "louvain", 0, "rounds");
    TXFM_TRY(out.membership, connectivities.rows <= kSmall ? clusters(*graph, wanted, progress, rounds)
                                                           : clustersLeftBehind(graph, wanted, progress, stage));
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
