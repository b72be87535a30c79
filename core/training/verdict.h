// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace txfm::training {

/// Losses at the end of an epoch; epoch 0 = before the first step. NaN = not measured.
struct EpochLosses {
    int64_t epoch = 0;
    double train = 0, validation = 0;
};

/// How a run went, for people: `kind` is improved | still_improving | overfitting | no_improvement | not_measured.
struct Verdict {
    std::string kind;
    std::string text;       ///< one or two plain sentences
    int64_t bestEpoch = 0;
};

/// Judges the validation curve. Overfitting: the training loss went on falling while the validation loss rose from
/// its best epoch by more than 2 % of what had been gained. Still improving: the last third of the epochs gave more
/// than 5 % of the gain.
Verdict judge(const std::vector<EpochLosses>& history);

}  // namespace txfm::training
