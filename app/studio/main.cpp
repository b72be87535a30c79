// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>

#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QIcon>
#include <QSurfaceFormat>
#include <QTimer>

#include "app/studio/main_window.h"
#include "app/studio/startup_clock.h"
#include "core/base/paths.h"
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
    QCoreApplication::setOrganizationName(QStringLiteral("txfm"));
    QCoreApplication::setApplicationName(QStringLiteral("txfm-studio"));
    QCoreApplication::setApplicationVersion(QStringLiteral(TXFM_VERSION));
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Embed, fine-tune and explore RNA-seq counts with a transcriptomic foundation model."));
    const QCommandLineOption help = parser.addHelpOption(), version = parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("FILE"), QStringLiteral("Count file or 10x folder to open."), QStringLiteral("[FILE]"));
    const QCommandLineOption page(QStringLiteral("page"), QStringLiteral("Page to show: start, data, embed, explore, finetune, genes or decoder."), QStringLiteral("NAME"));
    const QCommandLineOption measure(QStringLiteral("measure-startup"), QStringLiteral("Print the seconds from process start to the first painted window, and end."));
    parser.addOptions({page, measure});
    // Help and version need no display.
    QStringList arguments;
    for (int i = 0; i < argc; ++i) arguments << QString::fromLocal8Bit(argv[i]);
    if (!parser.parse(arguments) || parser.isSet(help) || parser.isSet(version)) {
        const QCoreApplication application(argc, argv);
        parser.process(application);
    }

    setSurfaceFormat();
    QApplication::setAttribute(Qt::AA_ShareOpenGLContexts);
    QApplication application(argc, argv);
    QApplication::setApplicationDisplayName(QStringLiteral("TxFM Studio"));
    QApplication::setDesktopFileName(QStringLiteral("io.github.txfm_studio.TxFMStudio"));
    QApplication::setWindowIcon(QIcon(QString::fromStdString((txfm::resourceFolder() / "icons" / "io.github.txfm_studio.TxFMStudio.svg").string())));
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
