// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractButton>

namespace txfm::ui {

/// A large button with icon, headline and a line of explanation.
class ActionCard : public QAbstractButton {
    Q_OBJECT
public:
    ActionCard(const QString& iconName, const QString& headline, const QString& explanation, QWidget* parent = nullptr);
    void setPrimary(bool primary);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {200, 128}; }

protected:
    void paintEvent(QPaintEvent*) override;
    void enterEvent(QEnterEvent*) override { update(); }
    void leaveEvent(QEvent*) override { update(); }

private:
    QString m_iconName, m_explanation;
    bool m_primary = false;
};

}  // namespace txfm::ui
