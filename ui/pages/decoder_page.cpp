// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/decoder_page.h"

#include <algorithm>
#include <cmath>

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QSignalBlocker>
#include <QSplitter>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "ui/pages/decoder_loadings_model.h"
#include "ui/panels/model_choice.h"
#include "ui/plots/color_bar.h"
#include "ui/plots/export_dialog.h"
#include "ui/plots/point_index.h"
#include "ui/plots/scatter_view.h"
#include "ui/session/background.h"
#include "ui/session/model_genes.h"
#include "ui/session/session.h"
#include "ui/widgets/busy_indicator.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/format.h"
#include "ui/widgets/gene_edit.h"
#include "ui/widgets/line_plot.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

constexpr int64_t kComponents = 50;

struct GeneScene {
    std::shared_ptr<const PointSet> points;
    std::shared_ptr<const PointIndex> index;
    std::shared_ptr<const PointColors> colors;
};

}  // namespace

DecoderPage::DecoderPage(ModelCatalogue* catalogue, QWidget* parent)
    : Page(parent),
      m_empty(new EmptyState(QStringLiteral("decoder"), tr("No model chosen"), emptyText(), this)),
      m_banner(new ErrorBanner(this)), m_busy(new BusyIndicator(this)),
      m_view(new ScatterView(this)), m_key(new ColorBar(this)), m_scree(new LinePlot(this)), m_loadings(new DecoderLoadingsModel(this)),
      m_choice(new ModelChoice(catalogue, this)) {
    m_view->setObjectName(QStringLiteral("decoderScatter"));
    m_scree->setObjectName(QStringLiteral("decoderScree"));
    auto* map = new QFrame(this);
    map->setProperty("role", "card");
    auto* mapColumn = new QVBoxLayout(map);
    mapColumn->setContentsMargins(metric::kSmall, metric::kSmall, metric::kSmall, metric::kSmall);
    mapColumn->addWidget(m_view, 1);
    auto* key = new QHBoxLayout;
    auto* keyTitle = new QLabel(tr("Vector length"), map);
    keyTitle->setProperty("role", "muted");
    keyTitle->setToolTip(tr("Length of a gene's vector after subtracting the mean gene; long ones are far from the average gene"));
    m_key->setMaximumWidth(240);
    key->addWidget(keyTitle, 0, Qt::AlignTop);
    key->addWidget(m_key, 1);
    key->addStretch(0);
    mapColumn->addLayout(key);
    auto* split = new QSplitter(Qt::Horizontal, this);
    split->setChildrenCollapsible(false);
    split->setHandleWidth(metric::kSmall);
    split->addWidget(map);
    split->addWidget(makeSide());
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 2);
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kSmall);
    column->addWidget(makeToolbar());
    column->addWidget(m_banner);
    column->addWidget(split, 1);
    setContents(m_empty, content, metric::kGap);
    m_empty->setAction(tr("Go to Embed"));
    connect(m_empty, &EmptyState::actionTriggered, this, [this] { session()->navigation()->showPage(page::kEmbed); });
    m_view->setHoverText([this](int64_t gene) {
        const auto& s = *m_components.scores;
        return m_components.genes->symbol(gene) + QLatin1Char('\n') +
               axisName(m_x->currentIndex()) + QStringLiteral(": ") + formatNumber(s(gene, m_x->currentIndex()), 3) + QLatin1Char('\n') +
               axisName(m_y->currentIndex()) + QStringLiteral(": ") + formatNumber(s(gene, m_y->currentIndex()), 3) + QLatin1Char('\n') +
               tr("Vector length: %1").arg(formatNumber(m_components.lengths[static_cast<size_t>(gene)], 3));
    });
    connect(m_view, &ScatterView::pointClicked, this, [this](int64_t gene) {
        session()->navigation()->showGene(m_components.genes->symbol(gene));
    });
    connect(&Theme::instance(), &Theme::changed, this, &DecoderPage::refreshScatter);
}

DecoderPage::~DecoderPage() { m_token.cancel(); }

QString DecoderPage::id() const { return page::kDecoder; }
QString DecoderPage::emptyText() const {
    return tr("Choose a model on the Embed page; its decoder weights are then laid out here, one point for each gene.");
}

QWidget* DecoderPage::makeSide() {
    auto* side = new QWidget(this);
    auto* scree = new Section(tr("Variance by component"), side);
    scree->body()->addWidget(m_scree, 1);
    m_scree->setTitles(tr("share of variance, %"), tr("component"));
    auto* loadings = new Section(tr("Extreme genes"), side);
    m_loadingsOf = new QComboBox(side);
    m_loadingsOf->setToolTip(tr("Component whose genes are listed"));
    m_loadingsOf->setAccessibleName(m_loadingsOf->toolTip());
    m_loadingsOf->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    auto* save = new QToolButton(side);
    save->setIcon(Theme::instance().icon(QStringLiteral("export")));
    save->setToolTip(tr("Save the scores of all genes as CSV"));
    loadings->addHeaderWidget(m_loadingsOf);
    loadings->addHeaderWidget(save);
    m_table = new QTableView(side);
    m_table->setObjectName(QStringLiteral("decoderLoadings"));
    m_table->setModel(m_loadings);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->setAccessibleName(tr("Genes with the highest and lowest scores"));
    loadings->body()->addWidget(m_table, 1);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kGap);
    column->addWidget(scree, 2);
    column->addWidget(loadings, 3);
    connect(m_loadingsOf, &QComboBox::activated, this, [this](int component) {
        m_wanted[2] = component;
        refreshLoadings();
    });
    connect(save, &QToolButton::clicked, this, &DecoderPage::exportTable);
    const auto open = [this](const QModelIndex& index) {
        const QString gene = m_loadings->geneAt(index);
        if (!gene.isEmpty()) session()->navigation()->showGene(gene);
    };
    connect(m_table, &QTableView::clicked, this, open);
    connect(m_table, &QTableView::activated, this, open);
    return side;
}

void DecoderPage::setSession(Session* session) {
    Page::setSession(session);
    m_choice->setSession(session);
    connect(session, &Session::modelChanged, this, [this] {
        if (isVisible() || !this->session()->model()) load();
    });
    showContent(session->model() != nullptr);
}

void DecoderPage::activated() { load(); }

nlohmann::json DecoderPage::viewState() const {
    return {{"window", windowState(m_view->zoomWindow())}, {"decoder", m_source->currentData().toBool()}, {"components", m_wanted}, {"gene", m_find->text().trimmed().toStdString()}};
}

void DecoderPage::setViewState(const nlohmann::json& state) {
    m_source->setCurrentIndex(std::max(0, m_source->findData(flagOf(state, "decoder", true))));
    if (state.contains("components") && state["components"].is_array() && state["components"].size() == m_wanted.size()) {
        for (size_t i = 0; i < m_wanted.size(); ++i)
            m_wanted[i] = state["components"][i].is_number_integer() ? std::clamp(state["components"][i].get<int>(), 0, static_cast<int>(kComponents) - 1) : m_wanted[i];
    }
    m_find->setText(textOf(state, "gene"));
    m_wantedWindow = windowOf(state, "window");
    m_loadedModel.clear();  // works the components out again, for these choices, when the page is shown
    if (isVisible()) load();
}

Result<DecoderPage::Components> DecoderPage::compute(std::shared_ptr<const ModelGenes> genes, bool decoder, Progress& progress) {
    TXFM_TRY(const DenseMatrix matrix, genes->vectors(decoder));
    TXFM_TRY(analysis::Pca pca, analysis::principalComponents(matrix, kComponents, progress));
    Components result;
    result.varianceRatio = std::move(pca.varianceRatio);
    result.lengths.resize(static_cast<size_t>(matrix.rows));
    for (int64_t gene = 0; gene < matrix.rows; ++gene) {
        double sum = 0;
        for (int64_t j = 0; j < matrix.cols; ++j) sum += std::pow(matrix(gene, j) - pca.mean[static_cast<size_t>(j)], 2);
        result.lengths[static_cast<size_t>(gene)] = static_cast<float>(std::sqrt(sum));
    }
    result.scores = std::make_shared<const DenseMatrix>(std::move(pca.scores));
    result.genes = std::move(genes);
    return result;
}

void DecoderPage::load() {
    const auto genes = session()->modelGenes();
    showContent(genes != nullptr);
    const bool decoder = m_source->currentData().toBool();
    const QString folder = genes ? session()->modelFolder() : QString();
    if (folder == m_loadedModel && decoder == m_loadedDecoder) return;
    m_token.cancel();
    m_token = CancelToken();
    const quint64 generation = ++m_generation;
    m_loadedModel = folder;
    m_loadedDecoder = decoder;
    m_banner->dismiss();
    if (!genes) return;
    m_busy->start();
    runInBackground(
        session()->computePool(), this,
        [genes, decoder, token = m_token] {
            Progress progress(token);
            return compute(genes, decoder, progress);
        },
        [this, generation](Result<Components> result) {
            if (generation != m_generation) return;
            m_busy->stop();
            if (result) {
                show(std::move(*result));
            } else {
                m_loadedModel.clear();
                m_banner->showError(result.error());
            }
        });
}

QString DecoderPage::axisName(int component) const {
    return QStringLiteral("PC%1").arg(component + 1);
}

void DecoderPage::show(Components components) {
    m_components = std::move(components);
    m_find->setNames(m_components.genes->symbols());
    for (const auto& [box, wanted] : {std::pair(m_x, m_wanted[0]), std::pair(m_y, m_wanted[1]), std::pair(m_loadingsOf, m_wanted[2])}) {
        const QSignalBlocker blocker(box);
        box->clear();
        for (size_t i = 0; i < m_components.varianceRatio.size(); ++i)
            box->addItem(tr("%1 (%2)").arg(axisName(static_cast<int>(i)), formatShare(m_components.varianceRatio[i])));
        box->setCurrentIndex(std::clamp(wanted, 0, box->count() - 1));
    }
    LinePlot::Series single{tr("component"), colours().accent, {}, false, true};
    for (size_t i = 0; i < m_components.varianceRatio.size(); ++i)
        single.points.emplace_back(static_cast<double>(i + 1), 100 * m_components.varianceRatio[i]);
    m_scree->setSeries({single});
    refreshScatter();
    refreshLoadings();
}

void DecoderPage::refreshScatter() {
    if (!m_components.scores) return;
    const quint64 generation = ++m_sceneGeneration;
    const bool dark = Theme::instance().isDark();
    const int first = m_x->currentIndex(), second = m_y->currentIndex();
    runInBackground(
        session()->computePool(), this,
        [scores = m_components.scores, lengths = m_components.lengths, first, second, dark] {
            std::vector<float> x(static_cast<size_t>(scores->rows)), y(x.size());
            for (int64_t i = 0; i < scores->rows; ++i) {
                x[static_cast<size_t>(i)] = (*scores)(i, first);
                y[static_cast<size_t>(i)] = (*scores)(i, second);
            }
            GeneScene scene;
            scene.points = makePointSet(std::move(x), std::move(y));
            scene.index = std::make_shared<const PointIndex>(scene.points);
            scene.colors = colorByValue(lengths, tr("Vector length"), {}, dark);
            return scene;
        },
        [this, generation, first, second, dark](GeneScene made) {
            if (generation != m_sceneGeneration) return;
            ScatterScene scene;
            scene.title = tr("%1, PCA").arg(m_source->currentText());
            scene.xLabel = m_x->itemText(first);
            scene.yLabel = m_y->itemText(second);
            scene.ticks = true;
            scene.equalScale = false;
            scene.points = made.points;
            scene.colors = made.colors;
            scene.dark = dark;
            m_view->setScene(std::move(scene), made.index);
            m_key->setColors(made.colors);
            m_view->showWindow(std::exchange(m_wantedWindow, {}));
            findGene(m_find->text().trimmed());
        });
}

void DecoderPage::refreshLoadings() {
    m_loadings->set(m_components.scores, m_components.genes, m_loadingsOf->currentIndex());
}

void DecoderPage::findGene(const QString& name) {
    if (name.isEmpty() || !m_components.genes) return;
    const int64_t gene = m_components.genes->find(name);
    if (gene < 0) {
        m_view->setHighlight(-1);
        m_view->setLabels({});
        session()->navigation()->showStatus(tr("The model has no gene %1.").arg(name));
        return;
    }
    m_view->setHighlight(gene);
    m_view->setLabels({{m_components.genes->symbol(gene),
                        {(*m_components.scores)(gene, m_x->currentIndex()), (*m_components.scores)(gene, m_y->currentIndex())}}});
}

void DecoderPage::exportTable() {
    if (!m_components.scores) return;
    const QString path = askSavePath(this, tr("Save scores"), QStringLiteral("decoder-pca.csv"), tr("Table (*.csv)"));
    if (path.isEmpty()) return;
    runInBackground(
        session()->computePool(), this,
        [path, scores = m_components.scores, genes = m_components.genes]() -> Result<void> {
            std::string text = "gene";
            for (int64_t k = 0; k < scores->cols; ++k) text += ",PC" + std::to_string(k + 1);
            for (int64_t gene = 0; gene < scores->rows; ++gene) {
                text += '\n' + genes->symbol(gene).toStdString();
                for (int64_t k = 0; k < scores->cols; ++k)
                    text += ',' + QByteArray::number(static_cast<double>((*scores)(gene, k)), 'g', 7).toStdString();
            }
            return writeFileAtomically(path.toStdString(), text + '\n');
        },
        [this, path](Result<void> result) {
            if (result) session()->navigation()->showStatus(tr("Scores written to %1").arg(path));
            else m_banner->showError(result.error());
        });
}

void DecoderPage::exportFigureFile() {
    if (!m_components.scores) return;
    const auto request = ExportDialog::ask({m_view->scene()}, QStringLiteral("decoder-pca"), {}, this);
    if (!request) return;
    runInBackground(
        session()->computePool(), this,
        [request] { return exportFigure(request->panels, request->path.toStdString(), request->options); },
        [this, path = request->path](Result<void> result) {
            if (result) session()->navigation()->showStatus(tr("Figure written to %1").arg(path));
            else m_banner->showError(result.error());
        });
}

}  // namespace txfm::ui
