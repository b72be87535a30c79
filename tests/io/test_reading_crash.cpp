// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QtTest>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/io/hdf5_node.h"
#include "core/io/reading_crash.h"

using namespace txfm;

namespace {

struct Ended {
    int status = 0;  ///< as waitpid gives it
    QByteArray said;
};

/// Runs body in a child process that ends crashes in order.
template <class Body>
Ended inChild(Body&& body) {
    int ends[2];
    if (::pipe(ends) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        io::endReadingCrashesInOrder("txfm");
        body();
        ::_exit(0);
    }
    ::close(ends[1]);
    Ended ended;
    char part[256];
    for (ssize_t bytes = 0; (bytes = ::read(ends[0], part, sizeof part)) > 0;) ended.said.append(part, static_cast<int>(bytes));
    ::close(ends[0]);
    ::waitpid(child, &ended.status, 0);
    return ended;
}

}  // namespace

class TestReadingCrash : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void crashWhileReadingIsOneSentence() {
        const Ended ended = inChild([] {
            (void)io::hdf5::guarded("cells.h5ad", []() -> Result<void> {
                (void)io::hdf5::guarded("inner part", []() -> Result<void> { return {}; });
                ::raise(SIGSEGV);
                return {};
            });
        });
        QVERIFY(WIFEXITED(ended.status));
        QCOMPARE(WEXITSTATUS(ended.status), static_cast<int>(ErrorCode::BadInput));
        QVERIFY2(ended.said.startsWith("txfm: 'cells.h5ad' is damaged") && ended.said.count('\n') == 1, ended.said);
    }

    void crashWhileWritingLeavesNothing() {
        QTemporaryDir folder;
        const std::filesystem::path out = folder.filePath("out.h5ad").toStdString(), temporary = folder.filePath("half").toStdString();
        QFile half(QString::fromStdString(temporary.string()));
        QVERIFY(half.open(QIODevice::WriteOnly) && half.write("x") == 1);
        const Ended ended = inChild([&] {
            (void)io::hdf5::guarded("cells.h5ad", [&]() -> Result<void> {
                const io::WritingMark mark(out, temporary);
                ::raise(SIGSEGV);
                return {};
            });
        });
        // This disk has room, so it is the file that is to blame.
        QVERIFY(WIFEXITED(ended.status));
        QCOMPARE(WEXITSTATUS(ended.status), static_cast<int>(ErrorCode::BadInput));
        QVERIFY2(ended.said.startsWith("txfm: 'cells.h5ad' is damaged") && ended.said.count('\n') == 1, ended.said);
        QVERIFY(!half.exists());
    }

    void crashOnAFullDiskSaysSo() {
        // Nothing below /proc has any room.
        const Ended ended = inChild([] {
            (void)io::hdf5::guarded("cells.h5ad", []() -> Result<void> {
                const io::WritingMark mark("out.h5ad", "/proc/none");
                ::raise(SIGSEGV);
                return {};
            });
        });
        QVERIFY(WIFEXITED(ended.status));
        QCOMPARE(WEXITSTATUS(ended.status), static_cast<int>(ErrorCode::Failed));
        QVERIFY2(ended.said.startsWith("txfm: Cannot write 'out.h5ad': the disk is full.") && ended.said.count('\n') == 1, ended.said);
    }

    void crashElsewhereStaysACrash() {
        const Ended ended = inChild([] {
            (void)io::hdf5::guarded("cells.h5ad", []() -> Result<void> { return {}; });
            ::raise(SIGSEGV);
        });
        QVERIFY(WIFSIGNALED(ended.status));
        QCOMPARE(WTERMSIG(ended.status), SIGSEGV);
        QCOMPARE(ended.said, QByteArray());
    }
};

QTEST_GUILESS_MAIN(TestReadingCrash)
#include "test_reading_crash.moc"
