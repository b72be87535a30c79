// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <vector>

#include <QRgb>

namespace txfm::ui {

/// Colours of all plots: fit for colour-blind readers, equal on screen and in exported figures.
/// Pure functions; any thread.

/// Palettes beyond this many levels repeat.
inline constexpr size_t kMaxDistinctColors = 256;

/// matplotlib's viridis, t in [0, 1] (clamped).
QRgb viridis(double t);
/// Blue – near white – red, centred at 0; t in [-1, 1] (clamped).
QRgb diverging(double t);
/// One colour per level: Okabe-Ito up to 8, then distinct colours (sets of 20, 28, 102, beyond 102 as
/// many as there are levels, at most kMaxDistinctColors). None is grey. On a dark background black becomes white.
std::vector<QRgb> categoricalPalette(size_t n, bool dark = false);
/// Points without a value.
QRgb missingColor(bool dark);
/// `color` moved by `share` in [0, 1] towards `with`.
QRgb mixColors(QRgb color, QRgb with, double share);
/// Euclidean distance and chroma in OKLab (0.02 is about the smallest visible difference).
double colorDistance(QRgb a, QRgb b);
double colorChroma(QRgb color);

}  // namespace txfm::ui
