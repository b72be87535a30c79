// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "core/base/progress.h"

namespace txfm::ui {

/// 12,345 (English grouping, as in the rest of the program's texts).
QString formatCount(int64_t value);
/// A share in [0, 1] as "97.3 %"; a small but positive share never reads "0 %".
QString formatShare(double share);
/// "8 s", "3 min 20 s", "2 h 05 min".
QString formatDuration(double seconds);
/// "3.9 MB" (powers of 1000, as file managers show them).
QString formatBytes(double bytes);
/// Up to `digits` significant digits without trailing zeros, all digits of whole numbers and before the point; exponents below
/// 1e-4 and from 1e9 on.
QString formatNumber(double value, int digits = 4);
/// formatNumber() with as many digits as tell neighbours on an axis apart whose ticks are `step` apart.
QString formatTick(double value, double step);
/// "412 of 1,000 cells, 83 cells/s, 7 s left".
QString formatProgress(const ProgressUpdate& update);
/// A stage of the work in words: "read" is "Reading the file"; "" where the words of the job itself say it.
QString formatStage(const std::string& stage);
/// Both: "Reading the file: 412 of 1,000 cells …".
QString describeProgress(const ProgressUpdate& update);

}  // namespace txfm::ui
