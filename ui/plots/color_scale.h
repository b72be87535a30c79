// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <vector>

#include <QRgb>

namespace txfm::ui {

/// Colours of all plots: fit for colour-blind readers, equal on screen and in exported figures.
/// Pure functions; any thread.

/// matplotlib's viridis, t in [0, 1] (clamped).
QRgb viridis(double t);
/// Blue – near white – red, centred at 0; t in [-1, 1] (clamped).
QRgb diverging(double t);
/// One colour per level, by categoryColour(): none is grey; repeats beyond kCategoryColours levels.
std::vector<QRgb> categoricalPalette(size_t n);
/// Points without a value.
QRgb missingColor(bool dark);
/// `color` moved by `share` in [0, 1] towards `with`.
QRgb mixColors(QRgb color, QRgb with, double share);

}  // namespace txfm::ui
