// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/evaluation/probes.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "core/analysis/neighbors.h"
#include "core/base/random.h"

namespace txfm::evaluation {
namespace {

DenseMatrix rowsOf(const DenseMatrix& data, const std::vector<int64_t>& rows) {
    DenseMatrix out(static_cast<int64_t>(rows.size()), data.cols);
    for (size_t i = 0; i < rows.size(); ++i) std::copy_n(data.row(rows[i]), data.cols, out.row(static_cast<int64_t>(i)));
    return out;
}

/// A quarter of each label, at least one cell of every label that has two, for the test.
Split stratifiedSplit(const std::vector<int32_t>& labels, uint64_t seed) {
    std::map<int32_t, std::vector<int64_t>> members;
    for (size_t i = 0; i < labels.size(); ++i) members[labels[i]].push_back(static_cast<int64_t>(i));
    Split split;
    for (auto& [label, rows] : members) {
        RandomStream random(seed, 0x73706c74, static_cast<uint32_t>(label));
        std::shuffle(rows.begin(), rows.end(), random);
        const size_t held = rows.size() < 2 ? 0 : std::max<size_t>(1, rows.size() / 4);
        split.test.insert(split.test.end(), rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(held));
        split.train.insert(split.train.end(), rows.begin() + static_cast<std::ptrdiff_t>(held), rows.end());
    }
    std::ranges::sort(split.train);
    std::ranges::sort(split.test);
    return split;
}

}  // namespace

std::vector<Split> probeSplits(const std::vector<int32_t>& labels, const std::vector<int32_t>& batches, int64_t folds, uint64_t seed) {
    std::map<int32_t, int64_t> sizes;
    for (const int32_t batch : batches) ++sizes[batch];
    if (sizes.size() < 2) return {stratifiedSplit(labels, seed)};
    std::vector<std::pair<int64_t, int32_t>> order;
    for (const auto& [batch, size] : sizes) order.emplace_back(-size, batch);
    std::ranges::sort(order);
    const auto count = static_cast<size_t>(std::min<int64_t>(folds, static_cast<int64_t>(sizes.size())));
    std::vector<int64_t> load(count, 0);
    std::map<int32_t, size_t> foldOf;
    for (const auto& [size, batch] : order) {
        const auto smallest = static_cast<size_t>(std::ranges::min_element(load) - load.begin());
        foldOf[batch] = smallest;
        load[smallest] -= size;
    }
    std::vector<Split> splits(count);
    for (size_t i = 0; i < batches.size(); ++i) {
        for (size_t f = 0; f < count; ++f)
            (foldOf.at(batches[i]) == f ? splits[f].test : splits[f].train).push_back(static_cast<int64_t>(i));
    }
    return splits;
}

Result<std::vector<int32_t>> knnPredict(const DenseMatrix& data, const std::vector<int32_t>& labels, const Split& split, int64_t k,
                                        Progress& progress) {
    TXFM_TRY(const analysis::Neighbors near, analysis::nearestNeighbors(rowsOf(data, split.test), rowsOf(data, split.train), k, progress));
    std::vector<int32_t> predicted;
    for (int64_t i = 0; i < near.rows; ++i) {
        std::map<int32_t, int64_t> votes;
        for (int64_t j = 0; j < near.k; ++j)
            ++votes[labels[static_cast<size_t>(split.train[static_cast<size_t>(near.indices[static_cast<size_t>(i * near.k + j)])])]];
        // The first of equal maxima, i.e. the smallest label.
        predicted.push_back(std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; })->first);
    }
    return predicted;
}

ProbeScore scorePrediction(const std::vector<int32_t>& truth, const std::vector<int32_t>& predicted) {
    std::map<int32_t, double> hits, actual, claimed;
    std::set<int32_t> labels;
    double right = 0;
    for (size_t i = 0; i < truth.size(); ++i) {
        labels.insert(truth[i]);
        labels.insert(predicted[i]);
        ++actual[truth[i]];
        ++claimed[predicted[i]];
        if (truth[i] != predicted[i]) continue;
        ++hits[truth[i]];
        ++right;
    }
    ProbeScore score;
    if (truth.empty()) return score;
    score.accuracy = right / static_cast<double>(truth.size());
    for (const int32_t label : labels) {
        const double both = actual[label] + claimed[label];
        score.macroF1 += both > 0 ? 2 * hits[label] / both : 0;
    }
    score.macroF1 /= static_cast<double>(labels.size());
    return score;
}

}  // namespace txfm::evaluation
