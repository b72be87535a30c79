// SPDX-License-Identifier: GPL-3.0-or-later
// Cells that leave the open data set leave every slot of its file, and nothing else does.
#include <QTemporaryDir>
#include <QtTest>

#include "core/io/hdf5_node.h"
#include "core/io/reader.h"
#include "tests/support/test_support.h"
#include "ui/session/session.h"

using namespace txfm;
using namespace txfm::ui;
using io::hdf5::Node;

namespace {

std::vector<int64_t> shapeOf(const Node& root, const char* path) {
    const auto node = root.child(path);
    return node ? node->shape() : std::vector<int64_t>{-1};
}

}  // namespace

class TestFiltering : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void keepsTheOtherSlots_data() {
        QTest::addColumn<QString>("countsIn");
        QTest::newRow("counts found by themselves") << "";
        QTest::newRow("another matrix chosen") << "layers/by_gene";
    }
    void keepsTheOtherSlots() {
        QFETCH(QString, countsIn);
        QTemporaryDir folder;
        qputenv("XDG_STATE_HOME", folder.filePath("state").toUtf8());
        qputenv("XDG_CACHE_HOME", folder.filePath("cache").toUtf8());
        const QString in = folder.filePath("counts.h5ad"), out = folder.filePath("kept.h5ad");
        QVERIFY(QFile::copy(QString::fromStdString(test::dataFile("h5ad/every_slot.h5ad").string()), in));
        Session session;
        session.open(in, countsIn);
        QTRY_VERIFY_WITH_TIMEOUT(session.dataset() != nullptr, 60000);
        session.setObsColumn({"mine", std::vector<int64_t>(14, 7), {}}, QStringLiteral("test"));
        QTRY_VERIFY(session.dataset()->obs.find("mine") != nullptr);
        // Twice, so that the working file of the first step is the source of the second.
        session.keepCells({0, 2, 3, 7, 8, 13}, QStringLiteral("Six cells."));
        QTRY_COMPARE_WITH_TIMEOUT(session.dataset()->cells(), int64_t{6}, 60000);
        session.keepCells({1, 5}, QStringLiteral("Two cells."));
        QTRY_COMPARE_WITH_TIMEOUT(session.dataset()->cells(), int64_t{2}, 60000);
        session.saveAs(out);
        QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(out), 60000);

        const auto root = Node::open(out.toStdString());
        QVERIFY(root.ok());
        Progress silent;
        const auto saved = io::openDataset(out.toStdString(), {}, silent);
        QVERIFY2(saved.ok(), saved.ok() ? "" : saved.error().message.c_str());
        QVERIFY((saved->obs.index == std::vector<std::string>{"cell02", "cell13"}));
        QVERIFY(saved->obs.find("mine") != nullptr);
        if (!countsIn.isEmpty()) return;  // that file was made of the chosen counts alone
        QCOMPARE(shapeOf(*root, "layers/dense"), (std::vector<int64_t>{2, 9}));
        QCOMPARE(shapeOf(*root, "layers/lognorm/indptr"), (std::vector<int64_t>{3}));
        QCOMPARE(shapeOf(*root, "obsp/dense"), (std::vector<int64_t>{2, 2}));
        QCOMPARE(shapeOf(*root, "obsm/frame/x"), (std::vector<int64_t>{2}));
        QVERIFY(root->child("uns/nested/frame/z").ok() && root->child("raw/X/indptr").ok() && root->child("varp/correlation/data").ok());
    }
};

QTEST_GUILESS_MAIN(TestFiltering)
#include "test_filtering.moc"
