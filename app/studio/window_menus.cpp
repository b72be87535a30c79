// SPDX-License-Identifier: GPL-3.0-or-later
#include <QActionGroup>
#include <QMenuBar>
#include <QSettings>
#include <QToolButton>
#include <QUndoStack>

#include "app/studio/main_window.h"
#include "app/studio/storage_dialog.h"
#include "ui/pages/data_page.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/widgets/theme.h"

namespace txfm::studio {
using namespace ui;

void MainWindow::buildMenus() {
    QMenu* file = menuBar()->addMenu(tr("&File"));
    file->addAction(tr("&Open…"), QKeySequence::Open, this, &MainWindow::chooseFile);
    file->addAction(tr("Open &folder…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O), this, &MainWindow::chooseFolder);
    m_recentMenu = file->addMenu(tr("Open &recent"));
    m_recentMenu->setToolTipsVisible(true);
    refreshRecentMenu();
    file->addAction(tr("Open &demo data"), this, [this] { openFile(demoDataFile()); });
    m_addAction = file->addAction(tr("&Add cells of further files…"), this, [this] {
        showPage(page::kData);
        static_cast<DataPage*>(m_pages.at(page::kData))->addCells();
    });
    file->addSeparator();
    m_saveAction = file->addAction(tr("&Save results as…"), QKeySequence::Save, this, &MainWindow::saveAs);
    m_saveAction->setObjectName(QStringLiteral("saveAction"));
    m_saveAction->setToolTip(tr("Write counts, embeddings, maps, clusters and annotations as one h5ad file"));
    m_saveSessionAction = file->addAction(tr("Save sess&ion…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S), this, &MainWindow::saveSession);
    m_saveSessionAction->setObjectName(QStringLiteral("saveSessionAction"));
    m_saveSessionAction->setToolTip(tr("Write down what is open, selected and shown, to come back to it; unsaved results get a file beside it"));
    m_closeAction = file->addAction(tr("&Close data"), QKeySequence::Close, this, [this] {
        if (!confirmLoss(QStringLiteral("data"), tr("close the data again"))) return;
        m_session->close();
        showPage(page::kStart);
    });
    m_saveAction->setEnabled(false);
    m_saveSessionAction->setEnabled(false);
    m_closeAction->setEnabled(false);
    m_addAction->setEnabled(false);
    file->addAction(tr("Stored co&pies of large files…"), this, [this] {
        auto* dialog = new StorageDialog(m_session->computePool(), this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
    file->addSeparator();
    file->addAction(tr("&Quit"), QKeySequence::Quit, this, &QWidget::close);

    QMenu* edit = menuBar()->addMenu(tr("&Edit"));
    QAction* undo = m_session->undoStack()->createUndoAction(this, tr("&Undo"));
    undo->setShortcut(QKeySequence::Undo);
    QAction* redo = m_session->undoStack()->createRedoAction(this, tr("&Redo"));
    redo->setShortcut(QKeySequence::Redo);
    edit->addActions({undo, redo});
    edit->addSeparator();
    edit->addAction(tr("&Clear selection"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_A), m_session->selection(), &SelectionModel::clear);
    edit->addAction(tr("&Invert selection"), QKeySequence(Qt::CTRL | Qt::Key_I), m_session->selection(), &SelectionModel::invert);

    QMenu* view = menuBar()->addMenu(tr("&View"));
    for (size_t i = 0; i < m_makers.size(); ++i) {
        const QKeySequence keys(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + static_cast<int>(i)));
        view->addAction(Theme::instance().icon(m_makers[i].icon), m_makers[i].title, keys, this, [this, id = m_makers[i].id] { showPage(id); });
        m_buttons.at(m_makers[i].id)->setToolTip(QStringLiteral("%1 (%2)").arg(m_makers[i].title, keys.toString(QKeySequence::NativeText)));
    }
    view->addSeparator();
    QMenu* look = view->addMenu(tr("&Appearance"));
    auto* modes = new QActionGroup(this);
    const QString key = QStringLiteral("window/theme");
    const std::pair<QString, Theme::Mode> names[] = {
        {tr("Follow the system"), Theme::Mode::System}, {tr("Light"), Theme::Mode::Light}, {tr("Dark"), Theme::Mode::Dark}};
    const int stored = QSettings().value(key, 0).toInt();
    for (const auto& [name, mode] : names) {
        QAction* action = look->addAction(name, this, [mode = mode, key] {
            Theme::instance().setMode(mode);
            QSettings().setValue(key, static_cast<int>(mode));
        });
        action->setCheckable(true);
        action->setChecked(stored == static_cast<int>(mode));
        if (action->isChecked()) Theme::instance().setMode(mode);
        modes->addAction(action);
    }
    QAction* full = view->addAction(tr("&Full screen"), QKeySequence(Qt::Key_F11), this, [this](bool on) { on ? showFullScreen() : showNormal(); });
    full->setCheckable(true);

    QMenu* help = menuBar()->addMenu(tr("&Help"));
    help->addAction(tr("&Help for this page"), QKeySequence::HelpContents, this, [this] { showHelp(m_currentPage); });
    help->addAction(tr("&Find a command…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_P), this, &MainWindow::showPalette);
    help->addSeparator();
    help->addAction(tr("&About TxFM Studio"), this, &MainWindow::showAbout);
}

}  // namespace txfm::studio
