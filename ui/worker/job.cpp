// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/worker/job.h"

#include <sys/resource.h>

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QProcess>
#include <QProcessEnvironment>

#include "core/base/atomic_file.h"

namespace txfm::ui {
namespace {

constexpr int kPollMs = 120;
constexpr int kPollToStopMs = 20;  // the user waits for the end
/// Bytes taken from the log at once, so that the log of a long run never stalls the window.
constexpr qint64 kChunk = 192 << 10;
constexpr int kNice = 5;
/// Polls that a process gets to end after its last event.
constexpr int kPollsToEnd = 50;

std::filesystem::path path(const QString& folder, const char* name) {
    return std::filesystem::path(folder.toStdString()) / name;
}
/// OpenMP threads that wait for each other sleep instead of spinning: on a busy computer spinning takes the time that
/// the thread waited for would need. What the user has set stays.
QProcessEnvironment workerEnvironment() {
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    const QString policy = QStringLiteral("OMP_WAIT_POLICY");
    if (!environment.contains(policy) && !environment.contains(QStringLiteral("GOMP_SPINCOUNT"))) environment.insert(policy, QStringLiteral("passive"));
    return environment;
}

QString file(const QString& folder, const char* name) { return folder + QLatin1Char('/') + QLatin1String(name); }

}  // namespace

Job::Job(const QString& folder, QObject* parent) : QObject(parent), m_folder(folder) {
    m_timer.setInterval(kPollMs);
    connect(&m_timer, &QTimer::timeout, this, &Job::poll);
}

Result<Job*> Job::start(const JobSpec& spec, const QString& folder, QObject* parent) {
    if (!QDir().mkpath(folder))
        return failed("The job folder " + folder.toStdString() + " cannot be written.", "Check the permissions of that place.");
    auto job = std::unique_ptr<Job>(new Job(folder, parent));
    job->m_spec = spec;
    job->m_started = QDateTime::currentDateTime();
    TXFM_CHECK(job->launch());
    job->follow();
    return job.release();
}

Result<void> Job::launch() {
    const QString program = txfmProgram();
    if (!QFileInfo(program).isExecutable())
        return failed("The program txfm was not found at " + program.toStdString() + ".",
                      "Install TxFM Studio again, or set TXFM_PROGRAM to its place.");
    TXFM_CHECK(writeFileAtomically(path(m_folder, "job.json"), m_spec.toJson().dump(2) + "\n"));
    m_owner = ProcessId::ofRunning(QCoreApplication::applicationPid());
    // A detached process gets a session of its own: neither the window's end nor its terminal reaches it.
    QProcess process;
    process.setProgram(program);
    process.setArguments({QStringLiteral("run"), file(m_folder, "job.json"), QStringLiteral("--progress"), QStringLiteral("jsonl")});
    process.setStandardInputFile(QProcess::nullDevice());
    process.setStandardOutputFile(file(m_folder, "events.jsonl"), QIODevice::Append);
    process.setStandardErrorFile(file(m_folder, "errors.log"), QIODevice::Append);
    process.setProcessEnvironment(workerEnvironment());
    qint64 pid = 0;
    if (!process.startDetached(&pid))
        return failed("The program " + program.toStdString() + " could not be started.", "Check that it runs in a terminal.");
    // The window stays quick while every core is at work; set before the process has made its threads.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), kNice);
    m_process = ProcessId::ofRunning(pid);
    return writeInfo();
}

Result<void> Job::resume() {
    if (isRunning()) return {};
    m_spec.options["resume"] = true;
    // The mark keeps whoever reads the log later from taking the earlier end for this one's.
    QFile log(file(m_folder, "events.jsonl"));
    if (!log.open(QIODevice::Append) || log.write("{\"type\":\"resumed\"}\n") < 0)
        return failed("The job folder " + m_folder.toStdString() + " cannot be written.", "Check the free space and permissions of that place.");
    log.close();
    TXFM_CHECK(launch());
    m_state = State::Running;
    m_cancelRequested = false;
    m_timer.start();
    Q_EMIT resumed();
    return {};
}

Job* Job::attach(const QString& folder, QObject* parent) {
    const Result<std::string> text = readWholeFile(path(folder, "job-info.json"), 1 << 20);
    if (!text) return nullptr;
    const nlohmann::json info = nlohmann::json::parse(*text, nullptr, false);
    if (!info.is_object()) return nullptr;
    auto* job = new Job(folder, parent);
    try {
        job->m_spec.command = QString::fromStdString(info.at("command"));
        job->m_spec.options = info.at("options");
        job->m_spec.title = QString::fromStdString(info.at("title"));
        job->m_spec.device = info.at("device");
        job->m_spec.threads = info.at("threads");
        job->m_spec.seed = info.at("seed");
        job->m_spec.survivesWindow = info.at("survives_window");
        job->m_started = QDateTime::fromString(QString::fromStdString(info.at("started")), Qt::ISODate);
        job->m_process = {info.at("pid"), info.at("pid_start")};
        job->m_owner = {info.at("owner_pid"), info.at("owner_start")};
    } catch (const nlohmann::json::exception&) {
        delete job;  // written by another version: nothing to follow
        return nullptr;
    }
    job->follow();
    return job;
}

Result<void> Job::writeInfo() const {
    nlohmann::json info = m_spec.toJson();
    info.update({{"title", m_spec.title.toStdString()},
                 {"survives_window", m_spec.survivesWindow},
                 {"started", m_started.toString(Qt::ISODate).toStdString()},
                 {"pid", m_process.pid},
                 {"pid_start", m_process.startTicks},
                 {"owner_pid", m_owner.pid},
                 {"owner_start", m_owner.startTicks}});
    return writeFileAtomically(path(m_folder, "job-info.json"), info.dump(2) + "\n");
}

void Job::follow() {
    m_events.setFileName(file(m_folder, "events.jsonl"));
    m_timer.start();
}

void Job::poll() {
    // Asked before reading: a process that ends after the read is seen at the next poll, with its last lines.
    const bool running = m_process.isRunning();
    if (!m_events.isOpen()) m_events.open(QIODevice::ReadOnly);
    const QByteArray bytes = m_events.isOpen() ? m_events.read(kChunk) : QByteArray();
    bool sawStep = false;
    for (const nlohmann::json& event : m_reader.feed(bytes)) {
        sawStep = sawStep || eventText(event, "type") == "step";
        handle(event);
    }
    if (sawStep) Q_EMIT stepsAdded();
    if (bytes.size() == kChunk) {
        m_timer.start(0);
        return;
    }
    m_timer.start(m_cancelRequested && !m_endSeen ? kPollToStopMs : kPollMs);
    if (m_endSeen) ++m_pollsAfterEnd;
    if (!running || m_pollsAfterEnd > kPollsToEnd) finish();
}

void Job::handle(const nlohmann::json& event) {
    const std::string type = eventText(event, "type");
    if (type == "progress") {
        m_progress = progressFromJson(event);
        Q_EMIT progressChanged(m_progress);
    } else if (type == "step") {
        const StepUpdate step = stepFromJson(event);
        // A resumed run repeats the steps since its last checkpoint.
        while (!m_steps.empty() && m_steps.back().step >= step.step) m_steps.pop_back();
        m_steps.push_back(step);
    } else if (type == "forecast") {
        m_forecast = event;
    } else if (type == "resumed") {
        m_result = m_forecast = nullptr;
        m_hasError = m_endSeen = false;
        m_pollsAfterEnd = 0;
    } else if (type == "message") {
        const QString text = QString::fromStdString(eventText(event, "text"));
        m_messages.append(text);
        Q_EMIT messageAdded(text, eventText(event, "level") == "warning");
    } else if (type == "result") {
        m_result = event;
        m_endSeen = true;
    } else if (type == "error") {
        m_error.message = eventText(event, "message");
        if (m_error.message.empty()) m_error.message = "The work failed without saying why.";
        m_error.hint = eventText(event, "hint");
        const auto code = event.find("code");
        m_error.code = code != event.end() && code->is_number_integer() && *code >= 1 && *code <= 5
                           ? static_cast<ErrorCode>(code->get<int>())
                           : ErrorCode::Failed;
        m_hasError = true;
        m_endSeen = true;
    }
}

void Job::finish() {
    m_timer.stop();
    if (m_hasError) {
        m_state = m_error.code == ErrorCode::Cancelled ? State::Cancelled : State::Failed;
    } else if (!m_result.is_null()) {
        m_state = State::Done;
    } else if (m_cancelRequested) {
        m_state = State::Cancelled;
        m_error = cancelledError();
    } else {
        m_state = State::Failed;
        m_error = failed("The work stopped because its process ended unexpectedly (ended by the system or by hand, or out of memory).",
                         "Your data are unchanged; start it again, with smaller settings if memory was short.");
    }
    Q_EMIT finished();
}

QString Job::details() const {
    QString text = m_spec.commandLine();
    QFile log(file(m_folder, "errors.log"));
    if (log.open(QIODevice::ReadOnly)) {
        constexpr qint64 kTail = 8 << 10;
        if (log.size() > kTail) log.seek(log.size() - kTail);
        const QString errors = QString::fromUtf8(log.readAll()).trimmed();
        if (!errors.isEmpty()) text += QStringLiteral("\n\n") + errors;
    }
    return text;
}

void Job::cancel() {
    if (!isRunning()) return;
    m_cancelRequested = true;
    m_process.sendInterrupt();
    m_timer.start(kPollToStopMs);
}

void Job::kill() {
    if (!isRunning()) return;
    m_cancelRequested = true;
    m_process.sendKill();
}

void Job::abandon() {
    if (m_progress.stage == "pack" || m_progress.stage == "write") {
        cancel();
    } else {
        kill();
    }
}

void Job::discard() {
    if (isRunning()) return;
    m_events.close();
    QDir(m_folder).removeRecursively();
}

}  // namespace txfm::ui
