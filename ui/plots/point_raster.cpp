// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/point_raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ui/plots/scatter_scene.h"

namespace txfm::ui {

namespace {

constexpr int kShifts = 4;   // positions of a disc within a pixel, per axis
constexpr int kSamples = 8;  // per pixel and axis, for the coverage of the edge

/// Coverage 0..255 of each pixel by a disc whose centre lies in pixel (half, half) at a given shift.
struct Stamp {
    int side = 0;
    std::vector<uint8_t> coverage;
};

Stamp makeStamp(double diameter, int half, double shiftX, double shiftY) {
    Stamp stamp;
    stamp.side = 2 * half + 1;
    stamp.coverage.resize(static_cast<size_t>(stamp.side) * static_cast<size_t>(stamp.side));
    const double radius = diameter / 2;
    for (int y = 0; y < stamp.side; ++y) {
        for (int x = 0; x < stamp.side; ++x) {
            int inside = 0;
            for (int sy = 0; sy < kSamples; ++sy)
                for (int sx = 0; sx < kSamples; ++sx)
                    inside += std::hypot(x + (sx + 0.5) / kSamples - half - shiftX, y + (sy + 0.5) / kSamples - half - shiftY) <= radius;
            stamp.coverage[static_cast<size_t>(y * stamp.side + x)] = static_cast<uint8_t>(inside * 255 / (kSamples * kSamples));
        }
    }
    return stamp;
}

/// `color` over `below` (premultiplied), weighted by coverage.
QRgb blend(QRgb below, QRgb color, int coverage) {
    const int keep = 255 - coverage;
    const auto mix = [&](int a, int b) { return (a * coverage + b * keep + 127) / 255; };
    return qRgba(mix(qRed(color), qRed(below)), mix(qGreen(color), qGreen(below)), mix(qBlue(color), qBlue(below)),
                 mix(255, qAlpha(below)));
}

}  // namespace

QImage rasterizePoints(const DrawList& list, const QRectF& window, QSize pixels, double diameter) {
    QImage image(pixels, QImage::Format_ARGB32_Premultiplied);
    if (image.isNull()) return image;
    image.fill(Qt::transparent);
    const int half = static_cast<int>(std::ceil(diameter / 2 + 1));
    std::array<Stamp, kShifts * kShifts> stamps;
    for (int y = 0; y < kShifts; ++y)
        for (int x = 0; x < kShifts; ++x)
            stamps[static_cast<size_t>(y * kShifts + x)] = makeStamp(diameter, half, (x + 0.5) / kShifts, (y + 0.5) / kShifts);
    const double scaleX = pixels.width() / window.width(), scaleY = pixels.height() / window.height();
    for (size_t i = 0; i < list.size(); ++i) {
        const double x = (list.xyz[3 * i] - window.left()) * scaleX;
        const double y = (window.bottom() - list.xyz[3 * i + 1]) * scaleY;
        if (x < -half || y < -half || x > pixels.width() + half || y > pixels.height() + half) continue;
        const double cellX = std::floor(x), cellY = std::floor(y);
        const auto shiftX = static_cast<size_t>((x - cellX) * kShifts), shiftY = static_cast<size_t>((y - cellY) * kShifts);
        const Stamp& stamp = stamps[shiftY * kShifts + shiftX];
        const int left = static_cast<int>(cellX) - half, top = static_cast<int>(cellY) - half;
        const QRgb color = qRgb(list.rgb[3 * i], list.rgb[3 * i + 1], list.rgb[3 * i + 2]);
        for (int row = std::max(0, -top); row < std::min(stamp.side, pixels.height() - top); ++row) {
            auto* line = reinterpret_cast<QRgb*>(image.scanLine(top + row));
            for (int column = std::max(0, -left); column < std::min(stamp.side, pixels.width() - left); ++column) {
                const int coverage = stamp.coverage[static_cast<size_t>(row * stamp.side + column)];
                if (coverage == 255) line[left + column] = color;
                else if (coverage > 0) line[left + column] = blend(line[left + column], color, coverage);
            }
        }
    }
    return image;
}

}  // namespace txfm::ui
