// SPDX-License-Identifier: GPL-3.0-or-later
// Many cells: the window keeps running while they open, cancels at once, and their map can be moved, coloured and selected
// without a stall. With TXFM_TEST_DATA a file of any
// size, large_window.h5ad in that folder; without, a smaller one made here.
#include <cmath>
#include <set>

#include <QApplication>
#include <QElapsedTimer>
#include <QLabel>
#include <QOpenGLWidget>
#include <QPushButton>
#include <QScreen>
#include <QTabWidget>
#include <QWheelEvent>
#include <QtTest>

#include "app/studio/main_window.h"
#include "core/base/random.h"
#include "core/io/h5ad_writer.h"
#include "tests/support/event_loop_watchdog.h"
#include "tests/support/test_support.h"
#include "tests/studio/window_test.h"
#include "ui/plots/scatter_view.h"
#include "ui/session/session.h"
#include "ui/widgets/histogram_view.h"
#include "ui/widgets/theme.h"

using namespace txfm;
using namespace txfm::ui;

namespace {

/// See test_main_flow.cpp: under Xvfb a software renderer draws on the watched thread.
constexpr int kStallBarMs = 100;
constexpr double kSoftwareDrawingMs = 150;
constexpr int kCancelBarMs = 250;
constexpr int kPatience = 600000;

/// 40,000 cells with about 100 counts each, a map and 30 labels.
Result<void> makeFile(const QString& path) {
    constexpr int64_t kCells = 40000, kGenes = 2000;
    CsrMatrix counts;
    counts.rows = kCells;
    counts.cols = kGenes;
    Dataset dataset;
    DenseMatrix map(kCells, 2);
    Categorical labels;
    for (int label = 0; label < 30; ++label) labels.categories.push_back("type " + std::to_string(label));
    for (int64_t cell = 0; cell < kCells; ++cell) {
        RandomStream random(3, static_cast<uint32_t>(cell));
        for (int64_t gene = random.below(40); gene < kGenes; gene += 1 + random.below(40)) {
            counts.indices.push_back(static_cast<int32_t>(gene));
            counts.values.push_back(static_cast<float>(1 + random.below(5)));
        }
        counts.indptr.push_back(static_cast<int64_t>(counts.indices.size()));
        labels.codes.push_back(static_cast<int32_t>(cell % 30));
        for (int64_t axis = 0; axis < 2; ++axis)
            map(cell, axis) = static_cast<float>((axis == 0 ? cell % 6 : cell % 5) * 100 + random.below(90));
        dataset.obs.index.push_back("cell" + std::to_string(cell));
    }
    for (int64_t gene = 0; gene < kGenes; ++gene) dataset.var.index.push_back(gene == 7 ? "GAPDH" : "GENE" + std::to_string(gene));
    dataset.obsm.emplace("X_umap", std::move(map));
    dataset.obs.set({"cell_type", std::move(labels), {}});
    dataset.counts = std::make_shared<MemoryCounts>(std::move(counts));
    Progress silent;
    return io::writeH5ad(path.toStdString(), dataset, {}, silent);
}

}  // namespace

class TestLargeWindow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        m_file = QString::fromStdString(test::externalData("large_window.h5ad").string());
        if (!QFileInfo::exists(m_file)) {
            m_file = m_home.filePath("large.h5ad");
            QVERIFY(makeFile(m_file).ok());
        }
        m_window = std::make_unique<studio::MainWindow>();
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
        QTRY_VERIFY(m_window->isComplete());
        QTRY_VERIFY(session()->model() != nullptr);
        m_window->showPage(page::kData);
        QTest::qWait(300);
        for (auto* view : m_window->findChildren<QOpenGLWidget*>())
            connect(view, &QOpenGLWidget::aboutToCompose, this, [this] {
                if (m_watchdog) m_watchdog->noteDrawing();
            });
        m_watchdog = std::make_unique<test::EventLoopWatchdog>(kStallBarMs);
    }
    void cancelIsQuick_data() {
        QTest::addColumn<double>("read");  // share of the file that is read before
        QTest::newRow("at the start") << 0.0;
        QTest::newRow("in the middle") << 0.5;
        QTest::newRow("near the end") << 0.9;
    }
    void cancelIsQuick() {
        QFETCH(double, read);
        m_watchdog->setPhase("cancel");
        auto* cancel = m_window->findChild<QPushButton*>("cancelOpening");
        // By the clock, so that a busy computer may spoil a try or two.
        constexpr int kTries = 4;
        for (int i = 1; i <= kTries; ++i) {
            QSignalSpy progress(session(), &Session::openingProgress), failed(session(), &Session::openingFailed);
            const auto far = [&] { return progress.count() > 1 && progress.back().front().toDouble() >= read; };
            m_window->openFile(m_file);
            QVERIFY(QTest::qWaitFor([&] { return far() || !session()->isOpening(); }, kPatience));
            QVERIFY(QTest::qWaitFor([&] { return cancel->isVisible() || !session()->isOpening(); }, kPatience));
            if (!session()->isOpening()) {
                session()->close();
                QSKIP("opened before it could be cancelled");
            }
            QElapsedTimer clock;
            clock.start();
            QTest::mouseClick(cancel, Qt::LeftButton);
            QCOMPARE(failed.count(), 1);
            const qint64 answered = clock.elapsed();
            QVERIFY(session()->ioPool()->waitForDone(kPatience));
            const qint64 stopped = clock.elapsed();
            qInfo("cancelled: the page after %lld ms, the reading thread after %lld ms", answered, stopped);
            QVERIFY(!session()->dataset());
            if (stopped < kCancelBarMs) return;
        }
        QFAIL("cancelling took longer than its bar each time");
    }
    void opens() {
        m_watchdog->setPhase("open");
        QElapsedTimer clock;
        clock.start();
        m_window->openFile(m_file);
        QVERIFY(QTest::qWaitFor([&] { return session()->dataset() != nullptr; }, kPatience));
        const qint64 opened = clock.elapsed();
        m_watchdog->setPhase("quality");
        auto* text = m_window->findChild<QLabel*>("filterText");
        QVERIFY(QTest::qWaitFor([&] { return text->text().contains("would be removed"); }, kPatience));
        qInfo("%lld cells: open after %lld ms, quality after %lld ms", static_cast<long long>(session()->dataset()->cells()), opened, clock.elapsed());
    }
    void looksAround() {
        m_watchdog->setPhase("thresholds");
        auto* tabs = m_window->findChild<QTabWidget*>("dataTabs");
        tabs->setCurrentIndex(1);
        auto* histogram = m_window->findChild<HistogramView*>("histogram0");
        QTest::qWait(200);
        histogram->setFocus();
        for (int i = 0; i < 40; ++i) QTest::keyClick(histogram, Qt::Key_Right, {}, 5);
        auto* text = m_window->findChild<QLabel*>("filterText");
        QVERIFY2(!text->text().contains(" 0 of"), qPrintable(text->text()));
        m_watchdog->setPhase("tables");
        for (const int tab : {2, 3, 0}) {
            tabs->setCurrentIndex(tab);
            QTest::qWait(200);
        }
        m_watchdog->setPhase("pages");
        for (const QString& page : {page::kEmbed, page::kExplore, page::kFineTune, page::kData}) {
            m_window->showPage(page);
            QTest::qWait(200);
        }
    }
    void movesTheMap() {
        if (session()->dataset()->obsm.empty()) QSKIP("the file holds no map");
        m_watchdog->setPhase("map");
        QElapsedTimer clock;
        clock.start();
        m_window->showPage(page::kExplore);
        auto* view = m_window->findChild<ScatterView*>("exploreScatterTxfm");
        QVERIFY(QTest::qWaitFor([&] { return coloursOf(view) > 3; }, kPatience));
        qInfo("the first points are on the screen after %lld ms", clock.elapsed());
        m_watchdog->setPhase("pan");
        const QPoint middle = view->rect().center();
        QTest::mousePress(view, Qt::LeftButton, {}, middle);
        for (int i = 1; i <= 40; ++i) QTest::mouseMove(view, middle + QPoint(2 * i, i), 10);
        QTest::mouseRelease(view, Qt::LeftButton, {}, middle + QPoint(80, 40));
        m_watchdog->setPhase("zoom");
        for (int i = 0; i < 16; ++i) {
            QWheelEvent wheel(middle, view->mapToGlobal(QPointF(middle)), {}, {0, i < 12 ? 120 : -120}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
            QApplication::sendEvent(view, &wheel);
            QTest::qWait(15);
        }
        QVERIFY(!view->zoomWindow().isEmpty());
        view->resetView();
        QTest::qWait(300);
    }
    void coloursTheMap() {
        if (session()->dataset()->obsm.empty()) QSKIP("the file holds no map");
        auto* view = m_window->findChild<ScatterView*>("exploreScatterTxfm");
        const auto shows = [&](const QString& title) {
            return QTest::qWaitFor([&] { return view->scene().colors && view->scene().colors->title == title; }, kPatience);
        };
        QElapsedTimer clock;
        for (const Column& column : session()->dataset()->obs.columns) {
            m_watchdog->setPhase("colour by " + QString::fromStdString(column.name));
            clock.start();
            session()->navigation()->colourByColumn(QString::fromStdString(column.name));
            QVERIFY(shows(QString::fromStdString(column.name)));
            qInfo("coloured by %s after %lld ms", column.name.c_str(), clock.elapsed());
            QTest::qWait(300);
        }
        m_watchdog->setPhase("colour by gene");
        const QString gene = QString::fromStdString(session()->dataset()->var.index.front());
        clock.start();
        session()->navigation()->colourByGene(gene);
        QVERIFY(QTest::qWaitFor([&] { return view->scene().colors && view->scene().colors->kind == PointColors::Kind::Continuous; }, kPatience));
        qInfo("coloured by a gene after %lld ms", clock.elapsed());
        QTest::qWait(300);
    }
    void selectsOnTheMap() {
        if (session()->dataset()->obsm.empty()) QSKIP("the file holds no map");
        m_watchdog->setPhase("lasso");
        auto* view = m_window->findChild<ScatterView*>("exploreScatterTxfm");
        view->setTool(ScatterView::Tool::Lasso);
        const QPointF middle = view->rect().center();
        const auto at = [&](int i) { return (middle + QPointF(std::cos(i * 0.06), std::sin(i * 0.06)) * (0.35 * view->height())).toPoint(); };
        QElapsedTimer clock;
        QTest::mousePress(view, Qt::LeftButton, {}, at(0));
        for (int i = 1; i <= 100; ++i) QTest::mouseMove(view, at(i), 5);
        clock.start();
        QTest::mouseRelease(view, Qt::LeftButton, {}, at(100));
        QTRY_VERIFY(!session()->selection()->isEmpty());
        qInfo("%zu cells selected after %lld ms", session()->selection()->cells().size(), clock.elapsed());
        QTest::qWait(500);
        m_watchdog->setPhase("clear");
        QTest::keyClick(view, Qt::Key_Escape);
        QTRY_VERIFY(session()->selection()->isEmpty());
        QTest::qWait(500);
    }
    void theLoopKeptRunning() {
        qInfo().noquote() << m_watchdog->report();
        for (const auto& stall : m_watchdog->stalls())
            QVERIFY2(stall.cpuMs <= (stall.drawing ? kSoftwareDrawingMs : kStallBarMs), qPrintable(m_watchdog->report()));
    }
    void cleanupTestCase() {
        m_watchdog.reset();
        m_window.reset();
    }

private:
    /// On the display, within a view.
    size_t coloursOf(const QWidget* view) const {
        const QImage window = m_window->screen()->grabWindow(m_window->winId()).toImage();
        const QImage shown = window.copy(QRect(view->mapTo(m_window.get(), QPoint()), view->size()));
        std::set<QRgb> seen;
        for (int y = shown.height() / 4; y < shown.height() * 3 / 4; y += 3)
            for (int x = shown.width() / 4; x < shown.width() * 3 / 4; x += 3) seen.insert(shown.pixel(x, y));
        return seen.size();
    }
    Session* session() const { return m_window->session(); }
    QTemporaryDir m_home;
    QString m_file;
    std::unique_ptr<test::EventLoopWatchdog> m_watchdog;
    std::unique_ptr<studio::MainWindow> m_window;
};

int main(int argc, char** argv) {
    qputenv("QTEST_FUNCTION_TIMEOUT", "1200000");
    return txfm::test::runWindowTest<TestLargeWindow>(argc, argv);
}

#include "test_large_window.moc"
