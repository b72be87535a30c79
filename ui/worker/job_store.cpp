// SPDX-License-Identifier: GPL-3.0-or-later
#include <QCoreApplication>
#include <QDir>
#include <QRandomGenerator>

#include "core/base/paths.h"
#include "ui/worker/job.h"

namespace txfm::ui {

QString jobsFolder() { return QString::fromStdString((stateFolder() / "jobs").string()); }

QString newJobFolder(const QString& command) {
    return QStringLiteral("%1/%2-%3-%4")
        .arg(jobsFolder(), QDateTime::currentDateTime().toString(QStringLiteral("yyyyMMdd-HHmmss-zzz")), command)
        .arg(QRandomGenerator::global()->bounded(0x10000), 4, 16, QLatin1Char('0'))
        .replace(QLatin1Char(' '), QLatin1Char('-'));
}

std::vector<Job*> findJobs(QObject* parent) {
    std::vector<Job*> jobs;
    const QDir folder(jobsFolder());
    for (const QString& name : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name | QDir::Reversed)) {
        Job* job = Job::attach(folder.filePath(name), parent);
        if (!job) continue;
        if (job->spec().survivesWindow) {
            jobs.push_back(job);
            continue;
        }
        // Short work of a window that is gone has no reader any more.
        if (!job->owner().isRunning()) {
            job->cancel();
            QDir(folder.filePath(name)).removeRecursively();
        }
        delete job;
    }
    return jobs;
}

QString txfmProgram() {
    const QString set = qEnvironmentVariable("TXFM_PROGRAM");
    return set.isEmpty() ? QCoreApplication::applicationDirPath() + QStringLiteral("/txfm") : set;
}

}  // namespace txfm::ui
