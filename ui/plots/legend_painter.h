// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFont>
#include <QRectF>

class QPainter;

namespace txfm::ui {

struct PointColors;

/// The key of an exported figure: swatches with names in as many columns as the height asks for, or a
/// colour bar with round numbers. Nothing for plain colours.
void paintLegend(QPainter& painter, const PointColors& colors, const QRectF& area);
/// Width that paintLegend needs with this font in an area of that height; 0 = no legend.
double legendWidth(const PointColors& colors, const QFont& font, double height);

}  // namespace txfm::ui
