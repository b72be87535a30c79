// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/category_palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace txfm::ui {
namespace {

struct Lab {
    double l, a, b;
};

double toLinear(double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); }
double toGamma(double v) { return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055; }

Lab toLab(const QColor& colour) {
    const double r = toLinear(colour.redF()), g = toLinear(colour.greenF()), b = toLinear(colour.blueF());
    const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

/// False when the colour lies outside sRGB.
bool toColour(const Lab& c, QColor* out) {
    const double l = std::pow(c.l + 0.3963377774 * c.a + 0.2158037573 * c.b, 3);
    const double m = std::pow(c.l - 0.1055613458 * c.a - 0.0638541728 * c.b, 3);
    const double s = std::pow(c.l - 0.0894841775 * c.a - 1.2914855480 * c.b, 3);
    const std::array<double, 3> rgb{4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                                    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                                    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    if (std::ranges::any_of(rgb, [](double v) { return v < 0 || v > 1; })) return false;
    *out = QColor::fromRgbF(static_cast<float>(toGamma(rgb[0])), static_cast<float>(toGamma(rgb[1])),
                            static_cast<float>(toGamma(rgb[2])));
    return true;
}

double distance(const Lab& x, const Lab& y) {
    // Lightness counts less: points on a plot are told apart by hue first.
    return std::hypot(0.7 * (x.l - y.l), x.a - y.a, x.b - y.b);
}

std::vector<QColor> makePalette() {
    std::vector<QColor> palette{QColor(0x0072B2), QColor(0xE69F00), QColor(0x009E73), QColor(0xCC79A7),
                                QColor(0x56B4E9), QColor(0xD55E00), QColor(0xD9C400), QColor(0x8C510A)};
    std::vector<Lab> candidates;
    for (double l = 0.45; l <= 0.86; l += 0.05) {
        for (double chroma = 0.09; chroma <= 0.27; chroma += 0.03) {
            for (int hue = 0; hue < 360; hue += 8) {
                const double angle = hue * std::numbers::pi / 180;
                candidates.push_back({l, chroma * std::cos(angle), chroma * std::sin(angle)});
            }
        }
    }
    QColor probe;
    std::erase_if(candidates, [&](const Lab& c) { return !toColour(c, &probe); });
    std::vector<double> nearest(candidates.size(), 1e9);
    const auto include = [&](const Lab& chosen) {
        for (size_t i = 0; i < candidates.size(); ++i)
            nearest[i] = std::min(nearest[i], distance(candidates[i], chosen));
    };
    for (const QColor& colour : palette) include(toLab(colour));
    while (palette.size() < kCategoryColours) {
        const auto best = static_cast<size_t>(std::ranges::max_element(nearest) - nearest.begin());
        QColor colour;
        toColour(candidates[best], &colour);
        palette.push_back(colour);
        include(candidates[best]);
    }
    return palette;
}

}  // namespace

QColor categoryColour(int level) {
    static const std::vector<QColor> palette = makePalette();
    return palette[static_cast<size_t>(((level % kCategoryColours) + kCategoryColours) % kCategoryColours)];
}

}  // namespace txfm::ui
