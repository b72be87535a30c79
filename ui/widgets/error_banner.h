// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include "core/base/result.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;
class QToolButton;

namespace txfm::ui {

/// One clear sentence at the top of a page, details on demand; never a modal box. Hidden until used.
class ErrorBanner : public QFrame {
    Q_OBJECT
public:
    enum class Kind { Error, Warning, Info };
    explicit ErrorBanner(QWidget* parent = nullptr);

    void showError(const Error& error, const QString& details = {});
    void showMessage(Kind kind, const QString& text, const QString& details = {});
    /// A button beside the sentence ("Try again", "Use values anyway"); "" hides it.
    void setAction(const QString& label);
    QString text() const;

public Q_SLOTS:
    void dismiss();

Q_SIGNALS:
    void actionTriggered();
    void dismissed();
    void shownChanged(bool shown);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    void restyle();
    Kind m_kind = Kind::Error;
    QLabel *m_icon, *m_text;
    QPlainTextEdit* m_details;
    QToolButton *m_more, *m_close;
    QPushButton* m_action;
};

}  // namespace txfm::ui
