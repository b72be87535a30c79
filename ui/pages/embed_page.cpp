// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/embed_page.h"

#include <utility>

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QTimer>
#include <QVBoxLayout>

#include "core/base/memory.h"
#include "core/io/model_cost.h"
#include "ui/models/model_catalogue.h"
#include "ui/panels/forecast_note.h"
#include "ui/panels/model_panel.h"
#include "ui/session/data_report.h"
#include "ui/session/embed_forecast.h"
#include "ui/session/recent_files.h"
#include "ui/session/session.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/format.h"
#include "ui/widgets/options_form.h"
#include "ui/widgets/progress_panel.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

/// Together with noticing its end, a stop takes a quarter of a second.
constexpr int kStopMs = 150;

/// Set by the page, not by the form.
const std::set<std::string> kHidden{"model", "data", "out", "allow-normalised", "forecast"};

}  // namespace

EmbedPage::EmbedPage(ModelCatalogue* catalogue, QWidget* parent)
    : Page(parent),
      m_empty(new EmptyState(QStringLiteral("embed"), tr("Nothing to embed yet"), emptyText(), this)),
      m_banner(new ErrorBanner(this)), m_modelPanel(new ModelPanel(catalogue, this)), m_form(new OptionsForm(this)),
      m_optionsSection(new Section(tr("Options"), this)), m_forecast(new ForecastNote(this)), m_blocked(new QLabel(this)),
      m_start(new QPushButton(this)), m_mapOnly(new QPushButton(tr("Draw the map without embedding again"), this)), m_progress(new ProgressPanel(this)) {
    m_empty->setAction(tr("Open demo data"));
    connect(m_empty, &EmptyState::actionTriggered, this, [this] { session()->open(demoDataFile()); });
    m_form->setFields(workflow::fieldsOf(m_options), kHidden);
    m_optionsSection->setExplanation(tr("The defaults follow the model's own recommendation."));
    m_optionsSection->body()->addWidget(m_form);
    connect(m_form, &OptionsForm::changed, this, &EmbedPage::refreshForecast);

    auto* before = new Section(tr("Before you start"), this);
    m_forecast->setObjectName(QStringLiteral("embedForecast"));
    connect(m_forecast, &ForecastNote::changed, this, &EmbedPage::forecastChanged);
    m_blocked->setWordWrap(true);
    m_blocked->setTextFormat(Qt::PlainText);
    m_blocked->setProperty("role", "warning");
    before->body()->addWidget(m_forecast);
    before->body()->addWidget(m_blocked);
    m_start->setObjectName(QStringLiteral("startEmbed"));
    m_start->setProperty("primary", true);
    m_start->setMinimumHeight(40);
    m_start->setToolTip(tr("Embeds the cells, draws the maps and finds clusters; Explore opens by itself"));
    connect(m_start, &QPushButton::clicked, this, [this] { start(kEmbed); });
    before->body()->addWidget(m_start);
    m_mapOnly->setObjectName(QStringLiteral("drawMapOnly"));
    m_mapOnly->setToolTip(tr("Takes obsm['X_txfm'] as it is: draws the maps and finds clusters, without embedding again"));
    connect(m_mapOnly, &QPushButton::clicked, this, [this] { start(kMap); });
    before->body()->addWidget(m_mapOnly);
    connect(m_progress, &ProgressPanel::stopRequested, this, &EmbedPage::stop);

    auto* right = new QWidget(this);
    auto* rightColumn = new QVBoxLayout(right);
    rightColumn->setContentsMargins(0, 0, 0, 0);
    rightColumn->setSpacing(metric::kGap);
    rightColumn->addWidget(before);
    rightColumn->addWidget(m_optionsSection);
    rightColumn->addStretch(1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(right);
    scroll->setMinimumWidth(400);
    auto* columns = new QHBoxLayout;
    columns->setSpacing(metric::kGap);
    columns->addWidget(m_modelPanel, 3);
    columns->addWidget(scroll, 2);

    auto* headline = new QLabel(tr("Embed"), this);
    headline->setFont(Theme::instance().titleFont());
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kGap);
    column->addWidget(headline);
    column->addWidget(m_banner);
    column->addWidget(m_progress);
    column->addLayout(columns, 1);
    setContents(m_empty, content, metric::kMargin);
}

EmbedPage::~EmbedPage() = default;
QString EmbedPage::id() const { return page::kEmbed; }
QString EmbedPage::emptyText() const {
    return tr("Open a count file first; then every cell gets its place in the space of a foundation model.");
}

void EmbedPage::setSession(Session* s) {
    Page::setSession(s);
    m_modelPanel->setSession(s);
    connect(s, &Session::datasetChanged, this, [this] {
        m_banner->dismiss();  // what it says is about the data before
        leaveChain();
        refresh();
    });
    connect(s, &Session::resultsChanged, this, &EmbedPage::refreshMapOnly);
    connect(s, &Session::modelChanged, this, &EmbedPage::refresh);
    connect(s, &Session::normalisedDecisionChanged, this, &EmbedPage::refreshForecast);
    connect(s->report(), &DataReport::matchChanged, this, &EmbedPage::refreshForecast);
    connect(s->report(), &DataReport::qcChanged, this, &EmbedPage::refreshForecast);
    refresh();
}

nlohmann::json EmbedPage::viewState() const { return {{"options", m_form->changedOptions()}}; }

void EmbedPage::setViewState(const nlohmann::json& state) {
    if (state.contains("options")) m_form->setChangedOptions(state["options"]);
}

void EmbedPage::refresh() {
    // Without a model there is one to be chosen, data or none.
    showContent(session()->dataset() || !session()->model());
    if (const auto model = session()->model()) {
        const std::string& own = model->config().inferenceGenes;
        m_form->setPlaceholder("inference-genes", tr("the model's own: %1").arg(QString::fromStdString(own.empty() ? "all" : own)));
    }
    refreshForecast();
}

double EmbedPage::forecastFlops() const {
    const auto model = session()->model();
    const auto dataset = session()->dataset();
    if (!model || !dataset) return 0;
    const auto match = session()->report()->match();
    const int64_t measured = match ? match->vocabularyCovered : model->vocabulary().size();
    const std::string mode = m_form->changedOptions().value("inference_genes", "");
    const io::InferenceLoad load = io::inferenceLoad(mode, model->config(), measured, session()->report()->meanDetectedGenes());
    return io::embeddingOperations(model->config(), load) * static_cast<double>(dataset->cells());
}

void EmbedPage::refreshMapOnly() {
    const auto dataset = session()->dataset();
    m_mapOnly->setVisible(dataset && dataset->cells() > 1 && dataset->obsm.contains("X_txfm") && !dataset->obsm.contains("X_txfm_umap"));
    m_mapOnly->setEnabled(!m_chain || !m_chain->isRunning());
}

EmbedPage::Step EmbedPage::step() const { return static_cast<Step>(m_first + m_chain->index()); }

void EmbedPage::refreshForecast() {
    if (!session()) return;
    const auto dataset = session()->dataset();
    const auto model = session()->model();
    QString blocked = m_form->problem();
    const auto& noMatch = session()->report()->matchError();
    if (!model) {
        blocked = tr("Choose a model.");
    } else if (noMatch) {
        blocked = QString::fromStdString(noMatch->message + (noMatch->hint.empty() ? "" : " " + noMatch->hint));
    } else if (dataset && session()->needsNormalisedDecision()) {
        blocked = session()->whatIsWrongWithValues();
    }
    const bool running = m_chain && m_chain->isRunning();
    m_blocked->setText(blocked);
    m_blocked->setVisible(!blocked.isEmpty());
    m_start->setEnabled(dataset && blocked.isEmpty() && !running);
    refreshMapOnly();
    m_optionsSection->setEnabled(!running);
    m_modelPanel->setEnabled(!running);
    m_forecast->setVisible(dataset && model);
    if (running) {
        m_forecast->pause();
    } else if (dataset && blocked.isEmpty()) {
        m_forecast->measure(*session(), embedSpec(session()->resultFileFor(QStringLiteral("forecast"))));
    } else {
        m_forecast->leaveOut();
    }
    if (!dataset || !model) return;
    m_start->setText(tr("Embed %1 cells").arg(formatCount(dataset->cells())));
    const nlohmann::json figures = m_forecast->figures();
    const bool measured = !figures.is_null();
    const double seconds = measured ? figures.value("seconds", 0.0) : forecastFlops() / assumedSpeed();
    const double resultBytes = 4.0 * static_cast<double>(dataset->cells() * model->config().dim);
    const double memory = measured ? m_forecast->bytes("memory_mb") : io::embeddingMemory(model->config(), *dataset->counts, resultBytes);
    const double available = availableMemory().value_or(0);
    if (blocked.isEmpty() && !running && available > 0 && memory > available) {
        m_blocked->setText(tr("This needs about %1 of memory and %2 are free; close other programs first.").arg(formatBytes(memory), formatBytes(available)));
        m_blocked->show();
    }
    m_forecast->setText(tr("About %1 and %2 of memory for %3 cells. The embedding has %4 numbers per cell, %5 in all. "
                           "Afterwards the maps and clusters are made.")
                            .arg(formatDuration(std::max(1.0, seconds)), formatBytes(memory), formatCount(dataset->cells()))
                            .arg(model->config().dim)
                            .arg(formatBytes(resultBytes)),
                        speedIsMeasured() ? tr("Estimated from an earlier run on this computer") : tr("A rough guess"));
}

void EmbedPage::forecastChanged() {
    const nlohmann::json figures = m_forecast->figures();
    const double rate = figures.is_object() ? figures.value("cells_per_s", 0.0) : 0;
    if (rate > 0 && session()->dataset()) rememberSpeed(forecastFlops(), static_cast<double>(session()->dataset()->cells()) / rate);
    refreshForecast();
}

JobSpec EmbedPage::embedSpec(const QString& out) const {
    JobSpec spec;
    spec.command = QStringLiteral("embed");
    spec.title = tr("Embedding %1").arg(session()->displayName());
    spec.options = m_form->changedOptions();
    spec.options["model"] = session()->modelFolder().toStdString();
    spec.options["data"] = session()->workFile().toStdString();
    if (session()->dataset()->provenance.valueKind != ValueKind::Counts) spec.options["allow_normalised"] = true;
    if (!out.isEmpty()) spec.options["out"] = out.toStdString();
    return spec;
}

void EmbedPage::start(Step first) {
    m_banner->hide();
    m_chain = std::make_unique<JobChain>();
    m_first = first;
    QStringList stages;
    if (first == kEmbed) {
        // The same request after a stop continues in the same place with the cells that are finished.
        const nlohmann::json asked = embedSpec({}).toJson();
        if (asked != m_lastSpec || m_lastOut.isEmpty()) m_lastOut = session()->resultFileFor(QStringLiteral("txfm"));
        m_lastSpec = asked;
        m_currentFile = m_lastOut;
        m_flops = forecastFlops();
        m_chain->add([spec = embedSpec(m_lastOut)] { return spec; });
        stages << tr("Embedding");
    } else {
        m_currentFile = session()->workFile();
    }
    const auto next = [this](const char* command, nlohmann::json options, const QString& title) {
        return [this, command, options, title] {
            JobSpec spec;
            spec.command = QLatin1String(command);
            spec.title = title;
            spec.options = options;
            spec.options["data"] = m_currentFile.toStdString();
            m_currentFile = session()->resultFileFor(spec.command);
            spec.options["out"] = m_currentFile.toStdString();
            return spec;
        };
    };
    if (session()->dataset()->cells() > 1) {
        m_chain->add(next("project", {{"rep", "X_txfm"}, {"method", "umap"}}, tr("Drawing the map")));
        m_chain->add(next("cluster", {{"rep", "X_txfm"}, {"method", "leiden"}}, tr("Finding clusters")));
        stages << tr("Map") << tr("Clusters");
        if (session()->valuesAreUsable()) {
            m_chain->add(next("project", {{"rep", "X"}, {"method", "umap"}, {"discard_graph", true}}, tr("Drawing the map of expression")));
            stages << tr("Map of expression");
        }
    }
    connect(m_chain.get(), &JobChain::jobStarted, this, [this](Job* job, int index) {
        m_progress->setStage(index);
        session()->navigation()->showStatus(job->spec().title + QStringLiteral("…"));
    });
    connect(m_chain.get(), &JobChain::progressChanged, m_progress, &ProgressPanel::setProgress);
    connect(m_chain.get(), &JobChain::messageAdded, this, [this](const QString& text, bool warning) {
        m_progress->setNote(text);
        if (warning) m_banner->showMessage(ErrorBanner::Kind::Warning, text);
    });
    connect(m_chain.get(), &JobChain::jobDone, this, &EmbedPage::jobDone);
    connect(m_chain.get(), &JobChain::done, this, [this] {
        m_progress->end();
        session()->setRunningWork({});
        session()->navigation()->showStatus({});
        if (keepEmbedding())
            m_banner->showMessage(ErrorBanner::Kind::Info, tr("The cell is embedded. A map needs more than one cell; Ctrl+S saves the embedding."));
        refreshForecast();
    });
    connect(m_chain.get(), &JobChain::stopped, this, &EmbedPage::chainStopped);
    m_progress->setStopText(tr("Stop"), first == kEmbed ? tr("Cells that are finished are kept; starting again continues from there") : QString());
    const QString cells = formatCount(session()->dataset()->cells());
    m_progress->begin(first == kEmbed ? tr("Embedding %1 cells").arg(cells) : tr("Drawing the map of %1 cells").arg(cells), stages);
    session()->setRunningWork((first == kEmbed ? tr("Embedding %1") : tr("Drawing the map of %1")).arg(session()->displayName()));
    m_chain->start();
    refreshForecast();
}

void EmbedPage::leaveChain() {
    if (!m_chain || !m_chain->isRunning()) return;
    // It ends on its own; what it made belongs to data that are no longer open.
    JobChain* left = m_chain.release();
    left->disconnect(this);
    left->disconnect(m_progress);
    left->setParent(this);
    connect(left, &JobChain::stopped, left, &QObject::deleteLater);
    left->cancel();
    if (Job* job = left->current()) job->abandon();
    m_lastOut.clear();
    m_embedded.clear();
    m_progress->end();
    m_banner->showMessage(ErrorBanner::Kind::Info, tr("%1 was stopped, because other data were opened.").arg(session()->runningWork()));
    session()->setRunningWork({});
    session()->navigation()->showStatus({});
}

void EmbedPage::jobDone(Job* job) {
    const QString written = QString::fromStdString(job->spec().options.value("out", ""));
    if (step() == kEmbed) {
        m_lastOut.clear();
        const nlohmann::json& result = job->result();
        if (result.contains("seconds") && result["seconds"].is_object()) rememberSpeed(m_flops, result["seconds"].value("embed", 0.0));
        m_embedded = written;
        return;  // shown together with its map
    }
    m_embedded.clear();
    session()->loadResults(written);
    if (step() == kMap) session()->navigation()->showPage(page::kExplore);
}

bool EmbedPage::keepEmbedding() {
    if (m_embedded.isEmpty()) return false;
    session()->loadResults(std::exchange(m_embedded, {}));
    return true;
}

void EmbedPage::chainStopped(const Error& error, const QString& details) {
    keepEmbedding();
    m_progress->end();
    session()->setRunningWork({});
    session()->navigation()->showStatus({});
    const bool embedding = step() == kEmbed;
    if (error.code == ErrorCode::Cancelled) {
        m_banner->showMessage(ErrorBanner::Kind::Info,
                              embedding ? tr("Stopped. The cells that are finished are kept; press Embed to continue from there.")
                                        : tr("Stopped. What was made before is kept."),
                              details);
    } else {
        Error shown = error;
        if (!embedding) shown.hint += (shown.hint.empty() ? "" : " ") + tr("What was made before is kept.").toStdString();
        m_banner->showError(shown, details);
        session()->navigation()->showPage(page::kEmbed);
    }
    refreshForecast();
}

void EmbedPage::stop() {
    m_chain->cancel();
    // Finished cells are on disk: a worker that a busy computer lets wait is ended where it stands, unless it is writing
    // a file that it would leave behind.
    if (Job* job = m_chain->current()) {
        QTimer::singleShot(kStopMs, job, [job] { job->abandon(); });
    }
    m_progress->setStopping(step() == kEmbed ? tr("Stopping: keeping the finished cells…") : tr("Stopping…"));
}

}  // namespace txfm::ui
