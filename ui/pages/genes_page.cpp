// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/genes_page.h"

#include <algorithm>

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSortFilterProxyModel>
#include <QSpinBox>
#include <QSplitter>
#include <QTableView>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "ui/pages/genes_relations.h"
#include "ui/panels/model_choice.h"
#include "ui/plots/export_dialog.h"
#include "ui/plots/figure_export.h"
#include "ui/session/background.h"
#include "ui/session/session.h"
#include "ui/widgets/busy_indicator.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/format.h"
#include "ui/widgets/gene_edit.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

constexpr int kMapNeighbors = 30;  // in the heat map of the top neighbours: their names fit beside it in a window of 1280 × 800
constexpr qsizetype kMaxSet = 500; // genes of a set in the heat map
constexpr int kTypingPauseMs = 400;
constexpr int kTableWidth = 420;   // all columns but the last fit
constexpr int kLeastTableWidth = 240;  // in the smallest window, beside the heat map

/// The sorting arrow stands above the letters, for which Qt would widen every column by the height of the header.
class NeighborHeader : public QHeaderView {
public:
    explicit NeighborHeader(QWidget* parent) : QHeaderView(Qt::Horizontal, parent) { setSectionsClickable(true); }

protected:
    QSize sectionSizeFromContents(int section) const override {
        constexpr int kRoom = 22;  // borders and the width of the arrow
        QFont bold = font();
        bold.setWeight(QFont::DemiBold);
        const int text = QFontMetrics(bold).horizontalAdvance(model()->headerData(section, Qt::Horizontal).toString());
        const QSize size = QHeaderView::sectionSizeFromContents(section);
        return {std::min(size.width(), text + kRoom), size.height()};
    }
};

}  // namespace

GenesPage::GenesPage(ModelCatalogue* catalogue, QWidget* parent)
    : Page(parent),
      m_empty(new EmptyState(QStringLiteral("genes"), tr("No model chosen"), emptyText(), this)),
      m_banner(new ErrorBanner(this)), m_busy(new BusyIndicator(this)), m_model(new GenesNeighborModel(this)),
      m_sorted(new QSortFilterProxyModel(this)), m_setTimer(new QTimer(this)),
      m_choice(new ModelChoice(catalogue, this)) {
    m_sorted->setSourceModel(m_model);
    m_sorted->setSortRole(GenesNeighborModel::SortRole);
    m_setTimer->setSingleShot(true);
    m_setTimer->setInterval(kTypingPauseMs);
    connect(m_setTimer, &QTimer::timeout, this, &GenesPage::askHeatMap);
    auto* split = new QSplitter(Qt::Horizontal, this);
    split->setChildrenCollapsible(false);
    split->setHandleWidth(metric::kSmall);
    split->addWidget(makeTablePanel());
    split->addWidget(makeMapPanel());
    split->setStretchFactor(0, 0);
    split->setStretchFactor(1, 1);
    split->setSizes({kTableWidth, kTableWidth});
    auto* right = new QWidget(this);
    auto* rightColumn = new QVBoxLayout(right);
    rightColumn->setContentsMargins(0, 0, 0, 0);
    rightColumn->setSpacing(metric::kSmall);
    rightColumn->addWidget(m_banner);
    rightColumn->addWidget(split, 1);
    auto* content = new QWidget(this);
    auto* row = new QHBoxLayout(content);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metric::kGap);
    row->addWidget(makeControls());
    row->addWidget(right, 1);
    setContents(m_empty, content, metric::kGap);
    m_empty->setAction(tr("Go to Embed"));
    connect(m_empty, &EmptyState::actionTriggered, this, [this] { session()->navigation()->showPage(page::kEmbed); });
}

QString GenesPage::id() const { return page::kGenes; }
QString GenesPage::emptyText() const { return tr("Choose a model on the Embed page; its genes can then be searched here."); }
bool GenesPage::decoder() const { return m_source->currentData().toBool(); }

QWidget* GenesPage::makeTablePanel() {
    auto* section = new Section(tr("Neighbours"), this);
    section->setMinimumWidth(kLeastTableWidth);
    m_colourMap = new QToolButton(section);
    m_colourMap->setObjectName(QStringLiteral("genesColourMap"));
    m_colourMap->setIcon(Theme::instance().icon(QStringLiteral("palette")));
    m_colourMap->setToolTip(tr("Colour the map of the cells by this gene"));
    m_exportTable = new QToolButton(section);
    m_exportTable->setObjectName(QStringLiteral("genesExportTable"));
    m_exportTable->setIcon(Theme::instance().icon(QStringLiteral("export")));
    m_exportTable->setToolTip(tr("Save the table as CSV"));
    section->addHeaderWidget(m_colourMap);
    section->addHeaderWidget(m_exportTable);
    m_headline = new QLabel(tr("Search a gene to list the genes that the model places near it."), section);
    m_headline->setWordWrap(true);
    m_headline->setProperty("role", "muted");
    m_table = new QTableView(section);
    m_table->setObjectName(QStringLiteral("genesTable"));
    m_table->setHorizontalHeader(new NeighborHeader(m_table));
    m_table->setModel(m_sorted);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(GenesNeighborModel::RankColumn, Qt::AscendingOrder);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 9);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    showKnownColumn(false);
    m_table->setToolTip(tr("Double click a gene to see its own neighbours"));
    m_table->setAccessibleName(tr("Neighbours"));
    section->body()->addWidget(m_headline);
    section->body()->addWidget(m_table, 1);
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex& index) {
        showGene(index.siblingAtColumn(GenesNeighborModel::GeneColumn).data().toString());
    });
    connect(m_exportTable, &QToolButton::clicked, this, &GenesPage::exportTable);
    connect(m_colourMap, &QToolButton::clicked, this, [this] { session()->navigation()->colourByGene(m_relations->symbol(m_gene)); });
    m_exportTable->setEnabled(false);
    m_colourMap->setEnabled(false);
    return section;
}

QWidget* GenesPage::makeMapPanel() {
    auto* section = new Section(tr("Heat map"), this);
    m_exportMap = new QToolButton(section);
    m_exportMap->setObjectName(QStringLiteral("genesExportMap"));
    m_exportMap->setIcon(Theme::instance().icon(QStringLiteral("export")));
    m_exportMap->setToolTip(tr("Save the heat map as a figure (SVG, PDF, PNG) or its numbers as CSV"));
    m_exportMap->setEnabled(false);
    section->addHeaderWidget(m_exportMap);
    m_map = new HeatMap(section);
    m_map->setObjectName(QStringLiteral("genesHeatMap"));
    m_map->setEmptyText(tr("Search a gene, or choose “A set of genes” on the left and type their symbols."));
    section->body()->addWidget(m_map, 1);
    connect(m_exportMap, &QToolButton::clicked, this, &GenesPage::exportMap);
    connect(m_map, &HeatMap::pairClicked, this, [this](int row, int) {
        m_search->setText(m_map->data()->labels[static_cast<size_t>(row)]);
        m_search->setFocus();
    });
    return section;
}

void GenesPage::setSession(Session* session) {
    Page::setSession(session);
    m_choice->setSession(session);
    m_relations = new GenesRelations(session, this);
    connect(m_relations, &GenesRelations::modelReady, this, &GenesPage::modelReady);
    connect(m_relations, &GenesRelations::neighborsReady, this, &GenesPage::neighborsReady);
    connect(m_relations, &GenesRelations::pairsChanged, this, &GenesPage::pairsChanged);
    connect(m_relations, &GenesRelations::busy, this, [this](bool busy) { busy ? m_busy->start() : m_busy->stop(); });
    connect(m_relations, &GenesRelations::failed, this, [this](const Error& error) { m_banner->showError(error); });
    connect(m_relations, &GenesRelations::heatMapReady, this, [this](std::shared_ptr<const HeatMapData> data) {
        m_exportMap->setEnabled(data != nullptr);
        m_map->setData(std::move(data));
    });
    connect(session->navigation(), &Navigation::geneRequested, this, &GenesPage::showGene);
    modelReady();
    pairsChanged();
}

void GenesPage::activated() {
    m_search->setFocus();
    if (!m_pending) return;
    m_pending = false;
    askNeighbors();
    askHeatMap();
}

nlohmann::json GenesPage::viewState() const {
    return {{"gene", m_relations->symbol(m_gene).toStdString()}, {"decoder", decoder()}, {"count", m_count->value()},
            {"set_shown", m_mapOf->currentIndex() == 1}, {"set", m_set->toPlainText().toStdString()}, {"clustered", m_clustered->isChecked()}};
}

void GenesPage::setViewState(const nlohmann::json& state) {
    m_source->setCurrentIndex(std::max(0, m_source->findData(flagOf(state, "decoder", false))));
    m_count->setValue(static_cast<int>(numberOf(state, "count", m_count->value())));
    m_clustered->setChecked(flagOf(state, "clustered", true));
    m_set->setPlainText(textOf(state, "set"));
    m_mapOf->setCurrentIndex(flagOf(state, "set_shown", false) ? 1 : 0);
    // A model that is still on its way answers when it has come: modelReady() asks for this gene.
    m_search->setText(textOf(state, "gene"));
    m_gene = m_relations->geneIndex(m_search->text());
    m_pending = true;
    if (isVisible()) activated();
}

void GenesPage::modelReady() {
    showContent(session()->model() != nullptr);
    m_search->setNames(m_relations->symbols());
    m_gene = m_relations->geneIndex(m_search->text());
    m_model->set({}, false);
    m_map->setData(nullptr);
    m_pending = !isVisible();
    if (m_pending) return;
    askNeighbors();
    askHeatMap();
}

void GenesPage::showGene(const QString& symbol) {
    if (symbol.trimmed().isEmpty() || !session()->model()) return;
    const int64_t gene = m_relations->geneIndex(symbol);
    if (gene < 0) {
        m_banner->showMessage(ErrorBanner::Kind::Warning,
                              tr("The model has no gene %1; check the spelling or use its approved HGNC symbol.").arg(symbol.trimmed()));
        return;
    }
    m_banner->dismiss();
    m_gene = gene;
    m_search->setText(m_relations->symbol(gene));
    m_mapOf->setCurrentIndex(0);
    askNeighbors();
}

void GenesPage::askNeighbors() {
    m_colourMap->setEnabled(m_gene >= 0 && session()->dataset());
    if (m_gene >= 0) m_relations->askNeighbors(m_gene, decoder(), m_count->value());
}

void GenesPage::neighborsReady(std::vector<GenesNeighborModel::Row> rows, bool compared) {
    m_headline->setText(tr("Genes nearest to %1 in the %2, cosine after subtracting the mean gene.")
                            .arg(m_relations->symbol(m_gene), decoder() ? tr("decoder weights") : tr("codebook")));
    m_model->set(std::move(rows), compared);
    showKnownColumn(compared);
    m_exportTable->setEnabled(true);
    if (m_mapOf->currentIndex() == 0) askHeatMap();
}

void GenesPage::showKnownColumn(bool shown) {
    m_table->setColumnHidden(GenesNeighborModel::KnownColumn, !shown);
    // The last column takes what is left over, but where little is left it keeps its numbers.
    m_table->horizontalHeader()->setSectionResizeMode(GenesNeighborModel::PercentileColumn, shown ? QHeaderView::ResizeToContents : QHeaderView::Stretch);
}

void GenesPage::askHeatMap() {
    std::vector<int64_t> genes;
    if (m_mapOf->currentIndex() == 0) {
        if (m_gene >= 0) genes.push_back(m_gene);
        for (const auto& row : m_model->rows()) {
            if (genes.size() > kMapNeighbors) break;
            genes.push_back(m_relations->geneIndex(row.gene));
        }
        if (genes.size() < 2) genes.clear();
    } else {
        static const QRegularExpression separators(QStringLiteral("[\\s,;]+"));
        QStringList unknown;
        QStringList names = m_set->toPlainText().split(separators, Qt::SkipEmptyParts);
        names.removeDuplicates();
        for (const QString& name : names) {
            const int64_t gene = m_relations->geneIndex(name);
            if (gene < 0) unknown << name;
            else if (std::find(genes.begin(), genes.end(), gene) == genes.end()) genes.push_back(gene);
        }
        QString note = tr("%1 genes").arg(genes.size());
        if (genes.size() > kMaxSet) {
            note = tr("the first %1 of %2 genes").arg(kMaxSet).arg(genes.size());
            genes.resize(kMaxSet);
        }
        if (!unknown.isEmpty())
            note += tr("; not in the model: %1").arg(unknown.mid(0, 8).join(QStringLiteral(", ")) + (unknown.size() > 8 ? QStringLiteral(" …") : QString()));
        m_setNote->setText(note);
    }
    m_relations->askHeatMap(genes, decoder(), m_clustered->isChecked());
}

void GenesPage::pairsChanged() {
    const QStringList files = m_relations->pairFiles();
    m_forgetPairs->setEnabled(!files.isEmpty());
    m_pairs->setText(files.isEmpty() ? tr("With a file of known pairs the table tells known from new neighbours.")
                                     : tr("Compared with %1.").arg(files.join(QStringLiteral(", "))));
    if (m_gene >= 0 && !m_model->rows().empty()) askNeighbors();
}

void GenesPage::choosePairFile() {
    const QString file = QFileDialog::getOpenFileName(this, tr("Known gene pairs"), {}, tr("Tables (*.txt *.csv *.tsv);;All files (*)"));
    if (!file.isEmpty()) m_relations->loadPairs(file);
}

void GenesPage::exportTable() {
    const QString path = askSavePath(this, tr("Save neighbours"), m_relations->symbol(m_gene) + QStringLiteral("-neighbours.csv"), tr("Table (*.csv)"));
    if (path.isEmpty()) return;
    const Result<void> done = writeFileAtomically(path.toStdString(), m_model->toCsv());
    if (done) session()->navigation()->showStatus(tr("Table written to %1").arg(path));
    else m_banner->showError(done.error());
}

void GenesPage::exportMap() {
    const auto data = m_map->data();
    if (!data) return;
    const QString path = askSavePath(this, tr("Save heat map"), QStringLiteral("gene-map.svg"), tr("Figure or table (*.svg *.pdf *.png *.csv)"));
    if (path.isEmpty()) return;
    runInBackground(
        session()->computePool(), this,
        [data, path]() -> Result<void> {
            if (!path.endsWith(QStringLiteral(".csv"), Qt::CaseInsensitive)) return exportHeatMap(data, path.toStdString());
            return writeFileAtomically(path.toStdString(), heatMapCsv(*data));
        },
        [this, path](Result<void> result) {
            if (result) session()->navigation()->showStatus(tr("Heat map written to %1").arg(path));
            else m_banner->showError(result.error());
        });
}

}  // namespace txfm::ui
