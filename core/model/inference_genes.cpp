// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/inference_genes.h"

#include <algorithm>
#include <charconv>

#include "core/model/masking.h"

namespace txfm::model {
namespace {

constexpr int64_t kMostViews = 1000;

std::vector<int32_t> expressedGenes(const SampleCounts& sample) {
    std::vector<int32_t> genes;
    for (size_t i = 0; i < sample.genes.size(); ++i)
        if (sample.counts[i] > 0 && sample.measured->flags[sample.genes[i]]) genes.push_back(sample.genes[i]);
    return genes;
}

std::vector<int32_t> topGenes(const SampleCounts& sample, int64_t count) {
    if (count >= sample.measured->count()) return sample.measured->genes;
    struct Entry {
        float count;
        int32_t gene;
    };
    std::vector<Entry> entries;
    for (size_t i = 0; i < sample.genes.size(); ++i)
        if (sample.counts[i] > 0 && sample.measured->flags[sample.genes[i]])
            entries.push_back({sample.counts[i], sample.genes[i]});
    const auto larger = [](const Entry& a, const Entry& b) { return a.count != b.count ? a.count > b.count : a.gene < b.gene; };
    const auto kept = std::min<size_t>(entries.size(), static_cast<size_t>(count));
    std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(kept), entries.end(), larger);
    std::vector<int32_t> genes;
    for (size_t i = 0; i < kept; ++i) genes.push_back(entries[i].gene);
    std::sort(genes.begin(), genes.end());
    const size_t expressed = genes.size();
    for (size_t i = 0; i < sample.measured->genes.size() && genes.size() < static_cast<size_t>(count); ++i)
        if (!std::binary_search(genes.begin(), genes.begin() + static_cast<std::ptrdiff_t>(expressed), sample.measured->genes[i]))
            genes.push_back(sample.measured->genes[i]);
    std::sort(genes.begin(), genes.end());
    return genes;
}

bool readNumber(const std::string& text, int64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value > 0;
}

}  // namespace

Result<InferenceGenes> InferenceGenes::parse(const std::string& text, const std::string& where) {
    const Error wrong = usageError(where + " does not know '" + text + "'.",
                                   "Use all, expressed, top:K or random:K[:VIEWS], e.g. top:1024 or random:1024:2.");
    InferenceGenes genes;
    if (text == "all") return genes;
    genes.mode = Mode::Expressed;
    if (text == "expressed") return genes;
    const bool top = text.starts_with("top:");
    if (!top && !text.starts_with("random:")) return wrong;
    genes.mode = top ? Mode::Top : Mode::Random;
    std::string rest = text.substr(text.find(':') + 1);
    if (const size_t colon = rest.find(':'); !top && colon != std::string::npos) {
        if (!readNumber(rest.substr(colon + 1), genes.views) || genes.views > kMostViews) return wrong;
        rest.resize(colon);
    }
    if (!readNumber(rest, genes.count)) return wrong;
    return genes;
}

std::string InferenceGenes::toString() const {
    switch (mode) {
        case Mode::All: return "all";
        case Mode::Expressed: return "expressed";
        case Mode::Top: return "top:" + std::to_string(count);
        case Mode::Random: break;
    }
    return "random:" + std::to_string(count) + (views > 1 ? ":" + std::to_string(views) : "");
}

std::vector<int32_t> shownGenes(const SampleCounts& sample, const InferenceGenes& genes, uint64_t seed, uint32_t cell,
                                uint32_t view) {
    switch (genes.mode) {
        case InferenceGenes::Mode::All: return sample.measured->genes;
        case InferenceGenes::Mode::Expressed: return expressedGenes(sample);
        case InferenceGenes::Mode::Top: return topGenes(sample, genes.count);
        case InferenceGenes::Mode::Random: break;
    }
    return selectGenes(*sample.measured, genes.count, {seed, 0, cell, view});
}

}  // namespace txfm::model
