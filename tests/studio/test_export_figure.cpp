// SPDX-License-Identifier: GPL-3.0-or-later
// The real window program as a figure writer, without a display: `txfm-studio --export-figure`, as packaging/run.sh
// calls it.
#include <QtTest>

#include <QImage>
#include <QTemporaryDir>

#include "tests/support/test_support.h"

using namespace txfm;

class TestExportFigure : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        m_map = m_folder.filePath("map.h5ad");
        const auto made = test::runTxfm({"project", "--data", TXFM_SOURCE_DIR "/resources/demo/pbmc_1k.h5ad", "--rep", "X",
                                         "--method", "pca", "--components", "10", "--out", m_map});
        QVERIFY2(made.status == 0, made.err);
    }

    void writesBothFigures() {
        const QString base = m_folder.filePath("figure");
        const auto done = run({"--export-figure", m_map, "--basis", "X_pca", "--color", "CD3D", "--out", base});
        QVERIFY2(done.status == 0, done.err);
        QCOMPARE(done.err, QByteArray());
        QCOMPARE(done.out, (base + ".svg\n" + base + ".png\n").toUtf8());
        QFile svg(base + ".svg");
        QVERIFY(svg.open(QIODevice::ReadOnly));
        const QByteArray text = svg.readAll();
        QVERIFY2(text.contains("<text") && text.contains("CD3D"), "the SVG holds its title as text");
        const QImage png(base + ".png");
        QVERIFY(!png.isNull());
        QSet<QRgb> colors;
        for (int y = 0; y < png.height(); y += 3)
            for (int x = 0; x < png.width(); x += 3) colors.insert(png.pixel(x, y));
        QVERIFY2(colors.size() > 20, qPrintable(QStringLiteral("the picture has %1 colours").arg(colors.size())));
    }

    void refusesWhatTheFileLacks_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("map") << QStringList{"--basis", "X_umap"} << QByteArray("X_pca");
        QTest::newRow("colour") << QStringList{"--basis", "X_pca", "--color", "no_such_column"} << QByteArray("'no_such_column'");
    }
    void refusesWhatTheFileLacks() {
        QFETCH(QStringList, arguments);
        QFETCH(QByteArray, says);
        const QString base = m_folder.filePath("refused");
        const auto done = run(QStringList{"--export-figure", m_map, "--out", base} + arguments);
        QVERIFY(done.status == 2 || done.status == 3);
        QVERIFY2(done.err.contains(says) && done.err.count('\n') == 1, done.err);
        QVERIFY(!QFile::exists(base + ".svg") && !QFile::exists(base + ".png"));
    }

private:
    test::ProgramResult run(const QStringList& arguments) const {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"}) environment.remove(name);
        return test::runProgram(test::studioProgram(), arguments, environment);
    }

    QTemporaryDir m_folder;
    QString m_map;
};

QTEST_GUILESS_MAIN(TestExportFigure)
#include "test_export_figure.moc"
