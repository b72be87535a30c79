// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "core/data/dataset.h"
#include "core/io/model_config.h"

namespace txfm::ui {

/// How many genes of a cell the encoder sees, how often (interface contract §4, "Embedding").
struct InferenceMode {
    double genesPerCell = 0;
    int64_t views = 1;
};

/// `mode`: "all", "expressed", "top:K", "random:K[:VIEWS]"; "" = the model's own, else all. `measured` =
/// vocabulary genes of the file, `detected` = mean non-zero genes of a cell (0 = unknown: all measured).
InferenceMode inferenceMode(const std::string& mode, const io::ModelConfig& config, int64_t measured, double detected);

/// Floating-point operations that embedding one cell takes: matrix products of the blocks and attention (spec §2).
double flopsPerCell(const io::ModelConfig& config, const InferenceMode& mode);

/// Memory in bytes that a job with this model takes: the program with its libraries, the weights, the counts where they
/// fit into memory, and `resultBytes`. A rough guess.
double jobMemory(const io::ModelConfig& config, const CountSource& counts, double resultBytes);

/// Speed in operations per second: that of the last run on this computer, or a guess from its cores.
double assumedSpeed();
bool speedIsMeasured();
/// Remembers the speed of a run.
void rememberSpeed(double flops, double seconds);

}  // namespace txfm::ui
