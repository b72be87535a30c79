// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/communities.h"

#include <algorithm>
#include <map>

#include "core/analysis/leiden.h"

namespace txfm::analysis {
namespace {

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
    const Levels levels = method == CommunityMethod::Leiden ? Levels::Leiden : Levels::Louvain;
    TXFM_TRY(out.membership, modularityCommunities(connectivities, levels, resolution, seed, progress));
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
