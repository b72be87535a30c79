// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <QSize>
#include <QSizeF>

#include "core/base/result.h"
#include "ui/plots/scatter_scene.h"

namespace txfm::ui {

/// How a figure is written. Lengths are in 1/96 inch, as on a screen at scale 1.
struct FigureOptions {
    enum class Points { Automatic, Vector, Raster };
    QSizeF panelSize{480, 440};         ///< of each panel, without legend
    int dpi = 300;                      ///< of PNG files and of rasterised points in SVG and PDF files
    Points points = Points::Automatic;  ///< SVG, PDF: Automatic draws up to kVectorPoints as shapes
    bool legend = true;
    bool transparent = false;           ///< no white behind the figure
    static constexpr size_t kVectorPoints = 20000;
};

/// Pixels of a PNG file of these panels and options.
QSize figurePixels(const std::vector<ScatterScene>& panels, const FigureOptions& options);

/// Writes panels side by side, with the legend of the first, in the colours for white paper. The ending of `path`
/// chooses the format: .svg, .pdf (text stays text, lines stay lines) or .png. Atomic. Needs a QGuiApplication, on any
/// platform plugin, and no OpenGL; any thread. Errors: Usage (unknown ending, no points, dpi out of 30–2400),
/// Failed (not writable).
Result<void> exportFigure(const std::vector<ScatterScene>& panels, const std::filesystem::path& path,
                          const FigureOptions& options = {});

struct HeatMapData;
/// The same for a heat map, `side` wide and high.
Result<void> exportHeatMap(const std::shared_ptr<const HeatMapData>& data, const std::filesystem::path& path,
                           const FigureOptions& options = {});

}  // namespace txfm::ui
