// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/workflow/options/data_choices.h"

namespace txfm::workflow {

/// `txfm reconstruct`: decoder output of the cells of one file (interface contract §4 "Reconstruction").
struct ReconstructOptions : DataChoices {
    std::string model;  ///< "" = the bundled one
    std::string data;
    std::string out;
    std::vector<std::string> genes;  ///< lists of genes to keep; empty = the whole vocabulary
    std::string inferenceGenes;
    std::string precision = "auto";
    int64_t batch = 0;
};

OptionFields fieldsOf(ReconstructOptions& options);

}  // namespace txfm::workflow
