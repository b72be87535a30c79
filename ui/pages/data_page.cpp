// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/data_page.h"

#include <utility>

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QTableView>
#include <QTabWidget>
#include <QVBoxLayout>

#include <nlohmann/json.hpp>

#include "ui/models/sample_table_model.h"
#include "ui/panels/file_panel.h"
#include "ui/panels/gene_list_panel.h"
#include "ui/panels/gene_match_panel.h"
#include "ui/panels/quality_panel.h"
#include "ui/session/data_report.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/format.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {
enum StackIndex { kEmptyIndex, kOpeningIndex, kContentIndex };
}

DataPage::DataPage(QWidget* parent)
    : Page(parent), m_stack(new QStackedWidget(this)),
      m_empty(new EmptyState(QStringLiteral("data"), tr("No data open"), emptyText(), this)),
      m_banner(new ErrorBanner(this)), m_normalised(new ErrorBanner(this)) {
    m_empty->setAction(tr("Open demo data"));
    connect(m_empty, &EmptyState::actionTriggered, this, [this] { session()->open(demoDataFile()); });
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kGap);
    column->addWidget(makeHeader());
    column->addWidget(m_banner);
    column->addWidget(m_normalised);
    column->addWidget(makeTabs(), 1);
    column->addWidget(makeFooter());
    m_stack->addWidget(m_empty);
    m_stack->addWidget(makeOpening());
    m_stack->addWidget(content);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metric::kMargin, metric::kMargin, metric::kMargin, metric::kGap);
    layout->addWidget(m_stack);

    connect(m_normalised, &ErrorBanner::actionTriggered, this, [this] { session()->setAllowNormalised(true); });
}

QString DataPage::id() const { return page::kData; }
QString DataPage::emptyText() const {
    return tr("Open a count file from the Start page or with Ctrl+O, drop one into this window, or look at the demo data.");
}

QWidget* DataPage::makeHeader() {
    auto* header = new QWidget(this);
    m_title = new QLabel(header);
    m_title->setFont(Theme::instance().titleFont());
    m_subtitle = new QLabel(header);
    m_subtitle->setObjectName(QStringLiteral("dataSubtitle"));
    m_subtitle->setProperty("role", "muted");
    m_continue = new QPushButton(tr("Continue to Embed"), header);
    m_continue->setObjectName(QStringLiteral("continueToEmbed"));
    m_continue->setProperty("primary", true);
    m_continue->setToolTip(tr("Choose a model and embed these cells"));
    connect(m_continue, &QPushButton::clicked, this, [this] { session()->navigation()->showPage(page::kEmbed); });
    auto* texts = new QVBoxLayout;
    texts->setSpacing(2);
    texts->addWidget(m_title);
    texts->addWidget(m_subtitle);
    auto* row = new QHBoxLayout(header);
    row->setContentsMargins(0, 0, 0, 0);
    row->addLayout(texts, 1);
    m_add = new QPushButton(tr("Add cells…"), header);
    m_add->setObjectName(QStringLiteral("addCells"));
    connect(m_add, &QPushButton::clicked, this, &DataPage::addCells);
    row->addWidget(m_add, 0, Qt::AlignVCenter);
    row->addWidget(m_continue, 0, Qt::AlignVCenter);
    return header;
}

QWidget* DataPage::makeTabs() {
    m_tabs = new QTabWidget(this);
    m_tabs->setObjectName(QStringLiteral("dataTabs"));
    m_tabs->setDocumentMode(false);
    m_file = new FilePanel(this);
    m_match = new GeneMatchPanel(this);
    auto* overview = new QWidget(this);
    auto* columns = new QHBoxLayout(overview);
    columns->setContentsMargins(metric::kGap, metric::kGap, metric::kGap, metric::kGap);
    columns->setSpacing(metric::kGap);
    columns->addWidget(m_file, 1, Qt::AlignTop);
    auto* right = new QVBoxLayout;
    right->setSpacing(metric::kGap);
    right->addWidget(m_match);
    m_typical = new Section(tr("A typical cell"), this);
    m_typicalText = new QLabel(m_typical);
    m_typicalText->setObjectName(QStringLiteral("typicalCell"));
    m_typicalText->setWordWrap(true);
    m_typical->body()->addWidget(m_typicalText);
    right->addWidget(m_typical);
    right->addStretch(1);
    columns->addLayout(right, 1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setWidget(overview);
    scroll->viewport()->setAutoFillBackground(false);
    overview->setAutoFillBackground(false);
    m_quality = new QualityPanel(this);
    m_genes = new GeneListPanel(this);
    m_cellModel = new SampleTableModel(SampleTableModel::Which::Cells, this);
    m_cells = new QTableView(this);
    m_cells->setObjectName(QStringLiteral("cellTable"));
    m_cells->setModel(m_cellModel);
    m_cells->setAlternatingRowColors(true);
    m_cells->setShowGrid(false);
    m_cells->setWordWrap(false);
    m_cells->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 10);
    m_cells->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_cells->setFrameShape(QFrame::NoFrame);
    m_cells->verticalHeader()->setDefaultAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_cells->horizontalHeader()->setStretchLastSection(true);
    m_cells->horizontalHeader()->setResizeContentsPrecision(100);  // rows looked at
    m_tabs->addTab(scroll, tr("Overview"));
    m_tabs->addTab(m_quality, tr("Quality"));
    m_tabs->addTab(m_genes, tr("Genes"));
    m_tabs->addTab(m_cells, tr("Cells"));
    connect(m_quality, &QualityPanel::removedChanged, this, &DataPage::refreshFooter);
    connect(m_file, &FilePanel::countsChosen, this, &DataPage::chooseCounts);
    connect(m_genes, &GeneListPanel::exported, this, [this](const QString& path) {
        m_banner->showMessage(ErrorBanner::Kind::Info, tr("Saved %1.").arg(path));
    });
    connect(m_genes, &GeneListPanel::exportFailed, this, [this](const Error& error) { m_banner->showError(error); });
    return m_tabs;
}

QWidget* DataPage::makeFooter() {
    auto* footer = new QFrame(this);
    footer->setProperty("role", "card");
    m_filterText = new QLabel(footer);
    m_filterText->setObjectName(QStringLiteral("filterText"));
    m_suggest = new QPushButton(tr("Suggest thresholds"), footer);
    m_suggest->setObjectName(QStringLiteral("suggestThresholds"));
    m_suggest->setToolTip(tr("Three median absolute deviations around the median of counts, genes and mitochondrial share"));
    m_reset = new QPushButton(tr("Reset"), footer);
    m_apply = new QPushButton(tr("Remove cells"), footer);
    m_apply->setObjectName(QStringLiteral("applyFilter"));
    m_restore = new QPushButton(tr("Bring back all cells"), footer);
    m_restore->setObjectName(QStringLiteral("restoreCells"));
    connect(m_suggest, &QPushButton::clicked, this, [this] {
        m_quality->suggestThresholds();
        m_tabs->setCurrentWidget(m_quality);
    });
    connect(m_reset, &QPushButton::clicked, m_quality, &QualityPanel::resetThresholds);
    connect(m_apply, &QPushButton::clicked, this, &DataPage::applyFilter);
    connect(m_restore, &QPushButton::clicked, this, [this] { session()->restoreAllCells(); });
    auto* row = new QHBoxLayout(footer);
    row->setContentsMargins(16, metric::kSmall, metric::kSmall, metric::kSmall);
    row->setSpacing(metric::kSmall);
    row->addWidget(m_filterText, 1);
    for (QPushButton* button : {m_restore, m_suggest, m_reset, m_apply}) row->addWidget(button);
    return footer;
}

QWidget* DataPage::makeOpening() {
    auto* box = new QWidget(this);
    m_openingText = new QLabel(box);
    m_openingText->setAlignment(Qt::AlignCenter);
    m_openingStage = new QLabel(box);
    m_openingStage->setProperty("role", "muted");
    m_openingBar = new QProgressBar(box);
    m_openingBar->setFixedWidth(360);
    m_openingBar->setTextVisible(false);
    auto* cancel = new QPushButton(tr("Cancel"), box);
    cancel->setObjectName(QStringLiteral("cancelOpening"));
    connect(cancel, &QPushButton::clicked, this, [this] { session()->cancelOpening(); });
    auto* layout = new QVBoxLayout(box);
    layout->setSpacing(metric::kGap);
    layout->addStretch(2);
    layout->addWidget(m_openingText, 0, Qt::AlignHCenter);
    layout->addWidget(m_openingBar, 0, Qt::AlignHCenter);
    layout->addWidget(m_openingStage, 0, Qt::AlignHCenter);
    layout->addWidget(cancel, 0, Qt::AlignHCenter);
    layout->addStretch(3);
    return box;
}

void DataPage::setSession(Session* s) {
    Page::setSession(s);
    m_match->setSession(s);
    m_genes->setSession(s);
    connect(s, &Session::openingStarted, this, [this](const QString& path) {
        m_openingText->setText(tr("Opening %1").arg(QFileInfo(path).fileName()));
        m_openingStage->clear();
        m_openingBar->setRange(0, 0);
        m_stack->setCurrentIndex(kOpeningIndex);
    });
    connect(s, &Session::openingProgress, this, [this](double fraction, const QString& text) {
        m_openingStage->setText(text);
        m_openingBar->setRange(0, fraction < 0 ? 0 : 1000);
        m_openingBar->setValue(static_cast<int>(1000 * fraction));
    });
    connect(s, &Session::openingFailed, this, [this] {
        m_adding = false;
        refresh();
    });
    connect(s, &Session::datasetChanged, this, [this] {
        refresh();
        m_banner->dismiss();
        if (std::exchange(m_adding, false) && session()->dataset())
            m_banner->showMessage(ErrorBanner::Kind::Info, tr("The files were joined: %1 cells in all. The column 'sample' says which file each is from.")
                                                               .arg(formatCount(session()->dataset()->cells())));
    });
    connect(s, &Session::resultsChanged, this, &DataPage::refresh);
    connect(s, &Session::normalisedDecisionChanged, this, &DataPage::refreshNormalised);
    connect(s, &Session::runningWorkChanged, this, &DataPage::refreshFooter);
    connect(s->report(), &DataReport::qcChanged, this, &DataPage::refreshQuality);
    refresh();
    refreshQuality();
}

nlohmann::json DataPage::viewState() const {
    return {{"tab", m_tabs->currentIndex()}, {"thresholds", m_quality->thresholds()}};
}

void DataPage::setViewState(const nlohmann::json& state) {
    m_tabs->setCurrentIndex(static_cast<int>(numberOf(state, "tab", 0)));
    if (state.contains("thresholds")) m_quality->setThresholds(state["thresholds"]);
}

void DataPage::refresh() {
    const auto dataset = session()->dataset();
    m_stack->setCurrentIndex(session()->isOpening() ? kOpeningIndex : dataset ? kContentIndex : kEmptyIndex);
    m_file->show(dataset, session()->sourcePath(), session()->countsChoices());
    m_cellModel->setDataset(dataset);
    if (dataset) {
        m_title->setText(session()->displayName());
        const Provenance& from = dataset->provenance;
        const QString size = tr("%1 cells × %2 genes").arg(formatCount(dataset->cells()), formatCount(dataset->genes()));
        const QString values = (from.valueKind == ValueKind::Counts ? tr("counts in %1") : tr("no counts, values in %1")).arg(QString::fromStdString(from.countsIn));
        m_subtitle->setText(QStringLiteral("%1 · %2 · %3").arg(size, QString::fromStdString(from.format), values));
        m_cells->resizeColumnsToContents();
    }
    refreshNormalised();
    refreshFooter();
}

void DataPage::refreshNormalised() {
    if (!session()->needsNormalisedDecision()) {
        m_normalised->hide();
        return;
    }
    const bool usable = session()->valuesAreUsable();
    m_normalised->setAction(usable ? tr("Use these values") : QString());
    m_normalised->showMessage(ErrorBanner::Kind::Warning,
                              usable ? tr("These values are not raw counts, which the model was trained on. Better open a file with counts; "
                                          "otherwise they can be used after being turned back as far as possible, with a note in the results.")
                                     : session()->whatIsWrongWithValues());
}

void DataPage::refreshQuality() {
    const DataReport* report = session()->report();
    const auto& error = report->qcError();
    m_quality->setMetrics(report->qc(), report->qcSummary(), error ? QString::fromStdString(error->message)
                                              : session()->dataset() ? tr("Computing quality metrics…") : QString());
    refreshTypical();
}

void DataPage::refreshTypical() {
    const auto qc = session()->report()->qc();
    const auto summary = session()->report()->qcSummary();
    m_typical->setVisible(qc != nullptr && !qc->totalCounts.empty() && session()->valuesAreUsable());
    if (m_typical->isHidden()) return;
    const auto median = [&](QcSummary::Metric metric, int digits = 4) { return formatNumber(summary->entries[metric].median, digits); };
    const QString mitochondrial = qc->mitochondrialGenes > 0 ? tr("%1 % of them mitochondrial").arg(median(QcSummary::kMitochondrial, 2))
                                                             : tr("no mitochondrial genes in the file");
    m_typicalText->setText(tr("%1 counts in %2 genes, %3 (medians).")
                               .arg(median(QcSummary::kTotalCounts), median(QcSummary::kDetectedGenes), mitochondrial));
}

void DataPage::refreshFooter() {
    const auto dataset = session() ? session()->dataset() : nullptr;
    if (!dataset) return;
    const int64_t removed = m_quality->removedCount();
    const bool ready = session()->report()->qc() != nullptr;
    const QString kept = session()->isFiltered() ? tr(" (already filtered)") : QString();
    m_filterText->setText(ready ? tr("Quality filter: %1 of %2 cells would be removed%3")
                                      .arg(formatCount(removed), formatCount(dataset->cells()), kept)
                                : tr("Quality filter: computing…"));
    // Other cells would put an end to what is being made for these.
    const bool free = session()->runningWork().isEmpty();
    const QString wait = tr("%1 is still running; wait for its end, or stop it on the Embed page").arg(session()->runningWork());
    m_add->setEnabled(free);
    m_add->setToolTip(free ? tr("Join the cells of further files to these; genes that a file lacks count as not measured there") : wait);
    m_apply->setToolTip(free ? tr("Continue with the cells that pass; the opened file stays as it is") : wait);
    m_restore->setEnabled(free);
    m_restore->setToolTip(free ? QString() : wait);
    m_apply->setEnabled(free && ready && removed > 0 && removed < dataset->cells());
    m_apply->setText(removed > 0 ? tr("Remove %1 cells").arg(formatCount(removed)) : tr("Remove cells"));
    m_reset->setEnabled(ready && !m_quality->description().isEmpty());
    m_suggest->setEnabled(ready);
    m_restore->setVisible(session()->isFiltered());
}

void DataPage::chooseCounts(const QString& option) {
    if (session()->isModified()) {
        m_banner->showMessage(ErrorBanner::Kind::Warning, tr("Save the results made with these counts first (Ctrl+S); then choose the other ones."));
        refresh();
        return;
    }
    session()->open(session()->sourcePath(), option);
}

void DataPage::addCells() {
    if (!session()->dataset()) return;
    const QStringList files = QFileDialog::getOpenFileNames(this, tr("Add cells of further files"));
    m_adding = !files.isEmpty();
    session()->mergeFiles(files);
}

void DataPage::applyFilter() {
    const std::vector<int64_t> kept = m_quality->keptCells();
    session()->keepCells(kept, tr("%1 cells were removed by the quality filter: %2.")
                                   .arg(formatCount(m_quality->removedCount()), m_quality->description()));
}

}  // namespace txfm::ui
