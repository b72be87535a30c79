// SPDX-License-Identifier: GPL-3.0-or-later
// Opening many cells: the window keeps running, shows progress, and cancels at once. With TXFM_TEST_DATA a file of any
// size, large_window.h5ad in that folder; without, a smaller one made here.
#include <QApplication>
#include <QElapsedTimer>
#include <QLabel>
#include <QPushButton>
#include <QTabWidget>
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

constexpr int kStallBarMs = 100;
constexpr int kCancelBarMs = 250;
constexpr int kPatience = 600000;

/// 40,000 cells with about 100 counts each.
Result<void> makeFile(const QString& path) {
    constexpr int64_t kCells = 40000, kGenes = 2000;
    CsrMatrix counts;
    counts.rows = kCells;
    counts.cols = kGenes;
    Dataset dataset;
    for (int64_t cell = 0; cell < kCells; ++cell) {
        RandomStream random(3, static_cast<uint32_t>(cell));
        for (int64_t gene = random.below(40); gene < kGenes; gene += 1 + random.below(40)) {
            counts.indices.push_back(static_cast<int32_t>(gene));
            counts.values.push_back(static_cast<float>(1 + random.below(5)));
        }
        counts.indptr.push_back(static_cast<int64_t>(counts.indices.size()));
        dataset.obs.index.push_back("cell" + std::to_string(cell));
    }
    for (int64_t gene = 0; gene < kGenes; ++gene) dataset.var.index.push_back(gene == 7 ? "GAPDH" : "GENE" + std::to_string(gene));
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
        m_watchdog = std::make_unique<test::EventLoopWatchdog>(kStallBarMs);
    }
    void cancelIsQuick() {
        m_watchdog->setPhase("cancel");
        auto* cancel = m_window->findChild<QPushButton*>("cancelOpening");
        // By the clock, so that a busy computer may spoil a try or two.
        constexpr int kTries = 4;
        for (int i = 1; i <= kTries; ++i) {
            QSignalSpy progress(session(), &Session::openingProgress), failed(session(), &Session::openingFailed);
            m_window->openFile(m_file);
            QVERIFY(QTest::qWaitFor([&] { return progress.count() > 1 || !session()->isOpening(); }, kPatience));
            if (!session()->isOpening()) QSKIP("opened before it could be cancelled");
            QVERIFY(QTest::qWaitFor([&] { return cancel->isVisible(); }, kPatience));
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
    void theLoopKeptRunning() {
        qInfo().noquote() << m_watchdog->report();
        for (const auto& stall : m_watchdog->stalls()) QVERIFY2(stall.cpuMs <= kStallBarMs, qPrintable(m_watchdog->report()));
    }
    void cleanupTestCase() {
        m_watchdog.reset();
        m_window.reset();
    }

private:
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
