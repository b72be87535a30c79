// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>
#include <QStringList>

class QRadioButton;

namespace txfm::studio {

/// Several files at once: one data set of all, their cells added to the open data, or the first alone? Object names:
/// joinTogether, joinToOpen, joinFirst, joinAccept. Thread: the UI thread.
class JoinDialog : public QDialog {
    Q_OBJECT
public:
    enum class Answer { Together, ToOpen, First };
    /// `openName`: of the data that are open, "" = none.
    JoinDialog(const QStringList& files, const QString& openName, QWidget* parent = nullptr);
    Answer answer() const;

private:
    QRadioButton *m_together, *m_toOpen, *m_first;
};

}  // namespace txfm::studio
