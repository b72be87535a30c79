// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include <QObject>
#include <QPointer>
#include <QTimer>

#include "ui/worker/job.h"

namespace txfm::ui {

/// Time and memory of a job from a short trial of it: the same command with `forecast`, as a process of its own that
/// writes nothing. It starts a moment after the last change of what is asked, and a trial of something else is stopped.
/// Thread: the UI thread.
class MeasuredForecast : public QObject {
    Q_OBJECT
public:
    explicit MeasuredForecast(QObject* parent = nullptr);
    ~MeasuredForecast() override;

    /// Measures `spec`, unless the figures for the same `about` are known or on their way.
    void ask(JobSpec spec, const nlohmann::json& about);
    /// Nothing is asked now: a trial under way is stopped. Figures that are known stay for the next ask() of the same.
    void drop();
    bool isMeasuring() const { return m_timer.isActive() || m_job; }
    /// What was asked last, null = nothing.
    const nlohmann::json& about() const { return m_about; }
    /// Of what was asked last, as the command reports them (`seconds`, `memory_mb` …); null = not known.
    const nlohmann::json& figures() const { return m_figures; }
    /// Why there are none.
    const std::optional<Error>& error() const { return m_error; }

Q_SIGNALS:
    void changed();

private:
    void begin();
    void finished(Job* job);
    void stopTrial();

    JobSpec m_spec;
    nlohmann::json m_about, m_figures;
    std::optional<Error> m_error;
    QPointer<Job> m_job;
    QTimer m_timer;
};

}  // namespace txfm::ui
