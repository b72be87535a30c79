// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/main_window.h"

#include <QApplication>
#include <QButtonGroup>
#include <QCloseEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QScreen>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimer>
#include <QVBoxLayout>

#include "app/studio/about_dialog.h"
#include "app/studio/help_window.h"
#include "ui/models/model_catalogue.h"
#include "ui/pages/start_page.h"
#include "ui/session/autosave.h"
#include "ui/session/background.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/widgets/busy_indicator.h"
#include "ui/widgets/command_palette.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/format.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/theme.h"

namespace txfm::studio {
using namespace ui;
namespace {

const QString kGeometry = QStringLiteral("window/geometry");
const QString kModel = QStringLiteral("models/chosen");
constexpr int kSlowOpeningMs = 500;
constexpr int kFrameHeight = 40;
constexpr int kNoteMs = 8000;  // a note without a question goes by itself

template <class T>
T* named(T* widget, const QString& name) {
    widget->setObjectName(name);
    return widget;
}

}  // namespace

MainWindow::MainWindow(QWidget* parent)
    : QMainWindow(parent), m_session(new Session(this)), m_autosave(new Autosave(m_session)), m_catalogue(new ModelCatalogue(this)),
      m_stack(new QStackedWidget(this)), m_rail(new QWidget(this)), m_railButtons(new QButtonGroup(this)),
      m_banner(named(new ErrorBanner(this), QStringLiteral("windowBanner"))), m_busy(new BusyIndicator(this)), m_statusData(new QLabel(this)),
      m_statusWork(new QLabel(this)), m_dropHint(new QLabel(this)) {
    setWindowTitle(QStringLiteral("TxFM Studio"));
    setAcceptDrops(true);
    qApp->installEventFilter(this);
    m_dropHint->setObjectName(QStringLiteral("dropHint"));
    m_dropHint->setAlignment(Qt::AlignCenter);
    m_dropHint->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_dropHint->setFont(Theme::instance().titleFont());
    m_dropHint->hide();
    // With its frame the window fits the screen, whatever the window manager does.
    resize(QSize(1280, 800).boundedTo(screen()->availableSize() - QSize(0, kFrameHeight)));
    setMinimumSize(900, 600);

    addMakers();
    buildRail();
    auto* column = new QVBoxLayout;
    column->setSpacing(0);
    auto* bannerBox = new QVBoxLayout;
    bannerBox->setContentsMargins(metric::kGap, 0, metric::kGap, 0);
    bannerBox->addWidget(m_banner);
    connect(m_banner, &ErrorBanner::shownChanged, this, [bannerBox](bool shown) {
        bannerBox->setContentsMargins(metric::kGap, shown ? metric::kSmall : 0, metric::kGap, 0);
    });
    column->addLayout(bannerBox);
    column->addWidget(m_stack, 1);
    auto* centre = new QWidget(this);
    auto* row = new QHBoxLayout(centre);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(m_rail);
    row->addLayout(column, 1);
    setCentralWidget(centre);
    buildMenus();
    buildStatusBar();
    connectSession();

    const QSettings settings;
    restoreGeometry(settings.value(kGeometry).toByteArray());
    const QString model = settings.value(kModel).toString();
    m_session->chooseModel(m_catalogue->indexOfFolder(model) >= 0 ? model : m_catalogue->defaultFolder());
    showPage(page::kStart);
}

MainWindow::~MainWindow() {
    // Pages use the session until their end; the session is the older child and would go first.
    delete takeCentralWidget();
}

void MainWindow::buildStatusBar() {
    statusBar()->setSizeGripEnabled(false);
    m_statusData->setContentsMargins(metric::kSmall, 0, 0, 0);
    m_statusData->setText(tr("No data open"));
    statusBar()->addWidget(m_statusData, 1);
    statusBar()->addPermanentWidget(m_statusWork);
    statusBar()->addPermanentWidget(m_busy);
}

void MainWindow::connectSession() {
    connect(m_session, &Session::openingStarted, this, [this](const QString& path) {
        m_banner->dismiss();
        m_statusWork->setText(tr("Opening %1").arg(QFileInfo(path).fileName()));
        m_busy->start();
        // Progress and Cancel are on the Data page; what opens at once needs neither.
        QTimer::singleShot(kSlowOpeningMs, this, [this] {
            if (m_session->isOpening()) showPage(page::kData);
        });
    });
    const auto settled = [this] {
        m_busy->stop();
        m_statusWork->clear();
    };
    connect(m_session, &Session::openingFailed, this, [this, settled](const Error& error, const QString& path) {
        settled();
        m_sessionToShow.reset();
        if (!m_session->dataset()) showPage(page::kStart);
        // The start page has a banner of its own; elsewhere the sentence stands above the page.
        if (m_currentPage != page::kStart) showProblem(error, path);
    });
    connect(m_session, &Session::datasetChanged, this, [this, settled] {
        settled();
        refreshTitle();
        dataOpened();
    });
    connect(m_session, &Session::resultsChanged, this, &MainWindow::refreshTitle);
    connect(m_session, &Session::modifiedChanged, this, &MainWindow::refreshTitle);
    connect(m_session, &Session::modelChanged, this, [this] {
        if (m_session->model()) QSettings().setValue(kModel, m_session->modelFolder());
    });
    connect(m_session, &Session::modelFailed, this, [this](const Error& error, const QString& folder) {
        // Embed says it beside the choice; a dropped folder leads here when no data are open.
        if (m_currentPage == page::kGenes || m_currentPage == page::kDecoder) showProblem(error, folder);
    });
    connect(m_session, &Session::resultsFailed, this, [this](const Error& error) { showProblem(error); });
    connect(m_session, &Session::savingStarted, this, [this](const QString& path) {
        m_statusWork->setText(tr("Saving %1").arg(QFileInfo(path).fileName()));
        m_busy->start();
    });
    connect(m_session, &Session::saved, this, [this, settled](const QString& path) {
        settled();
        showNote(tr("Saved %1 (%2).").arg(path, formatBytes(static_cast<double>(QFileInfo(path).size()))));
        refreshTitle();
        if (!m_sessionToWrite.isEmpty()) {
            writeSession(std::exchange(m_sessionToWrite, {}));
        } else {
            RecentFiles::add(path);
            refreshRecentMenu();
        }
    });
    connect(m_session, &Session::savingFailed, this, [this, settled](const Error& error) {
        settled();
        m_sessionToWrite.clear();
        showProblem(error);
    });
    connect(m_banner, &ErrorBanner::actionTriggered, this, &MainWindow::saveAs);
    connect(m_banner, &ErrorBanner::dismissed, this, [this] { m_lossConfirmed.clear(); });
    Navigation* navigation = m_session->navigation();
    connect(navigation, &Navigation::pageRequested, this, &MainWindow::showPage);
    connect(navigation, &Navigation::saveRequested, this, &MainWindow::saveAs);
    connect(navigation, &Navigation::statusRequested, m_statusWork, &QLabel::setText);
    connect(navigation, &Navigation::helpRequested, this, &MainWindow::showHelp);
}

void MainWindow::offerLostSession() {
    runInBackground(m_session->computePool(), this, [] { return SessionSnapshot::findLost(); }, [this](const std::optional<SessionSnapshot>& lost) {
        if (lost && !m_session->isModified()) static_cast<StartPage*>(m_pages.at(page::kStart))->offerLostSession(*lost);
    });
}

void MainWindow::paintEvent(QPaintEvent* event) {
    QMainWindow::paintEvent(event);
    if (m_painted) return;
    m_painted = true;
    // After the children have painted and the frame is out.
    QTimer::singleShot(0, this, [this] {
        Q_EMIT firstPainted();
        makeNextPage();
    });
}

void MainWindow::answerSecondStart(const SingleInstance::Request& request) {
    if (isMinimized()) showNormal();
    raise();
    activateWindow();
    if (!request.files.isEmpty()) {
        openFiles(request.files, request.page);
    } else if (!request.page.isEmpty()) {
        showPage(request.page);
    }
}

void MainWindow::endBySystem() {
    m_autosave->keepForNextStart();
    QApplication::quit();
}

void MainWindow::dataOpened() {
    const auto dataset = m_session->dataset();
    const QString source = dataset ? m_session->sourcePath() : QString();
    if (const auto file = std::exchange(m_sessionToShow, std::nullopt); file && dataset && source == file->data) {
        m_shownSource = source;
        refreshRecentMenu();
        // The pages hear of the new data after the window does.
        QTimer::singleShot(0, this, [this, file] { showSession(*file); });
        return;
    }
    // Filtering and joining change the data, too, but the user stays where they are.
    if (source == m_shownSource) return;
    m_shownSource = source;
    if (!dataset) return;
    RecentFiles::add(source);
    refreshRecentMenu();
    const bool hasMap = dataset->obsm.contains("X_txfm_umap");
    showPage(!m_pageAfterOpening.isEmpty() ? m_pageAfterOpening : hasMap ? page::kExplore : page::kData);
    m_pageAfterOpening.clear();
}

void MainWindow::saveAs() {
    if (!m_session->dataset()) return;
    const QString source = m_session->sourcePath();
    const QString path = askSavePath(this, tr("Save data and results"), QFileInfo(source).completeBaseName() + QStringLiteral(".txfm.h5ad"),
                                     tr("AnnData (*.h5ad)"), source);
    if (!path.isEmpty()) m_session->saveAs(path);
}

void MainWindow::refreshRecentMenu() {
    m_recentMenu->clear();
    for (const QString& path : RecentFiles::list())
        m_recentMenu->addAction(QFileInfo(path).fileName(), this, [this, path] { openFile(path); })->setToolTip(path);
    m_recentMenu->addSeparator();
    m_recentMenu->addAction(tr("Clear this list"), this, [this] {
        RecentFiles::clear();
        refreshRecentMenu();
    });
    m_recentMenu->setEnabled(!RecentFiles::list().isEmpty());
}

void MainWindow::refreshTitle() {
    const auto dataset = m_session->dataset();
    setWindowTitle(dataset ? QStringLiteral("%1[*] – TxFM Studio").arg(m_session->displayName()) : QStringLiteral("TxFM Studio[*]"));
    setWindowModified(m_session->isModified());
    m_statusData->setText(dataset ? tr("%1 · %2 cells × %3 genes%4").arg(m_session->displayName(), formatCount(dataset->cells()),
                                        formatCount(dataset->genes()), m_session->isModified() ? tr(" · not saved") : QString())
                                  : tr("No data open"));
    m_saveAction->setEnabled(dataset != nullptr);
    m_saveSessionAction->setEnabled(dataset != nullptr);
    m_closeAction->setEnabled(dataset != nullptr);
    m_addAction->setEnabled(dataset != nullptr);
}

void MainWindow::showHelp(const QString& topic) {
    if (!m_help) m_help = new HelpWindow(this);
    m_help->showTopic(topic);
}

void MainWindow::showAbout() {
    auto* dialog = new AboutDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::showPalette() {
    if (!m_palette) m_palette = new CommandPalette(this);
    m_palette->open(findChildren<QAction*>());
}

void MainWindow::showNote(const QString& text) {
    m_banner->setAction({});
    m_banner->showMessage(ErrorBanner::Kind::Info, text);
    QTimer::singleShot(kNoteMs, m_banner, [this, text] {
        if (m_banner->text() == text) m_banner->dismiss();
    });
}

void MainWindow::showProblem(const Error& error, const QString& details) {
    m_banner->setAction({});
    m_banner->showError(error, details);
}

bool MainWindow::confirmLoss(const QString& purpose, const QString& how) {
    const QString work = m_session->runningWork();
    if ((!m_session->isModified() && work.isEmpty()) || m_lossConfirmed == purpose) {
        m_lossConfirmed.clear();
        return true;
    }
    m_lossConfirmed = purpose;
    m_banner->showMessage(ErrorBanner::Kind::Warning,
                          work.isEmpty() ? tr("Results of %1 are not saved. Save them, or %2 to go on without them.").arg(m_session->displayName(), how)
                                         : tr("%1 is still running. Wait for its end, or %2 to stop it and lose what it made.").arg(work, how));
    m_banner->setAction(work.isEmpty() ? tr("Save as…") : QString());
    return false;
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (!confirmLoss(QStringLiteral("close"), tr("close the window again"))) {
        event->ignore();
        return;
    }
    QSettings().setValue(kGeometry, saveGeometry());
    keepForNextStart();
    event->accept();
}

}  // namespace txfm::studio
