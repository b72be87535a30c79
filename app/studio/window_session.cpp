// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of MainWindow that keep what is on screen: session files, and the session that the next start offers.
#include <QFile>
#include <QFileInfo>

#include "app/studio/main_window.h"
#include "ui/pages/page.h"
#include "ui/session/background.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/save_dialog.h"

namespace txfm::studio {
using namespace ui;
namespace {

/// A free name for the results that belong to a session file.
QString resultsBeside(const QString& sessionPath) {
    const QString base = sessionPath.chopped(SessionFile::kEnding.size());
    QString path = base + QStringLiteral(".h5ad");
    for (int i = 2; QFileInfo::exists(path); ++i) path = QStringLiteral("%1-%2.h5ad").arg(base).arg(i);
    return path;
}

}  // namespace

SessionFile MainWindow::currentSession() const {
    SessionFile file;
    const QString saved = m_session->savedPath();
    file.data = saved.isEmpty() ? m_session->sourcePath() : saved;
    file.countsIn = m_session->countsIn();
    file.model = m_session->modelFolder();
    file.allowNormalised = m_session->allowNormalised();
    file.page = m_currentPage;
    file.select(m_session->selection()->cells(), m_session->selection()->cellCount());
    file.views = nlohmann::json::object();
    for (const auto& [id, page] : m_pages) {
        nlohmann::json view = page->viewState();
        if (!view.is_null()) file.views[id.toStdString()] = std::move(view);
    }
    return file;
}

void MainWindow::saveSession() {
    if (!m_session->dataset()) return;
    const QString source = m_session->sourcePath();
    const QString path = askSavePath(this, tr("Save session"), QFileInfo(source).completeBaseName() + SessionFile::kEnding,
                                     tr("Session of TxFM Studio (*%1)").arg(SessionFile::kEnding), source);
    if (path.isEmpty()) return;
    if (!m_session->savedPath().isEmpty()) {
        writeSession(path);
        return;
    }
    // A session points at data: results that are nowhere yet get a file of their own beside it.
    m_sessionToWrite = path;
    m_session->saveAs(resultsBeside(path));
}

void MainWindow::writeSession(const QString& path) {
    runInBackground(
        m_session->computePool(), this, [path, file = currentSession()] { return file.write(path); },
        [this, path, data = m_session->savedPath()](const Result<void>& written) {
            if (!written) {
                showProblem(written.error());
                return;
            }
            RecentFiles::add(path);
            refreshRecentMenu();
            showNote(tr("Saved the session %1; its data are in %2.").arg(path, data));
        });
}

void MainWindow::openSession(const QString& path) {
    runInBackground(
        m_session->computePool(), this, [path] { return SessionFile::read(path); },
        [this, path](const Result<SessionFile>& file) {
            if (!file) {
                showProblem(file.error(), path);
                return;
            }
            m_sessionToShow = *file;
            if (path != SessionFile::ofLastWindow()) RecentFiles::add(path);
            // A model that is gone leaves the one chosen now.
            if (QFileInfo(file->model).isDir()) m_session->chooseModel(file->model);
            m_session->open(file->data, file->countsIn);
        });
}

void MainWindow::showSession(const SessionFile& file) {
    if (!m_session->dataset()) return;
    m_session->setAllowNormalised(file.allowNormalised);
    for (const Maker& maker : m_makers) {
        const auto view = file.views.find(maker.id.toStdString());
        if (view != file.views.end()) ensurePage(maker.id)->setViewState(*view);
    }
    const std::vector<int64_t> cells = file.selected(m_session->dataset()->cells());
    if (!cells.empty()) m_session->selection()->apply(cells, SelectionModel::Mode::Replace);
    showPage(m_buttons.contains(file.page) ? file.page : page::kData);
}

void MainWindow::keepForNextStart() const {
    const QString last = SessionFile::ofLastWindow();
    // Where it cannot be written, the next start has nothing to offer; the user's files are not concerned.
    if (!m_session->dataset() || !currentSession().write(last)) QFile::remove(last);
}

}  // namespace txfm::studio
