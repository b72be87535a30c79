// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QApplication>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

#include "ui/plots/scatter_view.h"

using namespace txfm;
using namespace txfm::ui;

namespace {

/// Two groups left and right of the middle, ten points each, in the same place.
ScatterScene twoGroups() {
    std::vector<float> x(20), y(20);
    Categorical labels;
    labels.categories = {"left", "right"};
    labels.codes.resize(20);
    for (size_t i = 0; i < 20; ++i) {
        x[i] = i < 10 ? -5.0f : 5.0f;
        y[i] = static_cast<float>(i % 10) * 0.01f;
        labels.codes[i] = i < 10 ? 0 : 1;
    }
    y[0] = -6;  // gives the plot some height
    ScatterScene scene;
    scene.points = makePointSet(x, y);
    scene.colors = colorByCategory(labels, QStringLiteral("side"), false);
    return scene;
}

int countColor(const QImage& image, QRgb color) {
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            if ((image.pixel(x, y) | 0xff000000) == (color | 0xff000000)) ++count;
    return count;
}

}  // namespace

class TestScatterView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_view = std::make_unique<ScatterView>();
        m_view->resize(400, 300);
        m_view->setScene(twoGroups());
        m_view->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_view.get()));
        // The first frames prepare; the points follow.
        QTRY_VERIFY(countColor(m_view->grabFramebuffer(), twoGroups().colors->entries[0].color) > 50);
    }
    void cleanup() { m_view.reset(); }

    void pointsAppearInTheirColoursAtTheirPlaces() {
        const ScatterScene scene = twoGroups();
        const QImage image = m_view->grabFramebuffer();
        QCOMPARE(image.size(), m_view->size() * m_view->devicePixelRatioF());
        QVERIFY(countColor(image, scene.colors->entries[0].color) > 50);
        QVERIFY(countColor(image, scene.colors->entries[1].color) > 50);
        const QPoint right = m_view->toWidget({5, 0.05}).toPoint();
        QCOMPARE(image.pixel(right), scene.colors->entries[1].color);
        QCOMPARE(image.pixelColor(3, 3), QColor(Qt::white));
        m_view->setDark(true);
        QCOMPARE(m_view->grabFramebuffer().pixel(3, 3), sceneBackground(true));
    }
    void legendFilterHidesPoints() {
        std::vector<uint8_t> mask(20, 1);
        std::fill(mask.begin(), mask.begin() + 10, uint8_t{0});
        m_view->setShown(std::make_shared<const std::vector<uint8_t>>(mask));
        const QImage image = m_view->grabFramebuffer();
        QCOMPARE(countColor(image, twoGroups().colors->entries[0].color), 0);
        QVERIFY(countColor(image, twoGroups().colors->entries[1].color) > 50);
    }
    void lassoSelectsWhatItEncloses() {
        m_view->setTool(ScatterView::Tool::Lasso);
        std::vector<int64_t> got;
        ScatterView::Combine how{};
        connect(m_view.get(), &ScatterView::enclosed, this, [&](const std::vector<int64_t>& points, ScatterView::Combine combine) {
            got = points;
            how = combine;
        });
        drawAround({5, 0.05}, Qt::NoModifier);
        QCOMPARE(got.size(), size_t{10});
        QCOMPARE(got.front(), int64_t{10});
        QCOMPARE(how, ScatterView::Combine::Replace);
        drawAround({-5, 0.05}, Qt::ShiftModifier);
        QCOMPARE(got.size(), size_t{9});  // one of the left group lies further down
        QCOMPARE(how, ScatterView::Combine::Add);
        drawAround({0, -2}, Qt::AltModifier);
        QVERIFY(got.empty());
        QCOMPARE(how, ScatterView::Combine::Remove);
    }
    void rectangleSelects() {
        m_view->setTool(ScatterView::Tool::Rectangle);
        size_t got = 0;
        connect(m_view.get(), &ScatterView::enclosed, this,
                [&](const std::vector<int64_t>& points, ScatterView::Combine) { got = points.size(); });
        drag(QPoint(2, 2), QPoint(398, 298), Qt::NoModifier);
        QCOMPARE(got, size_t{20});
    }
    void escapeClears() {
        QSignalSpy cleared(m_view.get(), &ScatterView::selectionCleared);
        QTest::keyClick(m_view.get(), Qt::Key_Escape);
        QCOMPARE(cleared.count(), 1);
    }
    void wheelZoomsAtThePointer() {
        const QPointF pointer(300, 100);
        const QPointF before = m_view->toData(pointer);
        const double width = m_view->scene().window.width();
        QWheelEvent event(pointer, m_view->mapToGlobal(pointer), {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
        QApplication::sendEvent(m_view.get(), &event);
        const QPointF after = m_view->toData(pointer);
        QVERIFY(m_view->scene().window.width() < width * 0.8);
        QVERIFY(std::abs(before.x() - after.x()) < 1e-6 && std::abs(before.y() - after.y()) < 1e-6);
    }
    void dragPansAndDoubleClickResets() {
        const QPointF before = m_view->toData({200, 150});
        drag(QPoint(200, 150), QPoint(260, 150), Qt::NoModifier);
        const QPointF moved = m_view->toData({260, 150});
        QVERIFY(std::abs(moved.x() - before.x()) < 1e-6);
        QTest::mouseDClick(m_view.get(), Qt::LeftButton, {}, QPoint(200, 150));
        QVERIFY(std::abs(m_view->toData({200, 150}).x() - before.x()) < 1e-6);
    }
    void hoverNamesThePointUnderThePointer() {
        QSignalSpy hovered(m_view.get(), &ScatterView::pointHovered);
        QString asked;
        m_view->setHoverText([&](int64_t point) { return asked = QString::number(point); });
        const QPoint lowest = m_view->toWidget({-5, -6}).toPoint();
        QTest::mouseMove(m_view.get(), QPoint(200, 20));
        QTest::mouseMove(m_view.get(), lowest);
        QTRY_VERIFY(!hovered.isEmpty());
        QCOMPARE(hovered.last().at(0).toLongLong(), 0);
        QCOMPARE(asked, QStringLiteral("0"));
        QCOMPARE(m_view->pointAt(QPointF(200, 20)), int64_t{-1});
    }
    void clickReportsThePoint() {
        QSignalSpy clicked(m_view.get(), &ScatterView::pointClicked);
        QTest::mouseClick(m_view.get(), Qt::LeftButton, {}, m_view->toWidget({-5, -6}).toPoint());
        QCOMPARE(clicked.count(), 1);
        QCOMPARE(clicked.at(0).at(0).toLongLong(), 0);
    }
    void manyPointsAreAllDrawnInTheEnd() {
        constexpr size_t kPoints = 300000;  // several batches, prepared on another thread
        std::vector<float> x(kPoints), y(kPoints), values(kPoints);
        for (size_t i = 0; i < kPoints; ++i) {
            x[i] = static_cast<float>(i % 600);
            y[i] = static_cast<float>(i / 600);
            values[i] = static_cast<float>(i);
        }
        ScatterScene scene;
        scene.points = makePointSet(x, y);
        scene.colors = colorByValue(values, QStringLiteral("g"), {}, false);
        m_view->setScene(scene);
        // Colours near a place: the points are smaller than the gaps between them.
        const auto reddest = [this](QPointF data) {
            const QImage image = m_view->grabFramebuffer();
            const QPoint at = m_view->toWidget(data).toPoint();
            int lowest = 255, highest = 0;
            for (int y = at.y() - 4; y <= at.y() + 4; ++y) {
                for (int x = at.x() - 4; x <= at.x() + 4; ++x) {
                    const QColor color = image.pixelColor(x, y);
                    if (color.blue() > 200) continue;  // background
                    lowest = std::min(lowest, color.red());
                    highest = std::max(highest, color.red());
                }
            }
            return std::pair(lowest, highest);
        };
        // Viridis: red 68 at the low end, 253 at the high end.
        QTRY_VERIFY_WITH_TIMEOUT(reddest({300, 490}).second > 220, 20000);
        QVERIFY(reddest({300, 10}).second < 90);
        QVERIFY(reddest({300, 490}).first > 200);
    }

private:
    void drag(QPoint from, QPoint to, Qt::KeyboardModifiers modifiers) {
        QTest::mousePress(m_view.get(), Qt::LeftButton, modifiers, from);
        sendMove((from + to) / 2, modifiers);
        sendMove(to, modifiers);
        QTest::mouseRelease(m_view.get(), Qt::LeftButton, modifiers, to);
    }
    void drawAround(QPointF data, Qt::KeyboardModifiers modifiers) {
        const QPoint middle = m_view->toWidget(data).toPoint();
        QTest::mousePress(m_view.get(), Qt::LeftButton, modifiers, middle + QPoint(40, 0));
        for (int k = 1; k <= 24; ++k)
            sendMove(middle + QPointF(40 * std::cos(k * M_PI / 12), 40 * std::sin(k * M_PI / 12)).toPoint(), modifiers);
        QTest::mouseRelease(m_view.get(), Qt::LeftButton, modifiers, middle + QPoint(40, 0));
    }
    void sendMove(QPoint to, Qt::KeyboardModifiers modifiers) {
        QMouseEvent event(QEvent::MouseMove, to, m_view->mapToGlobal(to), Qt::NoButton, Qt::LeftButton, modifiers);
        QApplication::sendEvent(m_view.get(), &event);
    }
    std::unique_ptr<ScatterView> m_view;
};

int main(int argc, char** argv) {
    ScatterView::setDefaultFormat();
    QApplication application(argc, argv);
    TestScatterView test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_scatter_view.moc"
