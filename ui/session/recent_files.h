// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

namespace txfm::ui {

/// Files opened lately, newest first, kept in the settings. Thread: the UI thread.
class RecentFiles {
public:
    static QStringList list();
    static void add(const QString& path);
    static void remove(const QString& path);
    static void clear();
};

/// The demo data that comes with the program.
QString demoDataFile();

}  // namespace txfm::ui
