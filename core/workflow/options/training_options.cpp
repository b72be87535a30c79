// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/options/training_options.h"

namespace txfm::workflow {
namespace {

OptionFields sharedFields(TrainingOptions& o) {
    using Path = OptionField::Path;
    OptionFields fields{
        {.flag = "data", .target = &o.data, .description = "Count files to train on (any readable format); genes may differ",
         .label = "Data sets", .required = true, .path = Path::InputFile},
        {.flag = "out", .target = &o.out, .description = "Folder of the model to make", .label = "New model",
         .required = true, .path = Path::Output},
        {.flag = "epochs", .target = &o.epochs, .description = "Passes over the data in all, also after --resume; 0 = by "
         "--minutes, or a default without it", .unit = "epochs", .min = 0, .max = 1e6},
        {.flag = "minutes", .target = &o.minutes, .description = "Time budget of the whole run; the schedule is fitted to the "
         "measured speed, again and again while it runs, so that it ends when the time is over; 0 = by --epochs",
         .unit = "minutes", .min = 0, .max = 1e6},
        {.flag = "resume", .target = &o.resume, .description = "Continue an interrupted run in --out; a finished one is left as it is"},
        {.flag = "config", .target = &o.config, .description = "JSON text or file with any key of config.json and of training; "
         "flags win over it", .advanced = true},
        {.flag = "batch", .target = &o.batch, .description = "Samples per optimizer step, over all processes; 0 = the preset's "
         "(S, B, L 1536, CxG 6144, others 64)", .unit = "samples", .min = 0, .max = 1e7},
        {.flag = "accumulate", .target = &o.accumulate, .description = "Micro-batches that a step is cut into; 0 = chosen by memory",
         .min = 0, .max = 1e6, .advanced = true},
        {.flag = "lr", .target = &o.lr, .description = "Highest learning rate of the one-cycle schedule; 0 = 0.001",
         .label = "Learning rate", .min = 0, .max = 1e6},
        {.flag = "unmasked", .target = &o.unmasked, .description = "Genes revealed to the encoder per sample (K); 0 = the model's",
         .unit = "genes", .min = 0, .max = 1e6},
        {.flag = "mask-temperature", .target = &o.maskTemperature, .description = "Frequency weighting of the revealed genes (tau): "
         "above 0 often expressed genes are shown more often, 0 all equally; not given = the model's", .min = -1,
         .max = 1},
        {.flag = "mask-pool", .target = &o.maskPool, .description = "Genes to reveal from: all measured ones, or only those with a "
         "count in the sample; the loss always runs over all measured genes", .choices = {"measured", "expressed"}},
        {.flag = "loss", .target = &o.loss, .description = "Training loss; empty = the model's (Poisson in log space)",
         .choices = {"", "poisson", "mse", "smooth_l1", "nb", "zinb"}},
        {.flag = "val-fraction", .target = &o.validationFraction, .description = "Share of each data set held out for the validation loss",
         .label = "Validation share", .min = 0, .max = 0.5},
        {.flag = "val-batches", .target = &o.validationBatches, .description = "obs column that names batches: whole batches are held out "
         "(--val-fraction is then the share of the batches, at least one); none = single cells at random; auto = the column "
         "'batch' where it has five values or more, else none", .label = "Hold out whole batches of"},
        {.flag = "validate-every", .target = &o.validateEvery, .description = "Also measure the validation loss every so many steps; "
         "0 = only at epoch ends", .unit = "steps", .min = 0, .max = 1e9, .advanced = true},
        {.flag = "precision", .target = &o.precision, .description = "Precision of matrix products; auto = bf16 where the device computes it natively",
         .choices = {"auto", "fp32", "bf16"}},
        {.flag = "set-weights", .target = &o.setWeights, .description = "How often samples of each data set are drawn: proportional, "
         "sqrt (share by the square root of its size), equal, or one number per data set separated by commas"},
        {.flag = "checkpoint-minutes", .target = &o.checkpointMinutes, .description = "Time between checkpoints, besides those at epoch ends",
         .unit = "minutes", .min = 0.001, .max = 1e6},
        {.flag = "warmup", .target = &o.warmup, .description = "Share of the steps in which the learning rate rises", .min = 0, .max = 0.9, .advanced = true},
        {.flag = "weight-decay", .target = &o.weightDecay, .description = "AdamW weight decay; -1 = 1 / (highest learning rate x steps)",
         .min = -1, .max = 100, .advanced = true},
        {.flag = "beta1", .target = &o.beta1, .description = "AdamW first moment decay", .min = 0, .max = 0.9999, .advanced = true},
        {.flag = "beta2", .target = &o.beta2, .description = "AdamW second moment decay", .min = 0, .max = 0.99999, .advanced = true},
        {.flag = "epsilon", .target = &o.epsilon, .description = "AdamW epsilon", .min = 1e-12, .max = 1, .advanced = true},
        {.flag = "clip-norm", .target = &o.clipNorm, .description = "Largest gradient norm; 0 = no clipping", .min = 0, .max = 1e9, .advanced = true},
        {.flag = "no-decay-1d", .target = &o.noDecay1d, .description = "No weight decay on biases, norms and other vectors", .advanced = true},
        {.flag = "cycle-momentum", .target = &o.cycleMomentum, .description = "Cycle beta1 between 0.95 and 0.85 against the learning rate", .advanced = true},
        {.flag = "ema", .target = &o.ema, .description = "Decay of averaged weights, which are then validated and saved; 0 = none",
         .min = 0, .max = 0.999999, .advanced = true},
        {.flag = "codebook-lr-scale", .target = &o.codebookLrScale, .description = "Learning-rate factor of the gene embeddings", .min = 1e-6, .max = 1e6, .advanced = true},
        {.flag = "decoder-lr-scale", .target = &o.decoderLrScale, .description = "Learning-rate factor of the whole decoder", .min = 1e-6, .max = 1e6, .advanced = true},
        {.flag = "head-lr-scale", .target = &o.headLrScale, .description = "Learning-rate factor of the decoder head, besides the decoder's", .min = 1e-6, .max = 1e6, .advanced = true},
        {.flag = "checkpoint-activations", .target = &o.checkpointActivations, .description = "Compute blocks twice instead of keeping their "
         "activations: less memory, about a third more time", .advanced = true},
        {.flag = "keep", .target = &o.keep, .description = "Weights that become the model: the last, or those with the best validation loss",
         .choices = {"last", "best"}},
        {.flag = "save-precision", .target = &o.savePrecision, .description = "Number format of the saved weights", .choices = {"fp32", "bf16"}, .advanced = true},
        {.flag = "probe", .target = &o.probe, .description = "Count file whose embedding is stored after every epoch", .advanced = true, .path = Path::InputFile},
        {.flag = "pairs", .target = &o.pairs, .description = "Tables of known gene relationships (entity1,entity2); their recall is reported after every epoch",
         .advanced = true, .path = Path::InputFile},
        {.flag = "peer-timeout", .target = &o.peerTimeout, .description = "Data-parallel runs: seconds of silence after which a peer counts as lost",
         .unit = "seconds", .min = 1, .max = 86400, .advanced = true},
        {.flag = "name", .target = &o.name, .description = "Name of the model in config.json; empty = the folder's"},
        {.flag = "forecast", .target = &o.forecast, .description = "Only measure a few passes and tell the time, memory and disk space "
         "that the run would take; nothing is written"},
    };
    const OptionFields choices = choiceFields(o.choices);  // the same for all files
    fields.insert(fields.end(), choices.begin(), choices.end());
    return fields;
}

}  // namespace

OptionFields fieldsOf(PretrainOptions& o) {
    using Path = OptionField::Path;
    OptionFields fields = sharedFields(o);
    const OptionFields own{
        {.flag = "preset", .target = &o.preset, .description = "Size of the model: S, B, L, CxG or mini; empty = B, or the initial "
         "model in --out"},
        {.flag = "dim", .target = &o.dim, .description = "Width; 0 = the preset's", .min = 0, .max = 65536, .advanced = true},
        {.flag = "blocks", .target = &o.blocks, .description = "Encoder blocks; 0 = the preset's", .min = 0, .max = 1024, .advanced = true},
        {.flag = "heads", .target = &o.heads, .description = "Attention heads; 0 = the preset's", .min = 0, .max = 1024, .advanced = true},
        {.flag = "decoder-layers", .target = &o.decoderLayers, .description = "Residual layers of the decoder; -1 = the preset's", .min = -1, .max = 64, .advanced = true},
        {.flag = "drop-path", .target = &o.dropPath, .description = "Stochastic depth of the last block; -1 = the preset's", .min = -1, .max = 0.9, .advanced = true},
        {.flag = "layer-scale-init", .target = &o.layerScaleInit, .description = "First value of LayerScale; 0 = the preset's", .min = 0, .max = 10, .advanced = true},
        {.flag = "genes", .target = &o.genes, .description = "Vocabulary: lists of symbols or ids, genes.tsv, or count files; empty = union of the data sets",
         .path = Path::InputFile},
        {.flag = "min-sets", .target = &o.minSets, .description = "Keep genes that at least so many data sets measure", .unit = "data sets", .min = 1, .max = 1e6},
        {.flag = "min-cells", .target = &o.minCells, .description = "Keep genes with a count in at least so many cells", .unit = "cells", .min = 0, .max = 1e12},
        {.flag = "approved-genes", .target = &o.approvedGenes, .description = "Keep only genes with an approved HGNC symbol"},
        {.flag = "codebook-init", .target = &o.codebookInit, .description = "First gene embeddings: normal, or svd:N[:S] = the first N columns "
         "from the singular vectors of the training data, with standard deviation S (1)", .advanced = true},
        {.flag = "head-bias-init", .target = &o.headBiasInit, .description = "First biases of the decoder head: zero, or the genes' mean expression",
         .choices = {"zero", "mean"}, .advanced = true},
    };
    fields.insert(fields.begin() + 2, own.begin(), own.end());
    return fields;
}

OptionFields fieldsOf(FinetuneOptions& o) {
    using Path = OptionField::Path;
    OptionFields fields = sharedFields(o);
    const OptionFields own{
        {.flag = "add-genes", .target = &o.addGenes, .description = "Append genes of the data that the model does not know to its vocabulary"},
        {.flag = "new-genes", .target = &o.newGenes, .description = "First vectors of appended genes: the mean of all, or the mean of the "
         "known genes that are expressed most like them", .choices = {"mean", "neighbours"}, .advanced = true},
        {.flag = "layer-decay", .target = &o.layerDecay, .description = "Learning-rate factor per layer from the decoder down to the codebook; "
         "1 = the same rate everywhere", .min = 0.01, .max = 1, .advanced = true},
        {.flag = "freeze-encoder", .target = &o.freezeEncoder, .description = "Train the decoder alone; embeddings stay as they are"},
        {.flag = "patience", .target = &o.patience, .description = "Stop after so many epochs without a better validation loss; 0 = never early",
         .unit = "epochs", .min = 0, .max = 1e6},
    };
    fields.insert(fields.begin() + 2, own.begin(), own.end());
    fields.insert(fields.begin(), {.flag = "model", .target = &o.model, .description = "Model to start from; empty = the bundled one",
                                   .path = Path::InputModel});
    return fields;
}

}  // namespace txfm::workflow
