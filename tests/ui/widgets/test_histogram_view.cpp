// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QtTest>

#include "ui/widgets/histogram_view.h"

using namespace txfm::ui;

class TestHistogramView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aHandleIsDraggedWithTheMouse() {
        HistogramView view;
        std::vector<double> values;
        for (int i = 0; i <= 100; ++i) values.push_back(i);
        view.setHistogram(Histogram::of(values, Histogram::Scale::Linear), "percent");
        view.resize(400, 200);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        QSignalSpy spy(&view, &HistogramView::thresholdsChanged);
        // The upper handle waits at the right end, 8 pixels inside.
        const QPoint start(view.width() - 8, view.height() / 2), end(view.width() / 2, view.height() / 2);
        QTest::mousePress(&view, Qt::LeftButton, {}, start);
        QTest::mouseMove(&view, end);
        QTRY_VERIFY(spy.count() >= 1);  // the move comes back from the display server
        QTest::mouseRelease(&view, Qt::LeftButton, {}, end);
        QVERIFY2(std::abs(view.upper() - 50) <= 1, qPrintable(QString::number(view.upper())));
        QVERIFY(std::isinf(view.lower()));
    }
    void keysMoveAndSwitchOff() {
        HistogramView view;
        view.setHistogram(Histogram::of({0, 10, 20, 100}, Histogram::Scale::Linear), "x");
        view.setMovable(true, true);
        QTest::keyClick(&view, Qt::Key_Right);
        QVERIFY(view.lower() > 0 && view.lower() < 5);
        QTest::keyClick(&view, Qt::Key_Delete);
        QVERIFY(std::isinf(view.lower()));
        QTest::keyClick(&view, Qt::Key_Down);
        QTest::keyClick(&view, Qt::Key_Left, Qt::ShiftModifier);
        QVERIFY(view.upper() < 100);
    }
    void thresholdsDoNotCross() {
        HistogramView view;
        view.setHistogram(Histogram::of({1, 1000}, Histogram::Scale::Logarithmic), "x");
        view.setThresholds(50, 60);
        for (int i = 0; i < 60; ++i) QTest::keyClick(&view, Qt::Key_Right);
        QVERIFY(view.lower() <= view.upper());
    }
    void everyValueIsInItsBin() {
        const Histogram linear = Histogram::of({0, 0.4, 50, 99.9, 100}, Histogram::Scale::Linear);
        QCOMPARE(linear.max, 100.0);
        QCOMPARE(linear.bins.front(), int64_t{2});
        QCOMPARE(linear.bins[32], int64_t{1});
        QCOMPARE(linear.bins.back(), int64_t{2});
        const Histogram logarithmic = Histogram::of({0, 1, 10, 100}, Histogram::Scale::Logarithmic);
        QCOMPARE(logarithmic.min, 1.0);
        QCOMPARE(logarithmic.bins.front(), int64_t{2});  // zeros stand with the smallest
        QCOMPARE(logarithmic.bins[32], int64_t{1});
        QVERIFY(std::abs(logarithmic.toValue(0.5) - 10) < 1e-9);
        QVERIFY(std::abs(logarithmic.toPosition(10) - 0.5) < 1e-12);
    }
    void noValuesNoHarm() {
        HistogramView view;
        view.setHistogram(Histogram::of({}, Histogram::Scale::Logarithmic), "x");
        view.resize(300, 150);
        QVERIFY(!view.grab().isNull());
        view.setHistogram(Histogram::of({0, 0, 0}, Histogram::Scale::Logarithmic), "x");
        QVERIFY(!view.grab().isNull());
    }
};

QTEST_MAIN(TestHistogramView)
#include "test_histogram_view.moc"
