// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace txfm::training {

/// One-cycle cosine schedule (spec §4.2; torch.optim.lr_scheduler.OneCycleLR with anneal_strategy='cos'):
/// starts at peak/25, reaches the peak at pctStart·T - 1 and ends at peak/25/1e4 at T - 1.
struct OneCycle {
    double peak = 1e-3;       ///< highest learning rate
    double totalSteps = 1;    ///< T
    double pctStart = 0.1;    ///< share of the steps that rise

    /// Learning rate at position 0 … T - 1; positions beyond the end stay at the last value.
    /// Fractions occur when a time budget stretches the schedule (see StepPlan).
    double learningRate(double position) const;
    /// β1 when the momentum cycles against the learning rate, between 0.95 and 0.85.
    double beta1(double position) const;

private:
    double phase(double position, bool* rising) const;
};

}  // namespace txfm::training
