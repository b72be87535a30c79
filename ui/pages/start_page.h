// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/pages/page.h"

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

Q_SIGNALS:
    void openFileRequested();
    void openFolderRequested();

private:
    void refreshRecent();
    void openRecent();
    ErrorBanner* m_banner;
    QListWidget* m_recent;
    QWidget* m_recentSection;
};

}  // namespace txfm::ui
