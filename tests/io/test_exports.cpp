// SPDX-License-Identifier: GPL-3.0-or-later
// Exports read back through the readers, and the bytes of a .npy file against NumPy's own (numpy.save).
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include "core/io/exports.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "tests/support/test_support.h"

using namespace txfm;
namespace fs = std::filesystem;

namespace {

Result<Dataset> openData(const fs::path& path) {
    Progress silent;
    return io::openDataset(path, {}, silent);
}

Dataset original() { return *openData(test::dataFile("h5ad/all_elements.h5ad")); }

Result<void> writeAs(io::ExportFormat format, const fs::path& out, const Dataset& data) {
    Progress silent;
    if (format == io::ExportFormat::Loom) return io::writeLoom(out, data, silent);
    if (format == io::ExportFormat::TenxFolder) return io::writeTenxFolder(out, data, silent);
    if (format == io::ExportFormat::Table) return io::writeCountTable(out, data, silent);
    return io::writeH5ad(out, data, {}, silent);
}

}  // namespace

class TestExports : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void namesTellTheFormat() {
        const auto of = [](const char* name) { return io::exportFormatOf(name); };
        QVERIFY(*of("a.h5ad") == io::ExportFormat::H5ad);
        QVERIFY(*of("a.LOOM") == io::ExportFormat::Loom);
        QVERIFY(*of("a.csv.gz") == io::ExportFormat::Table);
        QVERIFY(*of("a.tsv") == io::ExportFormat::Table);
        QVERIFY(*of("a.npy") == io::ExportFormat::Npy);
        QVERIFY(*of("folder/sample") == io::ExportFormat::TenxFolder);
        QVERIFY(*of("folder/sample/") == io::ExportFormat::TenxFolder);
        QVERIFY(*of("sample.v2") == io::ExportFormat::TenxFolder);
        for (const char* name : {"a.h5", "a.zip", "a.h5ad.gz", "a.xlsx"}) {
            QVERIFY2(!of(name).ok(), name);
            QVERIFY(of(name).error().code == ErrorCode::Usage);
        }
    }

    void readsBack_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"out.h5ad", "out.loom", "out", "out.csv", "out.csv.gz", "out.tsv"}) QTest::newRow(name) << name;
    }
    void readsBack() {
        QFETCH(QString, name);
        QTemporaryDir folder;
        const fs::path out = folder.filePath(name).toStdString();
        const Dataset data = original();
        const io::ExportFormat format = *io::exportFormatOf(out);
        const auto written = writeAs(format, out, data);
        QVERIFY2(written.ok(), written.ok() ? "" : written.error().message.c_str());
        const auto back = openData(out);
        QVERIFY2(back.ok(), back.ok() ? "" : back.error().message.c_str());
        QVERIFY(back->obs.index == data.obs.index);
        QVERIFY(back->var.index == data.var.index);
        QVERIFY(*back->counts->readRows(0, data.cells()) == *data.counts->readRows(0, data.cells()));
        QVERIFY(back->provenance.valueKind == ValueKind::Counts);
        if (format == io::ExportFormat::Loom) {
            QCOMPARE(back->obs.find("many")->text(13), std::string("c013"));
            QCOMPARE(back->obs.find("umlaut")->text(1), std::string("Größe 1 µm"));
            QVERIFY(back->obsm.at("X_pca") == data.obsm.at("X_pca"));
        }
        if (format == io::ExportFormat::TenxFolder) QCOMPARE(back->var.find("gene_ids")->text(8), data.var.find("gene_ids")->text(8));
        QCOMPARE(QDir(folder.path()).entryList(QDir::NoDotAndDotDot | QDir::AllEntries | QDir::Hidden), QStringList{name});
    }

    void neverReplacesAFolder() {
        QTemporaryDir folder;
        const fs::path out = folder.filePath("taken").toStdString();
        fs::create_directory(out);
        QFile file(folder.filePath("taken/notes.txt"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        const auto written = writeAs(io::ExportFormat::TenxFolder, out, original());
        QVERIFY(!written.ok());
        QVERIFY(written.error().code == ErrorCode::Failed);
        QVERIFY(QFile::exists(folder.filePath("taken/notes.txt")));
    }

    void cancelLeavesNothing() {
        QTemporaryDir folder;
        Progress progress;
        CancelToken token = progress.token();
        token.cancel();
        const Dataset data = original();
        const fs::path at = folder.path().toStdString();
        QVERIFY(!io::writeLoom(at / "a.loom", data, progress).ok());
        QVERIFY(!io::writeTenxFolder(at / "b", data, progress).ok());
        QVERIFY(!io::writeCountTable(at / "c.csv.gz", data, progress).ok());
        QVERIFY(fs::is_empty(at));
    }

    void npyEqualsNumpy() {
        QTemporaryDir folder;
        DenseMatrix matrix(2, 3);
        matrix.values = {0, 1.5f, -2, 3, 4, 1e-3f};
        QVERIFY(io::writeNpy(folder.filePath("a.npy").toStdString(), matrix).ok());
        QFile ours(folder.filePath("a.npy")), numpy(QString::fromStdString(test::dataFile("numpy/matrix.npy").string()));
        QVERIFY(ours.open(QIODevice::ReadOnly) && numpy.open(QIODevice::ReadOnly));
        QCOMPARE(ours.readAll(), numpy.readAll());
    }

    void arraysBecomeTables() {
        QTemporaryDir folder;
        DenseMatrix matrix(2, 2);
        matrix.values = {0.1f, 2, -3, 1e10f};
        QVERIFY(io::writeMatrixTable(folder.filePath("a.csv").toStdString(), "X_a", matrix, {"c1", "c,2"}).ok());
        QFile file(folder.filePath("a.csv"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("cell,X_a_1,X_a_2\nc1,0.1,2\n\"c,2\",-3,10000000000\n"));
    }
};

QTEST_GUILESS_MAIN(TestExports)
#include "test_exports.moc"
