// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include <QDateTime>
#include <QString>

#include "core/base/result.h"
#include "core/data/table.h"

namespace txfm::ui {

/// What is needed to take up a session with unsaved results after its window crashed: where the data and the working
/// files are, and the annotations that only the window held. A snapshot belongs to a running process; one whose process
/// is gone is a lost session. Thread: any, one at a time.
struct SessionSnapshot {
    QString sourcePath;     ///< the file that the user opened
    QString workFile;       ///< data and results so far
    QString workFolder;     ///< of the window's working files
    QString modelFolder;
    bool allowNormalised = false;
    std::vector<Column> columns;  ///< annotations made in the window
    QString file;                 ///< of the snapshot itself
    QDateTime saved;

    /// Writes it as that of this process, atomically.
    Result<void> write() const;
    static void remove();

    /// The newest lost session, if its data are still there. Working folders and snapshots that nobody can take up
    /// any more are cleared away.
    static std::optional<SessionSnapshot> findLost();
    /// Deletes the snapshot and its working files.
    void discard() const;
};

/// A new folder for the working files of this process, below the cache folder.
QString newWorkFolder();

}  // namespace txfm::ui
