// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/io/model_config.h"

namespace txfm::test {

/// A small valid configuration whose blocks matter (LayerScale 0.5); what a test is about it sets itself.
inline io::ModelConfig customConfig(int64_t genes, int64_t dim = 32, int64_t heads = 4, int64_t blocks = 3) {
    io::ModelConfig config;
    config.preset = "custom";
    config.nGenes = genes;
    config.dim = dim;
    config.nBlocks = blocks;
    config.nHeads = heads;
    config.decoderLayers = 2;
    config.layerScaleInit = 0.5;
    return config;
}

}  // namespace txfm::test
