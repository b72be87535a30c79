// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/worker/job_chain.h"

namespace txfm::ui {

JobChain::~JobChain() {
    if (m_job && m_job->isRunning()) m_job->abandon();
}

void JobChain::add(Maker maker) {
    m_makers.push_back(std::move(maker));
    ++m_count;
}

void JobChain::start() {
    m_running = true;
    next();
}

void JobChain::cancel() {
    m_cancelled = true;
    if (m_job) m_job->cancel();
}

void JobChain::next() {
    if (m_makers.empty()) {
        m_running = false;
        Q_EMIT done();
        return;
    }
    ++m_index;
    const JobSpec spec = m_makers.front()();
    m_makers.pop_front();
    const Result<Job*> started = Job::start(spec, newJobFolder(spec.command), this);
    if (!started) {
        m_running = false;
        Q_EMIT stopped(started.error(), spec.commandLine());
        return;
    }
    m_job = *started;
    connect(m_job, &Job::progressChanged, this, &JobChain::progressChanged);
    connect(m_job, &Job::messageAdded, this, &JobChain::messageAdded);
    connect(m_job, &Job::finished, this, &JobChain::jobFinished);
    Q_EMIT jobStarted(m_job, m_index);
}

void JobChain::jobFinished() {
    Job* job = m_job;
    const Error error = job->error();
    const QString details = job->details();
    const bool ok = job->state() == Job::State::Done;
    if (ok) Q_EMIT jobDone(job, m_index);
    job->discard();
    job->deleteLater();
    m_job = nullptr;
    if (ok && !m_cancelled) {
        next();
        return;
    }
    m_running = false;
    Q_EMIT stopped(ok ? cancelledError() : error, details);
}

}  // namespace txfm::ui
