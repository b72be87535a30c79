// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/forecast_note.h"

#include <utility>

#include <QHBoxLayout>
#include <QHideEvent>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/session/session.h"
#include "ui/widgets/busy_indicator.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

/// Everything the figures depend on. Results change the working file, not the counts in it.
nlohmann::json subject(const Session& session, const JobSpec& spec) {
    nlohmann::json about = spec.toJson();
    about["options"].erase("out");
    const std::string workFile = session.workFile().toStdString();
    const nlohmann::json same{session.sourcePath().toStdString(), session.countsIn().toStdString(), session.dataset() ? session.dataset()->cells() : 0};
    nlohmann::json& data = about["options"]["data"];
    if (data == workFile) data = same;
    if (!data.is_array()) return about;
    for (nlohmann::json& file : data) {
        if (file == workFile) file = same;
    }
    return about;
}

}  // namespace

ForecastNote::ForecastNote(QWidget* parent)
    : QWidget(parent), m_text(new QLabel(this)), m_source(new QLabel(this)), m_busy(new BusyIndicator(this)), m_trial(new MeasuredForecast(this)) {
    for (QLabel* label : {m_text, m_source}) {
        label->setWordWrap(true);
        label->setTextFormat(Qt::PlainText);
    }
    m_text->setObjectName(QStringLiteral("forecastText"));
    m_source->setObjectName(QStringLiteral("forecastSource"));
    m_source->setProperty("role", "muted");
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    row->addWidget(m_source, 1);
    row->addWidget(m_busy, 0, Qt::AlignTop);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kTiny);
    column->addWidget(m_text);
    column->addLayout(row);
    column->addStretch(1);
    // What stands below does not move when the guess gives way to the figures.
    setMinimumHeight(4 * fontMetrics().lineSpacing() + metric::kTiny);
    connect(m_trial, &MeasuredForecast::changed, this, &ForecastNote::changed);
}

void ForecastNote::measure(const Session& session, JobSpec spec) {
    nlohmann::json about = subject(session, spec);
    m_wanted = Wanted{std::move(spec), std::move(about)};
    m_paused = false;
    if (isVisible()) m_trial->ask(m_wanted->spec, m_wanted->about);
}

void ForecastNote::leaveOut() {
    m_wanted.reset();
    m_trial->drop();
}

void ForecastNote::pause() {
    m_paused = true;
    m_trial->drop();
}

nlohmann::json ForecastNote::figures() const { return m_wanted && m_trial->about() == m_wanted->about ? m_trial->figures() : nlohmann::json(); }

double ForecastNote::bytes(const char* key) const { return figures().value(key, 0.0) * 1024 * 1024; }

void ForecastNote::setText(const QString& text, const QString& guess) {
    m_text->setText(text);
    QString source = guess;
    if (m_trial->isMeasuring()) {
        source = guess.isEmpty() ? tr("A short trial is measuring the speed…") : tr("%1; a short trial is measuring it…").arg(guess);
    } else if (!figures().is_null()) {
        source = tr("Measured by a short trial on this computer.");
    } else if (m_trial->error()) {
        const QString why = QString::fromStdString(m_trial->error()->message);
        source = guess.isEmpty() ? tr("It could not be measured: %1").arg(why) : tr("%1; it could not be measured: %2").arg(guess, why);
    } else if (!guess.isEmpty()) {
        source = tr("%1.").arg(guess);
    }
    m_source->setText(source);
    m_source->setVisible(!source.isEmpty());
    if (m_trial->isMeasuring()) m_busy->start();
    else m_busy->stop();
}

void ForecastNote::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (m_wanted && !m_paused && !event->spontaneous()) m_trial->ask(m_wanted->spec, m_wanted->about);
}

void ForecastNote::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    if (!event->spontaneous()) m_trial->drop();
}

}  // namespace txfm::ui
