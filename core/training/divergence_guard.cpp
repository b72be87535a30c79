// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/divergence_guard.h"

#include <algorithm>
#include <cmath>

namespace txfm::training {
namespace {
constexpr int kZeroGradientsInARow = 3, kHighLossesInARow = 5;
constexpr double kHighLossFactor = 10;
}  // namespace

std::optional<std::string> DivergenceGuard::check(double loss, double gradNorm) {
    if (!std::isfinite(loss)) return "the loss is no longer a number";
    if (!std::isfinite(gradNorm)) return "the gradient is no longer a number";
    if (!m_first) m_first = m_lowest = loss;
    m_lowest = std::min(m_lowest, loss);
    m_zeroGradients = gradNorm == 0 ? m_zeroGradients + 1 : 0;
    if (m_zeroGradients >= kZeroGradientsInARow) return "the gradient vanished, so nothing is learnt any more";
    const double scale = std::max({1.0, std::abs(*m_first), *m_first - m_lowest});
    m_highLosses = loss > *m_first + kHighLossFactor * scale ? m_highLosses + 1 : 0;
    if (m_highLosses >= kHighLossesInARow) return "the loss has risen far above where it began";
    return std::nullopt;
}

nlohmann::json DivergenceGuard::toJson() const {
    return {{"first", m_first ? nlohmann::json(*m_first) : nlohmann::json(nullptr)},
            {"lowest", m_lowest},
            {"zero_gradients", m_zeroGradients},
            {"high_losses", m_highLosses}};
}

DivergenceGuard DivergenceGuard::fromJson(const nlohmann::json& json) {
    DivergenceGuard guard;
    if (json.contains("first") && json["first"].is_number()) guard.m_first = json["first"].get<double>();
    guard.m_lowest = json.value("lowest", 0.0);
    guard.m_zeroGradients = json.value("zero_gradients", 0);
    guard.m_highLosses = json.value("high_losses", 0);
    return guard;
}

}  // namespace txfm::training
