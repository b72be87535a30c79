// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/analysis/pca.h"
#include "core/base/progress.h"
#include "core/base/result.h"
#include "ui/pages/page.h"
#include "ui/plots/scatter_scene.h"

class QComboBox;
class QLabel;
class QTableView;
class QToolButton;

namespace txfm::ui {

class BusyIndicator;
class ColorBar;
class DecoderLoadingsModel;
class EmptyState;
class ErrorBanner;
class GeneEdit;
class LinePlot;
class ModelCatalogue;
class ModelChoice;
class ModelGenes;
class PointIndex;
class ScatterView;

/// Principal components of the model's gene vectors (decoder weights or codebook): scree plot, scatter of
/// two components, genes with the most extreme scores. A click on a gene opens it on the Genes page.
///
/// Object names for tests: decoderSource, decoderComponentX, decoderComponentY, decoderScatter
/// (ScatterView), decoderScree, decoderLoadings (QTableView), decoderFindGene, decoderExportButton.
class DecoderPage : public Page {
    Q_OBJECT
public:
    explicit DecoderPage(ModelCatalogue* catalogue, QWidget* parent = nullptr);
    ~DecoderPage() override;
    QString id() const override;
    QString title() const override { return tr("Decoder"); }
    QString emptyText() const override;
    void setSession(Session* session) override;
    void activated() override;
    nlohmann::json viewState() const override;
    void setViewState(const nlohmann::json& state) override;

private:
    /// Everything a chosen model and source give; immutable.
    struct Components {
        std::shared_ptr<const DenseMatrix> scores;  // [genes × components]
        std::shared_ptr<const ModelGenes> genes;
        std::vector<double> varianceRatio;
        std::vector<float> lengths;  // of the centred vectors
    };
    static Result<Components> compute(std::shared_ptr<const ModelGenes> genes, bool decoder, Progress& progress);

    QWidget* makeToolbar();
    QWidget* makeSide();
    void load();
    void show(Components components);
    void refreshScatter();
    void refreshLoadings();
    void findGene(const QString& name);
    void exportTable();
    void exportFigureFile();
    QString axisName(int component) const;

    EmptyState* m_empty;
    ErrorBanner* m_banner;
    BusyIndicator* m_busy;
    QComboBox *m_source = nullptr, *m_x = nullptr, *m_y = nullptr, *m_loadingsOf = nullptr;
    GeneEdit* m_find = nullptr;
    ScatterView* m_view;
    ColorBar* m_key;
    LinePlot* m_scree;
    DecoderLoadingsModel* m_loadings;
    ModelChoice* m_choice;
    QTableView* m_table = nullptr;
    Components m_components;
    std::array<int, 3> m_wanted{0, 1, 0};  // components of x, y and the list
    QRectF m_wantedWindow;  // once the components are there
    QString m_loadedModel;
    bool m_loadedDecoder = true;
    quint64 m_generation = 0, m_sceneGeneration = 0;
    CancelToken m_token;
};

}  // namespace txfm::ui
