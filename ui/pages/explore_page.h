// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "ui/pages/page.h"
#include "ui/plots/scatter_scene.h"
#include "ui/plots/scatter_view.h"

class QComboBox;

namespace txfm {
struct Dataset;
struct Error;
}

namespace txfm::ui {

class BusyIndicator;
class EmptyState;
class ErrorBanner;
class ExploreColoring;
class ExploreMap;
class ExploreSelection;
class ExploreToolbar;
class GeneEdit;
class LegendPanel;

/// The map of the cells: TxFM beside expression, one selection over both, coloured by a column or a gene.
///
/// Object names for tests: exploreColorCombo (item data: column name), exploreGeneEdit, exploreScatterTxfm
/// and exploreScatterPca (ScatterView), exploreMapComboTxfm/Pca, legendList, exploreSelectionCount,
/// exploreCompositionTable, exploreSelectionColumn; those of ExploreToolbar.
class ExplorePage : public Page {
    Q_OBJECT
public:
    explicit ExplorePage(QWidget* parent = nullptr);
    QString id() const override;
    QString title() const override { return tr("Explore"); }
    QString emptyText() const override;
    void setSession(Session* session) override;
    nlohmann::json viewState() const override;
    void setViewState(const nlohmann::json& state) override;

private:
    QWidget* makeSidePanel();
    ExploreToolbar* makeToolbar();
    void connectView(ExploreMap* map, ExploreMap* other);
    void datasetChanged();
    void resultsChanged();
    void refreshEmpty();
    void refreshChoices();
    void refreshGeneNames();
    void chooseColumn(const QString& name);
    void chooseGene(const QString& name);
    void colorsReady(std::shared_ptr<const PointColors> colors);
    void selectionChanged();
    void themeChanged();
    void showError(const Error& error);
    void exportFigureFile();
    QString hoverText(int64_t cell) const;

    EmptyState* m_empty;
    ErrorBanner* m_banner;
    ExploreMap *m_left, *m_right;
    ExploreToolbar* m_toolbar = nullptr;
    QComboBox* m_columns = nullptr;
    GeneEdit* m_gene = nullptr;
    LegendPanel* m_legend;
    ExploreSelection* m_selection;
    BusyIndicator* m_busy;
    ExploreColoring* m_coloring = nullptr;
    std::shared_ptr<const PointColors> m_colors;
    std::shared_ptr<const Dataset> m_known;  // the data set that the page shows
};

}  // namespace txfm::ui
