// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/explore_page.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSplitter>
#include <QVBoxLayout>

#include <nlohmann/json.hpp>

#include "core/data/dataset.h"
#include "ui/pages/explore_coloring.h"
#include "ui/pages/explore_map.h"
#include "ui/pages/explore_selection.h"
#include "ui/pages/explore_toolbar.h"
#include "ui/plots/export_dialog.h"
#include "ui/plots/figure_export.h"
#include "ui/plots/gene_values.h"
#include "ui/plots/legend_panel.h"
#include "ui/session/background.h"
#include "ui/session/session.h"
#include "ui/widgets/busy_indicator.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/gene_edit.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

const QStringList kLeftMaps = {QStringLiteral("X_txfm_umap"), QStringLiteral("X_txfm_tsne"), QStringLiteral("X_txfm_pca")};
const QStringList kRightMaps = {QStringLiteral("X_umap"), QStringLiteral("X_pca"), QStringLiteral("X_tsne")};

SelectionModel::Mode modeOf(ScatterView::Combine combine) {
    switch (combine) {
    case ScatterView::Combine::Add: return SelectionModel::Mode::Add;
    case ScatterView::Combine::Remove: return SelectionModel::Mode::Remove;
    case ScatterView::Combine::Replace: break;
    }
    return SelectionModel::Mode::Replace;
}

}  // namespace

ExplorePage::ExplorePage(QWidget* parent)
    : Page(parent),
      m_empty(new EmptyState(QStringLiteral("explore"), tr("No map yet"), emptyText(), this)), m_banner(new ErrorBanner(this)),
      m_left(new ExploreMap(QStringLiteral("Txfm"), this)), m_right(new ExploreMap(QStringLiteral("Pca"), this)),
      m_legend(new LegendPanel(this)), m_selection(new ExploreSelection(this)),
      m_busy(new BusyIndicator(this)) {
    auto* maps = new QSplitter(Qt::Horizontal, this);
    maps->setChildrenCollapsible(false);
    maps->setHandleWidth(metric::kSmall);
    maps->addWidget(m_left);
    maps->addWidget(m_right);
    auto* main = new QWidget(this);
    auto* mainColumn = new QVBoxLayout(main);
    mainColumn->setContentsMargins(0, 0, 0, 0);
    mainColumn->setSpacing(metric::kSmall);
    m_toolbar = makeToolbar();
    mainColumn->addWidget(m_toolbar);
    mainColumn->addWidget(m_banner);
    mainColumn->addWidget(maps, 1);
    auto* content = new QWidget(this);
    auto* row = new QHBoxLayout(content);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metric::kGap);
    row->addWidget(makeSidePanel());
    row->addWidget(main, 1);
    setContents(m_empty, content, metric::kGap);
    connectView(m_left, m_right);
    connectView(m_right, m_left);
    connect(m_empty, &EmptyState::actionTriggered, this, [this] {
        session()->navigation()->showPage(session()->dataset() ? page::kEmbed : page::kStart);
    });
    connect(m_legend, &LegendPanel::filterChanged, this, [this] {
        const PointMask shown = m_legend->shownPoints();
        m_left->setShown(shown);
        m_right->setShown(shown);
    });
    connect(&Theme::instance(), &Theme::changed, this, &ExplorePage::themeChanged);
}

QString ExplorePage::id() const { return page::kExplore; }
QString ExplorePage::emptyText() const { return tr("Open a count file first; then embed its cells to see them as a map."); }

QWidget* ExplorePage::makeSidePanel() {
    auto* panel = new QWidget(this);
    panel->setFixedWidth(metric::kSidePanel);
    m_columns = new QComboBox(panel);
    m_columns->setObjectName(QStringLiteral("exploreColorCombo"));
    m_columns->setToolTip(tr("Column of the cells to colour by"));
    m_columns->setAccessibleName(tr("Colour by"));
    m_columns->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_gene = new GeneEdit(panel);
    m_gene->setObjectName(QStringLiteral("exploreGeneEdit"));
    m_gene->setPlaceholderText(tr("Gene, e.g. CD3D"));
    m_gene->setAccessibleName(tr("Colour by gene"));
    m_gene->setToolTip(tr("Colour by the expression of a gene: ln(1 + 10,000 × count / counts of the cell)"));
    connect(m_gene, &GeneEdit::geneChosen, this, &ExplorePage::chooseGene);
    connect(m_columns, &QComboBox::activated, this, [this] { chooseColumn(m_columns->currentData().toString()); });

    auto* color = new Section(tr("Colour by"), panel);
    color->addHeaderWidget(m_busy);
    color->body()->addWidget(m_columns);
    color->body()->addWidget(m_gene);
    color->body()->addWidget(m_legend, 1);
    auto* selection = new Section(tr("Selection"), panel);
    for (QWidget* widget : m_selection->headerWidgets()) selection->addHeaderWidget(widget);
    selection->body()->addWidget(m_selection, 1);
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kGap);
    column->addWidget(color, 3);
    column->addWidget(selection, 2);
    return panel;
}

ExploreToolbar* ExplorePage::makeToolbar() {
    auto* bar = new ExploreToolbar(this);
    const auto both = [this](auto apply) {
        apply(m_left);
        apply(m_right);
    };
    connect(bar, &ExploreToolbar::toolChosen, this, [both](ScatterView::Tool tool) { both([tool](ExploreMap* map) { map->view()->setTool(tool); }); });
    connect(bar, &ExploreToolbar::resetRequested, this, [both] { both([](ExploreMap* map) { map->view()->resetView(); }); });
    connect(bar, &ExploreToolbar::labelsToggled, this, [both](bool on) { both([on](ExploreMap* map) { map->setLabelsVisible(on); }); });
    connect(bar, &ExploreToolbar::sizeFactorChanged, this, [both](double factor) { both([factor](ExploreMap* map) { map->view()->setSizeFactor(factor); }); });
    connect(bar, &ExploreToolbar::exportRequested, this, &ExplorePage::exportFigureFile);
    connect(bar, &ExploreToolbar::saveRequested, this, [this] { session()->navigation()->saveResults(); });
    return bar;
}

void ExplorePage::connectView(ExploreMap* map, ExploreMap* other) {
    ScatterView* view = map->view();
    view->setHoverText([this](int64_t cell) { return hoverText(cell); });
    connect(view, &ScatterView::pointHovered, other->view(), &ScatterView::setHighlight);
    connect(view, &ScatterView::enclosed, this, [this](const std::vector<int64_t>& cells, ScatterView::Combine combine) {
        session()->selection()->apply(cells, modeOf(combine));
    });
    connect(view, &ScatterView::selectionCleared, this, [this] { session()->selection()->clear(); });
}

void ExplorePage::setSession(Session* session) {
    Page::setSession(session);
    m_left->setSession(session);
    m_right->setSession(session);
    m_selection->setSession(session);
    m_coloring = new ExploreColoring(session, this);
    connect(m_coloring, &ExploreColoring::started, m_busy, [this] { m_busy->start(); });
    connect(m_coloring, &ExploreColoring::ready, this, &ExplorePage::colorsReady);
    connect(m_coloring, &ExploreColoring::failed, this, &ExplorePage::showError);
    connect(session, &Session::datasetChanged, this, &ExplorePage::datasetChanged);
    connect(session, &Session::resultsChanged, this, &ExplorePage::resultsChanged);
    connect(session, &Session::runningWorkChanged, this, &ExplorePage::refreshEmpty);
    connect(session->selection(), &SelectionModel::changed, this, &ExplorePage::selectionChanged);
    connect(session->navigation(), &Navigation::colourByColumnRequested, this, &ExplorePage::chooseColumn);
    connect(session->navigation(), &Navigation::colourByGeneRequested, this, &ExplorePage::chooseGene);
    themeChanged();
    datasetChanged();
}

void ExplorePage::datasetChanged() {
    m_known.reset();
    m_colors.reset();
    m_left->clear();
    m_right->clear();
    m_busy->stop();
    m_banner->dismiss();
    m_legend->setColors(nullptr);
    m_selection->setColors(nullptr);
    m_gene->clear();
    refreshGeneNames();
    resultsChanged();
}

void ExplorePage::resultsChanged() {
    const auto dataset = session()->dataset();
    const bool maps = dataset && !ExploreMap::mapKeys(*dataset).isEmpty();
    refreshEmpty();
    if (!maps) {
        showContent(false);
        m_known = dataset;
        return;
    }
    m_left->offer(kLeftMaps + kRightMaps, {});
    m_right->offer(kRightMaps + kLeftMaps, m_left->key());
    m_right->setVisible(!m_right->key().isEmpty());
    showContent(true);  // not earlier: a view that is shown and hidden at once loses its texture in Qt 6.4

    const std::string column = m_coloring->choice().name.toStdString();
    const bool clustersAreNew = m_known && !m_known->obs.find("txfm_leiden") && dataset->obs.find("txfm_leiden");
    const bool first = !m_colors || !m_known || clustersAreNew;
    const auto previous = m_known;  // keeps `before` alive
    const Column* before = previous ? previous->obs.find(column) : nullptr;
    const Column* now = dataset->obs.find(column);
    m_known = dataset;
    ColorChoice choice = first ? ExploreColoring::defaultChoice(*dataset) : m_coloring->choice();
    if (choice.kind == ColorChoice::Kind::Column && !dataset->obs.find(choice.name.toStdString())) choice = {};
    const bool same = !first && choice.kind == m_coloring->choice().kind &&
                      (choice.kind != ColorChoice::Kind::Column || (before && now && *before == *now));
    if (!same) m_coloring->choose(choice, Theme::instance().isDark());
    refreshChoices();
}

void ExplorePage::refreshEmpty() {
    const auto dataset = session()->dataset();
    const bool making = dataset && !session()->runningWork().isEmpty();
    m_empty->setText(making ? tr("The map is on its way") : dataset ? tr("No map of these cells yet") : tr("No data open"),
                     making    ? tr("The cells are being embedded; the map appears here as soon as it is drawn.")
                     : dataset && dataset->obsm.contains("X_txfm")
                         ? tr("The cells are embedded already; the Embed page draws their map and finds clusters.")
                     : dataset ? tr("Embed the cells first: the program then draws them as a map and finds clusters.")
                               : emptyText());
    m_empty->setAction(dataset ? tr("Go to Embed") : tr("Go to Start"));
}

void ExplorePage::refreshChoices() {
    const auto dataset = session()->dataset();
    const QSignalBlocker blocker(m_columns);
    m_columns->clear();
    m_columns->addItem(tr("One colour"), QString());
    if (dataset) {
        for (const Column& column : dataset->obs.columns) {
            const QString name = QString::fromStdString(column.name);
            m_columns->addItem(name, name);
        }
    }
    const ColorChoice& choice = m_coloring->choice();
    if (choice.kind == ColorChoice::Kind::Gene) {
        m_columns->insertItem(0, tr("Gene %1").arg(choice.name), QStringLiteral("gene:") + choice.name);
        m_columns->setCurrentIndex(0);
        return;
    }
    m_columns->setCurrentIndex(std::max(0, m_columns->findData(choice.kind == ColorChoice::Kind::Column ? choice.name : QString())));
}

void ExplorePage::refreshGeneNames() {
    const auto dataset = session()->dataset();
    m_gene->setNames({});
    if (!dataset) return;
    runInBackground(
        session()->computePool(), this,
        [dataset] {
            QStringList names;
            for (const std::string& name : geneDisplayNames(dataset->var)) names << QString::fromStdString(name);
            names.sort(Qt::CaseInsensitive);
            return names;
        },
        [this, dataset](const QStringList& names) {
            if (session()->dataset() && session()->dataset()->var.index == dataset->var.index) m_gene->setNames(names);
        });
}

void ExplorePage::chooseColumn(const QString& name) {
    if (name.startsWith(QStringLiteral("gene:"))) return;
    m_gene->clear();
    m_banner->dismiss();
    m_coloring->choose({name.isEmpty() ? ColorChoice::Kind::None : ColorChoice::Kind::Column, name}, Theme::instance().isDark());
    refreshChoices();
}

void ExplorePage::chooseGene(const QString& name) {
    if (name.isEmpty() || !session()->dataset()) return;
    m_banner->dismiss();
    // Typed in any case: take the spelling of the data.
    const QString spelled = m_gene->spelled(name);
    if (m_gene->text() != spelled) m_gene->setText(spelled);
    m_coloring->choose({ColorChoice::Kind::Gene, spelled}, Theme::instance().isDark());
    refreshChoices();
}

void ExplorePage::colorsReady(std::shared_ptr<const PointColors> colors) {
    m_busy->stop();
    m_colors = std::move(colors);
    m_legend->setColors(m_colors);
    m_selection->setColors(m_colors);
    m_left->setColors(m_colors);
    m_right->setColors(m_colors);
}

nlohmann::json ExplorePage::viewState() const {
    const ColorChoice& choice = m_coloring->choice();
    nlohmann::json state{{"left", m_left->key().toStdString()}, {"right", m_right->key().toStdString()},
                         {"left_window", windowState(m_left->view()->zoomWindow())}, {"right_window", windowState(m_right->view()->zoomWindow())},
                         {"point_size", m_toolbar->pointSize()}, {"labels", m_toolbar->labelsShown()}};
    if (choice.kind == ColorChoice::Kind::Gene) state["gene"] = choice.name.toStdString();
    if (choice.kind == ColorChoice::Kind::Column) state["column"] = choice.name.toStdString();
    return state;
}

void ExplorePage::setViewState(const nlohmann::json& state) {
    m_left->choose(textOf(state, "left"));
    m_right->choose(textOf(state, "right"));
    m_left->showWindow(windowOf(state, "left_window"));
    m_right->showWindow(windowOf(state, "right_window"));
    m_toolbar->setPointSize(static_cast<int>(numberOf(state, "point_size", 0)));
    m_toolbar->setLabelsShown(flagOf(state, "labels", true));
    const QString gene = textOf(state, "gene"), column = textOf(state, "column");
    if (!gene.isEmpty()) {
        chooseGene(gene);
    } else if (column.isEmpty() || session()->dataset()->obs.find(column.toStdString())) {
        chooseColumn(column);
    }
}

void ExplorePage::selectionChanged() {
    const SelectionModel* selection = session()->selection();
    const PointMask mask = selection->isEmpty() ? nullptr : std::make_shared<const std::vector<uint8_t>>(selection->mask());
    m_left->setSelected(mask);
    m_right->setSelected(mask);
}

void ExplorePage::themeChanged() {
    const bool dark = Theme::instance().isDark();
    m_left->setDark(dark);
    m_right->setDark(dark);
    if (m_coloring && m_colors) m_coloring->choose(m_coloring->choice(), dark);
}

void ExplorePage::showError(const Error& error) {
    m_busy->stop();
    if (error.code == ErrorCode::Cancelled) return;
    m_banner->showError(error);
}

QString ExplorePage::hoverText(int64_t cell) const {
    if (!m_known || cell >= m_known->cells()) return {};
    QString text = QString::fromStdString(m_known->obs.index[static_cast<size_t>(cell)]);
    if (m_colors && m_colors->kind != PointColors::Kind::Plain)
        text += QLatin1Char('\n') + m_colors->title + QStringLiteral(": ") + colorValueText(*m_colors, static_cast<size_t>(cell));
    return text;
}

void ExplorePage::exportFigureFile() {
    std::vector<ScatterScene> scenes;
    for (const ExploreMap* map : {m_left, m_right}) {
        if (map->hasMap() && map->isVisibleTo(this)) scenes.push_back(map->view()->scene());
    }
    if (scenes.empty()) return;
    const QString source = session()->sourcePath();
    const auto request = ExportDialog::ask(std::move(scenes), QFileInfo(source).completeBaseName() + QStringLiteral("-map"), source, this);
    if (!request) return;
    m_busy->start();
    runInBackground(
        session()->computePool(), this,
        [request] { return exportFigure(request->panels, request->path.toStdString(), request->options); },
        [this, path = request->path](Result<void> result) {
            m_busy->stop();
            if (result) session()->navigation()->showStatus(tr("Figure written to %1").arg(path));
            else showError(result.error());
        });
}

}  // namespace txfm::ui
