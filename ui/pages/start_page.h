// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "ui/pages/page.h"
#include "ui/session/session_snapshot.h"

class QListWidget;

namespace txfm::ui {

class ErrorBanner;

/// The first page: open a file or folder, the demo data, or one of the files opened lately.
class StartPage : public Page {
    Q_OBJECT
public:
    explicit StartPage(QWidget* parent = nullptr);
    QString id() const override;
    QString title() const override { return tr("Start"); }
    void setSession(Session* session) override;
    void activated() override;
    /// Unsaved results of a window that crashed: the user restores or drops them.
    void offerLostSession(const SessionSnapshot& lost);
    /// Models that are being fine-tuned: told with a button that leads to them. Empty = none.
    void showRunsUnderWay(const QStringList& names);

Q_SIGNALS:
    void openRequested(const QString& path);
    void openFileRequested();
    void openFolderRequested();

private:
    void refreshRecent();
    void openRecent();
    ErrorBanner *m_banner, *m_lostBanner, *m_runBanner;
    std::optional<SessionSnapshot> m_lost;
    QString m_lastWindow;  // what the last window showed, "" = nothing to go on with
    QListWidget* m_recent;
    QWidget* m_recentSection;
};

}  // namespace txfm::ui
