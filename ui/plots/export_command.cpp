// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/export_command.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <QCommandLineParser>
#include <QGuiApplication>
#include <QTemporaryDir>

#include "core/io/reader.h"
#include "ui/plots/figure_export.h"
#include "ui/plots/gene_values.h"
#include "ui/plots/map_axes.h"

namespace txfm::ui {

namespace {

QString list(const std::vector<std::string>& names) {
    QStringList texts;
    for (const std::string& name : names) texts << QString::fromStdString(name);
    return texts.join(QStringLiteral(", "));
}

Result<std::shared_ptr<const PointColors>> colorsFor(std::shared_ptr<const Dataset> dataset, const std::string& name,
                                                     const QString& file) {
    const auto cells = static_cast<size_t>(dataset->cells());
    if (name.empty()) return plainColors(cells, false);
    const QString title = QString::fromStdString(name);
    if (const Column* column = dataset->obs.find(name)) {
        if (!column->isNumeric()) return colorByCategory(column->toCategorical(), title, false);
        std::vector<float> values(cells);
        for (size_t i = 0; i < cells; ++i) values[i] = static_cast<float>(column->number(i));
        return colorByValue(std::move(values), title, {}, false);
    }
    const int64_t gene = findGene(dataset->var, name);
    if (gene < 0) {
        std::vector<std::string> columns;
        for (const Column& column : dataset->obs.columns) columns.push_back(column.name);
        return usageError(QStringLiteral("%1 has neither a column nor a gene named '%2'; its columns are: %3.")
                              .arg(file, title, list(columns)).toStdString());
    }
    Progress progress;
    GeneValues reader(dataset);
    TXFM_TRY(std::vector<float> values, reader.read(gene, progress));
    return colorByValue(std::move(values), title, QString::fromStdString(reader.unit()), false);
}

Result<void> exportFile(const QString& file, const std::string& basis, const std::string& color, const QString& out, int dpi) {
    Progress progress;
    io::ReadOptions options;
    options.allowNormalised = true;
    options.keepInMemory = false;
    TXFM_TRY(Dataset opened, io::openDataset(file.toStdString(), options, progress));
    const auto dataset = std::make_shared<const Dataset>(std::move(opened));
    const auto found = dataset->obsm.find(basis);
    if (found == dataset->obsm.end() || found->second.cols < 2) {
        std::vector<std::string> maps;
        for (const auto& [key, matrix] : dataset->obsm)
            if (matrix.cols >= 2) maps.push_back(key);
        return badInput(QStringLiteral("%1 has no map obsm['%2']; %3.")
                            .arg(file, QString::fromStdString(basis),
                                 maps.empty() ? QStringLiteral("make one with 'txfm project'")
                                              : QStringLiteral("it has: ") + list(maps)).toStdString());
    }
    const DenseMatrix& map = found->second;
    std::vector<float> x(static_cast<size_t>(map.rows)), y(x.size());
    for (int64_t i = 0; i < map.rows; ++i) {
        x[static_cast<size_t>(i)] = map(i, 0);
        y[static_cast<size_t>(i)] = map(i, 1);
    }
    const MapNames names = mapNames(QString::fromStdString(basis));
    ScatterScene scene;
    scene.title = names.title;
    scene.xLabel = names.xLabel;
    scene.yLabel = names.yLabel;
    scene.ticks = names.numbers;
    scene.points = makePointSet(std::move(x), std::move(y));
    TXFM_TRY(scene.colors, colorsFor(dataset, color, file));
    if (scene.colors->entries.size() <= 40) scene.labels = categoryLabels(*scene.points, *scene.colors, nullptr);
    FigureOptions figure;
    figure.dpi = dpi;
    for (const char* ending : {".svg", ".png"}) {
        const QString path = out + QLatin1String(ending);
        TXFM_CHECK(exportFigure({scene}, path.toStdString(), figure));
        std::printf("%s\n", qPrintable(path));
    }
    return {};
}

int report(const Error& error) {
    std::fprintf(stderr, "txfm-studio: %s%s%s\n", error.message.c_str(), error.hint.empty() ? "" : " ", error.hint.c_str());
    return static_cast<int>(error.code);
}

}  // namespace

std::optional<int> runExportCommand(int argc, char** argv) {
    const bool asked = std::any_of(argv, argv + argc, [](const char* argument) {
        return std::strncmp(argument, "--export-figure", std::strlen("--export-figure")) == 0;
    });
    if (!asked) return std::nullopt;
    qputenv("QT_QPA_PLATFORM", "offscreen");
    // Qt warns on standard error about a missing runtime folder, which a batch system need not provide.
    const QTemporaryDir runtime;
    if (qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR") && runtime.isValid()) qputenv("XDG_RUNTIME_DIR", runtime.path().toUtf8());
    QGuiApplication application(argc, argv);
    QCommandLineParser parser;
    const QCommandLineOption in(QStringLiteral("export-figure"), QStringLiteral("File with a map."), QStringLiteral("FILE"));
    const QCommandLineOption basis(QStringLiteral("basis"), QStringLiteral("Map in obsm."), QStringLiteral("KEY"),
                                   QStringLiteral("X_txfm_umap"));
    const QCommandLineOption color(QStringLiteral("color"), QStringLiteral("obs column or gene."), QStringLiteral("NAME"));
    const QCommandLineOption out(QStringLiteral("out"), QStringLiteral("Base name of the figures."), QStringLiteral("BASE"));
    const QCommandLineOption dpi(QStringLiteral("dpi"), QStringLiteral("Resolution."), QStringLiteral("N"), QStringLiteral("300"));
    parser.addOptions({in, basis, color, out, dpi});
    if (!parser.parse(QGuiApplication::arguments())) return report(usageError(parser.errorText().toStdString() + "."));
    if (!parser.isSet(out)) return report(usageError("Option --out is missing: the base name of the figures to write."));
    bool number = false;
    const int resolution = parser.value(dpi).toInt(&number);
    if (!number) return report(usageError("Option --dpi needs a whole number."));
    const auto done = exportFile(parser.value(in), parser.value(basis).toStdString(), parser.value(color).toStdString(),
                                 parser.value(out), resolution);
    return done ? 0 : report(done.error());
}

}  // namespace txfm::ui
