// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <set>

#include <QtTest>

#include "ui/widgets/category_palette.h"
#include "ui/widgets/format.h"
#include "ui/widgets/line_plot.h"
#include "ui/widgets/nice_ticks.h"

using namespace txfm::ui;

class TestNumberTexts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void counts() { QCOMPARE(formatCount(1234567), QStringLiteral("1,234,567")); }
    void numbers() {
        QCOMPARE(formatNumber(2190), QStringLiteral("2,190"));
        QCOMPARE(formatNumber(1688.25), QStringLiteral("1,688"));
        QCOMPARE(formatNumber(69130000), QStringLiteral("69,130,000"));
        QCOMPARE(formatNumber(22742.5, 3), QStringLiteral("22,743"));
        QCOMPARE(formatNumber(0.123456, 3), QStringLiteral("0.123"));
        QCOMPARE(formatNumber(43.256, 3), QStringLiteral("43.3"));
        QCOMPARE(formatNumber(2e12), QStringLiteral("2e+12"));
    }
    void neighboursOnAnAxisDiffer() {
        for (const auto& [low, high] : {std::pair(-63.16, -62.86), std::pair(0.0, 0.001), std::pair(9e-4, 1e-3), std::pair(-68.0, -45.0), std::pair(0.0, 2e6)}) {
            const std::vector<double> ticks = niceTicks(low, high, 5);
            std::set<QString> texts;
            for (const double tick : ticks) texts.insert(formatTick(tick, ticks[1] - ticks[0]));
            QCOMPARE(texts.size(), ticks.size());
        }
        QCOMPARE(formatTick(-62.95, 0.05), QStringLiteral("-62.95"));
        QCOMPARE(formatTick(-60, 5), QStringLiteral("-60"));
    }
    void shares() {
        QCOMPARE(formatShare(0), QStringLiteral("0 %"));
        QCOMPARE(formatShare(1), QStringLiteral("100 %"));
        QCOMPARE(formatShare(0.9734), QStringLiteral("97.3 %"));
        QCOMPARE(formatShare(0.00001), QStringLiteral("< 0.1 %"));
        QCOMPARE(formatShare(0.99999), QStringLiteral("> 99.9 %"));
    }
    void durations() {
        QCOMPARE(formatDuration(8.2), QStringLiteral("8 s"));
        QCOMPARE(formatDuration(200), QStringLiteral("3 min 20 s"));
        QCOMPARE(formatDuration(7500), QStringLiteral("2 h 05 min"));
    }
    void bytes() {
        QCOMPARE(formatBytes(3934520), QStringLiteral("3.9 MB"));
        QCOMPARE(formatBytes(999.9e3), QStringLiteral("1.0 MB"));
    }
    void progress() {
        txfm::ProgressUpdate u{"embed", 412, 1000, "cells", 83.4, 7};
        QCOMPARE(formatProgress(u), QStringLiteral("412 of 1,000 cells · 83 cells/s · 7 s left"));
        QCOMPARE(describeProgress(u), formatProgress(u));
        u.stage = "read";
        QCOMPARE(describeProgress(u), QStringLiteral("Reading the file: ") + formatProgress(u));
        QCOMPARE(formatProgress({"write", 2e6, 3934520, "bytes", 696989065, 3}), QStringLiteral("2.0 MB of 3.9 MB · 697 MB/s · 3 s left"));
        QCOMPARE(describeProgress({"qc", 0, 0, "", 0, -1}), QStringLiteral("Quality metrics"));
    }
    void ticksAreRoundAndInside() {
        QCOMPARE(niceTicks(0, 100, 5), (std::vector<double>{0, 20, 40, 60, 80, 100}));
        for (const double tick : niceTicks(0.013, 0.087, 4)) QVERIFY(tick >= 0.013 && tick <= 0.087);
        QCOMPARE(niceLogTicks(1, 1000), (std::vector<double>{1, 10, 100, 1000}));
        QVERIFY(niceTicks(3, 3, 4).size() == 1);
        // Bulk samples of nearly the same depth: no power of ten, no 2 or 5 times one lies between.
        for (const auto& [low, high] : {std::pair(6.1e7, 8.3e7), std::pair(2421.0, 2445.21)}) {
            const std::vector<double> ticks = niceLogTicks(low, high);
            QVERIFY2(ticks.size() >= 3, qPrintable(QString::number(low)));
            for (const double tick : ticks) QVERIFY(tick >= low && tick <= high);
        }
    }
    void smoothingIsUnbiasedAtTheStart() {
        std::vector<QPointF> points;
        for (int i = 0; i < 20; ++i) points.emplace_back(i, 4.0);
        for (const QPointF& p : LinePlot::smooth(points, 0.9)) QVERIFY(std::abs(p.y() - 4) < 1e-9);
        points[5].setY(std::nan(""));
        QCOMPARE(LinePlot::smooth(points, 0.5).size(), size_t{19});
    }
    void categoryColoursDifferAndAreNotGrey() {
        std::set<QRgb> seen;
        for (int i = 0; i < kCategoryColours; ++i) {
            const QColor c = categoryColour(i);
            QVERIFY2(c.hsvSaturation() > 40, qPrintable(c.name()));
            seen.insert(c.rgb());
        }
        QCOMPARE(static_cast<int>(seen.size()), kCategoryColours);
        QCOMPARE(categoryColour(kCategoryColours), categoryColour(0));
    }
};

QTEST_MAIN(TestNumberTexts)
#include "test_number_texts.moc"
