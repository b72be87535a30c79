// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "core/workflow/options/data_choices.h"

namespace txfm::workflow {

/// `txfm embed`: CLS embeddings of the cells of one file (interface contract §3, §4 "Embedding").
struct EmbedOptions : DataChoices {
    std::string model;             ///< "" = the bundled one
    std::string data;
    std::string out;
    std::string inferenceGenes;    ///< "" = as the model's config.json says, else all
    std::string precision = "auto";
    int64_t layer = 0;             ///< 1-based block, 0 = the last one with the final LayerNorm
    int64_t batch = 0;             ///< cells at once, 0 = by memory
    bool forecast = false;         ///< measure only
};

OptionFields fieldsOf(EmbedOptions& options);

}  // namespace txfm::workflow
