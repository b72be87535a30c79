// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of MainWindow that open files: one, several, or dropped by the mouse.
#include <QDropEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMimeData>
#include <QSettings>
#include <QTimer>

#include "app/studio/join_dialog.h"
#include "app/studio/main_window.h"
#include "ui/models/model_catalogue.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/widgets/theme.h"

namespace txfm::studio {
using namespace ui;
namespace {

const QString kLastFolder = QStringLiteral("window/lastFolder");

QStringList localFiles(const QMimeData* data) {
    QStringList files;
    for (const QUrl& url : data->urls())
        if (url.isLocalFile()) files << QFileInfo(url.toLocalFile()).absoluteFilePath();
    return files;
}

}  // namespace

void MainWindow::openFile(const QString& path, const QString& page) {
    if (ModelCatalogue::looksLikeModel(path)) {
        m_catalogue->addFolder(path);
        m_session->chooseModel(path);
        showPage(m_session->dataset() ? page::kEmbed : page::kGenes);
        return;
    }
    if (!confirmLoss(path, tr("open %1 again").arg(QFileInfo(path).fileName()))) return;
    if (SessionFile::isOne(path)) {
        openSession(path);
        return;
    }
    if (path != demoDataFile()) QSettings().setValue(kLastFolder, QFileInfo(path).absolutePath());
    m_pageAfterOpening = page;
    m_session->open(path);
}

void MainWindow::openFiles(const QStringList& files, const QString& page) {
    if (files.size() == 1) {
        openFile(files.constFirst(), page);
        return;
    }
    auto* dialog = new JoinDialog(files, m_session->dataset() ? m_session->displayName() : QString(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, files, page] {
        if (dialog->answer() == JoinDialog::Answer::First) {
            openFile(files.constFirst(), page);
        } else if (dialog->answer() == JoinDialog::Answer::ToOpen) {
            m_session->mergeFiles(files);
        } else if (confirmLoss(files.join(QLatin1Char('\n')), tr("open the files again"))) {
            m_pageAfterOpening = page;
            m_session->openJoined(files);
        }
    });
    dialog->open();
}

void MainWindow::chooseFile() {
    const QStringList files = QFileDialog::getOpenFileNames(
        this, tr("Open counts"), QSettings().value(kLastFolder).toString(),
        tr("Count files and sessions (*.h5ad *.h5 *.loom *.csv *.tsv *.txt *.gct *.mtx *.gz *.zip *.tab *%1);;All files (*)").arg(SessionFile::kEnding));
    if (!files.isEmpty()) openFiles(files);
}

void MainWindow::chooseFolder() {
    const QString path = QFileDialog::getExistingDirectory(this, tr("Open a folder of counts"), QSettings().value(kLastFolder).toString());
    if (!path.isEmpty()) openFile(path);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    const QStringList files = localFiles(event->mimeData());
    if (files.isEmpty()) return;
    event->acceptProposedAction();
    m_dropHint->setText(files.size() == 1 ? tr("Drop to open %1").arg(QFileInfo(files.constFirst()).fileName())
                                          : tr("Drop to open %n files", nullptr, static_cast<int>(files.size())));
    m_dropHint->setGeometry(centralWidget()->geometry());
    m_dropHint->raise();
    m_dropHint->show();
}

void MainWindow::dragLeaveEvent(QDragLeaveEvent*) { m_dropHint->hide(); }

void MainWindow::dropEvent(QDropEvent* event) {
    m_dropHint->hide();
    const QStringList files = localFiles(event->mimeData());
    if (files.isEmpty()) return;
    event->acceptProposedAction();
    // The program that the files come from waits for the end of this event.
    QTimer::singleShot(0, this, [this, files] { openFiles(files); });
}

bool MainWindow::eventFilter(QObject* object, QEvent* event) {
    // Text fields would take a dropped file for text.
    const QEvent::Type type = event->type();
    if (type != QEvent::DragEnter && type != QEvent::DragMove && type != QEvent::Drop) return false;
    auto* widget = qobject_cast<QWidget*>(object);
    auto* drop = static_cast<QDropEvent*>(event);
    if (!widget || widget == this || widget->window() != this || localFiles(drop->mimeData()).isEmpty()) return false;
    if (type == QEvent::DragEnter) {
        dragEnterEvent(static_cast<QDragEnterEvent*>(event));
    } else if (type == QEvent::Drop) {
        dropEvent(drop);
    } else {
        drop->acceptProposedAction();
    }
    return true;
}

}  // namespace txfm::studio
