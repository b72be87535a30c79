// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/options/init_options.h"

namespace txfm::workflow {

OptionFields fieldsOf(InitOptions& o) {
    using Path = OptionField::Path;
    return {
        {.flag = "preset", .target = &o.preset, .description = "Size of the model", .choices = {"S", "B", "L", "CxG", "mini"}},
        {.flag = "genes", .target = &o.genes, .description = "Vocabulary: lists of symbols or ids, genes.tsv, or count files",
         .required = true, .path = Path::InputFile},
        {.flag = "out", .target = &o.out, .description = "Folder of the new model", .required = true, .path = Path::Output},
        {.flag = "name", .target = &o.name, .description = "Name in config.json; empty = the folder's"},
        {.flag = "dim", .target = &o.dim, .description = "Width; 0 = the preset's", .min = 0, .max = 65536},
        {.flag = "blocks", .target = &o.blocks, .description = "Encoder blocks; 0 = the preset's", .min = 0, .max = 1024},
        {.flag = "heads", .target = &o.heads, .description = "Attention heads, a divisor of the width; 0 = the preset's", .min = 0, .max = 1024},
        {.flag = "decoder-layers", .target = &o.decoderLayers, .description = "Residual layers of the decoder; -1 = the preset's", .min = -1, .max = 64},
        {.flag = "unmasked", .target = &o.unmasked, .description = "Genes revealed in training; 0 = the preset's", .unit = "genes", .min = 0, .max = 1e7},
        {.flag = "drop-path", .target = &o.dropPath, .description = "Stochastic depth of the last block; -1 = the preset's", .min = -1, .max = 0.99, .advanced = true},
        {.flag = "layer-scale-init", .target = &o.layerScaleInit, .description = "Initial LayerScale; -1 = the preset's", .min = -1, .max = 10, .advanced = true},
        {.flag = "library-size", .target = &o.librarySize, .description = "Target library size L; 0 = ln(1+c) without depth normalisation; -1 = the preset's",
         .unit = "counts", .min = -1, .max = 1e12, .advanced = true},
        {.flag = "mask-temperature", .target = &o.maskTemperature, .description = "Temperature of frequency-weighted masking; 0 = uniform", .min = -1, .max = 1, .advanced = true},
        {.flag = "token", .target = &o.token, .description = "Token layout; empty = the preset's", .choices = {"", "concat", "proj"}, .advanced = true},
        {.flag = "block", .target = &o.block, .description = "Block type; empty = the preset's", .choices = {"", "parallel", "standard"}, .advanced = true},
        {.flag = "decoder-layer", .target = &o.decoderLayer, .description = "Decoder layer; empty = the preset's", .choices = {"", "double", "single"}, .advanced = true},
        {.flag = "activation", .target = &o.activation, .description = "Output activation; empty = the preset's",
         .choices = {"", "rectified_tanh", "relu", "clamped_relu", "softmax"}, .advanced = true},
        {.flag = "loss", .target = &o.loss, .description = "Training loss; empty = the preset's", .choices = {"", "poisson", "mse", "smooth_l1", "nb", "zinb"}, .advanced = true},
        {.flag = "no-qk-norm", .target = &o.noQkNorm, .description = "Leave out the normalisation of queries and keys", .advanced = true},
        {.flag = "qkv-bias", .target = &o.qkvBias, .description = "Bias in the query, key and value projection", .advanced = true},
        {.flag = "config", .target = &o.config, .description = "JSON text or file with any key of config.json; flags win", .advanced = true},
        {.flag = "save-precision", .target = &o.savePrecision, .description = "Type of the stored weights", .choices = {"fp32", "bf16"}, .advanced = true},
    };
}

}  // namespace txfm::workflow
