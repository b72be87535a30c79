// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/io/model_config.h"
#include "core/training/corpus.h"

namespace txfm::training {

/// Initial weights taken from the training data, for short schedules (options codebook_init and head_bias_init; the
/// specification starts from random numbers). Everything here is a function of its arguments alone, whatever the
/// thread count.

/// Right singular vectors [G × components], row-major, of the normalised training expression x (spec §1.1; samples ×
/// genes, uncentred, unmeasured = 0), each column scaled to unit standard deviation over the genes and cut at ±8: the
/// scale of N(0,1), so that the first LayerNorm treats them like the other dimensions. Signs: the entry of largest
/// size is positive. Randomised range finder with power iterations (Halko, Martinsson and Tropp 2011).
/// Usage error when `components` exceeds what samples and genes allow; Cancelled.
Result<std::vector<float>> geneSingularVectors(const Corpus& corpus, const io::ModelConfig& config, int64_t components,
                                               uint64_t seed, Progress& progress);

/// Overwrites columns 0 … components-1 of the codebook [G × width] with geneSingularVectors() times `deviation`:
/// above 1 they outweigh the random columns.
Result<void> initCodebookFromData(const Corpus& corpus, const io::ModelConfig& config, int64_t components,
                                  double deviation, uint64_t seed, Progress& progress, std::span<float> codebook,
                                  int64_t width);

/// Logit of every gene [G] at which the decoder gives the gene's mean: φ(b_g) = ln(weighted mean of e^x), the constant
/// that minimises the Poisson loss, over the training samples that measure the gene. `setShares` holds one number per
/// data set, its share of the draws (EpochSampler::quotas()). Genes without samples get 0. For rectified tanh
/// b = β·atanh(y/ln(L+1)), y held within [0.02, 0.98·ln(L+1)]; for ReLU and clamped ReLU b = y; softmax: b = ln(mean of
/// the normalised counts + 1).
Result<std::vector<float>> meanHeadBias(const Corpus& corpus, const io::ModelConfig& config,
                                        const std::vector<int64_t>& setShares);

}  // namespace txfm::training
