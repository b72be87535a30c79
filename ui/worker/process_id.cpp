// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/worker/process_id.h"

#include <csignal>

#include <QFile>

namespace txfm::ui {
namespace {

struct Stat {
    char state = 0;
    qint64 startTicks = 0;
};

/// state 0 = no such process. The name in parentheses may hold anything, so reading starts after the last ')'.
Stat readStat(qint64 pid) {
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (pid <= 0 || !file.open(QIODevice::ReadOnly)) return {};
    const QByteArray content = file.readAll();
    const QList<QByteArray> fields = content.mid(content.lastIndexOf(')') + 2).split(' ');
    constexpr int kStartTime = 22 - 3;
    if (fields.size() <= kStartTime || fields[0].isEmpty()) return {};
    return {fields[0][0], fields[kStartTime].toLongLong()};
}

}  // namespace

ProcessId ProcessId::ofRunning(qint64 pid) { return {pid, readStat(pid).startTicks}; }

bool ProcessId::isRunning() const {
    const Stat stat = readStat(pid);
    return stat.state != 0 && stat.state != 'Z' && stat.state != 'X' && stat.startTicks == startTicks;
}

bool ProcessId::sendInterrupt() const { return isRunning() && ::kill(static_cast<pid_t>(pid), SIGINT) == 0; }
bool ProcessId::sendKill() const { return isRunning() && ::kill(static_cast<pid_t>(pid), SIGKILL) == 0; }

}  // namespace txfm::ui
