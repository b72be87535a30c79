// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/base/progress.h"
#include "core/data/dataset.h"

namespace txfm::workflow {

/// What a command is about to do with a data set.
struct PlannedWork {
    int passes = 0;            ///< times that all counts are read
    bool writesCounts = false; ///< packs and writes all counts
    bool copiesFile = false;   ///< the result holds a copy of the input file
    int64_t neighborWidth = 0; ///< columns of a neighbour search, 0 = none
    int64_t mapEpochs = 0;     ///< of a UMAP layout, 0 = none
    bool clusters = false;
};

struct Forecast {
    double seconds = 0;
    double memoryBytes = 0;
    double diskBytes = 0;
};

/// From rates measured on one core of a server of 2024 and scaled by threadCount(); good to a factor of two.
Forecast forecast(const Dataset& dataset, const PlannedWork& work);

/// Tells the forecast as a message where the work takes more than ten seconds.
void announce(const Dataset& dataset, const PlannedWork& work, Progress& progress);

}  // namespace txfm::workflow
