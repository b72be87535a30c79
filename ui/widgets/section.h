// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QLabel;
class QToolButton;
class QVBoxLayout;

namespace txfm::ui {

/// A card with a heading, an optional line of explanation and a body; can be folded.
class Section : public QFrame {
    Q_OBJECT
public:
    explicit Section(const QString& title, QWidget* parent = nullptr);
    void setExplanation(const QString& text);
    void setTitle(const QString& title);
    void setFoldable(bool foldable, bool folded = false);
    /// Widget at the right end of the heading.
    void addHeaderWidget(QWidget* widget);
    QVBoxLayout* body() const { return m_body; }

private:
    void setFolded(bool folded);
    QLabel *m_title, *m_explanation;
    QToolButton* m_fold;
    QWidget *m_header, *m_content;
    QVBoxLayout* m_body;
};

}  // namespace txfm::ui
