// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/start_page.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

#include "core/base/paths.h"
#include "ui/session/background.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/session/session_file.h"
#include "ui/widgets/action_card.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

StartPage::StartPage(QWidget* parent)
    : Page(parent), m_banner(new ErrorBanner(this)), m_lostBanner(new ErrorBanner(this)),
      m_runBanner(new ErrorBanner(this)), m_recent(new QListWidget(this)) {
    auto* headline = new QLabel(tr("From a count file to a map of your cells"), this);
    headline->setFont(Theme::instance().titleFont());
    auto* text = new QLabel(tr("Open RNA-seq counts, embed every cell or sample with a transcriptomic foundation model, "
                               "and explore the result. Everything stays on this computer."), this);
    text->setProperty("role", "muted");
    text->setWordWrap(true);

    auto* demo = new ActionCard(QStringLiteral("demo"), tr("Open demo data"),
                                tr("1,000 blood cells with known cell types. The quickest way to see what the program does."), this);
    demo->setObjectName(QStringLiteral("openDemo"));
    demo->setPrimary(true);
    auto* file = new ActionCard(QStringLiteral("open"), tr("Open a file…"),
                                tr("h5ad, 10x h5, loom, GCT, or a table of counts (csv, tsv, txt)."), this);
    file->setObjectName(QStringLiteral("openFile"));
    auto* folder = new ActionCard(QStringLiteral("data"), tr("Open a 10x folder…"),
                                  tr("A folder with matrix.mtx and its barcode and gene lists."), this);
    folder->setObjectName(QStringLiteral("openFolder"));
    connect(demo, &QAbstractButton::clicked, this, [this] { Q_EMIT openRequested(demoDataFile()); });
    connect(file, &QAbstractButton::clicked, this, &StartPage::openFileRequested);
    connect(folder, &QAbstractButton::clicked, this, &StartPage::openFolderRequested);
    auto* cards = new QHBoxLayout;
    cards->setSpacing(metric::kGap);
    for (QWidget* card : {static_cast<QWidget*>(demo), static_cast<QWidget*>(file), static_cast<QWidget*>(folder)}) cards->addWidget(card, 1);

    auto* drop = new QLabel(tr("You can also drop a file or folder anywhere in this window."), this);
    drop->setProperty("role", "muted");

    auto* recent = new Section(tr("Recent files"), this);
    m_recentSection = recent;
    m_recent->setObjectName(QStringLiteral("recentFiles"));
    m_recent->setAccessibleName(tr("Recent files"));
    m_recent->setFrameShape(QFrame::NoFrame);
    m_recent->setStyleSheet(QStringLiteral("QListView { border: none; }"));
    m_recent->setTextElideMode(Qt::ElideMiddle);
    recent->body()->addWidget(m_recent);
    connect(m_recent, &QListWidget::itemClicked, this, &StartPage::openRecent);
    connect(m_recent, &QListWidget::itemActivated, this, &StartPage::openRecent);

    auto* column = new QVBoxLayout;
    column->setSpacing(metric::kGap);
    column->addWidget(m_banner);
    column->addWidget(m_lostBanner);
    column->addWidget(m_runBanner);
    column->addSpacing(metric::kSection);
    column->addWidget(headline);
    column->addWidget(text);
    column->addSpacing(metric::kSmall);
    column->addLayout(cards);
    column->addWidget(drop);
    column->addSpacing(metric::kSmall);
    column->addWidget(recent, 1);
    column->addStretch(0);
    auto* centred = new QHBoxLayout(this);
    centred->setContentsMargins(metric::kMargin, metric::kMargin, metric::kMargin, metric::kMargin);
    centred->addStretch(1);
    centred->addLayout(column, 20);
    centred->addStretch(1);
    refreshRecent();
    m_runBanner->setObjectName(QStringLiteral("runUnderWay"));
    m_runBanner->setAction(tr("Show"));
    connect(m_runBanner, &ErrorBanner::actionTriggered, this, [this] { session()->navigation()->showPage(page::kFineTune); });
    m_lostBanner->setObjectName(QStringLiteral("lostSession"));
    m_lostBanner->setAction(tr("Restore"));
    connect(m_lostBanner, &ErrorBanner::actionTriggered, this, [this] {
        m_lostBanner->hide();
        if (const auto lost = std::exchange(m_lost, std::nullopt)) session()->restore(*lost);
    });
    connect(m_lostBanner, &ErrorBanner::dismissed, this, [this] {
        if (const auto lost = std::exchange(m_lost, std::nullopt)) session()->computePool()->start([lost] { lost->discard(); });
    });
}

void StartPage::offerLostSession(const SessionSnapshot& lost) {
    m_lost = lost;
    m_lostBanner->showMessage(ErrorBanner::Kind::Info,
                              tr("The program ended while results of %1 were not saved (%2). Restore them, or close this note to drop them.")
                                  .arg(QFileInfo(lost.sourcePath).fileName(), lost.saved.toString(QStringLiteral("yyyy-MM-dd HH:mm"))));
}

void StartPage::showRunsUnderWay(const QStringList& names) {
    if (names.isEmpty()) {
        m_runBanner->dismiss();
    } else {
        m_runBanner->showMessage(ErrorBanner::Kind::Info, tr("Being fine-tuned: %1.").arg(names.join(QStringLiteral(", "))));
    }
}

QString StartPage::id() const { return page::kStart; }

void StartPage::setSession(Session* s) {
    Page::setSession(s);
    connect(s, &Session::openingStarted, m_banner, &QWidget::hide);
    connect(s, &Session::openingFailed, this, [this](const Error& error, const QString& path) {
        m_banner->showError(error, path);
        refreshRecent();
    });
    connect(s, &Session::datasetChanged, this, &StartPage::refreshRecent);
    runInBackground(
        s->computePool(), this, [] { return SessionFile::read(SessionFile::ofLastWindow()); },
        [this](const Result<SessionFile>& last) {
            if (!last) return;  // there is none, or its data are gone
            m_lastWindow = QFileInfo(last->data).fileName();
            refreshRecent();
        });
}

void StartPage::activated() { refreshRecent(); }

void StartPage::refreshRecent() {
    m_recent->clear();
    const auto add = [this](const QString& icon, const QString& text, const QString& path) {
        auto* item = new QListWidgetItem(Theme::instance().icon(icon), text, m_recent);
        item->setData(Qt::UserRole, path);
        item->setToolTip(path);
        item->setSizeHint({0, fontMetrics().height() + 14});
    };
    if (!m_lastWindow.isEmpty())
        add(QStringLiteral("play"), tr("Continue where you left off: %1").arg(m_lastWindow), SessionFile::ofLastWindow());
    for (const QString& path : RecentFiles::list()) {
        const QFileInfo info(path);
        add(QStringLiteral("recent"), QStringLiteral("%1    %2").arg(info.fileName(), info.absolutePath()), path);
    }
    m_recentSection->setVisible(m_recent->count() > 0);
}

void StartPage::openRecent() {
    const QListWidgetItem* item = m_recent->currentItem();
    if (!item) return;
    const QString path = item->data(Qt::UserRole).toString();
    if (!QFileInfo::exists(path)) {
        m_banner->showMessage(ErrorBanner::Kind::Warning, tr("%1 is no longer there; it was taken off the list.").arg(path));
        RecentFiles::remove(path);
        refreshRecent();
        return;
    }
    Q_EMIT openRequested(path);
}

}  // namespace txfm::ui
