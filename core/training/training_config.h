// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace txfm::training {

/// How to optimise (spec §4). Defaults are the specification's. Plain values, no LibTorch.
struct TrainingConfig {
    uint64_t seed = 0;
    int64_t batch = 64;            ///< samples per optimizer step, over all processes
    int64_t accumulate = 0;        ///< micro-batches per step and process; 0 = chosen by memory and cache
    int64_t epochs = 0;            ///< total; 0 = by minutes
    double minutes = 0;            ///< time budget of the whole run; 0 = by epochs
    double peakLearningRate = 1e-3;
    double warmup = 0.1;           ///< share of the steps in which the rate rises
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6;
    double weightDecay = -1;       ///< < 0: 1/(peak·T) (spec §4.1)
    bool noDecay1d = false;        ///< no decay on vectors (biases, norms, LayerScale, CLS)
    bool cycleMomentum = false;
    double clipNorm = 0;           ///< 0 = no clipping
    double ema = 0;                ///< decay of the averaged weights; 0 = none
    double codebookScale = 1, decoderScale = 1, headScale = 1;  ///< learning-rate factors; the head has both of its
    double layerDecay = 1;         ///< learning-rate factor per layer from the head down to the codebook
    bool freezeEncoder = false;
    bool bfloat16 = false;
    bool activationCheckpointing = false;
    std::string maskPool = "measured";  ///< measured (spec §1.3) | expressed: only genes with a count are revealed
    double checkpointMinutes = 5;
    int64_t validateEvery = 0;     ///< steps between validations besides those at epoch ends; 0 = none
    int64_t patience = 0;          ///< epochs without a better validation loss before stopping; 0 = never stops early
    bool validateFirst = false;    ///< measure the validation loss before the first step (fine-tuning)
    bool keepBest = false;         ///< publish the best instead of the last weights
    bool saveBfloat16 = false;
    double peerTimeoutSeconds = 120;
};

}  // namespace txfm::training
