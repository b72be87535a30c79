// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/color_scale.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>

namespace txfm::ui {

namespace {

// The matplotlib colour map "viridis" (Stéfan van der Walt, Nathaniel Smith; CC0).
constexpr std::array<QRgb, 256> kViridis = {
    0x440154, 0x440256, 0x450457, 0x450559, 0x46075a, 0x46085c, 0x460a5d, 0x460b5e, 0x470d60,
    0x470e61, 0x471063, 0x471164, 0x471365, 0x481467, 0x481668, 0x481769, 0x48186a, 0x481a6c,
    0x481b6d, 0x481c6e, 0x481d6f, 0x481f70, 0x482071, 0x482173, 0x482374, 0x482475, 0x482576,
    0x482677, 0x482878, 0x482979, 0x472a7a, 0x472c7a, 0x472d7b, 0x472e7c, 0x472f7d, 0x46307e,
    0x46327e, 0x46337f, 0x463480, 0x453581, 0x453781, 0x453882, 0x443983, 0x443a83, 0x443b84,
    0x433d84, 0x433e85, 0x423f85, 0x424086, 0x424186, 0x414287, 0x414487, 0x404588, 0x404688,
    0x3f4788, 0x3f4889, 0x3e4989, 0x3e4a89, 0x3e4c8a, 0x3d4d8a, 0x3d4e8a, 0x3c4f8a, 0x3c508b,
    0x3b518b, 0x3b528b, 0x3a538b, 0x3a548c, 0x39558c, 0x39568c, 0x38588c, 0x38598c, 0x375a8c,
    0x375b8d, 0x365c8d, 0x365d8d, 0x355e8d, 0x355f8d, 0x34608d, 0x34618d, 0x33628d, 0x33638d,
    0x32648e, 0x32658e, 0x31668e, 0x31678e, 0x31688e, 0x30698e, 0x306a8e, 0x2f6b8e, 0x2f6c8e,
    0x2e6d8e, 0x2e6e8e, 0x2e6f8e, 0x2d708e, 0x2d718e, 0x2c718e, 0x2c728e, 0x2c738e, 0x2b748e,
    0x2b758e, 0x2a768e, 0x2a778e, 0x2a788e, 0x29798e, 0x297a8e, 0x297b8e, 0x287c8e, 0x287d8e,
    0x277e8e, 0x277f8e, 0x27808e, 0x26818e, 0x26828e, 0x26828e, 0x25838e, 0x25848e, 0x25858e,
    0x24868e, 0x24878e, 0x23888e, 0x23898e, 0x238a8d, 0x228b8d, 0x228c8d, 0x228d8d, 0x218e8d,
    0x218f8d, 0x21908d, 0x21918c, 0x20928c, 0x20928c, 0x20938c, 0x1f948c, 0x1f958b, 0x1f968b,
    0x1f978b, 0x1f988b, 0x1f998a, 0x1f9a8a, 0x1e9b8a, 0x1e9c89, 0x1e9d89, 0x1f9e89, 0x1f9f88,
    0x1fa088, 0x1fa188, 0x1fa187, 0x1fa287, 0x20a386, 0x20a486, 0x21a585, 0x21a685, 0x22a785,
    0x22a884, 0x23a983, 0x24aa83, 0x25ab82, 0x25ac82, 0x26ad81, 0x27ad81, 0x28ae80, 0x29af7f,
    0x2ab07f, 0x2cb17e, 0x2db27d, 0x2eb37c, 0x2fb47c, 0x31b57b, 0x32b67a, 0x34b679, 0x35b779,
    0x37b878, 0x38b977, 0x3aba76, 0x3bbb75, 0x3dbc74, 0x3fbc73, 0x40bd72, 0x42be71, 0x44bf70,
    0x46c06f, 0x48c16e, 0x4ac16d, 0x4cc26c, 0x4ec36b, 0x50c46a, 0x52c569, 0x54c568, 0x56c667,
    0x58c765, 0x5ac864, 0x5cc863, 0x5ec962, 0x60ca60, 0x63cb5f, 0x65cb5e, 0x67cc5c, 0x69cd5b,
    0x6ccd5a, 0x6ece58, 0x70cf57, 0x73d056, 0x75d054, 0x77d153, 0x7ad151, 0x7cd250, 0x7fd34e,
    0x81d34d, 0x84d44b, 0x86d549, 0x89d548, 0x8bd646, 0x8ed645, 0x90d743, 0x93d741, 0x95d840,
    0x98d83e, 0x9bd93c, 0x9dd93b, 0xa0da39, 0xa2da37, 0xa5db36, 0xa8db34, 0xaadc32, 0xaddc30,
    0xb0dd2f, 0xb2dd2d, 0xb5de2b, 0xb8de29, 0xbade28, 0xbddf26, 0xc0df25, 0xc2df23, 0xc5e021,
    0xc8e020, 0xcae11f, 0xcde11d, 0xd0e11c, 0xd2e21b, 0xd5e21a, 0xd8e219, 0xdae319, 0xdde318,
    0xdfe318, 0xe2e418, 0xe5e419, 0xe7e419, 0xeae51a, 0xece51b, 0xefe51c, 0xf1e51d, 0xf4e61e,
    0xf6e620, 0xf8e621, 0xfbe723, 0xfde725,
};

// Okabe & Ito, "Color Universal Design" (2008); black last because it vanishes on dark windows.
constexpr std::array<QRgb, 8> kOkabeIto = {0xe69f00, 0x56b4e9, 0x009e73, 0xf0e442,
                                           0x0072b2, 0xd55e00, 0xcc79a7, 0x000000};

constexpr QRgb kOpaque = 0xff000000;

struct Lab {
    double l = 0, a = 0, b = 0;
};

double toLinear(double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); }
double toGamma(double v) { return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055; }

// OKLab (Björn Ottosson, 2020): distances in it are close to perceived ones.
Lab toLab(QRgb color) {
    const double r = toLinear(qRed(color) / 255.0), g = toLinear(qGreen(color) / 255.0),
                 b = toLinear(qBlue(color) / 255.0);
    const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

/// False when the colour lies outside sRGB.
bool fromLab(const Lab& lab, QRgb* color) {
    const double l = std::pow(lab.l + 0.3963377774 * lab.a + 0.2158037573 * lab.b, 3);
    const double m = std::pow(lab.l - 0.1055613458 * lab.a - 0.0638541728 * lab.b, 3);
    const double s = std::pow(lab.l - 0.0894841775 * lab.a - 1.2914855480 * lab.b, 3);
    const std::array<double, 3> rgb = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                                       -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                                       -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    std::array<int, 3> bytes{};
    for (size_t i = 0; i < 3; ++i) {
        if (rgb[i] < -1e-4 || rgb[i] > 1 + 1e-4) return false;
        bytes[i] = static_cast<int>(std::lround(255 * toGamma(std::clamp(rgb[i], 0.0, 1.0))));
    }
    *color = qRgb(bytes[0], bytes[1], bytes[2]);
    return true;
}

double distance(const Lab& p, const Lab& q) { return std::hypot(p.l - q.l, p.a - q.a, p.b - q.b); }

/// Saturated colours of middle lightness: visible on white and on dark, none of them grey.
std::vector<Lab> paletteCandidates() {
    std::vector<Lab> candidates;
    QRgb unused = 0;
    for (double l = 0.40; l <= 0.84; l += 0.055) {
        for (double chroma = 0.09; chroma <= 0.27; chroma += 0.03) {
            for (int degrees = 0; degrees < 360; degrees += 6) {
                const double hue = degrees * M_PI / 180;
                const Lab lab{l, chroma * std::cos(hue), chroma * std::sin(hue)};
                if (fromLab(lab, &unused)) candidates.push_back(lab);
            }
        }
    }
    return candidates;
}

/// Starts with Okabe-Ito's seven colours and adds, each time, the candidate farthest from all
/// chosen ones, so that every prefix of the sequence is a good palette.
const std::vector<QRgb>& distinctColors(size_t n) {
    static std::mutex mutex;
    static std::vector<QRgb> colors;
    static std::vector<Lab> candidates;
    static std::vector<double> nearest;
    const std::lock_guard lock(mutex);
    const auto take = [](QRgb color) {
        colors.push_back(color | kOpaque);
        const Lab lab = toLab(color);
        for (size_t i = 0; i < candidates.size(); ++i)
            nearest[i] = std::min(nearest[i], distance(candidates[i], lab));
    };
    if (colors.empty()) {
        colors.reserve(kMaxDistinctColors);
        candidates = paletteCandidates();
        nearest.assign(candidates.size(), std::numeric_limits<double>::max());
        for (size_t i = 0; i + 1 < kOkabeIto.size(); ++i) take(kOkabeIto[i]);
    }
    while (colors.size() < std::min(n, kMaxDistinctColors)) {
        const auto best = std::max_element(nearest.begin(), nearest.end()) - nearest.begin();
        QRgb color = 0;
        fromLab(candidates[static_cast<size_t>(best)], &color);
        take(color);
    }
    return colors;
}

QRgb interpolate(QRgb from, QRgb to, double t) {
    const Lab p = toLab(from), q = toLab(to);
    QRgb color = from;
    fromLab({p.l + t * (q.l - p.l), p.a + t * (q.a - p.a), p.b + t * (q.b - p.b)}, &color);
    return color | kOpaque;
}

}  // namespace

QRgb viridis(double t) {
    const double clamped = std::clamp(std::isnan(t) ? 0.0 : t, 0.0, 1.0);
    return kViridis[static_cast<size_t>(std::lround(clamped * 255))] | kOpaque;
}

QRgb diverging(double t) {
    static const std::array<QRgb, 257> table = [] {
        constexpr std::array<QRgb, 4> blue = {0xf7f7f7, 0x9dc3e2, 0x3c85bd, 0x0b3d74};
        constexpr std::array<QRgb, 4> red = {0xf7f7f7, 0xf4ad8f, 0xcf4a44, 0x740a26};
        std::array<QRgb, 257> colors{};
        for (int i = -128; i <= 128; ++i) {
            const auto& side = i < 0 ? blue : red;
            const double position = std::abs(i) / 128.0 * 3;
            const auto segment = std::min<size_t>(static_cast<size_t>(position), 2);
            colors[static_cast<size_t>(i + 128)] =
                interpolate(side[segment], side[segment + 1], position - static_cast<double>(segment));
        }
        return colors;
    }();
    const double clamped = std::clamp(std::isnan(t) ? 0.0 : t, -1.0, 1.0);
    return table[static_cast<size_t>(std::lround(clamped * 128) + 128)];
}

std::vector<QRgb> categoricalPalette(size_t n, bool dark) {
    std::vector<QRgb> palette;
    palette.reserve(n);
    if (n <= kOkabeIto.size()) {
        for (size_t i = 0; i < n; ++i) palette.push_back(kOkabeIto[i] | kOpaque);
        if (dark && n == kOkabeIto.size()) palette.back() = 0xffffffff;
        return palette;
    }
    // Few levels get few, far apart colours; the steps are those that scanpy users know.
    const size_t step = n <= 20 ? 20 : n <= 28 ? 28 : n <= 102 ? 102 : n;
    const auto& colors = distinctColors(step);
    for (size_t i = 0; i < n; ++i) palette.push_back(colors[i % std::min(colors.size(), kMaxDistinctColors)]);
    return palette;
}

QRgb missingColor(bool dark) { return dark ? qRgb(74, 74, 78) : qRgb(211, 211, 211); }

QRgb mixColors(QRgb color, QRgb with, double share) {
    const auto mix = [share](int a, int b) { return static_cast<int>(std::lround(a + share * (b - a))); };
    return qRgb(mix(qRed(color), qRed(with)), mix(qGreen(color), qGreen(with)), mix(qBlue(color), qBlue(with)));
}

double colorDistance(QRgb a, QRgb b) { return distance(toLab(a), toLab(b)); }

double colorChroma(QRgb color) {
    const Lab lab = toLab(color);
    return std::hypot(lab.a, lab.b);
}

}  // namespace txfm::ui
