// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <map>

#include <QDir>
#include <QFile>
#include <QImage>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

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
