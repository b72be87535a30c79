// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace txfm::model {

/// Activation checkpointing: runs `body` without keeping its activations and runs it again in the backward pass.
/// `body` must be deterministic; weights that it captures receive their gradients.
at::Tensor checkpointed(const std::function<at::Tensor(const at::Tensor&)>& body, const at::Tensor& input);

}  // namespace txfm::model
