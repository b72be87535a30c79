// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QApplication>
#include <QTemporaryDir>
#include <QtTest>

#include "ui/plots/scatter_view.h"
#include "ui/widgets/theme.h"

namespace txfm::test {

/// main() of a test that drives the window: a user of its own, dialogs of Qt, the program's theme and OpenGL format.
template <class Test>
int runWindowTest(int argc, char** argv) {
    QTemporaryDir user;
    for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}) qputenv(name, user.path().toUtf8());
    ui::ScatterView::setDefaultFormat();
    QApplication::setAttribute(Qt::AA_ShareOpenGLContexts);
    QApplication::setAttribute(Qt::AA_DontUseNativeDialogs);
    QApplication application(argc, argv);
    QApplication::setOrganizationName("txfm");
    QApplication::setApplicationName("txfm-studio-test");
    ui::Theme::instance().install(application);
    Test test;
    return QTest::qExec(&test, argc, argv);
}

}  // namespace txfm::test
