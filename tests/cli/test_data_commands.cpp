// SPDX-License-Identifier: GPL-3.0-or-later
// convert and qc through the real program: exports, selections, doublet scores, merged files, choices of counts.
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include "core/io/reader.h"
#include "tests/support/test_support.h"

using namespace txfm;

namespace {

QString dataFile(const char* name) { return QString::fromStdString(test::dataFile(name).string()); }
const QString kDemo = QStringLiteral(TXFM_SOURCE_DIR "/resources/demo/pbmc_1k.h5ad");

Result<Dataset> openData(const QString& path) {
    Progress silent;
    return io::openDataset(path.toStdString(), {}, silent);
}

}  // namespace

class TestDataCommands : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void convertWritesWhatTheNameSays() {
        QTemporaryDir folder;
        for (const char* name : {"a.h5ad", "a.loom", "a.tsv.gz", "tenx"}) {
            const QString out = folder.filePath(name);
            const auto done = test::runTxfm({"convert", dataFile("h5ad/csr_gzip.h5ad"), out});
            QVERIFY2(done.status == 0, done.err);
            const auto back = openData(out);
            QVERIFY(back.ok());
            QCOMPARE(back->cells(), int64_t{14});
        }
    }

    void convertWritesArrays() {
        QTemporaryDir folder;
        const QString out = folder.filePath("pca.npy");
        const auto done = test::runTxfm({"convert", dataFile("h5ad/all_elements.h5ad"), out, "--obsm", "X_pca"});
        QVERIFY2(done.status == 0, done.err);
        QFile file(out);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(file.readAll().contains("'shape': (14, 3)"));
    }

    void usageIsChecked_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("says");
        const QString in = dataFile("h5ad/csr_gzip.h5ad");
        const auto row = [](const char* name, QStringList arguments, int status, const char* says) {
            QTest::newRow(name) << arguments << status << QByteArray(says);
        };
        row("npy without array", {"convert", in, "x.npy"}, 2, "--obsm");
        row("array as h5ad", {"convert", in, "x.h5ad", "--obsm", "X_pca"}, 2, ".npy");
        row("unknown ending", {"convert", in, "x.xlsx"}, 2, "x.xlsx");
        row("unknown array", {"convert", in, "x.npy", "--obsm", "X_none"}, 3, "X_none");
        row("output is the input", {"convert", in, in}, 2, "input");
        row("unknown column", {"convert", in, "x.h5ad", "--where", "nothing == 1"}, 3, "'nothing'");
        row("bad expression", {"convert", in, "x.h5ad", "--where", "n = 1"}, 2, "character 3");
        row("no cell left", {"convert", in, "x.h5ad", "--where", "n > 1000000"}, 1, "--where");
        row("no such matrix", {"qc", in, "--out", "x.h5ad", "--counts-in", "layers/none"}, 3, "layers/none");
        for (const char* command : {"project", "cluster"})
            row(command, {command, "--data", in, "--rep", "X", "--out", "x.h5ad", "--counts-in", "layers/none"}, 3, "layers/none");
        row("markers", {"markers", "--data", in, "--groupby", "batch", "--counts-in", "layers/none"}, 3, "layers/none");
    }
    void usageIsChecked() {
        QFETCH(QStringList, arguments);
        QFETCH(int, status);
        QFETCH(QByteArray, says);
        const auto done = test::runTxfm(arguments);
        QVERIFY2(done.status == status && done.err.contains(says), QByteArray::number(done.status) + ": " + done.err);
    }

    /// Values are copied, not judged: the warning names them, and nothing is transformed.
    void convertsNormalisedValuesWithAWarning() {
        QTemporaryDir folder;
        const QString in = dataFile("h5ad/only_log1p.h5ad"), out = folder.filePath("x.h5ad");
        const auto done = test::runTxfm({"convert", in, out});
        QCOMPARE(done.status, 0);
        QVERIFY2(done.err.contains("warning") && done.err.contains("log1p of counts scaled to 10,000"), done.err);
        io::ReadOptions options;
        options.allowNormalised = true;
        Progress silent;
        const auto before = io::openDataset(in.toStdString(), options, silent), after = io::openDataset(out.toStdString(), options, silent);
        QVERIFY(before.ok() && after.ok());
        QVERIFY(*before->counts->readRows(0, before->cells()) == *after->counts->readRows(0, after->cells()));
    }

    void qcSelectsAndScores() {
        QTemporaryDir folder;
        const QString out = folder.filePath("qc.h5ad");
        const auto done = test::runTxfm({"qc", kDemo, "--out", out, "--where", "pct_counts_mt < 20 and total_counts > 500", "--doublets",
                                         "--max-doublet", "0.3", "--json"});
        QVERIFY2(done.status == 0, done.err);
        const auto kept = openData(out);
        QVERIFY(kept.ok());
        QVERIFY(kept->cells() > 100);
        QCOMPARE(QJsonDocument::fromJson(done.out).object()["n_cells"].toInteger(), kept->cells());
        const Column* score = kept->obs.find("doublet_score");
        QVERIFY(score);
        for (size_t cell = 0; cell < kept->obs.rows(); ++cell) {
            QVERIFY(score->number(cell) >= 0 && score->number(cell) <= 0.3);
            QVERIFY(kept->obs.find("pct_counts_mt")->number(cell) < 20 && kept->obs.find("total_counts")->number(cell) > 500);
        }
    }

    void mergedFilesRememberWhatWasMeasured() {
        QTemporaryDir folder;
        const QString out = folder.filePath("merged.h5ad");
        const auto done = test::runTxfm({"convert", dataFile("text/genes_by_cells.csv"), out, "--merge", dataFile("h5ad/csr_gzip.h5ad")});
        QVERIFY2(done.status == 0, done.err);
        const auto merged = openData(out);
        QVERIFY(merged.ok());
        QCOMPARE(merged->measured.size(), size_t{2});
        QCOMPARE(merged->sourceOfCell.size(), size_t(merged->cells()));
    }

    void infoListsTheMatrices() {
        const auto info = test::runTxfm({"info", dataFile("h5ad/only_log1p.h5ad"), "--json"});
        QVERIFY2(info.status == 0, info.err);
        const QJsonObject matrices = QJsonDocument::fromJson(info.out).object()["matrices"].toObject();
        QCOMPARE(matrices["X"].toString(), QString("log1p of counts scaled to 10,000 per cell"));
    }
};

QTEST_GUILESS_MAIN(TestDataCommands)
#include "test_data_commands.moc"
