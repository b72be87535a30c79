// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "core/base/result.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSortFilterProxyModel;
class QTableView;
class QTimer;

namespace txfm::ui {

class GeneMatchModel;
class Session;

/// Every gene of the file and what became of it; search that also answers why a gene is missing; export as CSV.
class GeneListPanel : public QWidget {
    Q_OBJECT
public:
    explicit GeneListPanel(QWidget* parent = nullptr);
    void setSession(Session* session);

Q_SIGNALS:
    void exportFailed(const txfm::Error& error);
    void exported(const QString& path);

private:
    void refresh();
    void applySearch();
    void exportCsv();
    Session* m_session = nullptr;
    GeneMatchModel* m_model;
    QSortFilterProxyModel* m_filter;
    QLineEdit* m_search;
    QComboBox* m_kind;
    QTableView* m_table;
    QLabel *m_answer, *m_shown;
    QPushButton* m_export;
    QTimer* m_delay;
    quint64 m_question = 0;
};

}  // namespace txfm::ui
