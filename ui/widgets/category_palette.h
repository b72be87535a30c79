// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>

namespace txfm::ui {

inline constexpr int kCategoryColours = 102;

/// Colour of level i of a category: the first eight are Okabe and Ito's (with a brown in the place of
/// black, which would vanish on a dark ground), the following ones are chosen each as far as possible from all before it in
/// OKLab (Ottosson 2020), never grey. Wraps after kCategoryColours levels. Thread-safe.
QColor categoryColour(int level);

}  // namespace txfm::ui
