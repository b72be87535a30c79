// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/sample.h"

#include <cmath>
#include <numeric>

namespace txfm::model {

MeasuredGenes::MeasuredGenes(std::vector<uint8_t> measuredFlags) : flags(std::move(measuredFlags)) {
    for (size_t gene = 0; gene < flags.size(); ++gene)
        if (flags[gene]) genes.push_back(static_cast<int32_t>(gene));
}

std::shared_ptr<const MeasuredGenes> MeasuredGenes::all(int64_t vocabularySize) {
    return std::make_shared<const MeasuredGenes>(std::vector<uint8_t>(static_cast<size_t>(vocabularySize), 1));
}

double librarySize(const SampleCounts& sample, const io::ModelConfig& config) {
    if (config.libraryScope == "all_profiled" && sample.profiledTotal >= 0) return sample.profiledTotal;
    double total = 0;
    for (size_t i = 0; i < sample.genes.size(); ++i)
        if (!sample.measured || sample.measured->flags[sample.genes[i]]) total += sample.counts[i];
    return total;
}

float normalisedValue(double count, double library, const io::ModelConfig& config) {
    if (!config.depthNormalised()) return static_cast<float>(std::log1p(count));
    if (library <= 0) return 0;
    return static_cast<float>(std::log1p(config.librarySize * count / library));
}

}  // namespace txfm::model
