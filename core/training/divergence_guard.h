// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace txfm::training {

/// Notices a run that will not recover: a loss or gradient that is no number, a gradient that vanished (every output
/// of the rectified activation is cut off), or a loss far above where it began.
class DivergenceGuard {
public:
    /// What happened, as the end of a sentence ("the loss …"), or nothing.
    std::optional<std::string> check(double loss, double gradNorm);

    nlohmann::json toJson() const;
    static DivergenceGuard fromJson(const nlohmann::json& json);

private:
    std::optional<double> m_first;
    double m_lowest = 0;
    int m_zeroGradients = 0, m_highLosses = 0;
};

}  // namespace txfm::training
