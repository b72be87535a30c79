// SPDX-License-Identifier: GPL-3.0-or-later
// The scripts a new user meets first, run as they are, with stand-ins for the programs of the system:
// nothing is installed and nothing is downloaded.
#include <QtTest>

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QXmlStreamReader>

namespace {

const QString kPackaging = QStringLiteral(TXFM_SOURCE_DIR "/packaging/");
const QString kAppId = QStringLiteral("io.github.txfm_studio.TxFMStudio");

QStringList linesOf(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return {};
    return QString::fromUtf8(file.readAll()).split('\n', Qt::SkipEmptyParts);
}

struct Outcome {
    int status = -1;
    QString out, err;
};

class Sandbox {
public:
    Sandbox() {
        QDir(m_folder.path()).mkpath("bin");
        environment = QProcessEnvironment::systemEnvironment();
        environment.insert("PATH", m_folder.filePath("bin") + ":/usr/bin:/bin");
        environment.insert("TXFM_DEPS", deps());
        environment.insert("PIP_NO_INDEX", "1");
        environment.remove("PIP_FIND_LINKS");
    }
    QString deps() const { return m_folder.filePath("deps"); }

    /// A program that comes before the system's own of that name.
    void fake(const QString& name, const QString& script) {
        QFile file(m_folder.filePath("bin/" + name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(("#!/bin/sh\n" + script + "\n").toUtf8());
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    }
    /// As if every Debian package were installed.
    void fakeInstalledPackages() { fake("dpkg-query", R"(shift 3; for p in "$@"; do echo "ii  $p"; done)"); }

    /// As if this requirement were unpacked already.
    void stamp(const QString& requirement) {
        QDir(deps()).mkpath("stamps");
        const QString name = requirement.section(' ', 0, 0) + '-' + requirement.section(':', -1);
        QFile file(deps() + "/stamps/" + name);
        QVERIFY(file.open(QIODevice::WriteOnly));
    }
    void stampAll() {
        for (const QString list : {"runtime", "headers", "sdist-tools"}) {
            for (const QString& line : linesOf(kPackaging + "requirements/" + list + ".txt")) {
                if (!line.startsWith('#')) stamp(line);
            }
        }
    }

    Outcome run(const QString& script, const QStringList& arguments) const {
        QProcess process;
        process.setProcessEnvironment(environment);
        process.start(kPackaging + script, arguments);
        if (!process.waitForFinished(60000)) return {};
        return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }

    QProcessEnvironment environment;

private:
    QTemporaryDir m_folder;
};

}  // namespace

class TestSetup : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyDownloadIsPinned();
    void missingPackagesWithoutRootAreNamedInOneSentence();
    void rootInstallsOnlyWhatIsMissing();
    void finishedSetupDoesNothing();
    void failedDownloadKeepsWhatIsFinished();
    void changedPinUnpacksAnew();
    void aSecondStartGoesStraightToTheJob();
    void aFailedStepLeavesNoWorkFolder();
    void wrongUsage_data();
    void wrongUsage();
    void desktopFilesBelongTogether();
};

void TestSetup::everyDownloadIsPinned() {
    static const QRegularExpression pinned(R"(^[A-Za-z0-9._-]+==[0-9][0-9a-z.]* --hash=sha256:[0-9a-f]{64}$)");
    QStringList names;
    for (const QFileInfo& list : QDir(kPackaging + "requirements").entryInfoList({"*.txt"})) {
        for (const QString& line : linesOf(list.filePath())) {
            if (line.startsWith('#')) continue;
            QVERIFY2(pinned.match(line).hasMatch(), qPrintable(list.fileName() + ": " + line));
            names += line.section(' ', 0, 0);
        }
    }
    for (const QString name : {"torch==2.11.0", "nvidia-cuda-runtime==13.0.96", "nvidia-cuda-cupti==13.0.85",
                               "assorthead==0.2.2"})
        QVERIFY2(names.contains(name), qPrintable(name));
}

void TestSetup::missingPackagesWithoutRootAreNamedInOneSentence() {
    Sandbox sandbox;
    sandbox.fake("dpkg-query", R"(shift 3; for p in "$@"; do [ "$p" = ccache ] || [ "$p" = xvfb ] || echo "ii  $p"; done)");
    sandbox.fake("id", "echo 1000");
    sandbox.fake("sudo", "exit 1");
    const Outcome plain = sandbox.run("setup.sh", {"--no-cuda"});
    QCOMPARE(plain.status, 1);
    QVERIFY2(plain.err.contains("missing and only root can install them: ccache;"), qPrintable(plain.err));
    QCOMPARE(plain.err.count('\n'), 1);
    const Outcome test = sandbox.run("setup.sh", {"--no-cuda", "--test"});
    QVERIFY2(test.err.contains("only root can install them: ccache xvfb;"), qPrintable(test.err));
}

void TestSetup::rootInstallsOnlyWhatIsMissing() {
    Sandbox sandbox;
    sandbox.stampAll();
    sandbox.fake("dpkg-query", R"(shift 3; for p in "$@"; do [ "$p" = ccache ] || echo "ii  $p"; done)");
    sandbox.fake("id", "echo 1000");
    // sudo runs the command, which ends at these stand-ins.
    sandbox.fake("sudo", R"(while [ "${1#-}" != "$1" ]; do shift; done; [ $# = 0 ] || exec "$@")");
    sandbox.fake("dpkg", "exit 0");
    sandbox.fake("apt-get", R"(echo "apt-get $*")");
    const Outcome outcome = sandbox.run("setup.sh", {"--no-cuda"});
    QCOMPARE(outcome.status, 0);
    const QString log = linesOf(sandbox.deps() + "/apt.log").join('\n');
    QVERIFY2(log.contains(QRegularExpression("update\\n.*install --no-install-recommends ccache$")), qPrintable(log));
}

void TestSetup::finishedSetupDoesNothing() {
    Sandbox sandbox;
    sandbox.fakeInstalledPackages();
    sandbox.stampAll();
    sandbox.fake("python3", "exit 9");
    const Outcome outcome = sandbox.run("setup.sh", {"--no-cuda"});
    QCOMPARE(outcome.status, 0);
    QCOMPARE(outcome.out + outcome.err, QString());
}

void TestSetup::failedDownloadKeepsWhatIsFinished() {
    Sandbox sandbox;
    sandbox.fakeInstalledPackages();
    sandbox.stampAll();
    const QStringList stamps = QDir(sandbox.deps() + "/stamps").entryList(QDir::Files);
    const QString assorthead = stamps.filter("assorthead").value(0);
    QVERIFY(QFile::remove(sandbox.deps() + "/stamps/" + assorthead));
    const Outcome outcome = sandbox.run("setup.sh", {"--no-cuda"});
    QCOMPARE(outcome.status, 1);
    QVERIFY2(outcome.err.contains("assorthead==0.2.2 could not be downloaded"), qPrintable(outcome.err));
    QCOMPARE(outcome.err.count('\n'), 1);
    QCOMPARE(QDir(sandbox.deps() + "/stamps").entryList(QDir::Files).size(), stamps.size() - 1);
}

void TestSetup::changedPinUnpacksAnew() {
    Sandbox sandbox;
    sandbox.fakeInstalledPackages();
    sandbox.stampAll();
    sandbox.stamp("torch==2.10.0 --hash=sha256:" + QString(64, '0'));
    QVERIFY(QDir(sandbox.deps()).mkpath("site/torch"));
    const Outcome outcome = sandbox.run("setup.sh", {"--no-cuda"});
    QVERIFY2(outcome.out.contains("torch==2.10.0 is no longer what is pinned"), qPrintable(outcome.out));
    QVERIFY(!QDir(sandbox.deps() + "/site").exists());
    QCOMPARE(outcome.status, 1);  // downloads are off in this test
}

/// A copy of run.sh in a source folder that is set up and built, with stand-ins for the two programs.
class BuiltFolder {
public:
    BuiltFolder() {
        QDir(m_folder.path()).mkpath("packaging");
        for (const QString name : {"run.sh", "common.sh"}) QVERIFY(QFile::copy(kPackaging + name, m_folder.filePath("packaging/" + name)));
        for (const QString folder : {"build/deps/site/torch", "build/deps/assorthead", "build/release/bin"}) QDir(m_folder.path()).mkpath(folder);
        program("txfm", R"(echo "$*" >> "$TXFM_TEST_LOG"; [ "$1" != "$TXFM_TEST_FAILS" ] || { echo 'txfm: It failed.' >&2; exit 3; }
while [ "$1" != --out ]; do shift; done; echo "made" > "$2"
echo '{"cells": 12, "genes": {"genes": 10, "dropped": 1, "dropped_share": 0.25}, "model": "m", "inference_genes": "all",
       "precision": "fp32", "device": "cpu", "n_clusters": 4, "resolution": 1, "seconds": {"total": 2, "embed": 1}}')");
        program("txfm-studio", "echo figure.svg; echo figure.png");
        write("cells.h5ad", "counts", QFile::ReadOwner | QFile::WriteOwner);
        write("build/release/up-to-date", (m_folder.filePath("build/deps") + "\n").toUtf8(), QFile::ReadOwner | QFile::WriteOwner);
    }
    QString path(const QString& name) const { return m_folder.filePath(name); }
    QStringList commands() const { return linesOf(path("log")); }
    Outcome run(const QString& failing = {}) const {
        QProcess process;
        auto environment = QProcessEnvironment::systemEnvironment();
        for (const char* name : {"DISPLAY", "TXFM_DEPS", "TXFM_RESULTS", "TXFM_MODEL"}) environment.remove(name);
        environment.insert("TXFM_TEST_LOG", path("log"));
        environment.insert("TXFM_TEST_FAILS", failing);
        process.setProcessEnvironment(environment);
        process.start(path("packaging/run.sh"), {path("cells.h5ad"), "--headless"});
        if (!process.waitForFinished(60000)) return {};
        return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()), QString::fromUtf8(process.readAllStandardError())};
    }

private:
    void write(const QString& name, const QByteArray& text, QFile::Permissions permissions) {
        QFile file(path(name));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text) == text.size());
        file.setPermissions(permissions);
    }
    void program(const QString& name, const QString& script) {
        write("build/release/bin/" + name, ("#!/bin/sh\n" + script + "\n").toUtf8(), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    }
    QTemporaryDir m_folder;
};

void TestSetup::aSecondStartGoesStraightToTheJob() {
    const BuiltFolder folder;
    QElapsedTimer clock;
    clock.start();
    const Outcome outcome = folder.run();
    QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
    QVERIFY2(clock.elapsed() < 2000, qPrintable(QString::number(clock.elapsed())));
    for (const QString part : {"cells      12", "9 of 10 matched (75.0 % of the counts)", "clusters   4", "cells.txfm.h5ad", "figure     figure.svg", "figure     figure.png"})
        QVERIFY2(outcome.out.contains(part), qPrintable(part + ":\n" + outcome.out));
    QVERIFY(QFile::exists(folder.path("cells.txfm.h5ad")));
    QVERIFY(QDir(folder.path(".")).entryList({".*work*"}, QDir::Dirs | QDir::Hidden).isEmpty());
    const QStringList commands = folder.commands();
    QCOMPARE(commands.size(), 4);
    QVERIFY2(commands.first().startsWith("embed "), qPrintable(commands.first()));
    // The file holds one neighbour graph, which is to be that of the embedding: what makes it comes after the expression's.
    const int expression = int(commands.indexOf(QRegularExpression("^project --rep X .*"))), embedding = int(commands.indexOf(QRegularExpression("^project --rep X_txfm .*")));
    QVERIFY2(expression > 0 && embedding > expression, qPrintable(commands.join('\n')));
    QVERIFY2(commands.last().startsWith("cluster --rep X_txfm "), qPrintable(commands.last()));
}

void TestSetup::aFailedStepLeavesNoWorkFolder() {
    const BuiltFolder folder;
    const Outcome outcome = folder.run("embed");
    QCOMPARE(outcome.status, 3);
    QCOMPARE(outcome.err, QString("txfm: It failed.\n"));
    QVERIFY(!QFile::exists(folder.path("cells.txfm.h5ad")));
    QVERIFY(QDir(folder.path(".")).entryList({".*work*"}, QDir::Dirs | QDir::Hidden).isEmpty());
}

void TestSetup::wrongUsage_data() {
    QTest::addColumn<QString>("script");
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("names");
    QTest::newRow("setup option") << "setup.sh" << QStringList{"--frobnicate"} << 2 << "--frobnicate";
    QTest::newRow("run option") << "run.sh" << QStringList{"--frobnicate"} << 2 << "--frobnicate";
    QTest::newRow("run two files") << "run.sh" << QStringList{"a.h5ad", "b.h5ad"} << 2 << "b.h5ad";
    QTest::newRow("run no such file") << "run.sh" << QStringList{"no-such.h5ad"} << 3 << "no-such.h5ad";
    QTest::newRow("studio without display") << "run.sh" << QStringList{"--studio"} << 1 << "display";
}

void TestSetup::wrongUsage() {
    QFETCH(QString, script);
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QString, names);
    Sandbox sandbox;
    sandbox.environment.remove("DISPLAY");
    const Outcome outcome = sandbox.run(script, arguments);
    QCOMPARE(outcome.status, status);
    QCOMPARE(outcome.err.count('\n'), 1);
    QVERIFY2(outcome.err.contains(names), qPrintable(outcome.err));
}

void TestSetup::desktopFilesBelongTogether() {
    const QString folder = kPackaging + "desktop/" + kAppId;
    const QStringList entry = linesOf(folder + ".desktop");
    QVERIFY(entry.contains("Icon=" + kAppId));
    QVERIFY(entry.contains("Exec=txfm-studio %F"));
    QVERIFY(QFile::exists(TXFM_SOURCE_DIR "/resources/icons/" + kAppId + ".svg"));
    QStringList declared, offered;
    for (const QString& line : entry) {
        if (line.startsWith("MimeType=")) offered = line.section('=', 1).split(';', Qt::SkipEmptyParts);
    }
    QFile mime(folder + ".mime.xml");
    QVERIFY(mime.open(QIODevice::ReadOnly));
    QXmlStreamReader types(&mime);
    while (!types.atEnd()) {
        if (types.readNext() == QXmlStreamReader::StartElement && types.name() == QLatin1String("mime-type"))
            declared += types.attributes().value("type").toString();
    }
    QVERIFY2(!types.hasError(), qPrintable(types.errorString()));
    QVERIFY(!declared.isEmpty());
    for (const QString& type : declared) QVERIFY2(offered.contains(type), qPrintable(type));
    QFile metainfo(folder + ".metainfo.xml");
    QVERIFY(metainfo.open(QIODevice::ReadOnly));
    QXmlStreamReader component(&metainfo);
    QString id;
    while (!component.atEnd()) {
        if (component.readNext() == QXmlStreamReader::StartElement && component.name() == QLatin1String("id"))
            id = component.readElementText();
    }
    QVERIFY2(!component.hasError(), qPrintable(component.errorString()));
    QCOMPARE(id, kAppId);
}

QTEST_GUILESS_MAIN(TestSetup)
#include "test_setup.moc"
