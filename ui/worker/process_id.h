// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace txfm::ui {

/// A process named so that a later one with the same number is not taken for it.
struct ProcessId {
    qint64 pid = 0;
    qint64 startTicks = 0;  ///< field 22 of /proc/<pid>/stat

    /// The process that has this number now; startTicks 0 when there is none.
    static ProcessId ofRunning(qint64 pid);
    /// True while the process runs (a zombie has ended).
    bool isRunning() const;
    bool sendInterrupt() const;
    bool sendKill() const;
};

}  // namespace txfm::ui
