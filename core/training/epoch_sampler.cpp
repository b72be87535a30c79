// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/epoch_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "core/base/random.h"
#include "core/training/seeds.h"

namespace txfm::training {
namespace {

constexpr uint32_t kWholeEpoch = ~0u;

template <class T>
void shuffle(std::vector<T>& items, RandomStream random) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

Result<std::vector<double>> parseWeights(const std::string& text, const std::vector<int64_t>& sizes) {
    std::vector<double> weights;
    if (text == "proportional" || text == "sqrt" || text == "equal") {
        const double power = text == "proportional" ? 1.0 : text == "sqrt" ? 0.5 : 0.0;
        for (int64_t size : sizes) weights.push_back(size > 0 ? std::pow(static_cast<double>(size), power) : 0.0);
        return weights;
    }
    std::istringstream words(text);
    std::string word;
    while (std::getline(words, word, ',')) {
        char* end = nullptr;
        const double value = std::strtod(word.c_str(), &end);
        if (word.empty() || *end != '\0' || !(value >= 0) || std::isinf(value))
            return usageError("Option --set-weights does not know '" + text + "'.",
                              "Use proportional, sqrt, equal, or one number per data set separated by commas.");
        weights.push_back(value);
    }
    if (weights.size() != sizes.size())
        return usageError("Option --set-weights has " + std::to_string(weights.size()) + " numbers for " +
                          std::to_string(sizes.size()) + " data sets.");
    for (size_t i = 0; i < sizes.size(); ++i)
        if (sizes[i] == 0) weights[i] = 0;
    if (std::accumulate(weights.begin(), weights.end(), 0.0) <= 0)
        return usageError("Option --set-weights gives no data set a weight above 0.");
    return weights;
}

}  // namespace

Result<EpochSampler> EpochSampler::create(const Corpus& corpus, const std::string& setWeights, uint64_t seed) {
    EpochSampler sampler;
    sampler.m_seed = domainSeed(seed, SeedDomain::Shuffle);
    for (const CorpusSet& set : corpus.sets()) sampler.m_sizes.push_back(static_cast<int64_t>(set.train.size()));
    sampler.m_total = std::accumulate(sampler.m_sizes.begin(), sampler.m_sizes.end(), int64_t{0});
    TXFM_TRY(const std::vector<double> weights, parseWeights(setWeights, sampler.m_sizes));
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    // Largest remainders, so that the quotas add up to the epoch.
    std::vector<double> remainders;
    int64_t given = 0;
    for (double weight : weights) {
        const double exact = static_cast<double>(sampler.m_total) * weight / sum;
        sampler.m_quotas.push_back(static_cast<int64_t>(std::floor(exact)));
        remainders.push_back(exact - std::floor(exact));
        given += sampler.m_quotas.back();
    }
    std::vector<size_t> bySize(weights.size());
    std::iota(bySize.begin(), bySize.end(), size_t{0});
    std::ranges::stable_sort(bySize, [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
    for (size_t i = 0; given < sampler.m_total; i = (i + 1) % bySize.size()) {
        if (weights[bySize[i]] <= 0) continue;
        ++sampler.m_quotas[bySize[i]];
        ++given;
    }
    return sampler;
}

std::vector<Draw> EpochSampler::order(int64_t epoch) const {
    std::vector<Draw> draws;
    draws.reserve(static_cast<size_t>(m_total));
    std::vector<int32_t> pass;
    for (size_t set = 0; set < m_sizes.size(); ++set) {
        const int64_t size = m_sizes[set];
        int64_t passNumber = -1;
        for (int64_t i = 0; i < m_quotas[set]; ++i) {
            const int64_t position = epoch * m_quotas[set] + i;
            if (position / size != passNumber) {
                passNumber = position / size;
                pass.resize(static_cast<size_t>(size));
                std::iota(pass.begin(), pass.end(), 0);
                shuffle(pass, RandomStream(m_seed, static_cast<uint32_t>(set), static_cast<uint32_t>(passNumber)));
            }
            draws.push_back({static_cast<int32_t>(set), pass[static_cast<size_t>(position % size)]});
        }
    }
    shuffle(draws, RandomStream(m_seed, kWholeEpoch, static_cast<uint32_t>(epoch)));
    return draws;
}

}  // namespace txfm::training
