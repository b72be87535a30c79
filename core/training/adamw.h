// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/training/training_config.h"

namespace txfm::training {

/// A weight tensor with its own share of the learning rate.
struct OptimizedParameter {
    std::string name;
    torch::Tensor tensor;     ///< leaf, float32
    double rateScale = 1;     ///< learning-rate factor; 0 is never listed (frozen weights are left out)
    bool decay = true;
};

/// Learning-rate factors by name (layerDecay, codebookScale, decoderScale, headScale), decay flags (noDecay1d) and frozen weights.
/// With layerDecay γ the decoder keeps 1, block i of D has γ^(D-i), codebook and CLS γ^(D+1).
std::vector<OptimizedParameter> selectParameters(const std::vector<std::pair<std::string, torch::Tensor>>& parameters,
                                                 const TrainingConfig& config, int64_t blocks);

/// AdamW with decoupled decay as torch.optim.AdamW (spec §4.1): p ← p(1 − η·wd), then the Adam step. fp32.
/// On the CPU one pass over the weights does decay, moments, update and average; the result does not depend on the
/// thread count. Other devices use LibTorch's fused operator.
class AdamW {
public:
    AdamW(std::vector<OptimizedParameter> parameters, double beta2, double epsilon, double emaDecay);

    /// Euclidean norm of all gradients times `scale`.
    double gradNorm(double scale) const;
    /// One update with gradients times `gradScale`; gradients are dropped afterwards.
    void step(double learningRate, double beta1, double weightDecay, double gradScale);
    void dropGradients();
    int64_t steps() const { return m_steps; }
    void setSteps(int64_t steps) { m_steps = steps; }
    /// Moments back to zero and averages to the present weights, as before the first step.
    void restart();

    const std::vector<OptimizedParameter>& parameters() const { return m_parameters; }
    /// Moments (and averages) named "moment1.<weight>", "moment2.<weight>", "average.<weight>", to save and restore.
    std::vector<std::pair<std::string, torch::Tensor>> state() const;
    bool averages() const { return !m_average.empty(); }
    /// Exchanges the weights with their averages (validation and publishing use the averages).
    void swapAverages();

private:
    void stepCpu(double learningRate, double beta1, double weightDecay, double gradScale);
    void stepFused(double learningRate, double beta1, double weightDecay, double gradScale);

    std::vector<OptimizedParameter> m_parameters;
    std::vector<torch::Tensor> m_moment1, m_moment2, m_average;
    double m_beta2, m_epsilon, m_emaDecay;
    int64_t m_steps = 0;
};

}  // namespace txfm::training
