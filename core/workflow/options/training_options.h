// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/workflow/options/data_choices.h"

namespace txfm::workflow {

/// Options that `pretrain` and `finetune` share. Defaults are the specification's (§4) where it has one. 0 (or -1
/// where 0 means something) stands for "as the preset, the model or --config says", so that a value given by flag
/// always wins over --config, and --config over the preset.
struct TrainingOptions {
    std::vector<std::string> data;
    std::string out;
    int64_t epochs = 0;
    double minutes = 0;
    bool resume = false;
    std::string config;            ///< JSON text, or a file that holds it
    int64_t batch = 0;
    int64_t accumulate = 0;
    double lr = 0;
    int64_t unmasked = 0;
    double maskTemperature = 0;
    std::string maskPool = "measured";
    std::string loss;
    double validationFraction = 0.01;
    std::string validationBatches = "none";
    int64_t validateEvery = 0;
    std::string precision = "auto";
    std::string setWeights = "proportional";
    double checkpointMinutes = 5;
    double warmup = 0.1;
    double weightDecay = -1;
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6;
    double clipNorm = 0;
    bool noDecay1d = false;
    bool cycleMomentum = false;
    double ema = 0;
    double codebookLrScale = 1, decoderLrScale = 1, headLrScale = 1;
    bool checkpointActivations = false;
    std::string keep = "last";
    std::string savePrecision = "fp32";
    DataChoices choices;
    std::string probe;
    std::vector<std::string> pairs;
    double peerTimeout = 120;
    std::string name;
    bool forecast = false;
};

/// `txfm pretrain`.
struct PretrainOptions : TrainingOptions {
    std::string preset;
    int64_t dim = 0, blocks = 0, heads = 0, decoderLayers = -1;
    double dropPath = -1, layerScaleInit = 0;
    int64_t minSets = 1, minCells = 0;
    std::vector<std::string> genes;
    bool approvedGenes = false;
    std::string codebookInit = "normal";
    std::string headBiasInit = "zero";
};

/// `txfm finetune`.
struct FinetuneOptions : TrainingOptions {
    FinetuneOptions() {
        validationFraction = 0.05;
        validationBatches = "auto";
        keep = "best";
    }
    std::string model;
    bool addGenes = false;
    std::string newGenes = "mean";
    double layerDecay = 1;
    bool freezeEncoder = false;
    int64_t patience = 0;
};

OptionFields fieldsOf(PretrainOptions& options);
OptionFields fieldsOf(FinetuneOptions& options);

}  // namespace txfm::workflow
