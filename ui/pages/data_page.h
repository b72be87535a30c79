// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/pages/page.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTableView;
class QTabWidget;

namespace txfm::ui {

class EmptyState;
class ErrorBanner;
class FilePanel;
class GeneListPanel;
class GeneMatchPanel;
class QualityPanel;
class SampleTableModel;
class Section;

/// What the open file holds and whether it fits the model: facts, gene matching, quality filters, cells.
class DataPage : public Page {
    Q_OBJECT
public:
    explicit DataPage(QWidget* parent = nullptr);
    QString id() const override;
    QString title() const override { return tr("Data"); }
    QString emptyText() const override;
    void setSession(Session* session) override;
    nlohmann::json viewState() const override;
    void setViewState(const nlohmann::json& state) override;
    /// Asks for further files and joins their cells to the open ones.
    void addCells();

private:
    QWidget* makeHeader();
    QWidget* makeTabs();
    QWidget* makeFooter();
    QWidget* makeOpening();
    void refresh();
    void refreshQuality();
    void refreshFooter();
    void refreshTypical();
    void refreshNormalised();
    void applyFilter();
    void chooseCounts(const QString& option);

    QStackedWidget* m_stack;
    EmptyState* m_empty;
    ErrorBanner *m_banner, *m_normalised;
    QLabel *m_title, *m_subtitle, *m_openingText, *m_openingStage, *m_filterText, *m_typicalText;
    QProgressBar* m_openingBar;
    QTabWidget* m_tabs;
    FilePanel* m_file;
    Section* m_typical;
    GeneMatchPanel* m_match;
    QualityPanel* m_quality;
    GeneListPanel* m_genes;
    QTableView* m_cells;
    SampleTableModel* m_cellModel;
    QPushButton *m_continue, *m_apply, *m_reset, *m_suggest, *m_restore, *m_add;
    bool m_adding = false;  // cells of further files are being read
};

}  // namespace txfm::ui
