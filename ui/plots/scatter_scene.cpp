// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/scatter_scene.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ui/plots/color_scale.h"

namespace txfm::ui {

namespace {

constexpr double kMargin = 0.05;  // of the data range, on each side
constexpr double kFade = 0.82;    // how far unselected points move to the background
constexpr size_t kMany = 100000;  // points are a pixel or two wide from here on

bool drawable(const PointSet& points, size_t i) { return std::isfinite(points.x[i]) && std::isfinite(points.y[i]); }

bool flag(const PointMask& mask, size_t i, bool ifNull) { return mask ? (*mask)[i] != 0 : ifNull; }

/// A fixed pseudo-random permutation, so that no category covers the others by its place in the file.
std::vector<int32_t> shuffledOrder(size_t n) {
    std::vector<int32_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    uint64_t state = 0x9e3779b97f4a7c15ULL;
    for (size_t i = n; i > 1; --i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        std::swap(order[i - 1], order[(state >> 33) % i]);
    }
    return order;
}

/// Keeps the drawing order within every cell of a coarse grid, but finishes one cell before the next:
/// neighbours on the screen become neighbours in memory, several times faster to draw in software. Only
/// for so many points that each is a pixel or two, where what happens at cell borders cannot be seen.
std::vector<int32_t> orderByCell(const std::vector<int32_t>& order, const PointSet& points) {
    constexpr int kSide = 48;
    const double scaleX = kSide / std::max(points.bounds.width(), 1e-30);
    const double scaleY = kSide / std::max(points.bounds.height(), 1e-30);
    std::vector<int16_t> cellOf(points.size(), 0);
    std::vector<int32_t> next(kSide * kSide + 1, 0);
    for (size_t i = 0; i < points.size(); ++i) {
        if (drawable(points, i)) {
            const int column = std::min(static_cast<int>((points.x[i] - points.bounds.left()) * scaleX), kSide - 1);
            const int row = std::min(static_cast<int>((points.y[i] - points.bounds.top()) * scaleY), kSide - 1);
            cellOf[i] = static_cast<int16_t>(row * kSide + column);
        }
        ++next[static_cast<size_t>(cellOf[i]) + 1];
    }
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<int32_t> sorted(order.size());
    for (const int32_t i : order)
        sorted[static_cast<size_t>(next[static_cast<size_t>(cellOf[static_cast<size_t>(i)])]++)] = i;
    return sorted;
}

}  // namespace

std::shared_ptr<const PointSet> makePointSet(std::vector<float> x, std::vector<float> y) {
    auto points = std::make_shared<PointSet>();
    points->x = std::move(x);
    points->y = std::move(y);
    points->y.resize(points->x.size());
    float left = std::numeric_limits<float>::max(), right = -left, bottom = left, top = -left;
    for (size_t i = 0; i < points->size(); ++i) {
        if (!drawable(*points, i)) continue;
        left = std::min(left, points->x[i]);
        right = std::max(right, points->x[i]);
        bottom = std::min(bottom, points->y[i]);
        top = std::max(top, points->y[i]);
    }
    if (left <= right) points->bounds = QRectF(left, bottom, double(right) - left, double(top) - bottom);
    return points;
}

std::shared_ptr<const PointColors> plainColors(size_t n, bool dark) {
    auto result = std::make_shared<PointColors>();
    result->colors.assign(n, dark ? qRgb(120, 170, 225) : qRgb(58, 110, 165));
    result->order = shuffledOrder(n);
    return result;
}

std::shared_ptr<const PointColors> colorByCategory(const Categorical& labels, const QString& title, bool dark) {
    auto result = std::make_shared<PointColors>();
    result->kind = PointColors::Kind::Categorical;
    result->title = title;
    result->codes = labels.codes;
    const auto palette = categoricalPalette(labels.categories.size());
    for (size_t c = 0; c < labels.categories.size(); ++c)
        result->entries.push_back({QString::fromStdString(labels.categories[c]), palette[c], 0});
    result->colors.resize(labels.codes.size());
    const QRgb grey = missingColor(dark);
    for (size_t i = 0; i < labels.codes.size(); ++i) {
        const int32_t code = labels.codes[i];
        if (code < 0 || static_cast<size_t>(code) >= palette.size()) {
            result->codes[i] = -1;
            result->colors[i] = grey;
            ++result->missing;
        } else {
            result->colors[i] = palette[static_cast<size_t>(code)];
            ++result->entries[static_cast<size_t>(code)].count;
        }
    }
    result->order = shuffledOrder(labels.codes.size());
    std::stable_partition(result->order.begin(), result->order.end(),
                          [&](int32_t i) { return result->codes[static_cast<size_t>(i)] < 0; });
    return result;
}

std::shared_ptr<const PointColors> colorByValue(std::vector<float> values, const QString& title,
                                                const QString& unit, bool dark) {
    auto result = std::make_shared<PointColors>();
    result->kind = PointColors::Kind::Continuous;
    result->title = title;
    result->unit = unit;
    double low = std::numeric_limits<double>::max(), high = -low;
    for (float& value : values) {
        if (!std::isfinite(value)) {
            value = std::numeric_limits<float>::quiet_NaN();
            ++result->missing;
            continue;
        }
        low = std::min<double>(low, value);
        high = std::max<double>(high, value);
    }
    if (low > high) low = high = 0;
    result->low = low;
    result->high = high;
    const double span = high > low ? high - low : 1;
    result->colors.resize(values.size());
    const QRgb grey = missingColor(dark);
    for (size_t i = 0; i < values.size(); ++i)
        result->colors[i] = std::isnan(values[i]) ? grey : viridis((values[i] - low) / span);

    std::vector<std::pair<float, int32_t>> keyed(values.size());
    for (size_t i = 0; i < values.size(); ++i)
        keyed[i] = {std::isnan(values[i]) ? -std::numeric_limits<float>::infinity() : values[i],
                    static_cast<int32_t>(i)};
    std::sort(keyed.begin(), keyed.end());
    result->order.resize(values.size());
    std::transform(keyed.begin(), keyed.end(), result->order.begin(), [](const auto& k) { return k.second; });
    result->values = std::move(values);
    return result;
}

QString colorValueText(const PointColors& colors, size_t point) {
    if (colors.kind == PointColors::Kind::Categorical && point < colors.codes.size()) {
        const int32_t code = colors.codes[point];
        return code < 0 ? QStringLiteral("no value") : colors.entries[static_cast<size_t>(code)].label;
    }
    if (colors.kind == PointColors::Kind::Continuous && point < colors.values.size()) {
        const float value = colors.values[point];
        return std::isnan(value) ? QStringLiteral("no value") : QString::number(value, 'g', 4);
    }
    return {};
}

std::vector<PlotLabel> categoryLabels(const PointSet& points, const PointColors& colors, const PointMask& shown,
                                      int64_t minimum) {
    std::vector<PlotLabel> labels;
    if (colors.kind != PointColors::Kind::Categorical || colors.codes.size() != points.size()) return labels;
    std::vector<std::vector<float>> xs(colors.entries.size()), ys(colors.entries.size());
    for (size_t i = 0; i < points.size(); ++i) {
        if (colors.codes[i] < 0 || !drawable(points, i) || !flag(shown, i, true)) continue;
        xs[static_cast<size_t>(colors.codes[i])].push_back(points.x[i]);
        ys[static_cast<size_t>(colors.codes[i])].push_back(points.y[i]);
    }
    const auto median = [](std::vector<float>& v) {
        const auto middle = v.begin() + static_cast<ptrdiff_t>(v.size() / 2);
        std::nth_element(v.begin(), middle, v.end());
        return static_cast<double>(*middle);
    };
    for (size_t c = 0; c < xs.size(); ++c) {
        if (static_cast<int64_t>(xs[c].size()) < std::max<int64_t>(minimum, 1)) continue;
        labels.push_back({colors.entries[c].label, {median(xs[c]), median(ys[c])}});
    }
    return labels;
}

DrawList composeDrawList(const ScatterScene& scene) {
    DrawList list;
    if (!scene.points || !scene.colors || scene.colors->order.size() != scene.points->size()) return list;
    const PointSet& points = *scene.points;
    const PointColors& colors = *scene.colors;
    const bool selecting =
        scene.selected && std::any_of(scene.selected->begin(), scene.selected->end(), [](uint8_t s) { return s; });
    const QRgb background = sceneBackground(scene.dark);
    list.xyz.resize(points.size() * 3);
    list.rgb.resize(points.size() * 3);
    const std::vector<int32_t> sorted = points.size() > kMany ? orderByCell(colors.order, points) : std::vector<int32_t>();
    const std::vector<int32_t>& order = sorted.empty() ? colors.order : sorted;
    size_t used = 0;
    const auto append = [&](size_t i, QRgb color) {
        float* position = list.xyz.data() + used * 3;
        position[0] = points.x[i];
        position[1] = points.y[i];
        position[2] = 0;
        uint8_t* rgb = list.rgb.data() + used * 3;
        rgb[0] = static_cast<uint8_t>(qRed(color));
        rgb[1] = static_cast<uint8_t>(qGreen(color));
        rgb[2] = static_cast<uint8_t>(qBlue(color));
        ++used;
    };
    for (int pass = selecting ? 0 : 1; pass < 2; ++pass) {
        for (const int32_t index : order) {
            const auto i = static_cast<size_t>(index);
            if (!flag(scene.shown, i, true) || !drawable(points, i)) continue;
            if (selecting && flag(scene.selected, i, false) != (pass == 1)) continue;
            append(i, pass == 0 ? mixColors(colors.colors[i], background, kFade) : colors.colors[i]);
        }
    }
    list.xyz.resize(used * 3);
    list.rgb.resize(used * 3);
    return list;
}

QRgb sceneBackground(bool dark) { return dark ? qRgb(26, 31, 36) : qRgb(255, 255, 255); }

QRectF fullWindow(const PointSet& points) {
    QRectF box = points.bounds;
    if (box.width() <= 0) box.adjust(-1, 0, 1, 0);
    if (box.height() <= 0) box.adjust(0, -1, 0, 1);
    return box.adjusted(-kMargin * box.width(), -kMargin * box.height(), kMargin * box.width(), kMargin * box.height());
}

QRectF fitWindow(const QRectF& window, const QSizeF& size) {
    if (size.width() <= 0 || size.height() <= 0 || window.isEmpty()) return window;
    const double scale = std::max(window.width() / size.width(), window.height() / size.height());
    QRectF fitted(0, 0, scale * size.width(), scale * size.height());
    fitted.moveCenter(window.center());
    return fitted;
}

double automaticPointSize(size_t n, double extent, double zoom) {
    constexpr double kPixelsPerPoint = 96.0 / 72.0;
    const double scale = std::clamp(extent / 384.0, 0.5, 4.0);  // 4 inches at 96 dpi
    const double diameter = std::sqrt(120000.0 / std::max<double>(1, static_cast<double>(n))) * kPixelsPerPoint * scale;
    const double base = std::clamp(diameter, 1.2, 9.0 * scale);
    return std::min(base * std::pow(std::max(zoom, 1.0), 0.4), 24.0 * scale);
}

}  // namespace txfm::ui
