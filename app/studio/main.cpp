// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>

#include <QApplication>
#include <QCommandLineParser>
#include <QFileInfo>
#include <QIcon>
#include <QTimer>

#include "app/studio/main_window.h"
#include "app/studio/single_instance.h"
#include "app/studio/startup_clock.h"
#include "app/studio/termination_signals.h"
#include "core/base/paths.h"
#include "ui/plots/export_command.h"
#include "ui/plots/scatter_view.h"
#include "ui/widgets/theme.h"

int main(int argc, char** argv) {
    if (const std::optional<int> exported = txfm::ui::runExportCommand(argc, argv)) return *exported;

    QCoreApplication::setOrganizationName(QStringLiteral("txfm"));
    QCoreApplication::setApplicationName(QStringLiteral("txfm-studio"));
    QCoreApplication::setApplicationVersion(QStringLiteral(TXFM_VERSION));
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Embed, fine-tune and explore RNA-seq counts with a transcriptomic foundation model."));
    const QCommandLineOption help = parser.addHelpOption(), version = parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("FILE"), QStringLiteral("Count files, 10x folder or session file to open."), QStringLiteral("[FILE...]"));
    const QCommandLineOption page(QStringLiteral("page"), QStringLiteral("Page to show: start, data, embed, explore, finetune, genes or decoder."), QStringLiteral("NAME"));
    const QCommandLineOption another(QStringLiteral("new-window"), QStringLiteral("Open a window of its own even when one is open already."));
    const QCommandLineOption measure(QStringLiteral("measure-startup"), QStringLiteral("Print the seconds from process start to the first painted window, and end."));
    parser.addOptions({page, another, measure});
    // Help and version need no display.
    QStringList arguments;
    for (int i = 0; i < argc; ++i) arguments << QString::fromLocal8Bit(argv[i]);
    if (!parser.parse(arguments) || parser.isSet(help) || parser.isSet(version)) {
        const QCoreApplication application(argc, argv);
        parser.process(application);
    }

    txfm::ui::ScatterView::setDefaultFormat();
    QApplication::setAttribute(Qt::AA_ShareOpenGLContexts);
    QApplication application(argc, argv);
    QApplication::setApplicationDisplayName(QStringLiteral("TxFM Studio"));
    QApplication::setDesktopFileName(QStringLiteral("io.github.txfm_studio.TxFMStudio"));
    QApplication::setWindowIcon(QIcon(QString::fromStdString((txfm::resourceFolder() / "icons" / "io.github.txfm_studio.TxFMStudio.svg").string())));
    parser.process(application);

    QStringList files;
    for (const QString& file : parser.positionalArguments()) files << QFileInfo(file).absoluteFilePath();
    const bool alone = parser.isSet(another) || parser.isSet(measure);
    txfm::studio::SingleInstance instance;
    if (!alone && instance.handOver({files, parser.value(page)})) return 0;

    txfm::ui::Theme::instance().install(application);
    txfm::studio::MainWindow window;
    txfm::studio::TerminationSignals signalsToQuit;
    QObject::connect(&signalsToQuit, &txfm::studio::TerminationSignals::received, &window, &txfm::studio::MainWindow::endBySystem);
    if (!alone) {
        instance.listen();
        QObject::connect(&instance, &txfm::studio::SingleInstance::requested, &window, &txfm::studio::MainWindow::answerSecondStart);
    }
    if (parser.isSet(measure)) {
        QObject::connect(&window, &txfm::studio::MainWindow::firstPainted, &application, [] {
            std::printf("%.3f\n", txfm::studio::secondsSinceProcessStart());
            std::fflush(stdout);
            QTimer::singleShot(0, qApp, &QApplication::quit);
        });
    }
    window.show();
    if (parser.isSet(page)) window.showPage(parser.value(page));
    if (!files.isEmpty()) window.openFiles(files, parser.value(page));
    return QApplication::exec();
}
