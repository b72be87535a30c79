// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QListWidget;
class QTextBrowser;

namespace txfm::studio {

/// The pages of resources/help (Markdown) in a window beside the main one.
class HelpWindow : public QWidget {
    Q_OBJECT
public:
    explicit HelpWindow(QWidget* parent = nullptr);
    /// File name without ".md"; an unknown topic shows the first one.
    void showTopic(const QString& topic);

private:
    void load();
    QListWidget* m_topics;
    QTextBrowser* m_text;
};

}  // namespace txfm::studio
