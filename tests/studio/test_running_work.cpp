// SPDX-License-Identifier: GPL-3.0-or-later
// What the user does while an embedding runs: opens other data, removes cells, closes the window. The program that embeds is
// a stand-in that runs until it is told to stop, or until a file says that it may end.
#include <csignal>

#include <QApplication>
#include <QElapsedTimer>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QtTest>

#include "app/studio/main_window.h"
#include "core/base/atomic_file.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "tests/studio/window_test.h"
#include "tests/support/test_support.h"
#include "ui/session/session.h"
#include "ui/worker/process_id.h"

using namespace txfm;
using namespace txfm::ui;

class TestRunningWork : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_home.isValid());
        write("one.csv", "cell,GAPDH,ACTB,CD3D\na1,1,2,3\na2,0,3,1\na3,4,1,0\n");
        write("two.csv", "cell,GAPDH,CD8A\nb1,5,2\nb2,1,0\n");
        const QString model = m_home.filePath("model");
        const auto made = test::runTxfm({"init", "--preset", "mini", "--dim", "32", "--blocks", "1", "--heads", "2", "--unmasked", "64",
                                         "--decoder-layers", "1", "--genes", path("one.csv"), "--out", model});
        QVERIFY2(made.status == 0, made.err.constData());
        QSettings().setValue("models/added", QStringList{model});
        QSettings().setValue("models/chosen", model);
        Progress silent;
        auto dataset = io::openDataset(path("one.csv").toStdString(), {}, silent);
        QVERIFY(dataset.ok());
        dataset->obsm.emplace("X_txfm", DenseMatrix(3, 4));
        QVERIFY(io::writeH5ad(path("one.embedded.h5ad").toStdString(), *dataset, {}, silent).ok());
        dataset->obsm.emplace("X_txfm_umap", DenseMatrix(3, 2));
        QVERIFY(io::writeH5ad(path("one.txfm.h5ad").toStdString(), *dataset, {}, silent).ok());
        // A trial fails at once; embedding and map "write" the files made above.
        program("grep -q '\"forecast\": *true' \"$2\" && exit 1\ncat \"$2\" >> \"" + path("jobs") + "\"\n"
                "echo $$ > \"" + path("pid") + "\"\ntrap 'echo \"{\\\"type\\\":\\\"error\\\",\\\"code\\\":5,\\\"message\\\":\\\"Cancelled.\\\"}\"; exit 5' INT\n"
                "out=$(sed -n 's/.*\"out\": *\"\\([^\"]*\\)\".*/\\1/p' \"$2\")\n"
                "echo '{\"type\":\"progress\",\"stage\":\"embed\",\"done\":1,\"total\":3,\"unit\":\"cells\"}'\n"
                "[ -e \"" + path("stubborn") + "\" ] && trap '' INT\n"
                "gate=end made=one.embedded\ncase \"$out\" in *project*) gate=end-map made=one.txfm;; *cluster*) made=one.txfm;; esac\n"
                "while [ ! -e \"" + path("$gate") + "\" ]; do sleep 0.05; done\n"
                "cp \"" + path("$made.h5ad") + "\" \"$out\"\necho '{\"type\":\"result\"}'\n");
    }
    void init() {
        QFile::remove(path("end"));
        QFile::remove(path("end-map"));
        m_window = std::make_unique<studio::MainWindow>();
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
        QTRY_VERIFY(m_window->isComplete() && session()->model());
        m_window->openFile(path("one.csv"));
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset() != nullptr, 60000);
        m_window->showPage(page::kEmbed);
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("startEmbed")->isEnabled(), 60000);
        QTest::mouseClick(find<QPushButton>("startEmbed"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(find<QLabel>("progressNumbers")->text().contains("1 of 3"), 20000);
    }
    void cleanup() {
        m_window.reset();
        write("end", "");  // a fine-tune outlives the window
    }

    void otherDataOpenAfterAQuestionAndStopIt() {
        m_window->openFile(path("two.csv"));
        QVERIFY2(banner().contains("still running") && banner().contains("two.csv"), qPrintable(banner()));
        QCOMPARE(session()->dataset()->cells(), int64_t{3});
        QVERIFY(find<QPushButton>("stopButton")->isVisible());
        m_window->openFile(path("two.csv"));
        QTRY_COMPARE_WITH_TIMEOUT(session()->dataset()->cells(), int64_t{2}, 60000);
        QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), 20000);
        m_window->showPage(page::kEmbed);
        QVERIFY(!find<QPushButton>("stopButton")->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("startEmbed")->isEnabled(), 20000);
        QVERIFY2(banner().contains("one.csv") && banner().contains("stopped"), qPrintable(banner()));
    }
    void itsResultsStayAwayFromOtherData() {
        // The other file opens however it may; the embedding ends in spite of everything.
        session()->open(path("two.csv"));
        QFile end(path("end"));
        QVERIFY(end.open(QIODevice::WriteOnly));
        QTRY_COMPARE_WITH_TIMEOUT(session()->dataset()->cells(), int64_t{2}, 60000);
        QTest::qWait(2500);
        QCOMPARE(session()->dataset()->cells(), int64_t{2});
        QVERIFY(!session()->dataset()->obsm.contains("X_txfm_umap"));
        QVERIFY(!session()->isModified());
    }
    void cellsStayWhileTheyAreEmbedded() {
        m_window->showPage(page::kData);
        QTRY_VERIFY_WITH_TIMEOUT(find<QLabel>("filterText")->text().contains("0 of 3"), 20000);
        QVERIFY(!find<QPushButton>("addCells")->isEnabled());
        QVERIFY(!find<QPushButton>("addCells")->toolTip().isEmpty());
        QTest::mouseClick(find<QPushButton>("suggestThresholds"), Qt::LeftButton);
        QVERIFY(!find<QPushButton>("applyFilter")->isEnabled());
        m_window->showPage(page::kEmbed);
        QTest::mouseClick(find<QPushButton>("stopButton"), Qt::LeftButton);
        m_window->showPage(page::kData);
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("addCells")->isEnabled(), 20000);
    }
    void unsavedMapsAreNotJoinedAway() {
        session()->mergeFiles({path("two.csv")});
        QTRY_VERIFY2(banner().contains("still running"), qPrintable(banner()));
        write("end-map", "");
        write("end", "");
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset()->obsm.contains("X_txfm_umap") && session()->runningWork().isEmpty(), 60000);
        session()->mergeFiles({path("two.csv")});
        QTRY_VERIFY2(banner().contains("not saved") && banner().contains("one.csv"), qPrintable(banner()));
        QCOMPARE(session()->dataset()->cells(), int64_t{3});
        QSignalSpy saved(session(), &Session::saved);
        session()->saveAs(path("saved.h5ad"));
        QTRY_COMPARE_WITH_TIMEOUT(saved.count(), 1, 60000);
        session()->mergeFiles({path("two.csv")});
        QTRY_COMPARE_WITH_TIMEOUT(session()->dataset()->cells(), int64_t{5}, 60000);
    }
    void anEmbeddingStaysWhenItsMapIsStopped() {
        write("end", "");
        QTRY_VERIFY_WITH_TIMEOUT(find<QLabel>("progressStage1")->text().startsWith(QStringLiteral("●")), 20000);
        QTest::mouseClick(find<QPushButton>("stopButton"), Qt::LeftButton);
        QTRY_VERIFY2(banner().contains("is kept"), qPrintable(banner()));
        QTRY_VERIFY_WITH_TIMEOUT(session()->isModified() && session()->dataset()->obsm.size() == 1, 20000);
        // Its map is drawn without another embedding.
        auto* mapOnly = find<QPushButton>("drawMapOnly");
        QTRY_VERIFY(mapOnly->isVisible() && mapOnly->isEnabled());
        QFile::remove(path("jobs"));
        write("end-map", "");
        QTest::mouseClick(mapOnly, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(session()->dataset()->obsm.contains("X_txfm_umap") && session()->runningWork().isEmpty(), 60000);
        QCOMPARE(m_window->currentPage(), page::kExplore);
        QFile jobs(path("jobs"));
        QVERIFY(jobs.open(QIODevice::ReadOnly));
        const QByteArray asked = jobs.readAll();
        QVERIFY2(asked.contains("\"project\"") && asked.contains("\"cluster\"") && !asked.contains("\"embed\""), asked);
        m_window->showPage(page::kEmbed);
        QVERIFY(!mapOnly->isVisible());
    }
    void stoppingIsQuickHoweverBusyTheWorkerIs() {
        // It has a whole cell to finish before it hears of the interrupt. By the clock, so that a busy computer may spoil a try or two.
        constexpr int kStopBarMs = 250, kTries = 4;
        auto* stop = find<QPushButton>("stopButton");
        QTest::mouseClick(stop, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!stop->isVisible(), 20000);
        write("stubborn", "");
        qint64 took = 0;
        for (int i = 0; i < kTries && (i == 0 || took >= kStopBarMs); ++i) {
            QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("startEmbed")->isEnabled(), 20000);
            QTest::mouseClick(find<QPushButton>("startEmbed"), Qt::LeftButton);
            QTRY_VERIFY_WITH_TIMEOUT(find<QLabel>("progressNumbers")->text().contains("1 of 3"), 20000);
            QTest::qWait(200);  // the stand-in has changed its mind about interrupts
            QElapsedTimer clock;
            clock.start();
            QTest::mouseClick(stop, Qt::LeftButton);
            QVERIFY(QTest::qWaitFor([stop] { return !stop->isVisible(); }, 20000));
            took = clock.elapsed();
            qInfo("stopped after %lld ms", took);
        }
        QFile::remove(path("stubborn"));
        QVERIFY2(took < kStopBarMs, qPrintable(QString::number(took)));
        QVERIFY2(banner().contains("are kept"), qPrintable(banner()));
    }
    void whyAFineTuneFailedIsSaidUntilItIsResumed() {
        QTest::mouseClick(find<QPushButton>("stopButton"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), 20000);
        QFile::remove(path("pid"));
        m_window->showPage(page::kFineTune);
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("startFineTune")->isEnabled(), 20000);
        QTest::mouseClick(find<QPushButton>("startFineTune"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(lastProcess() > 0, 20000);
        QCOMPARE(::kill(lastProcess(), SIGKILL), 0);
        QTRY_VERIFY_WITH_TIMEOUT(banner().contains("ended unexpectedly"), 20000);
        QTRY_VERIFY(find<QLabel>("trainingState")->text().contains("resumed"));
        QTest::mouseClick(find<QPushButton>("resumeTraining"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("stopTraining")->isVisible(), 20000);
        QVERIFY2(banner().isEmpty(), qPrintable(banner()));
        m_window->showPage(page::kStart);
        QVERIFY2(banner().contains("Being fine-tuned"), qPrintable(banner()));
        QTest::mouseClick(find<QWidget>("runUnderWay")->findChild<QPushButton*>(), Qt::LeftButton);
        QVERIFY(find<QPushButton>("stopTraining")->isVisible());
        write("end", "");
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("useModel")->isVisible(), 20000);
    }
    void theWindowClosesAfterAQuestion() {
        QVERIFY(!m_window->close());
        QVERIFY2(banner().contains("still running"), qPrintable(banner()));
        QVERIFY(m_window->isVisible());
        QVERIFY(m_window->close());
        m_window.reset();
        QTRY_VERIFY_WITH_TIMEOUT(hasEnded(), 20000);
    }

private:
    Session* session() const { return m_window->session(); }
    QString path(const QString& name) const { return m_home.filePath(name); }
    void write(const QString& name, const std::string& text) { QVERIFY(writeFileAtomically(path(name).toStdString(), text).ok()); }
    void program(const QString& body) {
        const QString file = path("txfm");
        write("txfm", ("#!/bin/sh\n" + body).toStdString());
        QVERIFY(QFile::setPermissions(file, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
        qputenv("TXFM_PROGRAM", file.toUtf8());
    }
    template <class T>
    T* find(const char* name) const {
        T* widget = m_window->findChild<T*>(QString::fromLatin1(name));
        if (!widget) qFatal("no widget named %s", name);
        return widget;
    }
    /// The stand-in that was started last.
    pid_t lastProcess() const {
        QFile file(path("pid"));
        return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed().toInt() : 0;
    }
    bool hasEnded() const { return lastProcess() > 0 && !ProcessId::ofRunning(lastProcess()).isRunning(); }
    /// The sentences that are shown, on whatever page.
    QString banner() const {
        QStringList all;
        for (const auto* text : m_window->findChildren<QLabel*>("bannerText"))
            if (text->isVisible()) all << text->text();
        return all.join(QLatin1Char('\n'));
    }
    QTemporaryDir m_home;
    std::unique_ptr<studio::MainWindow> m_window;
};

int main(int argc, char** argv) {
    return txfm::test::runWindowTest<TestRunningWork>(argc, argv);
}

#include "test_running_work.moc"
