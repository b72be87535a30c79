// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>

#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QSurfaceFormat>
#include <QTimer>

#include "app/studio/main_window.h"
#include "app/studio/startup_clock.h"
#include "ui/plots/export_command.h"
#include "ui/widgets/theme.h"

namespace {

/// VTK needs an OpenGL 3.2 core context; the default format must be set before QApplication exists.
void setSurfaceFormat() {
    QSurfaceFormat format;
    format.setRenderableType(QSurfaceFormat::OpenGL);
    format.setVersion(3, 2);
    format.setProfile(QSurfaceFormat::CoreProfile);
    format.setRedBufferSize(8);
    format.setGreenBufferSize(8);
    format.setBlueBufferSize(8);
    format.setAlphaBufferSize(8);
    format.setDepthBufferSize(24);
    format.setStencilBufferSize(8);
    format.setSamples(0);
    QSurfaceFormat::setDefaultFormat(format);
}

}  // namespace

int main(int argc, char** argv) {
    if (const auto status = txfm::ui::runExportCommand(argc, argv)) return *status;
    setSurfaceFormat();
    QApplication::setAttribute(Qt::AA_ShareOpenGLContexts);
    QApplication application(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("txfm"));
    QApplication::setApplicationName(QStringLiteral("txfm-studio"));
    QApplication::setApplicationDisplayName(QStringLiteral("TxFM Studio"));
    QApplication::setApplicationVersion(QStringLiteral(TXFM_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("io.github.txfm_studio.TxFMStudio"));

    QCommandLineParser parser;
    parser.setApplicationDescription(QApplication::translate("main", "Embed, fine-tune and explore RNA-seq counts with a transcriptomic foundation model."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("FILE"), QApplication::translate("main", "Count file or 10x folder to open."), QStringLiteral("[FILE]"));
    const QCommandLineOption page(QStringLiteral("page"), QApplication::translate("main", "Page to show: start, data, embed, explore, finetune, genes or decoder."), QStringLiteral("NAME"));
    const QCommandLineOption measure(QStringLiteral("measure-startup"), QApplication::translate("main", "Print the seconds from process start to the first painted window, and end."));
    parser.addOptions({page, measure});
    parser.process(application);

    txfm::ui::Theme::instance().install(application);
    txfm::studio::MainWindow window;
    if (parser.isSet(measure)) {
        QObject::connect(&window, &txfm::studio::MainWindow::firstPainted, &application, [] {
            std::printf("%.3f\n", txfm::studio::secondsSinceProcessStart());
            std::fflush(stdout);
            QTimer::singleShot(0, qApp, &QApplication::quit);
        });
    }
    window.show();
    if (parser.isSet(page)) window.showPage(parser.value(page));
    if (!parser.positionalArguments().isEmpty())
        window.openFile(QFileInfo(parser.positionalArguments().constFirst()).absoluteFilePath(), parser.value(page));
    return QApplication::exec();
}
