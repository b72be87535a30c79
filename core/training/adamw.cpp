// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/adamw.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/ops/_fused_adamw.h>

namespace txfm::training {
namespace {

/// Elements per unit of work: fixed, so that sums do not depend on the thread count.
constexpr int64_t kChunk = 32768;

struct Chunk {
    size_t parameter;
    int64_t begin, end;
};

std::vector<Chunk> chunksOf(const std::vector<OptimizedParameter>& parameters) {
    std::vector<Chunk> chunks;
    for (size_t i = 0; i < parameters.size(); ++i) {
        const int64_t n = parameters[i].tensor.numel();
        for (int64_t begin = 0; begin < n; begin += kChunk) chunks.push_back({i, begin, std::min(begin + kChunk, n)});
    }
    return chunks;
}

struct UpdateFactors {
    float gradScale, keep, beta1, beta2, epsilon, stepSize, rootCorrection2;
};

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3", "no-math-errno", "no-trapping-math")))
void updateChunk(float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v, int64_t n,
                 const UpdateFactors f) {
    for (int64_t i = 0; i < n; ++i) {
        const float grad = g[i] * f.gradScale;
        m[i] = m[i] + (1.0f - f.beta1) * (grad - m[i]);
        v[i] = f.beta2 * v[i] + (1.0f - f.beta2) * grad * grad;
        p[i] = p[i] * f.keep - f.stepSize * m[i] / (std::sqrt(v[i]) / f.rootCorrection2 + f.epsilon);
    }
}

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
void averageChunk(float* __restrict average, const float* __restrict p, int64_t n, float decay) {
    for (int64_t i = 0; i < n; ++i) average[i] += (1.0f - decay) * (p[i] - average[i]);
}

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
double sumOfSquares(const float* g, int64_t n) {
    double lanes[8] = {};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int64_t j = 0; j < 8; ++j) lanes[j] += static_cast<double>(g[i + j]) * g[i + j];
    for (; i < n; ++i) lanes[0] += static_cast<double>(g[i]) * g[i];
    double sum = 0;
    for (double lane : lanes) sum += lane;
    return sum;
}

int64_t blockNumber(const std::string& name) { return std::stoll(name.substr(std::string("blocks.").size())); }

}  // namespace

std::vector<OptimizedParameter> selectParameters(const std::vector<std::pair<std::string, torch::Tensor>>& parameters,
                                                 const TrainingConfig& config, int64_t blocks) {
    std::vector<OptimizedParameter> selected;
    for (const auto& [name, tensor] : parameters) {
        const bool decoder = name.starts_with("decoder.");
        const bool codebook = name == "gene_embedding.weight";
        if (config.freezeEncoder && !decoder) continue;
        OptimizedParameter parameter{name, tensor, 1.0, !(config.noDecay1d && tensor.dim() == 1)};
        if (!decoder) {
            int64_t depth = blocks + 1;  // codebook, CLS and token projection lie deepest
            if (name.starts_with("blocks.")) depth = blocks - blockNumber(name);
            if (name.starts_with("norm.")) depth = 0;
            parameter.rateScale = std::pow(config.layerDecay, static_cast<double>(depth));
        }
        if (codebook) parameter.rateScale *= config.codebookScale;
        if (decoder) parameter.rateScale *= config.decoderScale;
        if (name.starts_with("decoder.head.")) parameter.rateScale *= config.headScale;
        selected.push_back(std::move(parameter));
    }
    return selected;
}

AdamW::AdamW(std::vector<OptimizedParameter> parameters, double beta2, double epsilon, double emaDecay)
    : m_parameters(std::move(parameters)), m_beta2(beta2), m_epsilon(epsilon), m_emaDecay(emaDecay) {
    torch::NoGradGuard noGrad;
    for (const OptimizedParameter& parameter : m_parameters) {
        m_moment1.push_back(torch::zeros_like(parameter.tensor));
        m_moment2.push_back(torch::zeros_like(parameter.tensor));
        if (emaDecay > 0) m_average.push_back(parameter.tensor.detach().clone());
    }
}

double AdamW::gradNorm(double scale) const {
    if (m_parameters.empty()) return 0;
    if (!m_parameters.front().tensor.is_cpu()) {
        auto sum = torch::zeros({}, m_parameters.front().tensor.options().requires_grad(false));
        for (const OptimizedParameter& parameter : m_parameters)
            if (const auto grad = parameter.tensor.grad(); grad.defined()) sum += grad.square().sum();
        return std::sqrt(sum.item<double>()) * scale;
    }
    const auto chunks = chunksOf(m_parameters);
    std::vector<torch::Tensor> grads;
    for (const OptimizedParameter& parameter : m_parameters) {
        const auto grad = parameter.tensor.grad();
        grads.push_back(grad.defined() ? grad.contiguous() : grad);
    }
    std::vector<double> sums(chunks.size(), 0);
    at::parallel_for(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const Chunk& c = chunks[static_cast<size_t>(i)];
            if (!grads[c.parameter].defined()) continue;
            sums[static_cast<size_t>(i)] =
                sumOfSquares(grads[c.parameter].const_data_ptr<float>() + c.begin, c.end - c.begin);
        }
    });
    double total = 0;
    for (double sum : sums) total += sum;
    return std::sqrt(total) * scale;
}

void AdamW::step(double learningRate, double beta1, double weightDecay, double gradScale) {
    torch::NoGradGuard noGrad;
    ++m_steps;
    if (!m_parameters.empty() && m_parameters.front().tensor.is_cpu()) {
        stepCpu(learningRate, beta1, weightDecay, gradScale);
    } else {
        stepFused(learningRate, beta1, weightDecay, gradScale);
    }
    dropGradients();
}

void AdamW::stepCpu(double learningRate, double beta1, double weightDecay, double gradScale) {
    const auto steps = static_cast<double>(m_steps);
    const double correction1 = 1 - std::pow(beta1, steps), correction2 = 1 - std::pow(m_beta2, steps);
    const auto chunks = chunksOf(m_parameters);
    std::vector<torch::Tensor> grads;
    for (const OptimizedParameter& parameter : m_parameters) {
        const auto grad = parameter.tensor.grad();
        grads.push_back(grad.defined() ? grad.contiguous() : grad);
    }
    at::parallel_for(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const Chunk& c = chunks[static_cast<size_t>(i)];
            const OptimizedParameter& parameter = m_parameters[c.parameter];
            float* p = parameter.tensor.mutable_data_ptr<float>() + c.begin;
            const int64_t n = c.end - c.begin;
            if (grads[c.parameter].defined()) {
                const double rate = learningRate * parameter.rateScale;
                const UpdateFactors factors{
                    static_cast<float>(gradScale),
                    static_cast<float>(1 - (parameter.decay ? rate * weightDecay : 0.0)),
                    static_cast<float>(beta1), static_cast<float>(m_beta2), static_cast<float>(m_epsilon),
                    static_cast<float>(rate / correction1), static_cast<float>(std::sqrt(correction2))};
                updateChunk(p, grads[c.parameter].const_data_ptr<float>() + c.begin,
                            m_moment1[c.parameter].mutable_data_ptr<float>() + c.begin,
                            m_moment2[c.parameter].mutable_data_ptr<float>() + c.begin, n, factors);
            }
            if (!m_average.empty())
                averageChunk(m_average[c.parameter].mutable_data_ptr<float>() + c.begin, p, n,
                             static_cast<float>(m_emaDecay));
        }
    });
}

void AdamW::stepFused(double learningRate, double beta1, double weightDecay, double gradScale) {
    for (size_t i = 0; i < m_parameters.size(); ++i) {
        const OptimizedParameter& parameter = m_parameters[i];
        auto grad = parameter.tensor.grad();
        if (grad.defined()) {
            if (gradScale != 1) grad.mul_(gradScale);
            std::vector<torch::Tensor> weights{parameter.tensor}, grads{grad}, first{m_moment1[i]}, second{m_moment2[i]};
            std::vector<torch::Tensor> steps{
                torch::full({}, static_cast<double>(m_steps), torch::dtype(torch::kFloat32).device(grad.device()))};
            at::_fused_adamw_(weights, grads, first, second, {}, steps, learningRate * parameter.rateScale, beta1,
                              m_beta2, parameter.decay ? weightDecay : 0.0, m_epsilon, false, false);
        }
        if (!m_average.empty()) m_average[i].lerp_(parameter.tensor, 1 - m_emaDecay);
    }
}

void AdamW::restart() {
    torch::NoGradGuard noGrad;
    m_steps = 0;
    for (size_t i = 0; i < m_parameters.size(); ++i) {
        m_moment1[i].zero_();
        m_moment2[i].zero_();
        if (!m_average.empty()) m_average[i].copy_(m_parameters[i].tensor);
    }
}

void AdamW::dropGradients() {
    for (OptimizedParameter& parameter : m_parameters) parameter.tensor.mutable_grad() = torch::Tensor();
}

std::vector<std::pair<std::string, torch::Tensor>> AdamW::state() const {
    std::vector<std::pair<std::string, torch::Tensor>> tensors;
    for (size_t i = 0; i < m_parameters.size(); ++i) {
        tensors.emplace_back("moment1." + m_parameters[i].name, m_moment1[i]);
        tensors.emplace_back("moment2." + m_parameters[i].name, m_moment2[i]);
        if (!m_average.empty()) tensors.emplace_back("average." + m_parameters[i].name, m_average[i]);
    }
    return tensors;
}

void AdamW::swapAverages() {
    torch::NoGradGuard noGrad;
    for (size_t i = 0; i < m_average.size(); ++i) {
        const auto weights = m_parameters[i].tensor.detach().clone();
        m_parameters[i].tensor.copy_(m_average[i]);
        m_average[i].copy_(weights);
    }
}

}  // namespace txfm::training
