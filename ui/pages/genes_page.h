// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/base/result.h"
#include "ui/pages/genes_neighbor_model.h"
#include "ui/pages/page.h"
#include "ui/plots/heat_map.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QSortFilterProxyModel;
class QSpinBox;
class QTableView;
class QTimer;
class QToolButton;

namespace txfm::ui {

class BusyIndicator;
class EmptyState;
class ErrorBanner;
class GeneEdit;
class GenesRelations;
class ModelCatalogue;
class ModelChoice;

/// Relations of genes as the model sees them: ranked neighbours of one gene, heat map of a set.
///
/// Object names for tests: genesSearch, genesSource, genesCount, genesTable (QTableView, see
/// GenesNeighborModel), genesLoadPairs, genesForgetPairs, genesPairsLabel, genesMapOf, genesSet,
/// genesClustered, genesHeatMap (HeatMap), genesExportTable, genesExportMap, genesColourMap.
class GenesPage : public Page {
    Q_OBJECT
public:
    explicit GenesPage(ModelCatalogue* catalogue, QWidget* parent = nullptr);
    QString id() const override;
    QString title() const override { return tr("Genes"); }
    QString emptyText() const override;
    void setSession(Session* session) override;
    void activated() override;
    nlohmann::json viewState() const override;
    void setViewState(const nlohmann::json& state) override;

private:
    QWidget* makeControls();
    QWidget* makeTablePanel();
    QWidget* makeMapPanel();
    void modelReady();
    void showGene(const QString& symbol);
    void askNeighbors();
    void showKnownColumn(bool shown);
    void askHeatMap();
    void neighborsReady(std::vector<GenesNeighborModel::Row> rows, bool compared);
    void pairsChanged();
    void choosePairFile();
    void exportTable();
    void exportMap();
    bool decoder() const;

    EmptyState* m_empty;
    ErrorBanner* m_banner;
    BusyIndicator* m_busy;
    GenesRelations* m_relations = nullptr;
    GenesNeighborModel* m_model;
    QSortFilterProxyModel* m_sorted;
    QTimer* m_setTimer;
    ModelChoice* m_choice;
    GeneEdit* m_search = nullptr;
    QComboBox *m_source = nullptr, *m_mapOf = nullptr;
    QSpinBox* m_count = nullptr;
    QPushButton *m_loadPairs = nullptr, *m_forgetPairs = nullptr;
    QLabel *m_pairs = nullptr, *m_setNote = nullptr, *m_headline = nullptr;
    QPlainTextEdit* m_set = nullptr;
    QCheckBox* m_clustered = nullptr;
    QTableView* m_table = nullptr;
    HeatMap* m_map = nullptr;
    QToolButton *m_exportTable = nullptr, *m_exportMap = nullptr, *m_colourMap = nullptr;
    int64_t m_gene = -1;
    bool m_pending = false;  // a question waits until the page is shown
};

}  // namespace txfm::ui
