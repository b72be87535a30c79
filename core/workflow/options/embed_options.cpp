// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/options/embed_options.h"

namespace txfm::workflow {

OptionFields fieldsOf(EmbedOptions& o) {
    using Path = OptionField::Path;
    OptionFields fields{
        {.flag = "model", .target = &o.model, .description = "Model folder; empty = the bundled one", .path = Path::InputModel},
        {.flag = "data", .target = &o.data, .description = "Count file (any readable format)", .required = true, .path = Path::InputFile},
        {.flag = "out", .target = &o.out, .description = "Result: the data with obsm['X_txfm']", .required = true, .path = Path::Output},
        {.flag = "inference-genes", .target = &o.inferenceGenes,
         .description = "Genes that the encoder sees of each cell: all, expressed, top:K or random:K[:VIEWS]; empty = as the model recommends",
         .label = "Genes shown"},
        {.flag = "precision", .target = &o.precision, .description = "Precision of matrix products; auto = bf16 where the device computes it natively",
         .choices = {"auto", "fp32", "bf16"}},
        {.flag = "layer", .target = &o.layer, .description = "Take the embedding after this block, without the final normalisation; 0 = the finished embedding",
         .min = 0, .max = 1024, .advanced = true},
        {.flag = "batch", .target = &o.batch, .description = "Cells that a thread or GPU takes at once; 0 = chosen by their size and memory; the result is the same", .unit = "cells", .min = 0, .max = 1e6, .advanced = true},
        {.flag = "forecast", .target = &o.forecast, .description = "Only embed a few cells and tell the time, memory and disk space that "
         "all would take; nothing is written"},
    };
    const OptionFields choices = choiceFields(o);
    fields.insert(fields.end(), choices.begin(), choices.end());
    return fields;
}

}  // namespace txfm::workflow
