// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QApplication>
#include <QFileDialog>
#include <QLineEdit>
#include <QTest>
#include <QTimer>

namespace txfm::test {

/// Types `path` into the (Qt) file dialog that comes up next. Call it before what opens the dialog.
inline void answerFileDialog(QObject* context, const QString& path) {
    QTimer::singleShot(50, context, [context, path] {
        auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
        if (!dialog) {
            answerFileDialog(context, path);
            return;
        }
        auto* name = dialog->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"));
        name->setText(path);
        QTest::keyClick(name, Qt::Key_Return);
    });
}

}  // namespace txfm::test
