// SPDX-License-Identifier: GPL-3.0-or-later
// Unsaved results survive the end of their window: snapshots on disk, and a session that takes one up.
#include <QtTest>

#include "core/data/dataset.h"
#include "tests/support/test_support.h"
#include "ui/session/autosave.h"
#include "ui/session/session.h"
#include "ui/session/session_snapshot.h"

using namespace txfm;
using namespace txfm::ui;

class TestSessionSnapshot : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        qputenv("XDG_STATE_HOME", m_folder->filePath("state").toUtf8());
        qputenv("XDG_CACHE_HOME", m_folder->filePath("cache").toUtf8());
        m_file = m_folder->filePath("counts.h5ad");
        QVERIFY(QFile::copy(QString::fromStdString(test::dataFile("h5ad/csr_gzip.h5ad").string()), m_file));
    }
    void everyKindOfColumnComesBack() {
        SessionSnapshot snapshot;
        snapshot.sourcePath = snapshot.workFile = m_file;
        snapshot.columns = {{"label", Categorical{{"a", "b"}, {0, -1, 1}, true}, {}},
                            {"number", std::vector<double>{0.5, 2, -1}, {}},
                            {"count", std::vector<int64_t>{1, 2, 3}, {0, 1, 0}},
                            {"flag", std::vector<uint8_t>{1, 0, 1}, {}},
                            {"text", std::vector<std::string>{"x", "", "z"}, {}}};
        QVERIFY(snapshot.write().ok());
        QVERIFY(!SessionSnapshot::findLost());  // this process is alive
        loseOwner();
        const auto lost = SessionSnapshot::findLost();
        QVERIFY(lost.has_value());
        QCOMPARE(lost->sourcePath, m_file);
        QVERIFY(lost->columns == snapshot.columns);
        lost->discard();
        QVERIFY(!SessionSnapshot::findLost());
    }
    void whatNobodyCanTakeUpIsClearedAway() {
        SessionSnapshot snapshot;
        snapshot.sourcePath = m_file;
        snapshot.workFile = m_folder->filePath("gone.h5ad");
        QVERIFY(snapshot.write().ok());
        loseOwner();
        QVERIFY(QDir().mkpath(m_folder->filePath("cache/txfm/work/1-1-old")));
        const QString own = newWorkFolder();
        QVERIFY(!SessionSnapshot::findLost());
        QVERIFY(QDir(sessions()).isEmpty());
        QVERIFY(!QFileInfo::exists(m_folder->filePath("cache/txfm/work/1-1-old")));
        QVERIFY(QFileInfo::exists(own));
    }
    void aSessionIsTakenUpAgain() {
        std::vector<int64_t> half;
        {
            Session session;
            Autosave autosave(&session);
            session.open(m_file);
            QTRY_VERIFY_WITH_TIMEOUT(session.dataset() != nullptr, 60000);
            for (int64_t cell = 0; cell < session.dataset()->cells(); cell += 2) half.push_back(cell);
            session.keepCells(half, QStringLiteral("Every other cell."));
            QTRY_COMPARE_WITH_TIMEOUT(session.dataset()->cells(), static_cast<int64_t>(half.size()), 60000);
            session.setObsColumn({"mine", std::vector<int64_t>(half.begin(), half.end()), {}}, QStringLiteral("test"));
            QTRY_VERIFY(session.dataset()->obs.find("mine") != nullptr);
            QTRY_VERIFY_WITH_TIMEOUT(!QDir(sessions()).isEmpty(), 10000);
            autosave.keepForNextStart();
        }
        loseOwner();
        const auto lost = SessionSnapshot::findLost();
        QVERIFY(lost.has_value());
        Session session;
        session.restore(*lost);
        QTRY_VERIFY_WITH_TIMEOUT(session.dataset() != nullptr, 60000);
        QCOMPARE(session.sourcePath(), m_file);
        QVERIFY(session.isModified());
        QCOMPARE(session.dataset()->cells(), static_cast<int64_t>(half.size()));
        const Column* mine = session.dataset()->obs.find("mine");
        QVERIFY(mine);
        QCOMPARE(std::get<std::vector<int64_t>>(mine->values), half);
        // It is this window's session now, and nobody else's.
        QVERIFY(!SessionSnapshot::findLost());
        QVERIFY(QFileInfo::exists(session.workFile()));
    }
    void aSavedSessionLeavesNothing() {
        Session session;
        {
            Autosave autosave(&session);
            session.open(m_file);
            QTRY_VERIFY_WITH_TIMEOUT(session.dataset() != nullptr, 60000);
            session.setObsColumn({"mine", std::vector<int64_t>(static_cast<size_t>(session.dataset()->cells())), {}}, QStringLiteral("test"));
            QTRY_VERIFY_WITH_TIMEOUT(!QDir(sessions()).isEmpty(), 10000);
            session.saveAs(m_folder->filePath("out.h5ad"));
            QTRY_VERIFY_WITH_TIMEOUT(!session.isModified(), 60000);
            QTRY_VERIFY_WITH_TIMEOUT(QDir(sessions()).isEmpty(), 10000);
        }
    }

private:
    QString sessions() const { return m_folder->filePath("state/txfm/sessions"); }
    /// Gives the snapshot to a process that does not exist.
    void loseOwner() {
        const QStringList names = QDir(sessions()).entryList(QDir::Files);
        QCOMPARE(names.size(), 1);
        QVERIFY(QFile::rename(sessions() + '/' + names.constFirst(), sessions() + "/999999999-1"));
    }
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_file;
};

QTEST_MAIN(TestSessionSnapshot)
#include "test_session_snapshot.moc"
