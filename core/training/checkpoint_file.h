// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/types.h>

#include "core/base/result.h"

namespace txfm::training {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// Saves tensors (float32, any device) and a state object into one safetensors file, which appears whole or not at
/// all; the file before it stays when the disk is full. Errors: Failed.
Result<void> writeCheckpoint(const std::filesystem::path& path, const NamedTensors& tensors,
                             const nlohmann::json& state);

/// The state object of a checkpoint; BadInput naming the file when it is damaged.
Result<nlohmann::json> readCheckpointState(const std::filesystem::path& path);

/// Copies tensors of a checkpoint into existing ones of the same names and shapes; returns the state object. BadInput
/// naming the tensor when the file holds others, more or fewer.
Result<nlohmann::json> readCheckpoint(const std::filesystem::path& path, const NamedTensors& tensors);

}  // namespace txfm::training
