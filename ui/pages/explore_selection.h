// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QWidget>

#include "ui/plots/scatter_scene.h"

class QLabel;
class QLineEdit;
class QPushButton;
class QTableWidget;
class QToolButton;

namespace txfm::ui {

class Session;

/// How many cells are selected, what they are made of by the present colouring, and buttons to clear,
/// invert or keep the selection as a column. Object names: exploreSelectionCount (QLabel),
/// exploreCompositionTable, exploreClearSelection, exploreInvertSelection, exploreSelectionName,
/// exploreSelectionColumn. Thread: the UI thread.
class ExploreSelection : public QWidget {
    Q_OBJECT
public:
    explicit ExploreSelection(QWidget* parent = nullptr);
    void setSession(Session* session);
    void setColors(std::shared_ptr<const PointColors> colors);
    /// Buttons for the heading.
    QList<QWidget*> headerWidgets() const;

private:
    void refresh();
    void refreshKeep();
    void fillCategories();
    void fillValues();
    void addRow(const QString& label, const QString& selected, const QString& share);
    void keepAsColumn();

    Session* m_session = nullptr;
    std::shared_ptr<const PointColors> m_colors;
    QLabel *m_count, *m_hint;
    QTableWidget* m_table;
    QToolButton *m_clear, *m_invert;
    QLineEdit* m_name;
    QPushButton* m_keep;
    quint64 m_question = 0;  // of the table; answers to older ones are dropped
};

}  // namespace txfm::ui
