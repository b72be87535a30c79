// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <optional>

#include <QMainWindow>

#include "app/studio/single_instance.h"
#include "core/base/result.h"
#include "ui/session/session_file.h"

class QButtonGroup;
class QLabel;
class QStackedWidget;
class QToolButton;

namespace txfm::ui {
class Autosave;
class BusyIndicator;
class CommandPalette;
class ErrorBanner;
class ModelCatalogue;
class Page;
class Session;
}  // namespace txfm::ui

namespace txfm::studio {

class HelpWindow;

/// The program's window: the rail, the pages behind it, menus, status bar. Pages are made after the first
/// paint, one per turn of the event loop, so that the window is up at once.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(QWidget* parent = nullptr);
    ~MainWindow() override;

    ui::Session* session() const { return m_session; }
    /// Shows `page` afterwards; "" = Explore where the file already holds a map of the embedding, else Data.
    /// A count file, a folder or a session file.
    void openFile(const QString& path, const QString& page = {});
    /// Asks what to do with several.
    void openFiles(const QStringList& files, const QString& page = {});
    /// By name (ui/session/navigation.h); makes the page when it is not there yet.
    void showPage(const QString& id);
    QString currentPage() const { return m_currentPage; }
    /// All pages exist (they are made in the background of the first second).
    bool isComplete() const { return m_nextPage >= m_makers.size(); }
    /// The program was started again: its file opens here, and this window comes to the front.
    void answerSecondStart(const SingleInstance::Request& request);
    /// The desktop session ends: unsaved results stay for the next start.
    void endBySystem();

Q_SIGNALS:
    void firstPainted();

protected:
    void paintEvent(QPaintEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    struct Maker {
        QString id, title, icon;
        std::function<ui::Page*()> make;
    };
    void addMakers();
    void buildRail();
    void buildMenus();
    void buildStatusBar();
    void connectSession();
    ui::Page* ensurePage(const QString& id);
    void makeNextPage();
    void offerLostSession();
    void chooseFile();
    void chooseFolder();
    void saveAs();
    void saveSession();
    void writeSession(const QString& path);
    void openSession(const QString& path);
    void showSession(const ui::SessionFile& file);
    ui::SessionFile currentSession() const;
    void keepForNextStart() const;
    void refreshRecentMenu();
    void refreshTitle();
    void showHelp(const QString& topic);
    void showAbout();
    void showPalette();
    void dataOpened();
    /// One sentence above the page that goes by itself.
    void showNote(const QString& text);
    void showProblem(const Error& error, const QString& details = {});
    /// False when unsaved results would be lost and the user has not asked twice for the same purpose.
    bool confirmLoss(const QString& purpose, const QString& how);

    ui::Session* m_session;
    ui::Autosave* m_autosave;
    ui::ModelCatalogue* m_catalogue;
    QStackedWidget* m_stack;
    QWidget* m_rail;
    QButtonGroup* m_railButtons;
    ui::ErrorBanner* m_banner;
    ui::BusyIndicator* m_busy;
    ui::CommandPalette* m_palette = nullptr;
    QLabel *m_statusData, *m_statusWork, *m_dropHint;
    QMenu* m_recentMenu = nullptr;
    QAction *m_saveAction = nullptr, *m_closeAction = nullptr, *m_saveSessionAction = nullptr, *m_addAction = nullptr;
    std::vector<Maker> m_makers;
    std::map<QString, ui::Page*> m_pages;
    std::map<QString, QToolButton*> m_buttons;
    HelpWindow* m_help = nullptr;
    QString m_currentPage, m_pageAfterOpening, m_shownSource, m_lossConfirmed;
    QString m_sessionToWrite;  // once its data are saved
    std::optional<ui::SessionFile> m_sessionToShow;  // once its data are open
    size_t m_nextPage = 0;
    bool m_painted = false;
};

}  // namespace txfm::studio
