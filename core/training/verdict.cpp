// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/verdict.h"

#include <cmath>
#include <cstdio>

namespace txfm::training {
namespace {

constexpr double kOverfitShare = 0.02, kStillImprovingShare = 0.05;

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

}  // namespace

Verdict judge(const std::vector<EpochLosses>& history) {
    std::vector<EpochLosses> points;
    for (const EpochLosses& losses : history)
        if (std::isfinite(losses.validation)) points.push_back(losses);
    if (points.size() < 2)
        return {"not_measured", "The validation loss was measured less than twice, so the course of the run cannot be judged; "
                                "more cells or more epochs are needed.", points.empty() ? 0 : points.front().epoch};
    size_t best = 0;
    for (size_t i = 1; i < points.size(); ++i)
        if (points[i].validation < points[best].validation) best = i;
    const EpochLosses &first = points.front(), &last = points.back();
    const double gain = first.validation - points[best].validation;
    const std::string span = "from " + number(first.validation) + " to " + number(points[best].validation);
    if (best == 0)
        return {"no_improvement", "The validation loss did not get better than " + number(first.validation) +
                                      " where it began; the learning rate may be too high or the data too few.",
                first.epoch};
    const bool trainFell = !(last.train > points[best].train);
    if (last.validation - points[best].validation > kOverfitShare * gain && trainFell)
        return {"overfitting", "The model improved (validation loss " + span + "), then overfitted from epoch " +
                                   std::to_string(points[best].epoch + 1) + ": the training loss went on falling while the "
                                   "validation loss rose. The weights of epoch " + std::to_string(points[best].epoch) +
                                   " are the best.", points[best].epoch};
    const size_t third = points.size() - 1 - (points.size() - 1) / 3 - ((points.size() - 1) / 3 == 0 ? 1 : 0);
    if (best + 1 == points.size() && points[third].validation - last.validation > kStillImprovingShare * gain)
        return {"still_improving", "The model improved (validation loss " + span +
                                       ") and was still improving at the end: more epochs would help.",
                points[best].epoch};
    return {"improved", "The model improved: the validation loss went " + span + " and then levelled off.",
            points[best].epoch};
}

}  // namespace txfm::training
