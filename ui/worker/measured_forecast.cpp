// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/worker/measured_forecast.h"

#include <utility>

namespace txfm::ui {
namespace {
/// Pause after the last change: a number is typed digit by digit.
constexpr int kSettleMs = 800;
}

MeasuredForecast::MeasuredForecast(QObject* parent) : QObject(parent) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(kSettleMs);
    connect(&m_timer, &QTimer::timeout, this, &MeasuredForecast::begin);
}

MeasuredForecast::~MeasuredForecast() {
    if (m_job) m_job->abandon();
}

void MeasuredForecast::ask(JobSpec spec, const nlohmann::json& about) {
    m_spec = std::move(spec);
    if (about == m_about && (isMeasuring() || !m_figures.is_null() || m_error)) return;
    stopTrial();
    m_about = about;
    m_figures = nullptr;
    m_error.reset();
    m_timer.start();
    Q_EMIT changed();
}

void MeasuredForecast::drop() {
    if (!isMeasuring()) return;
    stopTrial();
    m_about = nullptr;
    Q_EMIT changed();
}

void MeasuredForecast::stopTrial() {
    m_timer.stop();
    // Its end is noticed in finished(), which clears it away.
    if (Job* job = std::exchange(m_job, nullptr)) job->abandon();
}

void MeasuredForecast::begin() {
    m_spec.options["forecast"] = true;
    const Result<Job*> started = Job::start(m_spec, newJobFolder(m_spec.command), this);
    if (!started) {
        m_error = started.error();
        Q_EMIT changed();
        return;
    }
    m_job = *started;
    connect(m_job, &Job::finished, this, [this, job = *started] { finished(job); });
    Q_EMIT changed();
}

void MeasuredForecast::finished(Job* job) {
    if (job == m_job) {
        m_job = nullptr;
        const nlohmann::json& result = job->result();
        if (job->state() != Job::State::Done) {
            m_error = job->error();
        } else if (result.contains("forecast") && result["forecast"].is_object()) {
            m_figures = result["forecast"];
        } else {
            m_error = failed("The trial reported no figures.", "Start the work without them.");
        }
        Q_EMIT changed();
    }
    job->discard();
    job->deleteLater();
}

}  // namespace txfm::ui
