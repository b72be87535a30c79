// SPDX-License-Identifier: GPL-3.0-or-later
// Opening in the session: files that crash the HDF5 library or make it loop, cancelling, another matrix as the counts.
#include <QtTest>

#include "tests/support/test_support.h"
#include "ui/session/session.h"

using namespace txfm;
using namespace txfm::ui;

class TestOpening : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        for (const char* name : {"XDG_STATE_HOME", "XDG_CACHE_HOME"}) qputenv(name, m_folder->path().toUtf8());
    }
    void damagedFilesAreOneSentence_data() {
        QTest::addColumn<QString>("name");
        QTest::newRow("crashes HDF5 1.10") << "damaged/crashes_hdf5.h5ad";
        QTest::newRow("hangs HDF5 1.10") << "damaged/hangs_hdf5.h5ad";
    }
    void damagedFilesAreOneSentence() {
        QFETCH(QString, name);
        Session session;
        QSignalSpy failures(&session, &Session::openingFailed), changed(&session, &Session::datasetChanged);
        session.open(file(name));
        QTRY_COMPARE_WITH_TIMEOUT(failures.count(), 1, 180000);
        QCOMPARE(changed.count(), 0);
        QVERIFY(!session.isOpening());
        const auto error = failures.constFirst().constFirst().value<Error>();
        QCOMPARE(error.code, ErrorCode::BadInput);
        QVERIFY2(QString::fromStdString(error.message).contains(QFileInfo(name).fileName()), error.message.c_str());
        // A sound file opens afterwards.
        open(session, file("h5ad/csr_gzip.h5ad"));
    }
    void cancelDoesNotWaitForAStuckFile() {
        // A copy: how a file fared is remembered, so that one met before would fail at once.
        const QString copy = m_folder->filePath("hangs.h5ad");
        QVERIFY(QFile::copy(file("damaged/hangs_hdf5.h5ad"), copy));
        Session session;
        QSignalSpy failures(&session, &Session::openingFailed);
        session.open(copy);
        QTest::qWait(300);
        session.cancelOpening();
        QCOMPARE(failures.count(), 1);
        QCOMPARE(failures.constFirst().constFirst().value<Error>().code, ErrorCode::Cancelled);
        // The reading thread is free at once.
        QElapsedTimer clock;
        clock.start();
        open(session, file("h5ad/csr_gzip.h5ad"));
        QVERIFY2(clock.elapsed() < 15000, qPrintable(QString::number(clock.elapsed())));
    }
    void anotherMatrixCanBeTheCounts() {
        Session session;
        open(session, file("h5ad/layer_counts.h5ad"));
        QCOMPARE(QString::fromStdString(session.dataset()->provenance.countsIn), QStringLiteral("layers['counts']"));
        QStringList options;
        for (const auto& choice : session.countsChoices()) options << choice.option;
        QVERIFY2(options.contains("layers/counts") && options.contains("X"), qPrintable(options.join(' ')));
        QCOMPARE(session.workFile(), session.sourcePath());
        const auto before = session.dataset();
        session.open(session.sourcePath(), QStringLiteral("X"));
        QTRY_VERIFY_WITH_TIMEOUT(session.dataset() != before, 60000);
        QCOMPARE(QString::fromStdString(session.dataset()->provenance.countsIn), QStringLiteral("X"));
        // Jobs get a file that holds these values only, so that they cannot find the other ones.
        QVERIFY(session.workFile() != session.sourcePath());
        Session second;
        open(second, session.workFile());
        const auto a = session.dataset()->counts->readRows(0, session.dataset()->cells());
        const auto b = second.dataset()->counts->readRows(0, second.dataset()->cells());
        QVERIFY(a.ok() && b.ok());
        QCOMPARE(b->values, a->values);
        QVERIFY(second.countsChoices().empty());
    }

private:
    static QString file(const QString& name) { return QString::fromStdString(test::dataFile(name.toStdString()).string()); }
    static void open(Session& session, const QString& path) {
        const auto before = session.dataset();
        session.open(path);
        QTRY_VERIFY_WITH_TIMEOUT(session.dataset() != before, 60000);
        QVERIFY(session.dataset()->cells() > 0);
    }
    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestOpening)
#include "test_opening.moc"
