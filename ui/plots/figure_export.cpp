// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/figure_export.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <QImage>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSvgGenerator>

#include "core/base/atomic_file.h"
#include "ui/plots/color_scale.h"
#include "ui/plots/heat_map.h"
#include "ui/plots/legend_painter.h"
#include "ui/plots/point_raster.h"
#include "ui/plots/scatter_overlay.h"

namespace txfm::ui {

namespace {

constexpr double kMargin = 16, kTitleHeight = 24, kPanelGap = 20;
constexpr double kMaxPixels = 400e6;

QFont figureFont() {
    QFont font(QStringLiteral("Arial"));
    font.setStyleHint(QFont::SansSerif);
    font.setPixelSize(12);
    return font;
}

/// The scene as it looks on white paper, whatever the window's theme.
ScatterScene onWhite(const ScatterScene& scene) {
    ScatterScene white = scene;
    white.dark = false;
    if (!scene.dark || !scene.colors) return white;
    auto colors = std::make_shared<PointColors>(*scene.colors);
    for (size_t i = 0; i < colors->colors.size(); ++i) {
        const bool missing = colors->kind == PointColors::Kind::Categorical  ? colors->codes[i] < 0
                             : colors->kind == PointColors::Kind::Continuous ? std::isnan(colors->values[i])
                                                                             : false;
        if (missing) colors->colors[i] = missingColor(false);
    }
    if (colors->kind == PointColors::Kind::Plain) colors->colors = plainColors(colors->colors.size(), false)->colors;
    white.colors = std::move(colors);
    return white;
}

void paintPoints(QPainter& painter, const DrawList& list, const QRectF& window, const QRectF& frame, double diameter) {
    painter.setPen(Qt::NoPen);
    QRgb current = 0;
    bool first = true;
    for (size_t i = 0; i < list.size(); ++i) {
        const double x = frame.left() + (list.xyz[3 * i] - window.left()) / window.width() * frame.width();
        const double y = frame.bottom() - (list.xyz[3 * i + 1] - window.top()) / window.height() * frame.height();
        if (!frame.adjusted(-diameter, -diameter, diameter, diameter).contains(x, y)) continue;
        const QRgb color = qRgb(list.rgb[3 * i], list.rgb[3 * i + 1], list.rgb[3 * i + 2]);
        if (first || color != current) painter.setBrush(QColor(color));
        first = false;
        current = color;
        painter.drawEllipse(QPointF(x, y), diameter / 2, diameter / 2);
    }
}

void paintPanel(QPainter& painter, const ScatterScene& given, const QRectF& panel, const FigureOptions& options,
                bool vector) {
    ScatterScene scene = onWhite(given);
    QRectF frame = panel;
    if (!scene.title.isEmpty()) {
        QFont bold = painter.font();
        bold.setWeight(QFont::DemiBold);
        painter.save();
        painter.setFont(bold);
        painter.setPen(Qt::black);
        painter.drawText(QPointF(panel.left(), panel.top() + kTitleHeight * 0.65), scene.title);
        painter.restore();
        frame.setTop(frame.top() + kTitleHeight);
    }
    if (scene.window.isEmpty()) scene.window = fullWindow(*scene.points);
    const double zoom = fullWindow(*scene.points).width() / scene.window.width();
    if (scene.equalScale) scene.window = fitWindow(scene.window, frame.size());
    const double diameter = scene.sizeFactor *
                            automaticPointSize(scene.points->size(), std::min(frame.width(), frame.height()), zoom);
    const DrawList list = composeDrawList(scene);
    const bool shapes = vector && options.points != FigureOptions::Points::Raster &&
                        (options.points == FigureOptions::Points::Vector || list.size() <= FigureOptions::kVectorPoints);
    if (shapes) {
        painter.save();
        painter.setClipRect(frame);
        paintPoints(painter, list, scene.window, frame, diameter);
        painter.restore();
    } else {
        const double scale = options.dpi / 96.0;
        painter.drawImage(frame, rasterizePoints(list, scene.window, (frame.size() * scale).toSize(), diameter * scale));
    }
    paintScatterAnnotations(painter, scene, frame, [&](QPointF p) {
        return QPointF(frame.left() + (p.x() - scene.window.left()) / scene.window.width() * frame.width(),
                       frame.bottom() - (p.y() - scene.window.top()) / scene.window.height() * frame.height());
    });
    painter.setPen(QPen(QColor(190, 196, 202), 0.8));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(frame);
}

void paintFigure(QPainter& painter, const std::vector<ScatterScene>& panels, const FigureOptions& options, bool vector) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(figureFont());
    double left = kMargin;
    for (const ScatterScene& scene : panels) {
        paintPanel(painter, scene, QRectF(QPointF(left, kMargin), options.panelSize), options, vector);
        left += options.panelSize.width() + kPanelGap;
    }
    if (options.legend)
        paintLegend(painter, *onWhite(panels.front()).colors, QRectF(left, kMargin, 1e6, options.panelSize.height()));
}

QSizeF figureSize(const std::vector<ScatterScene>& panels, const FigureOptions& options) {
    const auto n = static_cast<double>(panels.size());
    double width = 2 * kMargin + n * options.panelSize.width() + (n - 1) * kPanelGap;
    if (options.legend) {
        const double legend = legendWidth(*panels.front().colors, figureFont(), options.panelSize.height());
        if (legend > 0) width += kPanelGap + legend;
    }
    return {std::ceil(width), std::ceil(options.panelSize.height() + 2 * kMargin)};
}

QSize pixelsOf(const QSizeF& size, int dpi) { return (size * (dpi / 96.0)).toSize(); }

/// Opens an SVG, PDF or PNG of that size (1/96 inch), lets `paint` draw and puts the file in its place.
Result<void> writeFigure(const std::filesystem::path& path, const QSizeF& size, const FigureOptions& options, const QString& title,
                         const std::function<void(QPainter&, bool vector)>& paint) {
    const std::string ending = path.extension().string();
    const int dpi = options.dpi;
    if (ending != ".svg" && ending != ".png" && ending != ".pdf")
        return usageError("The figure " + path.string() + " must end in .svg, .pdf or .png.");
    if (dpi < 30 || dpi > 2400)
        return usageError("A resolution of " + std::to_string(dpi) + " dpi is out of range; choose 30 to 2400.");
    const double scale = dpi / 96.0;
    if (ending == ".png" && size.width() * size.height() * scale * scale > kMaxPixels)
        return usageError("The figure would have more than 400 million pixels; choose a lower resolution.");
    TXFM_TRY(AtomicFile file, AtomicFile::create(path));
    const QString target = QString::fromStdString(file.temporaryPath().string());
    const Error notWritten = failed("The figure " + path.string() + " cannot be written.", "Check the folder and the free space of the disk.");
    const auto paintPaper = [&](QPainter& painter) {
        if (!options.transparent) painter.fillRect(QRectF(QPointF(0, 0), size), Qt::white);
    };
    if (ending == ".svg") {
        QSvgGenerator generator;
        generator.setFileName(target);
        generator.setResolution(96);
        generator.setSize(size.toSize());
        generator.setViewBox(QRectF(QPointF(0, 0), size));
        generator.setTitle(title);
        generator.setDescription(QStringLiteral("TxFM Studio"));
        QPainter painter;
        if (!painter.begin(&generator)) return notWritten;
        paintPaper(painter);
        paint(painter, true);
        painter.end();
    } else if (ending == ".pdf") {
        QPdfWriter writer(target);
        writer.setTitle(title);
        writer.setCreator(QStringLiteral("TxFM Studio"));
        constexpr int kUnitsPerInch = 1200;
        writer.setResolution(kUnitsPerInch);
        writer.setPageSize(QPageSize(size / 96.0, QPageSize::Inch, QString(), QPageSize::ExactMatch));
        writer.setPageMargins(QMarginsF());
        QPainter painter;
        if (!painter.begin(&writer)) return notWritten;
        painter.scale(kUnitsPerInch / 96.0, kUnitsPerInch / 96.0);
        paintPaper(painter);
        paint(painter, true);
        if (!painter.end()) return notWritten;
    } else {
        QImage image(pixelsOf(size, dpi), options.transparent ? QImage::Format_ARGB32_Premultiplied : QImage::Format_RGB32);
        if (image.isNull())
            return Error{ErrorCode::OutOfMemory, "There is not enough memory for a figure of that size.", "Choose a lower resolution."};
        image.fill(options.transparent ? Qt::transparent : Qt::white);
        image.setDotsPerMeterX(qRound(dpi / 0.0254));
        image.setDotsPerMeterY(qRound(dpi / 0.0254));
        QPainter painter(&image);
        painter.scale(scale, scale);
        paint(painter, false);
        painter.end();
        if (!image.save(target, "PNG")) return notWritten;
    }
    return file.commit();
}

}  // namespace

QSize figurePixels(const std::vector<ScatterScene>& panels, const FigureOptions& options) {
    return panels.empty() || !panels.front().colors ? QSize() : pixelsOf(figureSize(panels, options), options.dpi);
}

Result<void> exportFigure(const std::vector<ScatterScene>& panels, const std::filesystem::path& path,
                          const FigureOptions& options) {
    if (panels.empty()) return usageError("There is no map to export.");
    for (const ScatterScene& scene : panels)
        if (!scene.points || scene.points->size() == 0 || !scene.colors) return usageError("There is no map to export.");
    return writeFigure(path, figureSize(panels, options), options, panels.front().title,
                       [&](QPainter& painter, bool vector) { paintFigure(painter, panels, options, vector); });
}

Result<void> exportHeatMap(const std::shared_ptr<const HeatMapData>& data, const std::filesystem::path& path,
                           const FigureOptions& options) {
    if (!data || data->size() == 0) return usageError("There is no heat map to export.");
    const double side = std::clamp(160.0 + 14.0 * static_cast<double>(data->size()), 420.0, 1600.0);
    const QSizeF size(side + 2 * kMargin, side + 2 * kMargin);
    return writeFigure(path, size, options, data->quantity, [&](QPainter& painter, bool) {
        painter.setFont(figureFont());
        HeatMap::paint(painter, *data, QRectF(QPointF(kMargin, kMargin), QSizeF(side, side)), Qt::black);
    });
}

}  // namespace txfm::ui
