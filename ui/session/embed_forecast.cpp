// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/embed_forecast.h"

#include <algorithm>

#include <QSettings>
#include <QThread>

namespace txfm::ui {
namespace {

const QString kSpeedKey = QStringLiteral("forecast/embedFlopsPerSecond");
/// What one core does on such layers, cautiously: a run with AVX-512 bf16 came to about 2.3e11 by its processor time; fp32 with AVX2 does a few times less.
constexpr double kFlopsPerCore = 6e10;

}  // namespace

double assumedSpeed() {
    const double remembered = QSettings().value(kSpeedKey).toDouble();
    return remembered > 0 ? remembered : kFlopsPerCore * std::max(1, QThread::idealThreadCount());
}

bool speedIsMeasured() { return QSettings().value(kSpeedKey).toDouble() > 0; }

void rememberSpeed(double flops, double seconds) {
    if (flops > 0 && seconds > 0.5) QSettings().setValue(kSpeedKey, flops / seconds);
}

}  // namespace txfm::ui
