// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/data/dataset.h"
#include "ui/session/session.h"
#include "ui/widgets/section.h"

class QGridLayout;
class QLabel;

namespace txfm::ui {

/// What the open file holds: format, where the counts were found, sizes, columns, stored results and notes. Where the
/// file has several matrices the user may take another one for the counts.
class FilePanel : public Section {
    Q_OBJECT
public:
    explicit FilePanel(QWidget* parent = nullptr);
    void show(const std::shared_ptr<const Dataset>& dataset, const QString& path, const std::vector<Session::CountsChoice>& choices);

Q_SIGNALS:
    /// Another matrix, named as Session::open() takes it.
    void countsChosen(const QString& option);

private:
    void addFact(const QString& name, const QString& value);
    void addFact(const QString& name, QWidget* value);
    void addCountsChoice(const QString& current, const std::vector<Session::CountsChoice>& choices);
    QGridLayout* m_facts;
    QLabel* m_notes;
    int m_rows = 0;
};

}  // namespace txfm::ui
