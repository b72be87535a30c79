// SPDX-License-Identifier: GPL-3.0-or-later
// The pages of the window and the rail that leads to them.
#include <QButtonGroup>
#include <QStackedWidget>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/studio/main_window.h"
#include "ui/pages/data_page.h"
#include "ui/pages/decoder_page.h"
#include "ui/pages/embed_page.h"
#include "ui/pages/explore_page.h"
#include "ui/pages/finetune_page.h"
#include "ui/pages/genes_page.h"
#include "ui/pages/start_page.h"
#include "ui/session/navigation.h"
#include "ui/widgets/theme.h"

namespace txfm::studio {
using namespace ui;

void MainWindow::addMakers() {
    m_makers = {
        {page::kStart, tr("Start"), QStringLiteral("start"), [this] {
             auto* start = new StartPage(m_stack);
             connect(start, &StartPage::openRequested, this, [this](const QString& path) { openFile(path); });
             connect(start, &StartPage::openFileRequested, this, &MainWindow::chooseFile);
             connect(start, &StartPage::openFolderRequested, this, &MainWindow::chooseFolder);
             return start;
         }},
        {page::kData, tr("Data"), QStringLiteral("data"), [this] { return new DataPage(m_stack); }},
        {page::kEmbed, tr("Embed"), QStringLiteral("embed"), [this] { return new EmbedPage(m_catalogue, m_stack); }},
        {page::kExplore, tr("Explore"), QStringLiteral("explore"), [this] { return new ExplorePage(m_stack); }},
        {page::kFineTune, tr("Fine-tune"), QStringLiteral("finetune"), [this] {
             auto* fineTune = new FineTunePage(m_catalogue, m_stack);
             // The start page is made first.
             connect(fineTune, &FineTunePage::runsUnderWay, static_cast<StartPage*>(m_pages.at(page::kStart)), &StartPage::showRunsUnderWay);
             return fineTune;
         }},
        {page::kGenes, tr("Genes"), QStringLiteral("genes"), [this] { return new GenesPage(m_catalogue, m_stack); }},
        {page::kDecoder, tr("Decoder"), QStringLiteral("decoder"), [this] { return new DecoderPage(m_catalogue, m_stack); }},
    };
}

void MainWindow::buildRail() {
    m_rail->setObjectName(QStringLiteral("rail"));
    m_rail->setAttribute(Qt::WA_StyledBackground);
    m_rail->setFixedWidth(metric::kRailWidth);
    auto* layout = new QVBoxLayout(m_rail);
    layout->setContentsMargins(0, metric::kSmall, 0, metric::kSmall);
    layout->setSpacing(2);
    for (const Maker& maker : m_makers) {
        auto* button = new QToolButton(m_rail);
        button->setObjectName(QStringLiteral("rail-") + maker.id);
        button->setText(maker.title);
        button->setIcon(Theme::instance().icon(maker.icon));
        button->setIconSize(QSize(24, 24));
        button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
        button->setCheckable(true);
        button->setFocusPolicy(Qt::StrongFocus);
        button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        m_railButtons->addButton(button);
        connect(button, &QToolButton::clicked, this, [this, id = maker.id] { showPage(id); });
        layout->addWidget(button);
        m_buttons[maker.id] = button;
    }
    layout->addStretch(1);
    auto* help = new QToolButton(m_rail);
    help->setText(tr("Help"));
    help->setIcon(Theme::instance().icon(QStringLiteral("help")));
    help->setIconSize(QSize(22, 22));
    help->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
    help->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    help->setToolTip(tr("Help for this page (F1)"));
    connect(help, &QToolButton::clicked, this, [this] { showHelp(m_currentPage); });
    layout->addWidget(help);
}

Page* MainWindow::ensurePage(const QString& id) {
    if (const auto found = m_pages.find(id); found != m_pages.end()) return found->second;
    for (const Maker& maker : m_makers) {
        if (maker.id != id) continue;
        Page* made = maker.make();
        made->setSession(m_session);
        m_stack->addWidget(made);
        m_pages[id] = made;
        return made;
    }
    return nullptr;
}

void MainWindow::makeNextPage() {
    if (isComplete()) {
        offerLostSession();
        return;
    }
    ensurePage(m_makers[m_nextPage++].id);
    QTimer::singleShot(0, this, &MainWindow::makeNextPage);
}

void MainWindow::showPage(const QString& id) {
    Page* wanted = ensurePage(id);
    if (!wanted) return;
    m_currentPage = id;
    m_stack->setCurrentWidget(wanted);
    m_buttons.at(id)->setChecked(true);
    wanted->activated();
}

}  // namespace txfm::studio
