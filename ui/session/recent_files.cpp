// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/recent_files.h"

#include <QFileInfo>
#include <QSettings>

#include "core/base/paths.h"

namespace txfm::ui {
namespace {
const QString kKey = QStringLiteral("recent/files");
constexpr int kMost = 10;
}  // namespace

QStringList RecentFiles::list() { return QSettings().value(kKey).toStringList(); }

void RecentFiles::add(const QString& path) {
    const QString absolute = QFileInfo(path).absoluteFilePath();
    QStringList files = list();
    files.removeAll(absolute);
    files.prepend(absolute);
    QSettings().setValue(kKey, files.mid(0, kMost));
}

void RecentFiles::remove(const QString& path) {
    QStringList files = list();
    files.removeAll(path);
    QSettings().setValue(kKey, files);
}

void RecentFiles::clear() { QSettings().remove(kKey); }

QString demoDataFile() { return QString::fromStdString((resourceFolder() / "demo" / "pbmc_1k.h5ad").string()); }

}  // namespace txfm::ui
