// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/training_panel.h"

#include <cmath>

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSlider>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/role.h"
#include "ui/widgets/line_plot.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"
#include "ui/worker/job.h"

namespace txfm::ui {
namespace {

double number(const nlohmann::json& options, const char* key) {
    const auto found = options.find(key);
    return found != options.end() && found->is_number() ? found->get<double>() : 0;
}

}  // namespace

TrainingPanel::TrainingPanel(QWidget* parent)
    : QWidget(parent), m_stack(new QStackedWidget(this)),
      m_empty(new EmptyState(QStringLiteral("finetune"), tr("No run yet"),
                             tr("Choose a budget on the left and press Start. The curves of training and validation loss appear here."), this)),
      m_state(new QLabel(this)), m_numbers(new QLabel(this)), m_verdict(new QLabel(this)), m_bar(new QProgressBar(this)),
      m_stop(new QPushButton(tr("Stop"), this)), m_resume(new QPushButton(tr("Resume"), this)),
      m_use(new QPushButton(tr("Use this model"), this)), m_smoothing(new QSlider(Qt::Horizontal, this)),
      m_loss(new LinePlot(this)), m_rate(new LinePlot(this)) {
    m_state->setObjectName(QStringLiteral("trainingState"));
    m_state->setFont(Theme::instance().sectionFont());
    m_numbers->setProperty("role", "muted");
    m_numbers->setObjectName(QStringLiteral("trainingNumbers"));
    m_numbers->setWordWrap(true);
    m_verdict->setObjectName(QStringLiteral("trainingVerdict"));
    m_verdict->setWordWrap(true);
    m_verdict->setTextFormat(Qt::PlainText);
    m_bar->setTextVisible(false);
    m_stop->setObjectName(QStringLiteral("stopTraining"));
    m_stop->setToolTip(tr("Writes a checkpoint and stops; Resume continues from there"));
    m_resume->setObjectName(QStringLiteral("resumeTraining"));
    m_use->setObjectName(QStringLiteral("useModel"));
    m_use->setProperty("primary", true);
    m_use->setToolTip(tr("Choose the new model and go to Embed"));
    m_smoothing->setRange(0, 99);
    m_smoothing->setValue(80);
    m_smoothing->setFixedWidth(140);
    m_smoothing->setAccessibleName(tr("Smoothing of the training loss"));
    m_loss->setTitles(tr("Loss"), tr("step"));
    m_loss->setObjectName(QStringLiteral("lossPlot"));
    m_loss->setEmptyText(tr("The first values appear after the data are read and the speed is measured."));
    m_rate->setTitles(tr("Learning rate"), tr("step"));
    m_rate->setMaximumHeight(190);

    auto* top = new QHBoxLayout;
    top->setSpacing(metric::kSmall);
    top->addWidget(m_state, 1);
    for (QPushButton* button : {m_stop, m_resume, m_use}) top->addWidget(button);
    auto* smoothing = new QHBoxLayout;
    auto* label = new QLabel(tr("Smoothing"), this);
    label->setProperty("role", "muted");
    label->setBuddy(m_smoothing);
    smoothing->addWidget(m_numbers, 1);
    smoothing->addWidget(label);
    smoothing->addWidget(m_smoothing);
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kSmall);
    column->addLayout(top);
    column->addWidget(m_bar);
    column->addLayout(smoothing);
    column->addWidget(m_verdict);
    column->addWidget(m_loss, 3);
    column->addWidget(m_rate, 1);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(content);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_stack);

    connect(m_stop, &QPushButton::clicked, this, [this] {
        m_job->cancel();
        refresh();
    });
    connect(m_resume, &QPushButton::clicked, this, [this] {
        const Result<void> resumed = m_job->resume();
        if (!resumed) Q_EMIT failed(QString::fromStdString(resumed.error().message + " " + resumed.error().hint), m_job->details());
        refresh();
    });
    connect(m_use, &QPushButton::clicked, this, [this] {
        Q_EMIT useModelRequested(QString::fromStdString(m_job->spec().options.value("out", "")));
    });
    connect(m_smoothing, &QSlider::valueChanged, this, &TrainingPanel::refreshCurves);
    connect(&Theme::instance(), &Theme::changed, this, &TrainingPanel::refreshCurves);
    // Steps may come a hundred times a second; the curves are drawn twice a second.
    m_tick.setInterval(500);
    m_tick.setSingleShot(true);
    connect(&m_tick, &QTimer::timeout, this, [this] {
        refresh();
        refreshCurves();
    });
}

void TrainingPanel::setJob(Job* job) {
    if (m_job) m_job->disconnect(this);
    m_job = job;
    m_stack->setCurrentIndex(job ? 1 : 0);
    if (job) {
        const auto later = [this] {
            if (!m_tick.isActive()) m_tick.start();
        };
        connect(job, &Job::stepsAdded, this, later);
        connect(job, &Job::progressChanged, this, later);
        connect(job, &Job::messageAdded, this, later);
        connect(job, &Job::finished, this, later);
        connect(job, &Job::resumed, this, later);
    }
    refresh();
    refreshCurves();
}

QString TrainingPanel::stateText() const {
    if (m_job->isRunning()) {
        if (m_job->cancelRequested()) return tr("Stopping; a checkpoint is being written…");
        if (!m_job->steps().empty()) return tr("Running");
        if (!m_job->forecast().is_null()) return tr("Running: the first step is under way");
        const QString stage = formatStage(m_job->lastProgress().stage);
        return stage.isEmpty() ? tr("Starting…") : tr("Preparing: %1").arg(stage);
    }
    switch (m_job->state()) {
    case Job::State::Done: return tr("Finished");
    case Job::State::Cancelled: return tr("Stopped; it can be resumed");
    default: return tr("Failed; it can be resumed");
    }
}

double TrainingPanel::secondsLeft() const {
    const ProgressUpdate& p = m_job->lastProgress();
    return m_job->isRunning() && p.unit == "steps" ? p.etaSeconds : -1;
}

void TrainingPanel::refresh() {
    if (!m_job) return;
    const bool running = m_job->isRunning();
    m_state->setText(stateText());
    m_stop->setVisible(running);
    m_stop->setEnabled(!m_job->cancelRequested());
    m_resume->setVisible(!running && m_job->state() != Job::State::Done);
    m_use->setVisible(m_job->state() == Job::State::Done);
    m_bar->setVisible(running);

    QStringList numbers;
    const nlohmann::json& options = m_job->spec().options;
    if (!m_job->steps().empty()) {
        const StepUpdate& last = m_job->steps().back();
        numbers << tr("step %1").arg(formatCount(last.step)) << tr("epoch %1").arg(last.epoch, 0, 'f', 2);
        if (std::isfinite(last.loss)) numbers << tr("loss %1").arg(formatNumber(last.loss));
        if (std::isfinite(last.samplesPerSecond)) numbers << tr("%1 samples/s").arg(formatNumber(last.samplesPerSecond, 3));
        if (std::isfinite(last.gradNorm)) numbers << tr("gradient norm %1").arg(formatNumber(last.gradNorm, 3));
        if (std::isfinite(last.memoryMb) && last.memoryMb > 0) numbers << formatBytes(last.memoryMb * 1024 * 1024);
    }
    if (secondsLeft() >= 0) numbers << tr("%1 left").arg(formatDuration(secondsLeft()));
    if (numbers.isEmpty()) numbers << tr("started %1").arg(m_job->started().toString(QStringLiteral("yyyy-MM-dd HH:mm")));
    m_numbers->setText(numbers.join(QStringLiteral(" · ")));
    const ProgressUpdate& p = m_job->lastProgress();
    double fraction = p.total > 0 ? p.done / p.total : -1;
    if (const double epochs = number(options, "epochs"); epochs > 0 && !m_job->steps().empty())
        fraction = m_job->steps().back().epoch / epochs;
    m_bar->setRange(0, fraction < 0 ? 0 : 1000);
    m_bar->setValue(static_cast<int>(1000 * std::min(1.0, std::max(0.0, fraction))));

    QString verdict;
    if (m_job->state() == Job::State::Done) {
        const auto& result = m_job->result();
        if (result.contains("verdict") && result["verdict"].is_object()) verdict = QString::fromStdString(eventText(result["verdict"], "text"));
        if (verdict.isEmpty()) verdict = tr("The new model is ready.");
    } else if (m_job->state() != Job::State::Failed && !m_job->messages().isEmpty()) {  // why it failed stands above the page
        verdict = m_job->messages().constLast();
    }
    m_verdict->setText(verdict);
    setRole(m_verdict, m_job->state() == Job::State::Done ? "" : "muted");
    m_verdict->setVisible(!verdict.isEmpty());
}

void TrainingPanel::refreshCurves() {
    if (!m_job) return;
    std::vector<QPointF> loss, validation, rate;
    for (const StepUpdate& step : m_job->steps()) {
        const auto x = static_cast<double>(step.step);
        loss.emplace_back(x, step.loss);
        if (std::isfinite(step.valLoss)) validation.emplace_back(x, step.valLoss);
        rate.emplace_back(x, step.learningRate);
    }
    const ThemeColours& c = colours();
    const double weight = m_smoothing->value() / 100.0;
    std::vector<LinePlot::Series> series;
    if (weight > 0) series.push_back({tr("training"), c.accent, loss, true, false});
    series.push_back({tr("training"), c.accent, LinePlot::smooth(loss, weight), false, false});
    series.push_back({tr("validation"), QColor(0xD55E00), std::move(validation), false, true});
    m_loss->setSeries(std::move(series));
    m_rate->setSeries({{tr("learning rate"), c.accent, std::move(rate), false, false}});
}

}  // namespace txfm::ui
