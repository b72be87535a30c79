// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "core/base/progress.h"
#include "core/io/model_config.h"

namespace txfm::model {

/// Initial value of the tensor of that contract name (spec §2.1), float32, from the Philox stream (seed, position).
/// After a stop the rest of it is anything.
at::Tensor initialWeight(const io::ModelConfig& config, const std::string& name, at::IntArrayRef shape,
                         uint64_t seed, uint32_t position, const CancelToken* cancel = nullptr);

}  // namespace txfm::model
