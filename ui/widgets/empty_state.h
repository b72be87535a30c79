// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace txfm::ui {

/// What an empty page shows: icon, headline, what to do next, and a button that does it.
class EmptyState : public QWidget {
    Q_OBJECT
public:
    EmptyState(const QString& iconName, const QString& headline, const QString& text, QWidget* parent = nullptr);
    void setText(const QString& headline, const QString& text);
    /// "" hides the button.
    void setAction(const QString& label);

Q_SIGNALS:
    void actionTriggered();

private:
    void refreshIcon();
    QString m_iconName;
    QLabel *m_icon, *m_headline, *m_text;
    QPushButton* m_button;
};

}  // namespace txfm::ui
