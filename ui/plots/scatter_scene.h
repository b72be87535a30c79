// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <QPointF>
#include <QRectF>
#include <QRgb>
#include <QString>

#include "core/data/table.h"

namespace txfm::ui {

/// What a scatter plot shows, as plain values: the screen (VTK) and the exported figure (QPainter)
/// draw the same description. Parts are shared and immutable, so copies are cheap and cross threads.

/// Positions [n], in data units. A point whose x or y is not finite is never drawn.
struct PointSet {
    std::vector<float> x, y;
    QRectF bounds;  ///< of the finite points
    size_t size() const { return x.size(); }
};
std::shared_ptr<const PointSet> makePointSet(std::vector<float> x, std::vector<float> y);

struct LegendEntry {
    QString label;
    QRgb color = 0;
    int64_t count = 0;
};

/// How points are coloured, and the key to it.
struct PointColors {
    enum class Kind { Plain, Categorical, Continuous };
    Kind kind = Kind::Plain;
    QString title;                     ///< name of the column or gene
    QString unit;                      ///< e.g. "log-normalised"; may be empty
    std::vector<QRgb> colors;          ///< per point
    std::vector<int32_t> order;        ///< drawing order: missing first, highest value last (on top)
    std::vector<int32_t> codes;        ///< Categorical: entry of each point, -1 = missing
    std::vector<float> values;         ///< Continuous: NaN = missing
    std::vector<LegendEntry> entries;  ///< Categorical
    int64_t missing = 0;
    double low = 0, high = 1;          ///< Continuous: ends of the colour bar
};

std::shared_ptr<const PointColors> plainColors(size_t n, bool dark);
std::shared_ptr<const PointColors> colorByCategory(const Categorical& labels, const QString& title, bool dark);
/// Infinite values count as missing.
std::shared_ptr<const PointColors> colorByValue(std::vector<float> values, const QString& title,
                                                const QString& unit, bool dark);
/// "T cells", "2.31", or "no value".
QString colorValueText(const PointColors& colors, size_t point);

using PointMask = std::shared_ptr<const std::vector<uint8_t>>;

struct PlotLabel {
    QString text;
    QPointF position;  ///< data units
};
/// A label at the median position of every category that is shown (at least `minimum` points).
std::vector<PlotLabel> categoryLabels(const PointSet& points, const PointColors& colors, const PointMask& shown,
                                      int64_t minimum = 1);

struct ScatterScene {
    QString title, xLabel, yLabel;
    bool ticks = false;       ///< numbers on the axes (meaningless for UMAP, useful for PCA)
    bool equalScale = true;   ///< one unit is as long in x as in y
    std::shared_ptr<const PointSet> points;
    std::shared_ptr<const PointColors> colors;
    PointMask shown;          ///< null = all; 0 hides a point (legend filter)
    PointMask selected;       ///< null or all 0 = no selection
    std::vector<PlotLabel> labels;
    QRectF window;            ///< data rectangle on show; empty = everything with a margin
    double sizeFactor = 1;    ///< multiplies the automatic point size
    bool dark = false;
};

/// Points ready to draw: hidden ones left out, faded where a selection exists elsewhere, selected on top.
struct DrawList {
    std::vector<float> xyz;      ///< 3 per point, z = 0
    std::vector<uint8_t> rgb;    ///< 3 per point
    size_t size() const { return rgb.size() / 3; }
};
DrawList composeDrawList(const ScatterScene& scene);

QRgb sceneBackground(bool dark);
/// Everything finite, with a margin.
QRectF fullWindow(const PointSet& points);
/// `window` widened so that it has the shape of a plot of that size (equalScale).
QRectF fitWindow(const QRectF& window, const QSizeF& size);
/// Diameter in device-independent pixels for n points in a plot `extent` pixels wide (the rule
/// area ~ 120000/n pt² at 4 inches that scanpy uses), growing slowly with zoom.
double automaticPointSize(size_t n, double extent, double zoom);

}  // namespace txfm::ui
