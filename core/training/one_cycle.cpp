// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/one_cycle.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace txfm::training {
namespace {

constexpr double kStartDivisor = 25, kEndDivisor = 1e4;
constexpr double kHighestMomentum = 0.95, kLowestMomentum = 0.85;

double cosine(double from, double to, double share) {
    return to + (from - to) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

}  // namespace

double OneCycle::phase(double position, bool* rising) const {
    const double last = std::max(totalSteps - 1, 0.0);
    const double top = pctStart * totalSteps - 1;
    position = std::clamp(position, 0.0, last);
    // Runs of a few steps have no rise: they start at the peak.
    *rising = top > 0 && position <= top;
    if (*rising) return position / top;
    const double begin = std::max(top, 0.0);
    return last > begin ? (position - begin) / (last - begin) : 0.0;
}

double OneCycle::learningRate(double position) const {
    bool rising = false;
    const double share = phase(position, &rising);
    const double start = peak / kStartDivisor;
    return rising ? cosine(start, peak, share) : cosine(peak, start / kEndDivisor, share);
}

double OneCycle::beta1(double position) const {
    bool rising = false;
    const double share = phase(position, &rising);
    return rising ? cosine(kHighestMomentum, kLowestMomentum, share) : cosine(kLowestMomentum, kHighestMomentum, share);
}

}  // namespace txfm::training
