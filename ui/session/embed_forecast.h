// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace txfm::ui {

// The speed that turns the operations of core/io/model_cost.h into a first guess of a job's time.

/// Speed in operations per second: that of the last run on this computer, or a guess from its cores.
double assumedSpeed();
bool speedIsMeasured();
/// Remembers the speed of a run.
void rememberSpeed(double flops, double seconds);

}  // namespace txfm::ui
