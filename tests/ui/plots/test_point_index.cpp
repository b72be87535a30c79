// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>
#include <random>

#include <QTest>

#include "ui/plots/point_index.h"

using namespace txfm::ui;

namespace {

std::shared_ptr<const PointSet> randomPoints(size_t n) {
    std::mt19937 generator(5);
    std::normal_distribution<float> normal;
    std::vector<float> x(n), y(n);
    for (size_t i = 0; i < n; ++i) {
        x[i] = normal(generator) + static_cast<float>(i % 3) * 4;
        y[i] = normal(generator);
    }
    x[3] = std::numeric_limits<float>::quiet_NaN();
    return makePointSet(x, y);
}

QPolygonF star(QPointF center, double radius, int points) {
    QPolygonF outline;
    for (int k = 0; k < 2 * points; ++k) {
        const double r = k % 2 ? radius * 0.4 : radius;
        outline << center + QPointF(r * std::cos(k * M_PI / points), r * std::sin(k * M_PI / points));
    }
    return outline;
}

}  // namespace

class TestPointIndex : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void lassoEqualsQtsOwnRule_data() {
        QTest::addColumn<QPolygonF>("outline");
        QTest::newRow("star") << star({3, 0}, 4, 7);
        QTest::newRow("everything") << QPolygonF(QRectF(-100, -100, 200, 200));
        QTest::newRow("sliver") << QPolygonF({{-5, 0}, {12, 0.01}, {12, -0.01}});
        QTest::newRow("crossing itself") << QPolygonF({{-2, -2}, {8, 2}, {8, -2}, {-2, 2}});
        QTest::newRow("outside") << star({1000, 1000}, 4, 5);
        QTest::newRow("horizontal edges") << QPolygonF({{-1, -1}, {9, -1}, {9, 1}, {4, 1}, {4, 0}, {2, 0}, {2, 1}, {-1, 1}});
    }
    void lassoEqualsQtsOwnRule() {
        QFETCH(QPolygonF, outline);
        const auto points = randomPoints(20000);
        const PointIndex index(points);
        std::vector<int64_t> expected;
        for (size_t i = 0; i < points->size(); ++i)
            if (std::isfinite(points->x[i]) && outline.containsPoint({points->x[i], points->y[i]}, Qt::OddEvenFill))
                expected.push_back(static_cast<int64_t>(i));
        QCOMPARE(index.inPolygon(outline), expected);
    }
    void rectangleIsExact() {
        const auto points = randomPoints(5000);
        const PointIndex index(points);
        const QRectF box(1, -0.5, 3, 1);
        std::vector<int64_t> expected;
        for (size_t i = 0; i < points->size(); ++i)
            if (points->x[i] >= 1 && points->x[i] <= 4 && points->y[i] >= -0.5f && points->y[i] <= 0.5f)
                expected.push_back(static_cast<int64_t>(i));
        QVERIFY(!expected.empty());
        QCOMPARE(index.inRectangle(box), expected);
        QCOMPARE(index.inRectangle(QRectF(4, 0.5, -3, -1)), expected);  // drawn from the other corner
    }
    void nearestEqualsSearchOfAll() {
        const auto points = randomPoints(4000);
        const PointIndex index(points);
        for (const QPointF probe : {QPointF(0, 0), QPointF(4.2, 1.1), QPointF(8, -0.3), QPointF(-3, 2)}) {
            int64_t best = -1;
            double distance = 0.25;
            for (size_t i = 0; i < points->size(); ++i) {
                const double d = std::hypot(points->x[i] - probe.x(), points->y[i] - probe.y());
                if (d < distance) {
                    distance = d;
                    best = static_cast<int64_t>(i);
                }
            }
            QCOMPARE(index.nearest(probe, 0.25, 0.25), best);
        }
        QCOMPARE(index.nearest({500, 500}, 1, 1), int64_t{-1});
    }
    void hiddenPointsAreLeftAlone() {
        const auto points = makePointSet({0, 0.1f, 5}, {0, 0, 0});
        const PointIndex index(points);
        const auto mask = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>{0, 1, 1});
        QCOMPARE(index.nearest({0, 0}, 1, 1, mask), int64_t{1});
        QCOMPARE(index.inRectangle(QRectF(-1, -1, 10, 2), mask), (std::vector<int64_t>{1, 2}));
        QCOMPARE(index.inPolygon(QPolygonF(QRectF(-1, -1, 10, 2)), mask), (std::vector<int64_t>{1, 2}));
    }
    void degenerateSetsWork() {
        const PointIndex none(makePointSet({}, {}));
        QCOMPARE(none.nearest({0, 0}, 1, 1), int64_t{-1});
        QVERIFY(none.inPolygon(star({0, 0}, 1, 5)).empty());
        const PointIndex same(makePointSet({2, 2, 2}, {3, 3, 3}));
        QCOMPARE(same.inRectangle(QRectF(1, 2, 2, 2)).size(), size_t{3});
        QCOMPARE(same.inPolygon(star({2, 3}, 1, 5)).size(), size_t{3});
        QVERIFY(same.inPolygon({QPointF(0, 0), QPointF(1, 1)}).empty());
    }
};

QTEST_APPLESS_MAIN(TestPointIndex)
#include "test_point_index.moc"
