// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <map>

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QImage>
#include <QLabel>
#include <QLocale>
#include <QRegularExpression>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

#include "ui/plots/export_dialog.h"
#include "ui/plots/figure_export.h"
#include "ui/plots/heat_map.h"

using namespace txfm;
using namespace txfm::ui;

namespace {

ScatterScene makeScene(size_t n, bool dark = false) {
    std::vector<float> x(n), y(n);
    Categorical labels;
    labels.categories = {"B cell", "T & NK <cells>"};
    labels.codes.resize(n);
    for (size_t i = 0; i < n; ++i) {
        x[i] = static_cast<float>(std::cos(static_cast<double>(i)) * std::sqrt(static_cast<double>(i)));
        y[i] = static_cast<float>(std::sin(static_cast<double>(i)) * std::sqrt(static_cast<double>(i)));
        labels.codes[i] = i % 10 == 0 ? -1 : static_cast<int32_t>(i % 2);
    }
    ScatterScene scene;
    scene.title = QStringLiteral("TxFM, UMAP");
    scene.xLabel = QStringLiteral("UMAP 1");
    scene.yLabel = QStringLiteral("UMAP 2");
    scene.points = makePointSet(x, y);
    scene.colors = colorByCategory(labels, QStringLiteral("cell type"), dark);
    scene.labels = categoryLabels(*scene.points, *scene.colors, nullptr);
    scene.dark = dark;
    return scene;
}

struct SvgContent {
    QStringList texts;
    int shapes = 0, images = 0;
    bool valid = false;
};

SvgContent readSvg(const QString& path) {
    QFile file(path);
    SvgContent content;
    if (!file.open(QIODevice::ReadOnly)) return content;
    QXmlStreamReader xml(&file);
    while (!xml.atEnd()) {
        if (xml.readNext() != QXmlStreamReader::StartElement) continue;
        if (xml.name() == QLatin1String("text")) content.texts << xml.readElementText().trimmed();
        else if (xml.name() == QLatin1String("image")) ++content.images;
        else if (xml.name() == QLatin1String("circle") || xml.name() == QLatin1String("ellipse")) ++content.shapes;
    }
    content.valid = !xml.hasError();
    return content;
}

}  // namespace

class TestFigureExport : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void svgKeepsTextAndShapes() {
        const QString path = m_folder.filePath(QStringLiteral("a.svg"));
        const auto done = exportFigure({makeScene(500)}, path.toStdString());
        QVERIFY2(done.ok(), done ? "" : done.error().message.c_str());
        const SvgContent svg = readSvg(path);
        QVERIFY(svg.valid);
        for (const char* text : {"TxFM, UMAP", "UMAP 1", "UMAP 2", "cell type", "B cell", "T & NK <cells>", "no value"})
            QVERIFY2(svg.texts.contains(QString::fromUtf8(text)), text);
        QCOMPARE(svg.texts.count(QStringLiteral("B cell")), 2);  // on the map and in the legend
        QCOMPARE(svg.shapes, 500 + 3);                           // points and swatches
        QCOMPARE(svg.images, 0);
    }
    void manyPointsBecomeOneImage() {
        const QString path = m_folder.filePath(QStringLiteral("many.svg"));
        FigureOptions options;
        options.points = FigureOptions::Points::Raster;
        options.dpi = 150;
        QVERIFY(exportFigure({makeScene(2000)}, path.toStdString(), options).ok());
        const SvgContent svg = readSvg(path);
        QCOMPARE(svg.images, 1);
        QCOMPARE(svg.shapes, 3);
        QVERIFY(svg.texts.contains(QStringLiteral("UMAP 1")));
    }
    void pngHasTheResolutionAskedFor() {
        FigureOptions options;
        options.legend = false;
        for (const int dpi : {96, 192}) {
            options.dpi = dpi;
            const QString path = m_folder.filePath(QStringLiteral("p%1.png").arg(dpi));
            QVERIFY(exportFigure({makeScene(300)}, path.toStdString(), options).ok());
            const QImage image(path);
            QCOMPARE(image.width(), qRound((options.panelSize.width() + 32) * dpi / 96.0));
            QCOMPARE(qRound(image.dotsPerMeterX() * 0.0254), dpi);
            QCOMPARE(image.pixelColor(1, 1), QColor(Qt::white));
        }
    }
    void pngHasTheSizeAndBackgroundAskedFor() {
        FigureOptions options;
        options.dpi = 96;
        options.panelSize = {300, 200};
        options.transparent = true;
        const QString path = m_folder.filePath(QStringLiteral("clear.png"));
        const std::vector<ScatterScene> panels{makeScene(300), makeScene(300)};
        QVERIFY(exportFigure(panels, path.toStdString(), options).ok());
        const QImage image(path);
        QCOMPARE(image.size(), figurePixels(panels, options));
        QCOMPARE(image.height(), 232);
        QVERIFY(image.width() > 2 * 300 + 32 && image.width() < 3 * 300);  // two maps and the legend
        QCOMPARE(qAlpha(image.pixel(1, 1)), 0);
    }
    void pdfKeepsTextAndSize() {
        const QString path = m_folder.filePath(QStringLiteral("a.pdf"));
        FigureOptions options;
        options.panelSize = {384, 288};  // 4 × 3 inches, with margins 4.33 × 3.33 (312 × 240 points)
        options.legend = false;
        QVERIFY(exportFigure({makeScene(100)}, path.toStdString(), options).ok());
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray pdf = file.readAll();
        QVERIFY(pdf.startsWith("%PDF-"));
        const QRegularExpressionMatch box = QRegularExpression(QStringLiteral(R"(/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\])")).match(QString::fromLatin1(pdf));
        QVERIFY(box.hasMatch());
        QVERIFY2(std::abs(box.captured(1).toDouble() - 312) <= 1 && std::abs(box.captured(2).toDouble() - 240) <= 1, qPrintable(box.captured(0)));
        QVERIFY2(pdf.contains("/Font"), "words are set in a font, not drawn as outlines");
    }
    void theDialogHandsOnWhatWasChosen() {
        ExportDialog dialog({makeScene(50), makeScene(60)});
        dialog.findChild<QComboBox*>(QStringLiteral("exportPanels"))->setCurrentIndex(2);
        auto* format = dialog.findChild<QComboBox*>(QStringLiteral("exportFormat"));
        format->setCurrentIndex(format->findData(QStringLiteral(".png")));
        dialog.findChild<QSpinBox*>(QStringLiteral("exportWidth"))->setValue(100);
        dialog.findChild<QSpinBox*>(QStringLiteral("exportHeight"))->setValue(50);
        dialog.findChild<QSpinBox*>(QStringLiteral("exportDpi"))->setValue(254);
        dialog.findChild<QComboBox*>(QStringLiteral("exportBackground"))->setCurrentIndex(1);
        dialog.findChild<QCheckBox*>(QStringLiteral("exportLegend"))->setChecked(false);
        QCOMPARE(dialog.panels().size(), size_t{1});
        QCOMPARE(dialog.panels().front().points->size(), size_t{60});
        QCOMPARE(dialog.ending(), QStringLiteral(".png"));
        const FigureOptions options = dialog.options();
        QVERIFY(options.transparent && !options.legend && options.dpi == 254);
        const QString path = m_folder.filePath(QStringLiteral("dialog.png"));
        QVERIFY(exportFigure(dialog.panels(), path.toStdString(), options).ok());
        const QImage image(path);
        QVERIFY(std::abs(image.width() - (1000 + 85)) <= 1);  // 100 mm at 10 dots each, and the margins
        const QLocale english(QLocale::English, QLocale::UnitedStates);
        const QString told = QStringLiteral("%1 × %2 pixels").arg(english.toString(image.width()), english.toString(image.height()));
        QVERIFY2(dialog.findChild<QLabel*>(QStringLiteral("exportPixels"))->text().contains(told), qPrintable(told));
    }
    void paperIsWhiteWhateverTheTheme() {
        FigureOptions options;
        options.dpi = 96;
        const QString light = m_folder.filePath(QStringLiteral("light.png")), dark = m_folder.filePath(QStringLiteral("dark.png"));
        QVERIFY(exportFigure({makeScene(200, false)}, light.toStdString(), options).ok());
        QVERIFY(exportFigure({makeScene(200, true)}, dark.toStdString(), options).ok());
        QCOMPARE(QImage(dark), QImage(light));
    }
    void pointsHaveTheirColours() {
        const ScatterScene scene = makeScene(400);
        const QString path = m_folder.filePath(QStringLiteral("c.png"));
        FigureOptions options;
        options.legend = false;
        QVERIFY(exportFigure({scene}, path.toStdString(), options).ok());
        const QImage image(path);
        std::map<QRgb, int> seen;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x) ++seen[image.pixel(x, y)];
        for (const LegendEntry& entry : scene.colors->entries) QVERIFY(seen[entry.color] > 1000);
    }
    void continuousLegendHasNumbers() {
        ScatterScene scene = makeScene(50);
        std::vector<float> values(50);
        for (size_t i = 0; i < 50; ++i) values[i] = static_cast<float>(i) / 10;
        scene.colors = colorByValue(values, QStringLiteral("CD3D"), QStringLiteral("log-normalised"), false);
        const QString path = m_folder.filePath(QStringLiteral("v.svg"));
        QVERIFY(exportFigure({scene, scene}, path.toStdString()).ok());
        const SvgContent svg = readSvg(path);
        QVERIFY(svg.texts.contains(QStringLiteral("CD3D (log-normalised)")));
        QVERIFY(svg.texts.contains(QStringLiteral("4")));
        QCOMPARE(svg.texts.count(QStringLiteral("TxFM, UMAP")), 2);  // two panels
    }
    void heatMapKeepsItsLabels() {
        auto data = std::make_shared<HeatMapData>();
        data->labels = {QStringLiteral("CD3D"), QStringLiteral("CD3E")};
        data->values = {1, 0.5f, 0.5f, 1};
        data->quantity = QStringLiteral("cosine");
        const QString path = m_folder.filePath(QStringLiteral("h.svg"));
        QVERIFY(exportHeatMap(data, path.toStdString()).ok());
        const SvgContent svg = readSvg(path);
        QCOMPARE(svg.texts.count(QStringLiteral("CD3D")), 2);
        QCOMPARE(svg.images, 1);
        QCOMPARE(heatMapCsv(*data), std::string("gene,CD3D,CD3E\nCD3D,1,0.5\nCD3E,0.5,1\n"));
    }
    void failuresSayWhyAndLeaveNothing() {
        const auto ending = exportFigure({makeScene(5)}, m_folder.filePath(QStringLiteral("x.gif")).toStdString());
        QVERIFY(!ending.ok());
        QCOMPARE(ending.error().code, ErrorCode::Usage);
        const auto folder = exportFigure({makeScene(5)}, m_folder.filePath(QStringLiteral("none/x.svg")).toStdString());
        QVERIFY(!folder.ok());
        QCOMPARE(folder.error().code, ErrorCode::Failed);
        QVERIFY(!exportFigure({}, m_folder.filePath(QStringLiteral("x.svg")).toStdString()).ok());
        FigureOptions options;
        options.dpi = 100000;
        QVERIFY(!exportFigure({makeScene(5)}, m_folder.filePath(QStringLiteral("x.png")).toStdString(), options).ok());
        QVERIFY(QDir(m_folder.path()).entryList({QStringLiteral("*x.*")}, QDir::Files | QDir::Hidden).isEmpty());
    }

private:
    QTemporaryDir m_folder;
};

QTEST_MAIN(TestFigureExport)
#include "test_figure_export.moc"
