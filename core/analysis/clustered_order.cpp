// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <limits>
#include <numeric>

#include "core/analysis/gene_relations.h"

namespace txfm::analysis {
namespace {

/// Average-linkage agglomeration by the nearest-neighbour chain (Murtagh 1983). Each cluster keeps its leaves in
/// display order; joining two turns them so that their most similar ends meet.
class Linkage {
public:
    explicit Linkage(const DenseMatrix& similarity) : m_similarity(similarity), m_between(similarity), m_leaves(static_cast<size_t>(similarity.rows)), m_active(m_leaves.size(), 1) {
        for (size_t i = 0; i < m_leaves.size(); ++i) m_leaves[i] = {static_cast<int64_t>(i)};
    }

    std::vector<int64_t> order() {
        std::vector<size_t> chain;
        size_t left = m_leaves.size();
        while (left > 1) {
            if (chain.empty()) chain.push_back(static_cast<size_t>(std::ranges::find(m_active, 1) - m_active.begin()));
            const size_t top = chain.back();
            const size_t previous = chain.size() > 1 ? chain[chain.size() - 2] : top;
            const size_t next = nearest(top, previous);
            if (next != previous) {
                chain.push_back(next);
                continue;
            }
            chain.resize(chain.size() - 2);
            join(std::min(top, next), std::max(top, next));
            --left;
        }
        return m_leaves[static_cast<size_t>(std::ranges::find(m_active, 1) - m_active.begin())];
    }

private:
    /// The most similar active cluster; `previous` wins ties, so that the chain cannot run in circles.
    size_t nearest(size_t cluster, size_t previous) const {
        size_t best = previous;
        float most = previous == cluster ? -std::numeric_limits<float>::infinity() : between(cluster, previous);
        for (size_t other = 0; other < m_leaves.size(); ++other) {
            if (other == cluster || !m_active[other]) continue;
            if (between(cluster, other) > most || best == cluster) {
                most = between(cluster, other);
                best = other;
            }
        }
        return best;
    }

    void join(size_t a, size_t b) {
        const auto sizeA = static_cast<double>(m_leaves[a].size()), sizeB = static_cast<double>(m_leaves[b].size());
        for (size_t other = 0; other < m_leaves.size(); ++other) {
            if (!m_active[other] || other == a || other == b) continue;
            const auto value = static_cast<float>((sizeA * between(a, other) + sizeB * between(b, other)) / (sizeA + sizeB));
            between(a, other) = between(other, a) = value;
        }
        std::vector<int64_t>&first = m_leaves[a], &second = m_leaves[b];
        const float straight = leaf(first.back(), second.front()), turnFirst = leaf(first.front(), second.front());
        const float turnSecond = leaf(first.back(), second.back()), turnBoth = leaf(first.front(), second.back());
        const float best = std::max({straight, turnFirst, turnSecond, turnBoth});
        if (best > straight) {
            if (best == turnFirst || best == turnBoth) std::ranges::reverse(first);
            if (best != turnFirst) std::ranges::reverse(second);
        }
        first.insert(first.end(), second.begin(), second.end());
        second.clear();
        m_active[b] = 0;
    }

    float leaf(int64_t a, int64_t b) const { return m_similarity(a, b); }
    float between(size_t a, size_t b) const { return m_between(static_cast<int64_t>(a), static_cast<int64_t>(b)); }
    float& between(size_t a, size_t b) { return m_between(static_cast<int64_t>(a), static_cast<int64_t>(b)); }

    const DenseMatrix& m_similarity;
    DenseMatrix m_between;
    std::vector<std::vector<int64_t>> m_leaves;
    std::vector<uint8_t> m_active;
};

}  // namespace

std::vector<int64_t> clusteredOrder(const DenseMatrix& similarity) {
    if (similarity.rows < 2) {
        std::vector<int64_t> order(static_cast<size_t>(similarity.rows));
        std::iota(order.begin(), order.end(), 0);
        return order;
    }
    return Linkage(similarity).order();
}

}  // namespace txfm::analysis
