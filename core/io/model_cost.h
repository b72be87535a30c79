// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "core/data/dataset.h"
#include "core/io/model_config.h"

namespace txfm::io {

// What a model of some shape costs, from its sizes alone: the guess that a measured trial replaces (`txfm embed
// --forecast`, `txfm finetune --forecast`). Operations are floating-point operations, two a multiply-add; bytes are
// those of main memory.

/// How many genes of a cell the encoder sees, how often (interface contract §4, "Embedding").
struct InferenceLoad {
    double genesPerCell = 0;
    int64_t views = 1;
};

/// `mode`: "all", "expressed", "top:K", "random:K[:VIEWS]"; "" = the model's own, else all. `measured` =
/// vocabulary genes of the file, `detected` = mean non-zero genes of a cell (0 = unknown: all measured).
InferenceLoad inferenceLoad(const std::string& mode, const ModelConfig& config, int64_t measured, double detected);

/// Operations that embedding one cell takes: matrix products of the blocks and attention (spec §2).
double embeddingOperations(const ModelConfig& config, const InferenceLoad& load);
/// Operations of a training sample with `shown` revealed genes: forward and backward pass of encoder and decoder.
double trainingOperations(const ModelConfig& config, double shown);

/// Memory of a job that embeds: the program with its libraries, the weights, the counts where they fit into memory, and
/// `resultBytes`.
double embeddingMemory(const ModelConfig& config, const CountSource& counts, double resultBytes);
/// Memory of a training run: the program, four numbers per weight, counts in memory, and the activations of a micro-batch.
double trainingMemory(const ModelConfig& config, double countBytes);
/// Space on disk that a training run needs at its highest: the checkpoint with moments, the one that replaces it, the
/// best weights and the model.
double trainingDisk(const ModelConfig& config);

/// Bytes that the backward pass keeps per sample of `tokens` tokens: about 20 vectors of width d a token and block, and
/// the attention weights of every head where they are kept; `recomputed` = one block at a time (activation checkpointing).
double activationBytes(const ModelConfig& config, int64_t tokens, bool recomputed);

}  // namespace txfm::io
