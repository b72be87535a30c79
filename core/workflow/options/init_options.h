// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/workflow/options/option_field.h"

namespace txfm::workflow {

/// `txfm init`: a model with random weights. Values of 0, -1 or "" keep what the preset says.
struct InitOptions {
    std::string preset = "B";
    std::vector<std::string> genes;
    std::string out;
    std::string name;
    int64_t dim = 0, blocks = 0, heads = 0, unmasked = 0, decoderLayers = -1;
    double dropPath = -1, layerScaleInit = -1, librarySize = -1, maskTemperature = 0;
    std::string token, block, decoderLayer, activation, loss;
    bool noQkNorm = false, qkvBias = false;
    std::string config;                  ///< JSON text or file with any key of config.json
    std::string savePrecision = "fp32";
};

OptionFields fieldsOf(InitOptions& options);

}  // namespace txfm::workflow
