// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QList>

class QAction;
class QLineEdit;
class QListWidget;

namespace txfm::ui {

/// Finds any command of the window by a few letters of its name and runs it.
class CommandPalette : public QFrame {
    Q_OBJECT
public:
    explicit CommandPalette(QWidget* window);
    /// Shows the enabled ones of these actions.
    void open(const QList<QAction*>& actions);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void filter(const QString& text);
    void runCurrent();
    QLineEdit* m_search;
    QListWidget* m_list;
    QList<QAction*> m_actions;
};

}  // namespace txfm::ui
