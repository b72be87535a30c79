// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QFile>
#include <QObject>
#include <QTimer>

#include "core/base/result.h"
#include "ui/worker/event_reader.h"
#include "ui/worker/job_spec.h"
#include "ui/worker/process_id.h"

namespace txfm::ui {

/// A txfm process in a session of its own with a folder of its own: job.json, job-info.json (title, times, process),
/// events.jsonl (its standard output) and errors.log. The window follows events.jsonl, so a job that
/// survives the window is followed in the same way when it is found again. Thread: the UI thread.
class Job : public QObject {
    Q_OBJECT
public:
    enum class State { Running, Done, Failed, Cancelled };

    /// Writes the folder and starts the process; Failed when it cannot be started.
    static Result<Job*> start(const JobSpec& spec, const QString& folder, QObject* parent);
    /// A job of an earlier window; nullptr when the folder holds none.
    static Job* attach(const QString& folder, QObject* parent);

    State state() const { return m_state; }
    bool isRunning() const { return m_state == State::Running; }
    const JobSpec& spec() const { return m_spec; }
    const QString& folder() const { return m_folder; }
    const QDateTime& started() const { return m_started; }
    bool cancelRequested() const { return m_cancelRequested; }
    /// The window that started it (to tell orphans from jobs of another window).
    const ProcessId& owner() const { return m_owner; }
    /// The last values seen.
    const ProgressUpdate& lastProgress() const { return m_progress; }
    const std::vector<StepUpdate>& steps() const { return m_steps; }
    const QStringList& messages() const { return m_messages; }
    /// The result event (Done, and Cancelled when the process reported what it kept), else null.
    const nlohmann::json& result() const { return m_result; }
    const Error& error() const { return m_error; }
    /// The run's own forecast from a measured trial (seconds, steps, memory_mb), else null.
    const nlohmann::json& forecast() const { return m_forecast; }
    /// Standard error of the process and the command line, for "Details".
    QString details() const;

    /// Asks the process to stop and keep what is finished (as Ctrl-C).
    void cancel();
    /// Ends it at once; nothing after its last checkpoint is kept.
    void kill();
    /// Starts a stopped or failed job again where it left off (its options gain "resume"); its steps so far stay.
    Result<void> resume();
    /// Ends work that nobody waits for any more: at once, or, while it writes a file that it would leave behind, as cancel().
    /// A worker deep in one long cell hears of an interrupt only minutes later and would take the processors until then.
    void abandon();
    /// Deletes the folder of a finished job.
    void discard();

Q_SIGNALS:
    void progressChanged(const txfm::ProgressUpdate& update);
    void stepsAdded();
    void messageAdded(const QString& text, bool warning);
    /// Running again after resume().
    void resumed();
    void finished();

private:
    Job(const QString& folder, QObject* parent);
    Result<void> launch();
    void follow();
    void poll();
    void handle(const nlohmann::json& event);
    void finish();
    Result<void> writeInfo() const;

    QString m_folder;
    JobSpec m_spec;
    ProcessId m_process, m_owner;
    QDateTime m_started;
    State m_state = State::Running;
    bool m_cancelRequested = false;
    bool m_endSeen = false;
    int m_pollsAfterEnd = 0;
    QFile m_events;
    EventReader m_reader;
    QTimer m_timer;
    ProgressUpdate m_progress;
    std::vector<StepUpdate> m_steps;
    QStringList m_messages;
    nlohmann::json m_result, m_forecast;
    Error m_error;
    bool m_hasError = false;
};

/// Where jobs live: <state folder>/jobs.
QString jobsFolder();
/// A fresh folder name below jobsFolder() (not created yet).
QString newJobFolder(const QString& command);
/// Jobs on disk, newest first. Those without a window that nobody should find again are cleared away.
std::vector<Job*> findJobs(QObject* parent);
/// The txfm program beside this one; TXFM_PROGRAM overrides.
QString txfmProgram();

}  // namespace txfm::ui
