// SPDX-License-Identifier: GPL-3.0-or-later
// Session files: what is written comes back, data found again after a move, damaged files refused in one sentence.
#include <QtTest>

#include "core/base/atomic_file.h"
#include "ui/session/session_file.h"

using namespace txfm;
using namespace txfm::ui;

class TestSessionFile : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(QDir(m_folder->path()).mkpath("a/data"));
        touch("a/data/cells.h5ad");
    }
    void everythingComesBack() {
        const SessionFile written = example();
        QVERIFY(written.write(path("a/x.txfm-session")).ok());
        const auto read = SessionFile::read(path("a/x.txfm-session"));
        QVERIFY2(read.ok(), read ? "" : read.error().message.c_str());
        QCOMPARE(read->data, written.data);
        QCOMPARE(read->countsIn, written.countsIn);
        QCOMPARE(read->model, written.model);
        QCOMPARE(read->page, written.page);
        QVERIFY(read->allowNormalised);
        QVERIFY(read->views == written.views);
        QCOMPARE(read->selected(20), (std::vector<int64_t>{0, 1, 2, 7, 19}));
        QVERIFY2(read->selected(21).empty(), "a selection belongs to data of its size");
    }
    void dataAreFoundAfterBothMoved() {
        QVERIFY(example().write(path("a/x.txfm-session")).ok());
        QVERIFY(QDir(m_folder->path()).rename("a", "b"));
        const auto read = SessionFile::read(path("b/x.txfm-session"));
        QVERIFY(read.ok());
        QCOMPARE(read->data, path("b/data/cells.h5ad"));
    }
    void dataAreFoundAfterTheSessionMoved() {
        QVERIFY(example().write(path("a/x.txfm-session")).ok());
        QVERIFY(QDir(m_folder->path()).mkpath("c/d"));
        QVERIFY(QFile::rename(path("a/x.txfm-session"), path("c/d/x.txfm-session")));
        const auto read = SessionFile::read(path("c/d/x.txfm-session"));
        QVERIFY(read.ok());
        QCOMPARE(read->data, path("a/data/cells.h5ad"));
    }
    void lostDataAreNamed() {
        QVERIFY(example().write(path("a/x.txfm-session")).ok());
        QVERIFY(QFile::remove(path("a/data/cells.h5ad")));
        const auto read = SessionFile::read(path("a/x.txfm-session"));
        QVERIFY(!read.ok());
        QCOMPARE(read.error().code, ErrorCode::BadInput);
        QVERIFY(QString::fromStdString(read.error().message).contains("cells.h5ad"));
    }
    void damagedFilesAreRefused_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("no JSON") << QByteArray("cell,GAPDH\n");
        QTest::newRow("other JSON") << QByteArray(R"({"format": "something"})");
        QTest::newRow("cut off") << QByteArray(R"({"format": "txfm-session", "version": 1})");
        QTest::newRow("newer") << QByteArray(R"({"format": "txfm-session", "version": 99})");
        QTest::newRow("wrong kinds") << QByteArray(R"({"format": "txfm-session", "version": 1, "data": 7})");
    }
    void damagedFilesAreRefused() {
        QFETCH(QByteArray, text);
        QVERIFY(writeFileAtomically(path("bad.txfm-session").toStdString(), text.toStdString()).ok());
        const auto read = SessionFile::read(path("bad.txfm-session"));
        QVERIFY(!read.ok());
        QVERIFY(QString::fromStdString(read.error().message).contains("bad.txfm-session"));
    }
    void hostileSelectionsSelectNothing_data() {
        QTest::addColumn<QByteArray>("selection");
        QTest::newRow("beyond") << QByteArray(R"({"of": 20, "ranges": [[0, 4000000000000]]})");
        QTest::newRow("again and again") << QByteArray(R"({"of": 20, "ranges": [[0, 19], [0, 19]]})");
        QTest::newRow("negative") << QByteArray(R"({"of": 20, "ranges": [[-5, 3]]})");
        QTest::newRow("text") << QByteArray(R"({"of": 20, "ranges": [["a", "b"]]})");
        QTest::newRow("nothing") << QByteArray("null");
    }
    void hostileSelectionsSelectNothing() {
        QFETCH(QByteArray, selection);
        SessionFile file = example();
        file.selection = nlohmann::json::parse(selection.toStdString());
        QVERIFY(file.selected(20).empty());
    }

private:
    QString path(const QString& name) const { return m_folder->filePath(name); }
    void touch(const QString& name) const { QVERIFY(writeFileAtomically(path(name).toStdString(), "x").ok()); }
    SessionFile example() const {
        SessionFile file;
        file.data = path("a/data/cells.h5ad");
        file.countsIn = "layers/counts";
        file.model = "/models/mine";
        file.allowNormalised = true;
        file.page = "explore";
        file.select({0, 1, 2, 7, 19}, 20);
        file.views = {{"explore", {{"gene", "CD3D"}}}};
        return file;
    }
    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestSessionFile)
#include "test_session_file.moc"
