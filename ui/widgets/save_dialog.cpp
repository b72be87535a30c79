// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/save_dialog.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QSettings>
#include <QStandardPaths>

#include "core/base/paths.h"

namespace txfm::ui {
namespace {

const QString kLastFolder = QStringLiteral("window/lastSaveFolder");

QString startFolder(const QString& source) {
    const QFileInfo beside(QFileInfo(source).absolutePath());
    const QString own = QString::fromStdString(resourceFolder().string());
    if (!source.isEmpty() && beside.isWritable() && !beside.absoluteFilePath().startsWith(own)) return beside.absoluteFilePath();
    const QString last = QSettings().value(kLastFolder).toString();
    return !last.isEmpty() && QFileInfo(last).isDir() ? last : QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
}

}  // namespace

QString askSavePath(QWidget* parent, const QString& title, const QString& name, const QString& filter, const QString& source) {
    QFileDialog dialog(parent, title, startFolder(source), filter);
    dialog.setAcceptMode(QFileDialog::AcceptSave);
    const QString ending = name.mid(name.lastIndexOf(QLatin1Char('.')));
    dialog.setDefaultSuffix(ending);
    dialog.selectFile(name);
    if (dialog.exec() != QDialog::Accepted || dialog.selectedFiles().isEmpty()) return {};
    QString path = dialog.selectedFiles().constFirst();
    if (!filter.contains(QLatin1Char('*') + path.mid(path.lastIndexOf(QLatin1Char('.'))), Qt::CaseInsensitive)) path += ending;
    QSettings().setValue(kLastFolder, QFileInfo(path).absolutePath());
    return path;
}

}  // namespace txfm::ui
