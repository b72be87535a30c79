// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>
#include <functional>

#include <QObject>
#include <QPointer>

#include "ui/worker/job.h"

namespace txfm::ui {

/// Runs jobs one after the other; each is made when its turn comes, from what the ones before it wrote.
/// Stops at the first that fails or is cancelled. Thread: the UI thread.
class JobChain : public QObject {
    Q_OBJECT
public:
    using Maker = std::function<JobSpec()>;
    explicit JobChain(QObject* parent = nullptr) : QObject(parent) {}
    ~JobChain() override;

    void add(Maker maker);
    void start();
    void cancel();
    bool isRunning() const { return m_running; }
    bool cancelRequested() const { return m_cancelled; }
    int index() const { return m_index; }
    int count() const { return m_count; }
    Job* current() const { return m_job; }

Q_SIGNALS:
    void jobStarted(txfm::ui::Job* job, int index);
    void progressChanged(const txfm::ProgressUpdate& update);
    void messageAdded(const QString& text, bool warning);
    /// A job of the chain is done; its result can be read.
    void jobDone(txfm::ui::Job* job, int index);
    /// All done.
    void done();
    /// A job failed or was cancelled.
    void stopped(const txfm::Error& error, const QString& details);

private:
    void next();
    void jobFinished();
    std::deque<Maker> m_makers;
    QPointer<Job> m_job;
    int m_index = -1;
    int m_count = 0;
    bool m_running = false;
    bool m_cancelled = false;
};

}  // namespace txfm::ui
