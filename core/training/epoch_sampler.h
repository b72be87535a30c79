// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/training/corpus.h"

namespace txfm::training {

/// One sample to show: a training row of a data set.
struct Draw {
    int32_t set = 0;
    int32_t index = 0;  ///< position in CorpusSet::train
    bool operator==(const Draw&) const = default;
};

/// Order of the samples of every epoch: as many draws as there are training samples, shared among the data sets by
/// quota. Within a data set, samples come in shuffled passes, so none repeats before all were seen; with
/// proportional quotas every epoch shows every sample once. A function of (seed, epoch) alone: a resumed run and
/// every process of a data-parallel run see the same order.
class EpochSampler {
public:
    /// `setWeights`: proportional | sqrt | equal (share of a data set ∝ n, √n, 1), or one positive number per data
    /// set, separated by commas. Usage error otherwise.
    static Result<EpochSampler> create(const Corpus& corpus, const std::string& setWeights, uint64_t seed);

    int64_t drawsPerEpoch() const { return m_total; }
    std::vector<Draw> order(int64_t epoch) const;
    const std::vector<int64_t>& quotas() const { return m_quotas; }

private:
    std::vector<int64_t> m_sizes, m_quotas;
    int64_t m_total = 0;
    uint64_t m_seed = 0;
};

}  // namespace txfm::training
