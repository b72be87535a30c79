// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/enrichment.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <unordered_map>

#include "core/base/atomic_file.h"

namespace txfm::analysis {
namespace {

double logChoose(int64_t n, int64_t k) {
    return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) - std::lgamma(static_cast<double>(n - k) + 1);
}

}  // namespace

Result<std::vector<GeneSet>> readGeneSets(const std::filesystem::path& gmt, const std::vector<std::string>& symbols) {
    TXFM_TRY(const std::string text, readWholeFile(gmt));
    std::unordered_map<std::string, int32_t> index;
    for (size_t i = 0; i < symbols.size(); ++i) index.emplace(symbols[i], static_cast<int32_t>(i));
    std::vector<GeneSet> sets;
    std::istringstream lines(text);
    std::string line;
    bool anyLine = false;
    while (std::getline(lines, line)) {
        if (line.ends_with('\r')) line.pop_back();
        std::istringstream fields(line);
        GeneSet set;
        std::string field;
        if (!std::getline(fields, set.name, '\t') || !std::getline(fields, field, '\t')) continue;
        anyLine = true;
        while (std::getline(fields, field, '\t')) {
            // Enrichr writes a weight after a comma.
            const auto found = index.find(field.substr(0, field.find(',')));
            if (found != index.end()) set.genes.push_back(found->second);
        }
        std::ranges::sort(set.genes);
        const auto repeated = std::ranges::unique(set.genes);
        set.genes.erase(repeated.begin(), repeated.end());
        if (!set.genes.empty()) sets.push_back(std::move(set));
    }
    if (!anyLine) return badInput(gmt.string() + " holds no gene sets.", "Give a GMT file: a line per set with name, description and genes, tab separated.");
    if (sets.empty()) return badInput(gmt.string() + " has no gene in common with the model.", "Give gene sets with human gene symbols.");
    return sets;
}

double hypergeometricUpperTail(int64_t k, int64_t n, int64_t K, int64_t N) {
    const int64_t most = std::min(n, K);
    if (k <= std::max<int64_t>(0, n + K - N)) return 1.0;
    const double all = logChoose(N, n);
    double sum = 0;
    for (int64_t i = most; i >= k; --i) sum += std::exp(logChoose(K, i) + logChoose(N - K, n - i) - all);
    return std::min(1.0, sum);
}

std::vector<double> benjaminiHochberg(const std::vector<double>& pValues) {
    std::vector<size_t> order;
    for (size_t i = 0; i < pValues.size(); ++i) {
        if (!std::isnan(pValues[i])) order.push_back(i);
    }
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return pValues[a] < pValues[b]; });
    std::vector<double> adjusted(pValues.size(), std::nan(""));
    double least = 1.0;
    for (size_t rank = order.size(); rank > 0; --rank) {
        const size_t i = order[rank - 1];
        least = std::min(least, pValues[i] * static_cast<double>(order.size()) / static_cast<double>(rank));
        adjusted[i] = least;
    }
    return adjusted;
}

std::vector<Enrichment> enrich(const std::vector<int32_t>& chosen, const std::vector<GeneSet>& sets, int64_t universe) {
    std::vector<int32_t> sorted = chosen;
    std::ranges::sort(sorted);
    std::vector<Enrichment> results;
    std::vector<double> pValues;
    for (const GeneSet& set : sets) {
        Enrichment e;
        e.set = set.name;
        e.setSize = static_cast<int64_t>(set.genes.size());
        std::ranges::set_intersection(sorted, set.genes, std::back_inserter(e.genes));
        e.overlap = static_cast<int64_t>(e.genes.size());
        const double expected = static_cast<double>(e.setSize) * static_cast<double>(sorted.size()) / static_cast<double>(universe);
        e.foldEnrichment = expected > 0 ? static_cast<double>(e.overlap) / expected : 0;
        e.pValue = hypergeometricUpperTail(e.overlap, static_cast<int64_t>(sorted.size()), e.setSize, universe);
        pValues.push_back(e.pValue);
        results.push_back(std::move(e));
    }
    const std::vector<double> adjusted = benjaminiHochberg(pValues);
    for (size_t i = 0; i < results.size(); ++i) results[i].pAdjusted = adjusted[i];
    std::ranges::stable_sort(results, [](const Enrichment& a, const Enrichment& b) { return a.pValue < b.pValue; });
    return results;
}

}  // namespace txfm::analysis
