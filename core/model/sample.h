// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/io/model_config.h"

namespace txfm::model {

/// The genes of the vocabulary that a data set measures (spec §1.2), M_n. Immutable, shared by its samples.
struct MeasuredGenes {
    std::vector<uint8_t> flags;  ///< per vocabulary gene: 1 = measured
    std::vector<int32_t> genes;  ///< ascending vocabulary indices of the measured genes

    explicit MeasuredGenes(std::vector<uint8_t> measuredFlags);
    static std::shared_ptr<const MeasuredGenes> all(int64_t vocabularySize);
    int64_t count() const { return static_cast<int64_t>(genes.size()); }
};

/// Raw counts of one sample in vocabulary order: ascending gene indices of the non-zero entries
/// (a row of projectToVocabulary()). Views; the owner outlives the call.
struct SampleCounts {
    std::span<const int32_t> genes;
    std::span<const float> counts;
    const MeasuredGenes* measured = nullptr;
    double profiledTotal = -1;  ///< counts of all genes of the file, for library_scope = all_profiled; -1 = unknown
};

/// Library size l_n (spec §1.1) in the configured scope: all measured vocabulary genes, or all profiled genes.
double librarySize(const SampleCounts& sample, const io::ModelConfig& config);

/// x = ln(1 + L·c/l) (spec eqs. 3-4), or ln(1 + c) where the model has no depth normalisation.
/// A sample without counts stays all zero.
float normalisedValue(double count, double library, const io::ModelConfig& config);

}  // namespace txfm::model
