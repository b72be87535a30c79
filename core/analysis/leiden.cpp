// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/leiden.h"

#include <algorithm>
#include <numeric>

#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr int64_t kNodesPerLook = 4096;

/// A level of the hierarchy. Nodes of the first are cells, later ones stand for parts; edges within a node are left out,
/// since they change no decision, but count in its strength.
struct Level {
    const CsrMatrix* graph = nullptr;
    CsrMatrix own;                ///< the graph of later levels
    std::vector<double> strength;
    int64_t size() const { return static_cast<int64_t>(strength.size()); }
};

/// Sums of edge weights by label, emptied at the cost of what was touched.
class LabelWeights {
public:
    explicit LabelWeights(size_t labels) : m_weight(labels, 0.0), m_seen(labels, 0) {}
    void add(int32_t label, double weight) {
        const auto at = static_cast<size_t>(label);
        if (!m_seen[at]) {
            m_seen[at] = 1;
            m_touched.push_back(label);
        }
        m_weight[at] += weight;
    }
    double operator[](int32_t label) const { return m_weight[static_cast<size_t>(label)]; }
    const std::vector<int32_t>& touched() const { return m_touched; }
    void clear() {
        for (const int32_t label : m_touched) {
            m_weight[static_cast<size_t>(label)] = 0;
            m_seen[static_cast<size_t>(label)] = 0;
        }
        m_touched.clear();
    }

private:
    std::vector<double> m_weight;
    std::vector<uint8_t> m_seen;
    std::vector<int32_t> m_touched;
};

/// Labels become 0, 1, … in the order of their first node; returns how many there are.
int64_t renumber(std::vector<int32_t>& labels) {
    std::vector<int32_t> number(labels.size(), -1);
    int32_t next = 0;
    for (int32_t& label : labels) {
        int32_t& to = number[static_cast<size_t>(label)];
        if (to < 0) to = next++;
        label = to;
    }
    return next;
}

class Optimiser {
public:
    Optimiser(const CsrMatrix& graph, Levels levels, double resolution, uint64_t seed, Progress& progress)
        : m_levels(levels), m_random(seed, 0x6c656964), m_progress(progress) {
        m_cells.graph = &graph;
        m_cells.strength.assign(static_cast<size_t>(graph.rows), 0.0);
        double total = 0;
        for (int64_t i = 0; i < graph.rows; ++i) {
            for (const float w : graph.rowValues(i)) m_cells.strength[static_cast<size_t>(i)] += w;
            total += m_cells.strength[static_cast<size_t>(i)];
        }
        m_scale = total > 0 ? resolution / total : 0;
        m_total = total;
    }

    /// One descent through the levels from the labels of the cells; false when cancelled.
    bool improve(std::vector<int32_t>& labels) {
        std::vector<int32_t> nodeOf(labels.size());  // of the current level
        std::iota(nodeOf.begin(), nodeOf.end(), 0);
        std::vector<int32_t> current = labels;
        Level aggregated;
        const Level* level = &m_cells;
        while (true) {
            if (!move(*level, current)) return false;
            const int64_t communities = renumber(current);
            for (size_t i = 0; i < labels.size(); ++i) labels[i] = current[static_cast<size_t>(nodeOf[i])];
            if (communities == level->size()) return true;
            std::vector<int32_t> parts = current;
            if (m_levels == Levels::Leiden && !refine(*level, current, parts)) return false;
            const int64_t count = renumber(parts);
            if (count == level->size()) return true;
            std::vector<int32_t> next(static_cast<size_t>(count));
            for (size_t i = 0; i < parts.size(); ++i) next[static_cast<size_t>(parts[i])] = current[i];
            Level coarser = aggregate(*level, parts, count);
            for (int32_t& node : nodeOf) node = parts[static_cast<size_t>(node)];
            aggregated = std::move(coarser);
            aggregated.graph = &aggregated.own;
            level = &aggregated;
            current = std::move(next);
        }
    }

    /// Q_γ of labels of the cells.
    double quality(const std::vector<int32_t>& labels) const {
        if (m_total <= 0) return 0;
        std::vector<double> strength(labels.size(), 0.0);
        double inside = 0;
        for (int64_t i = 0; i < m_cells.size(); ++i) {
            const int32_t label = labels[static_cast<size_t>(i)];
            strength[static_cast<size_t>(label)] += m_cells.strength[static_cast<size_t>(i)];
            for (int64_t e = m_cells.graph->indptr[i]; e < m_cells.graph->indptr[i + 1]; ++e)
                if (labels[static_cast<size_t>(m_cells.graph->indices[e])] == label) inside += m_cells.graph->values[e];
        }
        double expected = 0;
        for (const double k : strength) expected += k * k;
        return (inside - m_scale * expected) / m_total;
    }

private:
    std::vector<int32_t> shuffled(int64_t count) {
        std::vector<int32_t> order(static_cast<size_t>(count));
        std::iota(order.begin(), order.end(), 0);
        for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[m_random.below(i)]);
        return order;
    }

    /// Moves nodes to the community that gains most until none wants to; only neighbours of moved nodes are looked at again.
    bool move(const Level& level, std::vector<int32_t>& labels) {
        const auto n = static_cast<size_t>(level.size());
        std::vector<double> total(n, 0.0);
        std::vector<int32_t> members(n, 0);
        for (size_t i = 0; i < n; ++i) {
            total[static_cast<size_t>(labels[i])] += level.strength[i];
            ++members[static_cast<size_t>(labels[i])];
        }
        std::vector<int32_t> empty;
        for (size_t label = 0; label < n; ++label)
            if (members[label] == 0) empty.push_back(static_cast<int32_t>(label));
        std::vector<int32_t> queue = shuffled(level.size());  // a ring of n places: no node is in it twice
        std::vector<uint8_t> waiting(n, 1);
        LabelWeights weights(n);
        size_t head = 0, length = n;
        for (int64_t looked = 0; length > 0; ++looked) {
            if (looked % kNodesPerLook == 0 && m_progress.cancelled()) return false;
            const int32_t node = queue[head];
            head = head + 1 == n ? 0 : head + 1;
            --length;
            waiting[static_cast<size_t>(node)] = 0;
            const int32_t from = labels[static_cast<size_t>(node)];
            const double strength = level.strength[static_cast<size_t>(node)];
            for (int64_t e = level.graph->indptr[node]; e < level.graph->indptr[node + 1]; ++e)
                weights.add(labels[static_cast<size_t>(level.graph->indices[e])], level.graph->values[e]);
            total[static_cast<size_t>(from)] -= strength;
            int32_t best = from;
            double gain = weights[from] - m_scale * strength * total[static_cast<size_t>(from)];
            for (const int32_t label : weights.touched()) {
                const double other = weights[label] - m_scale * strength * total[static_cast<size_t>(label)];
                if (other > gain + 1e-12 * m_total) {
                    gain = other;
                    best = label;
                }
            }
            if (gain < -1e-12 * m_total && !empty.empty()) best = empty.back();
            weights.clear();
            total[static_cast<size_t>(best)] += strength;
            if (best == from) continue;
            if (members[static_cast<size_t>(best)]++ == 0) empty.pop_back();
            if (--members[static_cast<size_t>(from)] == 0) empty.push_back(from);
            labels[static_cast<size_t>(node)] = best;
            for (const int32_t other : level.graph->rowIndices(node)) {
                if (waiting[static_cast<size_t>(other)] || labels[static_cast<size_t>(other)] == best) continue;
                waiting[static_cast<size_t>(other)] = 1;
                const size_t tail = head + length;
                queue[tail < n ? tail : tail - n] = other;
                ++length;
            }
        }
        return true;
    }

    /// Splits each community into parts that hang together well: nodes that are still alone join a part of their
    /// community when both are well connected with it.
    bool refine(const Level& level, const std::vector<int32_t>& communities, std::vector<int32_t>& parts) {
        const auto n = static_cast<size_t>(level.size());
        parts.resize(n);
        std::iota(parts.begin(), parts.end(), 0);
        std::vector<double> total = level.strength, ofCommunity(n, 0.0);
        for (size_t i = 0; i < n; ++i) ofCommunity[static_cast<size_t>(communities[i])] += level.strength[i];
        std::vector<double> outside(n, 0.0);  // of a part: its edges to the rest of its community
        std::vector<uint8_t> alone(n, 1);
        for (size_t i = 0; i < n; ++i) {
            for (int64_t e = level.graph->indptr[i]; e < level.graph->indptr[i + 1]; ++e)
                if (communities[static_cast<size_t>(level.graph->indices[e])] == communities[i]) outside[i] += level.graph->values[e];
        }
        LabelWeights weights(n);
        int64_t looked = 0;
        for (const int32_t node : shuffled(level.size())) {
            if (looked++ % kNodesPerLook == 0 && m_progress.cancelled()) return false;
            const auto at = static_cast<size_t>(node);
            const double whole = ofCommunity[static_cast<size_t>(communities[at])], strength = level.strength[at];
            if (!alone[at] || outside[at] < m_scale * strength * (whole - strength)) continue;
            for (int64_t e = level.graph->indptr[node]; e < level.graph->indptr[node + 1]; ++e) {
                const auto other = static_cast<size_t>(level.graph->indices[e]);
                if (communities[other] == communities[at]) weights.add(parts[other], level.graph->values[e]);
            }
            int32_t best = node;
            double gain = 0;
            for (const int32_t part : weights.touched()) {
                const double held = total[static_cast<size_t>(part)];
                if (part == node || outside[static_cast<size_t>(part)] < m_scale * held * (whole - held)) continue;
                const double other = weights[part] - m_scale * strength * held;
                if (other > gain) {
                    gain = other;
                    best = part;
                }
            }
            if (best != node) {
                const auto to = static_cast<size_t>(best);
                outside[to] += outside[at] - 2 * weights[best];
                total[to] += strength;
                parts[at] = best;
                alone[at] = alone[to] = 0;
            }
            weights.clear();
        }
        return true;
    }

    Level aggregate(const Level& level, const std::vector<int32_t>& parts, int64_t count) const {
        Level out;
        out.strength.assign(static_cast<size_t>(count), 0.0);
        std::vector<int64_t> begin(static_cast<size_t>(count) + 1, 0);
        for (size_t i = 0; i < parts.size(); ++i) {
            out.strength[static_cast<size_t>(parts[i])] += level.strength[i];
            ++begin[static_cast<size_t>(parts[i]) + 1];
        }
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        std::vector<int32_t> nodes(parts.size());
        std::vector<int64_t> next(begin.begin(), begin.end() - 1);
        for (size_t i = 0; i < parts.size(); ++i) nodes[static_cast<size_t>(next[static_cast<size_t>(parts[i])]++)] = static_cast<int32_t>(i);
        out.own.rows = out.own.cols = count;
        LabelWeights weights(static_cast<size_t>(count));
        for (int64_t part = 0; part < count; ++part) {
            for (int64_t at = begin[static_cast<size_t>(part)]; at < begin[static_cast<size_t>(part) + 1]; ++at) {
                const int32_t node = nodes[static_cast<size_t>(at)];
                for (int64_t e = level.graph->indptr[node]; e < level.graph->indptr[node + 1]; ++e) {
                    const int32_t other = parts[static_cast<size_t>(level.graph->indices[e])];
                    if (other != part) weights.add(other, level.graph->values[e]);
                }
            }
            for (const int32_t other : weights.touched()) {
                out.own.indices.push_back(other);
                out.own.values.push_back(static_cast<float>(weights[other]));
            }
            weights.clear();
            out.own.indptr.push_back(static_cast<int64_t>(out.own.indices.size()));
        }
        return out;
    }

    Levels m_levels;
    Level m_cells;
    double m_scale = 0;  ///< γ / 2m
    double m_total = 0;  ///< 2m
    RandomStream m_random;
    Progress& m_progress;
};

}  // namespace

Result<std::vector<int32_t>> modularityCommunities(const CsrMatrix& graph, Levels levels, double resolution, uint64_t seed, Progress& progress) {
    const int mostIterations = levels == Levels::Leiden ? 50 : 1;
    constexpr double kLeastGain = 1e-6;
    std::vector<int32_t> labels(static_cast<size_t>(graph.rows));
    std::iota(labels.begin(), labels.end(), 0);
    Optimiser optimiser(graph, levels, resolution, seed, progress);
    StageProgress stage(progress, "leiden", 0, "iterations");
    double before = -1e300;
    for (int iteration = 0; iteration < mostIterations; ++iteration) {
        if (!optimiser.improve(labels)) return cancelledError();
        stage.advance(1);
        const double now = optimiser.quality(labels);
        if (now - before < kLeastGain) break;
        before = now;
    }
    return labels;
}

}  // namespace txfm::analysis
