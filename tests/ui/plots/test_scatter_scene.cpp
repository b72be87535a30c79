// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <QColor>
#include <QTest>

#include "ui/plots/color_scale.h"
#include "ui/plots/map_axes.h"
#include "ui/plots/scatter_scene.h"

using namespace txfm;
using namespace txfm::ui;

namespace {
const float kNan = std::numeric_limits<float>::quiet_NaN();

QRgb drawn(const DrawList& list, size_t i) { return qRgb(list.rgb[3 * i], list.rgb[3 * i + 1], list.rgb[3 * i + 2]); }
}  // namespace

class TestScatterScene : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void viridisEqualsMatplotlib() {
        // matplotlib.colormaps['viridis'] at 0, 64, 128, 200 and 255.
        QCOMPARE(QColor(viridis(0)).name(), QStringLiteral("#440154"));
        QCOMPARE(QColor(viridis(64 / 255.0)).name(), QStringLiteral("#3b528b"));
        QCOMPARE(QColor(viridis(128 / 255.0)).name(), QStringLiteral("#21918c"));
        QCOMPARE(QColor(viridis(200 / 255.0)).name(), QStringLiteral("#70cf57"));
        QCOMPARE(QColor(viridis(1)).name(), QStringLiteral("#fde725"));
        QCOMPARE(viridis(7), viridis(1));
        QCOMPARE(viridis(-3), viridis(0));
    }
    void divergingIsCentredAtZero() {
        const QColor middle(diverging(0)), low(diverging(-1)), high(diverging(1));
        QVERIFY(middle.lightness() > 235 && middle.hslSaturation() < 10);
        QVERIFY(low.blue() > low.red() + 50);
        QVERIFY(high.red() > high.blue() + 50);
        for (double t = 0.05; t <= 1; t += 0.05) {  // darker with distance from 0, on both sides alike
            QVERIFY(QColor(diverging(t)).lightness() <= QColor(diverging(t - 0.05)).lightness());
            QVERIFY(QColor(diverging(-t)).lightness() <= QColor(diverging(0.05 - t)).lightness());
        }
    }
    void palettesAreDistinctAndNeverGrey_data() {
        QTest::addColumn<int>("levels");
        for (const int n : {2, 8, 20, 28, 102}) QTest::newRow(qPrintable(QString::number(n))) << n;
    }
    void palettesAreDistinctAndNeverGrey() {
        QFETCH(int, levels);
        const auto palette = categoricalPalette(static_cast<size_t>(levels));
        QCOMPARE(palette.size(), static_cast<size_t>(levels));
        QCOMPARE(std::set<QRgb>(palette.begin(), palette.end()).size(), palette.size());
        for (const QRgb color : palette) {
            const int high = std::max({qRed(color), qGreen(color), qBlue(color)});
            const int low = std::min({qRed(color), qGreen(color), qBlue(color)});
            QVERIFY2(high - low >= 40, qPrintable(QColor(color).name()));
        }
    }
    void boundsLeaveOutWhatIsNotFinite() {
        const auto points = makePointSet({0, 4, kNan, 2}, {1, 3, 50, INFINITY});
        QCOMPARE(points->bounds, QRectF(0, 1, 4, 2));
        ScatterScene scene;
        scene.points = points;
        scene.colors = plainColors(4, false);
        QCOMPARE(composeDrawList(scene).size(), size_t{2});
    }
    void highestValueIsDrawnLastAndMissingFirst() {
        const auto colors = colorByValue({3, kNan, 9, -1, INFINITY}, QStringLiteral("g"), {}, false);
        QCOMPARE(colors->missing, int64_t{2});
        QCOMPARE(colors->low, -1.0);
        QCOMPARE(colors->high, 9.0);
        QCOMPARE(colors->order.back(), 2);
        QCOMPARE(colors->order[3], 0);
        QCOMPARE(std::set<int32_t>(colors->order.begin(), colors->order.begin() + 2), (std::set<int32_t>{1, 4}));
        QCOMPARE(colors->colors[1], missingColor(false));
        QCOMPARE(colors->colors[2], viridis(1));
        QCOMPARE(colors->colors[3], viridis(0));
        QCOMPARE(colorValueText(*colors, 1), QStringLiteral("no value"));
        QCOMPARE(colorValueText(*colors, 0), QStringLiteral("3"));
    }
    void constantValuesAreOneColour() {
        const auto colors = colorByValue({2, 2, 2}, QStringLiteral("g"), {}, false);
        QCOMPARE(colors->colors[0], viridis(0));
        QCOMPARE(colors->colors[2], colors->colors[0]);
    }
    void categoriesAreCountedAndMissingIsGrey() {
        Categorical labels;
        labels.categories = {"B", "T", "unused"};
        labels.codes = {0, 1, 1, -1, 1};
        const auto colors = colorByCategory(labels, QStringLiteral("type"), false);
        QCOMPARE(colors->entries[0].count, int64_t{1});
        QCOMPARE(colors->entries[1].count, int64_t{3});
        QCOMPARE(colors->entries[2].count, int64_t{0});
        QCOMPARE(colors->missing, int64_t{1});
        QCOMPARE(colors->order.front(), 3);
        QCOMPARE(colors->colors[3], missingColor(false));
        QVERIFY(colors->colors[0] != colors->colors[1]);
        QCOMPARE(colorValueText(*colors, 2), QStringLiteral("T"));
    }
    void labelsStandAtTheMedian() {
        Categorical labels;
        labels.categories = {"a", "b"};
        labels.codes = {0, 0, 0, 1, 1};
        const auto points = makePointSet({0, 1, 100, 7, 7}, {0, 5, 6, -2, -2});
        const auto colors = colorByCategory(labels, QStringLiteral("c"), false);
        const auto found = categoryLabels(*points, *colors, nullptr);
        QCOMPARE(found.size(), size_t{2});
        QCOMPARE(found[0].position, QPointF(1, 5));  // an outlier does not move it
        QCOMPARE(found[1].position, QPointF(7, -2));
        const auto mask = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>{1, 1, 1, 0, 0});
        QCOMPARE(categoryLabels(*points, *colors, mask).size(), size_t{1});
    }
    void selectionIsDrawnOnTopAndTheRestFades() {
        ScatterScene scene;
        scene.points = makePointSet({0, 1, 2}, {0, 0, 0});
        scene.colors = colorByValue({5, 9, 7}, QStringLiteral("g"), {}, false);
        scene.selected = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>{1, 0, 0});
        const DrawList list = composeDrawList(scene);
        QCOMPARE(list.size(), size_t{3});
        QCOMPARE(list.xyz[6], 0.0f);  // the selected point comes last
        QCOMPARE(drawn(list, 2), scene.colors->colors[0]);
        QVERIFY(QColor(drawn(list, 1)).lightness() > QColor(scene.colors->colors[1]).lightness());
        scene.shown = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>{0, 1, 1});
        QCOMPARE(composeDrawList(scene).size(), size_t{2});
    }
    void manyPointsKeepTheirDrawingOrderWhereTheyMeet() {
        constexpr size_t kPoints = 150000;  // enough for the drawing by cells
        std::vector<float> x(kPoints, 0), y(kPoints, 0), values(kPoints);
        for (size_t i = 0; i < kPoints; ++i) {
            values[i] = static_cast<float>((i * 7919) % kPoints);
            x[i] = static_cast<float>(i % 5);
        }
        ScatterScene scene;
        scene.points = makePointSet(x, y);
        scene.colors = colorByValue(values, QStringLiteral("g"), {}, false);
        const DrawList list = composeDrawList(scene);
        QCOMPARE(list.size(), kPoints);
        std::map<float, QRgb> top;
        for (size_t i = 0; i < kPoints; ++i) top[list.xyz[3 * i]] = drawn(list, i);
        std::map<float, std::pair<float, QRgb>> expected;
        for (size_t i = 0; i < kPoints; ++i) {
            auto& best = expected[x[i]];
            if (values[i] >= best.first) best = {values[i], scene.colors->colors[i]};
        }
        for (const auto& [position, best] : expected) QCOMPARE(top[position], best.second);
    }
    void windowTakesTheShapeOfThePlot() {
        const QRectF fitted = fitWindow(QRectF(0, 0, 10, 10), QSizeF(400, 200));
        QCOMPARE(fitted.height(), 10.0);
        QCOMPARE(fitted.width(), 20.0);
        QCOMPARE(fitted.center(), QPointF(5, 5));
    }
    void pointsShrinkWithTheirNumber() {
        QVERIFY(automaticPointSize(1000, 400, 1) > automaticPointSize(50000, 400, 1));
        QVERIFY(automaticPointSize(50000, 400, 1) > automaticPointSize(1000000, 400, 1));
        QVERIFY(automaticPointSize(50000, 400, 10) > automaticPointSize(50000, 400, 1));
    }
    void mapsHaveNamesForPeople() {
        QCOMPARE(mapNames(QStringLiteral("X_txfm_umap")).title, QStringLiteral("TxFM, UMAP"));
        QCOMPARE(mapNames(QStringLiteral("X_pca")).title, QStringLiteral("Expression, PCA"));
        QCOMPARE(mapNames(QStringLiteral("X_pca")).xLabel, QStringLiteral("PC 1"));
        QVERIFY(mapNames(QStringLiteral("X_pca")).numbers && !mapNames(QStringLiteral("X_umap")).numbers);
        QCOMPARE(mapNames(QStringLiteral("spatial")).title, QStringLiteral("spatial"));
    }
};

QTEST_APPLESS_MAIN(TestScatterScene)
#include "test_scatter_scene.moc"
