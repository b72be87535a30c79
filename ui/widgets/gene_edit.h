// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLineEdit>

class QStringListModel;

namespace txfm::ui {

/// A line to type a gene into, which completes its name in any case.
class GeneEdit : public QLineEdit {
    Q_OBJECT
public:
    explicit GeneEdit(QWidget* parent = nullptr);
    /// The names that are offered.
    void setNames(const QStringList& names);
    /// The name among those offered that equals `typed` in any case; `typed` itself when there is none.
    QString spelled(const QString& typed) const;

Q_SIGNALS:
    /// Picked from the list or confirmed with Return; trimmed.
    void geneChosen(const QString& name);

private:
    QStringListModel* m_names;
};

}  // namespace txfm::ui
