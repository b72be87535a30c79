// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/finetune_page.h"

#include <algorithm>

#include <QAction>
#include <QComboBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QRadioButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QVBoxLayout>

#include "core/base/paths.h"
#include "ui/models/model_catalogue.h"
#include "ui/panels/forecast_note.h"
#include "ui/panels/model_choice.h"
#include "ui/panels/training_panel.h"
#include "ui/session/background.h"
#include "ui/session/session.h"
#include "ui/widgets/error_banner.h"
#include "ui/widgets/format.h"
#include "ui/widgets/options_form.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"
#include "ui/worker/job.h"

namespace txfm::ui {
namespace {

/// Set by the page itself, or of no use in the window.
const std::set<std::string> kHidden{"model", "data", "out", "epochs", "minutes", "resume", "config", "name", "allow-normalised",
                                    "peer-timeout", "probe", "pairs", "forecast"};

/// A filtered or embedded data set lies in the window's own working folder, which goes with the window: the run gets it
/// as a second name of the same file, or as a copy on another disk.
Result<std::string> keepDataFile(const QString& source, const QString& stem, const QString& jobFolder) {
    if (!source.startsWith(QString::fromStdString(cacheFolder().string()))) return source.toStdString();
    const std::string kept = (jobFolder + QLatin1Char('/') + stem + QStringLiteral(".h5ad")).toStdString();
    std::error_code ec;
    QDir().mkpath(jobFolder);
    std::filesystem::create_hard_link(source.toStdString(), kept, ec);
    if (ec) std::filesystem::copy_file(source.toStdString(), kept, ec);
    if (ec) return failed("The data could not be kept for the run in " + jobFolder.toStdString() + ": " + ec.message() + ".", "Free some disk space.");
    return kept;
}

QString folderName(QString name) {
    for (QChar& c : name) {
        if (!c.isLetterOrNumber() && c != QLatin1Char('-') && c != QLatin1Char('_') && c != QLatin1Char('.')) c = QLatin1Char('-');
    }
    return name;
}

}  // namespace

FineTunePage::FineTunePage(ModelCatalogue* catalogue, QWidget* parent)
    : Page(parent), m_catalogue(catalogue), m_banner(new ErrorBanner(this)) {
    auto* headline = new QLabel(tr("Fine-tune"), this);
    headline->setFont(Theme::instance().titleFont());
    auto* columns = new QHBoxLayout;
    columns->setSpacing(metric::kGap);
    columns->addWidget(makeSetup());
    columns->addWidget(makeRuns(), 1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metric::kMargin, metric::kMargin, metric::kMargin, metric::kMargin);
    layout->setSpacing(metric::kGap);
    layout->addWidget(headline);
    layout->addWidget(m_banner);
    layout->addLayout(columns, 1);
}

QString FineTunePage::id() const { return page::kFineTune; }
QString FineTunePage::emptyText() const { return tr("Open a count file, then teach the model more about cells like these."); }

QWidget* FineTunePage::makeSetup() {
    auto* setup = new Section(tr("New run"), this);
    setup->setExplanation(tr("Continues the model's training on your own cells. The base model stays as it is."));
    m_base = new ModelChoice(m_catalogue, setup);
    m_base->setObjectName(QStringLiteral("baseModel"));
    m_base->setAccessibleName(tr("Base model"));
    m_files = new QListWidget(setup);
    m_files->setMaximumHeight(68);
    m_files->setAccessibleName(tr("Data"));
    m_files->setToolTip(tr("Delete takes an added file off the list"));
    auto* takeOff = new QAction(tr("Take off the list"), m_files);
    takeOff->setShortcut(QKeySequence::Delete);
    takeOff->setShortcutContext(Qt::WidgetShortcut);
    m_files->addAction(takeOff);
    m_files->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(takeOff, &QAction::triggered, this, &FineTunePage::removeDataFile);
    auto* more = new QPushButton(tr("Add files…"), setup);
    connect(more, &QPushButton::clicked, this, &FineTunePage::addDataFiles);
    m_name = new QLineEdit(setup);
    m_name->setObjectName(QStringLiteral("newModelName"));
    m_byMinutes = new QRadioButton(tr("Minutes"), setup);
    m_byEpochs = new QRadioButton(tr("Epochs"), setup);
    m_byMinutes->setObjectName(QStringLiteral("byMinutes"));
    m_byEpochs->setObjectName(QStringLiteral("byEpochs"));
    m_byMinutes->setToolTip(tr("Ends when the time is over; the learning rate is fitted to it"));
    m_byEpochs->setToolTip(tr("Passes over all cells"));
    m_byEpochs->setChecked(true);
    m_minutes = new QDoubleSpinBox(setup);
    m_minutes->setRange(0.5, 100000);
    m_minutes->setDecimals(1);
    m_minutes->setValue(30);
    m_minutes->setObjectName(QStringLiteral("minutes"));
    m_epochs = new QSpinBox(setup);
    m_epochs->setRange(1, 100000);
    m_epochs->setValue(5);
    m_epochs->setObjectName(QStringLiteral("epochs"));
    auto* budget = new QHBoxLayout;
    budget->addWidget(m_byEpochs);
    budget->addWidget(m_epochs, 1);
    budget->addSpacing(metric::kSmall);
    budget->addWidget(m_byMinutes);
    budget->addWidget(m_minutes, 1);

    auto* form = new QFormLayout;
    form->setRowWrapPolicy(QFormLayout::WrapAllRows);
    form->setVerticalSpacing(6);
    form->addRow(tr("Base model"), m_base);
    form->addRow(tr("Data"), m_files);
    form->addRow(more);
    form->addRow(tr("Name of the new model"), m_name);
    form->addRow(tr("Budget"), budget);
    m_form = new OptionsForm(setup);
    // In the window every option beyond the budget is one for the curious.
    workflow::OptionFields fields = workflow::fieldsOf(m_options);
    for (workflow::OptionField& field : fields) field.advanced = true;
    m_form->setFields(fields, kHidden);
    m_forecast = new ForecastNote(setup);
    m_forecast->setObjectName(QStringLiteral("fineTuneForecast"));
    connect(m_forecast, &ForecastNote::changed, this, &FineTunePage::refreshForecast);
    m_blocked = new QLabel(setup);
    m_blocked->setWordWrap(true);
    m_blocked->setProperty("role", "warning");
    m_start = new QPushButton(tr("Start fine-tuning"), setup);
    m_start->setObjectName(QStringLiteral("startFineTune"));
    m_start->setProperty("primary", true);
    m_start->setMinimumHeight(38);
    connect(m_start, &QPushButton::clicked, this, &FineTunePage::start);
    connect(m_form, &OptionsForm::changed, this, &FineTunePage::refreshSetup);
    connect(m_epochs, &QSpinBox::valueChanged, this, [this] { m_byEpochs->setChecked(true); });
    connect(m_minutes, &QDoubleSpinBox::valueChanged, this, [this] { m_byMinutes->setChecked(true); });
    connect(m_epochs, &QSpinBox::valueChanged, this, &FineTunePage::refreshSetup);
    connect(m_minutes, &QDoubleSpinBox::valueChanged, this, &FineTunePage::refreshSetup);
    connect(m_byEpochs, &QRadioButton::toggled, this, &FineTunePage::refreshSetup);
    setup->body()->addLayout(form);
    setup->body()->addWidget(m_forecast);
    setup->body()->addWidget(m_blocked);
    setup->body()->addWidget(m_start);
    auto* hint = new QLabel(tr("The run goes on when you close this window; you find it here again."), setup);
    hint->setWordWrap(true);
    hint->setProperty("role", "muted");
    setup->body()->addWidget(hint);
    setup->body()->addWidget(m_form);
    setup->body()->addStretch(1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(setup);
    scroll->setFixedWidth(420);
    return scroll;
}

QWidget* FineTunePage::makeRuns() {
    auto* runs = new Section(tr("Runs"), this);
    m_runs = new QComboBox(runs);
    m_runs->setObjectName(QStringLiteral("runs"));
    m_runs->setAccessibleName(tr("Runs"));
    m_runs->setMinimumContentsLength(40);
    m_runs->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_remove = new QPushButton(tr("Forget"), runs);
    m_remove->setToolTip(tr("Takes the run off this list; its model stays"));
    runs->addHeaderWidget(m_runs);
    runs->addHeaderWidget(m_remove);
    m_training = new TrainingPanel(runs);
    runs->body()->addWidget(m_training, 1);
    connect(m_runs, &QComboBox::currentIndexChanged, this, &FineTunePage::showRun);
    connect(m_remove, &QPushButton::clicked, this, &FineTunePage::removeRun);
    connect(m_training, &TrainingPanel::useModelRequested, this, [this](const QString& folder) {
        m_catalogue->refresh();
        session()->chooseModel(folder);
        session()->navigation()->showPage(page::kEmbed);
    });
    connect(m_training, &TrainingPanel::failed, this, [this](const QString& sentence, const QString& details) {
        m_banner->showMessage(ErrorBanner::Kind::Error, sentence, details);
    });
    return runs;
}

void FineTunePage::setSession(Session* s) {
    Page::setSession(s);
    connect(s, &Session::datasetChanged, this, &FineTunePage::refreshSetup);
    connect(s, &Session::resultsChanged, this, &FineTunePage::refreshSetup);
    connect(s, &Session::normalisedDecisionChanged, this, &FineTunePage::refreshSetup);
    connect(s, &Session::modelChanged, this, &FineTunePage::refreshSetup);
    m_base->setSession(s);
    for (Job* job : findJobs(this)) adoptJob(job);
    std::ranges::reverse(m_jobs);  // found newest first, adopted to the front
    refreshRunNames();
    m_runs->setCurrentIndex(m_jobs.empty() ? -1 : 0);
    showRun(m_runs->currentIndex());
    refreshSetup();
}

void FineTunePage::activated() { refreshSetup(); }

void FineTunePage::refreshSetup() {
    if (!session()) return;
    const auto dataset = session()->dataset();
    const auto model = session()->model();
    m_files->clear();
    if (dataset) m_files->addItem(tr("%1 (%2 cells, open)").arg(session()->displayName(), formatCount(dataset->cells())));
    for (const QString& file : m_moreFiles) {
        auto* item = new QListWidgetItem(QFileInfo(file).fileName(), m_files);
        item->setData(Qt::UserRole, file);
        item->setToolTip(file);
    }
    QString blocked = m_form->problem();
    if (!dataset && m_moreFiles.isEmpty()) {
        blocked = tr("Open a count file, or add files.");
    } else if (!model) {
        blocked = tr("Choose a base model.");
    } else if (session()->needsNormalisedDecision()) {
        blocked = session()->whatIsWrongWithValues();
    }
    m_blocked->setText(blocked);
    m_blocked->setVisible(!blocked.isEmpty());
    m_start->setEnabled(blocked.isEmpty() && !m_starting);
    if (model && !m_name->isModified())
        m_name->setText(tr("%1-tuned").arg(QString::fromStdString(model->config().name.empty() ? "model" : model->config().name)));
    refreshForecast();
}

void FineTunePage::addDataFiles() {
    m_moreFiles += QFileDialog::getOpenFileNames(this, tr("Add count files"));
    m_moreFiles.removeDuplicates();
    refreshSetup();
}

void FineTunePage::removeDataFile() {
    const QListWidgetItem* item = m_files->currentItem();
    if (!item) return;
    m_moreFiles.removeAll(item->data(Qt::UserRole).toString());  // the open data have none and stay
    refreshSetup();
}

void FineTunePage::start() {
    m_banner->hide();
    const QString folder = newJobFolder(QStringLiteral("finetune"));
    JobSpec spec = runSpec();
    spec.survivesWindow = true;
    const QString name = m_name->text().trimmed().isEmpty() ? tr("model-tuned") : m_name->text().trimmed();
    spec.title = name;
    spec.options["name"] = name.toStdString();
    spec.options["out"] = ModelCatalogue::newModelFolder(folderName(name)).toStdString();
    if (!session()->dataset()) {
        launch(spec, folder);
        return;
    }
    m_starting = true;
    refreshSetup();
    runInBackground(
        session()->ioPool(), this, [file = session()->workFile(), stem = QFileInfo(session()->sourcePath()).completeBaseName(), folder] { return keepDataFile(file, stem, folder); },
        [this, spec, folder](const Result<std::string>& kept) mutable {
            m_starting = false;
            refreshSetup();
            if (!kept) {
                m_banner->showError(kept.error());
                return;
            }
            spec.options["data"].insert(spec.options["data"].begin(), *kept);
            launch(spec, folder);
        });
}

void FineTunePage::launch(const JobSpec& spec, const QString& folder) {
    const Result<Job*> job = Job::start(spec, folder, this);
    if (!job) {
        m_banner->showError(job.error(), spec.commandLine());
        return;
    }
    adoptJob(*job);
    refreshRunNames();
    refreshForecast();
    m_runs->setCurrentIndex(0);
    showRun(0);
}

void FineTunePage::adoptJob(Job* job) {
    m_jobs.insert(m_jobs.begin(), job);
    connect(job, &Job::finished, this, [this, job] { jobFinished(job); });
    connect(job, &Job::resumed, this, [this, job] {
        if (job == currentJob()) showRunError();
        refreshRunNames();
        refreshForecast();
    });
}

void FineTunePage::jobFinished(Job* job) {
    refreshRunNames();
    refreshForecast();
    m_catalogue->refresh();
    if (job == currentJob()) showRunError();
}

void FineTunePage::refreshRunNames() {
    const QSignalBlocker blocker(m_runs);
    const int current = std::max(0, m_runs->currentIndex());
    m_runs->clear();
    for (const Job* job : m_jobs) {
        const QString state = job->isRunning() ? tr("running") : job->state() == Job::State::Done ? tr("finished")
                              : job->state() == Job::State::Cancelled                             ? tr("stopped")
                                                                                                  : tr("failed");
        m_runs->addItem(tr("%1, %2 (%3)").arg(job->spec().title, job->started().toString(QStringLiteral("MM-dd HH:mm")), state));
    }
    m_runs->setCurrentIndex(m_jobs.empty() ? -1 : std::min(current, static_cast<int>(m_jobs.size()) - 1));
    m_runs->setVisible(!m_jobs.empty());
    m_remove->setVisible(!m_jobs.empty());
    m_remove->setEnabled(currentJob() && !currentJob()->isRunning());
    QStringList underWay;
    for (const Job* job : m_jobs)
        if (job->isRunning()) underWay.append(job->spec().title);
    Q_EMIT runsUnderWay(underWay);
}

Job* FineTunePage::currentJob() const {
    const int row = m_runs->currentIndex();
    return row >= 0 && row < static_cast<int>(m_jobs.size()) ? m_jobs[static_cast<size_t>(row)] : nullptr;
}

void FineTunePage::showRun(int) {
    m_training->setJob(currentJob());
    m_remove->setEnabled(currentJob() && !currentJob()->isRunning());
    showRunError();
}

void FineTunePage::showRunError() {
    const Job* job = currentJob();
    if (job && job->state() == Job::State::Failed) m_banner->showError(job->error(), job->details());
    else m_banner->dismiss();
}

void FineTunePage::removeRun() {
    Job* job = currentJob();
    if (!job || job->isRunning()) return;
    std::erase(m_jobs, job);
    m_training->setJob(nullptr);
    job->discard();
    job->deleteLater();
    refreshRunNames();
    showRun(m_runs->currentIndex());
}

}  // namespace txfm::ui
