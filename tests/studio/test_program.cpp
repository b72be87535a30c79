// SPDX-License-Identifier: GPL-3.0-or-later
// The program around the window: one window for one user, an orderly end on signals.
#include <csignal>

#include <QProcess>
#include <QtTest>

#include "tests/support/test_support.h"

using namespace txfm;

class TestProgram : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_home.isValid());
        m_environment = QProcessEnvironment::systemEnvironment();
        for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}) m_environment.insert(name, m_home.path());
        m_environment.insert("XDG_RUNTIME_DIR", m_home.path());
    }
    void aSecondStartHandsOverItsFile() {
        QProcess first;
        start(first, {});
        const QString file = m_home.filePath("second.csv");
        QFile table(file);
        QVERIFY(table.open(QIODevice::WriteOnly));
        table.write("cell,GAPDH,ACTB\nc1,1,2\nc2,0,3\nc3,4,1\n");
        table.close();
        // It ends at once, without a window of its own; the first one opens the file and remembers it.
        QProcess second;
        second.setProcessEnvironment(m_environment);
        QTRY_COMPARE_WITH_TIMEOUT(sockets().size(), 1, 20000);
        second.start(test::studioProgram(), {file});
        QVERIFY(second.waitForFinished(40000));
        QCOMPARE(second.exitCode(), 0);
        QTRY_VERIFY_WITH_TIMEOUT(settings().contains(file.toUtf8()), 60000);
        QCOMPARE(first.state(), QProcess::Running);
        end(first, SIGTERM);
    }
    void signalsEndItInOrder_data() {
        QTest::addColumn<int>("signal");
        QTest::newRow("SIGTERM") << SIGTERM;
        QTest::newRow("SIGINT") << SIGINT;
        QTest::newRow("SIGHUP") << SIGHUP;
    }
    void signalsEndItInOrder() {
        QFETCH(int, signal);
        QProcess window;
        start(window, {});
        QTRY_COMPARE_WITH_TIMEOUT(sockets().size(), 1, 20000);
        end(window, signal);
        QCOMPARE(window.exitCode(), 0);
        QVERIFY2(sockets().isEmpty(), "the window has cleared up after itself");
    }

private:
    void start(QProcess& process, const QStringList& arguments) {
        process.setProcessEnvironment(m_environment);
        process.start(test::studioProgram(), arguments);
        QVERIFY(process.waitForStarted());
    }
    void end(QProcess& process, int signal) {
        QVERIFY(::kill(static_cast<pid_t>(process.processId()), signal) == 0);
        QVERIFY(process.waitForFinished(30000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    }
    QByteArray settings() const {
        QFile file(m_home.filePath("txfm/txfm-studio.conf"));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    QStringList sockets() const { return QDir(m_home.path()).entryList({"txfm-studio-*"}, QDir::System); }
    QTemporaryDir m_home;
    QProcessEnvironment m_environment;
};

QTEST_GUILESS_MAIN(TestProgram)
#include "test_program.moc"
