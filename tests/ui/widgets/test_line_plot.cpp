// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QtTest>

#include "ui/widgets/line_plot.h"
#include "ui/widgets/nice_ticks.h"

using namespace txfm::ui;

class TestLinePlot : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ticksAreRoundAndInside() {
        QCOMPARE(niceTicks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
        QCOMPARE(niceTicks(-1.5, 1.4, 3), (std::vector<double>{-1, 0, 1}));
        QCOMPARE(niceTicks(3, 3, 4), (std::vector<double>{3}));
    }
    void ticksEndForAnyRange_data() {
        QTest::addColumn<double>("low");
        QTest::addColumn<double>("high");
        QTest::newRow("one rounding error") << -14.54 << std::nextafter(-14.54, 0);
        QTest::newRow("few rounding errors") << 1e6 << 1e6 + 1e-9;
        QTest::newRow("tiny") << 0.0 << 1e-300;
        QTest::newRow("huge") << -1e300 << 1e300;
        QTest::newRow("endless") << -1.0 << std::numeric_limits<double>::infinity();
        QTest::newRow("no number") << std::nan("") << 1.0;
        QTest::newRow("upside down") << 2.0 << 1.0;
    }
    void ticksEndForAnyRange() {
        QFETCH(double, low);
        QFETCH(double, high);
        const auto ticks = niceTicks(low, high, 8);
        QVERIFY(!ticks.empty() && ticks.size() < 25);
    }
    void oneValueAndItsSmoothedTwinAreDrawn() {
        // The first step of a run: raw and smoothed value differ by rounding at most.
        for (double value = -20; value < 20; value += 0.37) {
            const std::vector<QPointF> raw{{1, value}};
            LinePlot plot;
            plot.resize(500, 300);
            plot.setSeries({{"training", Qt::blue, raw, true, false}, {"training", Qt::blue, LinePlot::smooth(raw, 0.8), false, false}});
            QVERIFY(!plot.grab().isNull());
        }
    }
};

QTEST_MAIN(TestLinePlot)
#include "test_line_plot.moc"
