// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/evaluation/cluster_agreement.h"

#include <cmath>
#include <map>

namespace txfm::evaluation {
namespace {

struct Contingency {
    std::map<std::pair<int32_t, int32_t>, double> both;
    std::map<int32_t, double> first, second;
    double n = 0;

    Contingency(const std::vector<int32_t>& a, const std::vector<int32_t>& b) : n(static_cast<double>(a.size())) {
        for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
            ++both[{a[i], b[i]}];
            ++first[a[i]];
            ++second[b[i]];
        }
    }
};

double entropy(const std::map<int32_t, double>& counts, double n) {
    double h = 0;
    for (const auto& [label, count] : counts) h -= count / n * std::log(count / n);
    return h;
}

double pairsOf(double n) { return n * (n - 1) / 2; }

}  // namespace

double normalisedMutualInformation(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
    const Contingency table(a, b);
    if (table.first.size() <= 1 && table.second.size() <= 1) return 1.0;
    double information = 0;
    for (const auto& [labels, count] : table.both)
        information += count / table.n * std::log(count * table.n / (table.first.at(labels.first) * table.second.at(labels.second)));
    const double entropies = entropy(table.first, table.n) + entropy(table.second, table.n);
    return entropies > 0 ? 2 * information / entropies : 0.0;
}

double adjustedRandIndex(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
    const Contingency table(a, b);
    double both = 0, first = 0, second = 0;
    for (const auto& [labels, count] : table.both) both += pairsOf(count);
    for (const auto& [label, count] : table.first) first += pairsOf(count);
    for (const auto& [label, count] : table.second) second += pairsOf(count);
    const double all = pairsOf(table.n);
    const double expected = all > 0 ? first * second / all : 0;
    const double most = (first + second) / 2;
    return most == expected ? 1.0 : (both - expected) / (most - expected);
}

}  // namespace txfm::evaluation
