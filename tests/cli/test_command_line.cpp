// SPDX-License-Identifier: GPL-3.0-or-later
// The real program: help, usage errors, exit statuses and messages (interface contract §3 and §4).
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include "tests/support/test_support.h"

using namespace txfm;

namespace {

QString demoFile() {
    const QDir demo(QStringLiteral(TXFM_SOURCE_DIR "/resources/demo"));
    const QStringList files = demo.entryList({"*.h5ad"}, QDir::Files);
    return files.isEmpty() ? QString() : demo.filePath(files.front());
}

QString writeText(const QTemporaryDir& folder, const QString& name, const QByteArray& content) {
    const QString path = folder.filePath(name);
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size()) qFatal("cannot write a test file");
    return path;
}

}  // namespace

class TestCommandLine : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void helpNamesEveryCommand() {
        const auto help = test::runTxfm({"--help"});
        QCOMPARE(help.status, 0);
        for (const char* command : {"info", "convert", "qc", "init", "pretrain", "finetune", "embed", "reconstruct", "project", "cluster", "genes", "run"})
            QVERIFY2(help.out.contains(command), command);
        for (const QByteArray& line : help.out.split('\n')) {
            const QByteArray words = line.simplified();
            if (line.startsWith("  ") && !words.isEmpty()) QVERIFY2(words.contains(' '), "a command without a description: " + words);
        }
    }

    void everyCommandHasHelp_data() {
        QTest::addColumn<QStringList>("command");
        for (const QString command : {"info", "convert", "qc", "init", "pretrain", "finetune", "embed", "reconstruct", "project",
                                      "cluster", "genes neighbors", "genes pca", "run"})
            QTest::newRow(qPrintable(command)) << command.split(' ');
    }
    void everyCommandHasHelp() {
        QFETCH(QStringList, command);
        const auto help = test::runTxfm(command + QStringList{"--help"});
        QCOMPARE(help.status, 0);
        for (const char* option : {"--json", "--progress", "--device", "--threads", "--seed"}) QVERIFY2(help.out.contains(option), option);
    }

    void failuresHaveTheDocumentedStatus_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("says");
        const auto row = [](const char* name, QStringList arguments, int status, const char* says) {
            QTest::newRow(name) << arguments << status << QByteArray(says);
        };
        const QString demo = demoFile();
        row("no command", {}, 2, "txfm");
        row("unknown command", {"fly"}, 2, "fly");
        row("unknown option", {"info", "--frobnicate", demo}, 2, "frobnicate");
        row("missing file", {"info", "no-such-file.h5ad"}, 3, "no-such-file.h5ad");
        row("missing model", {"embed", "--model", "no-such-model", "--data", demo, "--out", "x.h5ad"}, 3, "no-such-model");
        row("bad inference genes", {"embed", "--data", demo, "--out", "x.h5ad", "--inference-genes", "best:7"}, 2, "best:7");
        row("layer out of range", {"embed", "--data", demo, "--out", "x.h5ad", "--layer", "99"}, 2, "layer");
        row("output equals input", {"embed", "--data", demo, "--out", demo}, 2, "out");
        row("unwritable output", {"convert", demo, "/no/such/folder/x.h5ad"}, 1, "/no/such/folder");
        row("unknown representation", {"project", "--data", demo, "--rep", "X_none", "--method", "umap", "--out", "x.h5ad"}, 3, "X_none");
        row("unknown gene", {"genes", "neighbors", "--gene", "NOTAGENE1"}, 3, "NOTAGENE1");
        row("seed below 0", {"info", demo, "--seed", "-1"}, 2, "seed");
        row("seed of letters", {"info", demo, "--seed", "abc"}, 2, "seed");
        row("seed beyond 64 bits", {"info", demo, "--seed", "18446744073709551616"}, 2, "seed");
        row("bad device", {"embed", "--data", demo, "--out", "x.h5ad", "--device", "tpu"}, 2, "tpu");
        const QString longName = QString(700, 'w');
        row("long unknown command", {longName}, 2, "wwww");
        row("unknown command in two lines", {"fly\naway"}, 2, "fly away");
        row("long unknown option", {"info", demo, "--" + longName}, 2, "wwww");
        row("long missing file", {"info", longName + ".h5ad"}, 3, "wwww");
        row("no job file", {"run", "no-such-job.json"}, 3, "no-such-job.json");
    }
    void failuresHaveTheDocumentedStatus() {
        QFETCH(QStringList, arguments);
        QFETCH(int, status);
        QFETCH(QByteArray, says);
        const auto result = test::runTxfm(arguments);
        QVERIFY2(!result.crashed && !result.timedOut, result.err);
        QVERIFY2(result.status == status, QByteArray::number(result.status) + ": " + result.err);
        // Progress goes to standard error too; the problem is one line of it.
        QByteArrayList problems;
        for (const QByteArray& line : result.err.split('\n')) {
            if (line.startsWith("txfm: ")) problems << line;
        }
        QVERIFY2(problems.size() == 1 && problems.front().size() <= 500, result.err);
        QVERIFY2(problems.front().toLower().contains(says.toLower()), problems.front());
    }

    void wrongUsageIsAnEventUnderJsonLines_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("unknown option") << QStringList{"info", demoFile(), "--frobnicate", "--progress", "jsonl"};
        QTest::newRow("unknown command") << QStringList{"fly", "--progress=jsonl"};
        QTest::newRow("value out of range") << QStringList{"project", "--data", demoFile(), "--out", "x.h5ad", "--neighbors", "1", "--progress", "jsonl"};
    }
    void wrongUsageIsAnEventUnderJsonLines() {
        QFETCH(QStringList, arguments);
        const auto result = test::runTxfm(arguments);
        QCOMPARE(result.status, 2);
        const QJsonObject event = QJsonDocument::fromJson(result.out).object();
        QCOMPARE(event["type"].toString(), QString("error"));
        QCOMPARE(event["code"].toInt(), 2);
        for (const char* key : {"message", "hint"}) QVERIFY2(event[key].isString(), key);
        QVERIFY2(result.err.startsWith("txfm: ") && result.err.count('\n') == 1, result.err);
    }

    void jobFilesAreChecked_data() {
        QTest::addColumn<QByteArray>("job");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("not JSON") << QByteArray("{") << QByteArray("JSON");
        QTest::newRow("a list") << QByteArray("[]") << QByteArray("JSON object");
        QTest::newRow("unknown command") << QByteArray(R"({"command":"fly"})") << QByteArray("fly");
        QTest::newRow("unknown option") << QByteArray(R"({"command":"info","options":{"wings":2}})") << QByteArray("wings");
        QTest::newRow("wrong type") << QByteArray(R"({"command":"embed","options":{"data":"x","out":"y","layer":"two"}})") << QByteArray("layer");
        QTest::newRow("value out of range") << QByteArray(R"({"command":"embed","options":{"data":"x","out":"y","layer":-3}})") << QByteArray("layer");
        QTest::newRow("unknown value") << QByteArray(R"({"command":"embed","options":{"data":"x","out":"y","precision":"fp7"}})") << QByteArray("fp7");
        QTest::newRow("missing option") << QByteArray(R"({"command":"embed","options":{"data":"x"}})") << QByteArray("out");
        QTest::newRow("unknown device") << QByteArray(R"({"command":"info","device":"tpu","options":{"input":"x"}})") << QByteArray("tpu");
        QTest::newRow("unknown progress") << QByteArray(R"({"command":"info","progress":"loud","options":{"input":"x"}})") << QByteArray("loud");
        QTest::newRow("negative threads") << QByteArray(R"({"command":"info","threads":-1,"options":{"input":"x"}})") << QByteArray("threads");
    }
    void jobFilesAreChecked() {
        QFETCH(QByteArray, job);
        QFETCH(QByteArray, says);
        QTemporaryDir folder;
        const auto result = test::runTxfm({"run", writeText(folder, "job.json", job)});
        QVERIFY2(result.status == 3, result.err);
        QVERIFY2(result.err.contains(says) && result.err.contains("job.json"), result.err);
    }

    void jobPrintsJsonLines() {
        QTemporaryDir folder;
        const auto info = test::runTxfm({"info", demoFile(), "--json"});
        QVERIFY2(info.status == 0, info.err);
        const QJsonObject facts = QJsonDocument::fromJson(info.out).object();
        QVERIFY(facts["n_cells"].toInt() > 0);
        QVERIFY(facts["n_genes"].toInt() > 0);
        for (const char* key : {"format", "counts_in", "obs", "var"}) QVERIFY2(facts.contains(key), key);

        const QString out = folder.filePath("copy.h5ad");
        QJsonObject job{{"command", "convert"}, {"progress", "jsonl"}, {"options", QJsonObject{{"in", demoFile()}, {"out", out}}}};
        const auto result = test::runTxfm({"run", writeText(folder, "job.json", QJsonDocument(job).toJson())});
        QVERIFY2(result.status == 0, result.err);
        QVERIFY(QFile::exists(out));
        QByteArray lastType;
        for (const QByteArray& line : result.out.trimmed().split('\n')) {
            QJsonParseError error;
            const QJsonObject event = QJsonDocument::fromJson(line, &error).object();
            QVERIFY2(error.error == QJsonParseError::NoError, line);
            lastType = event["type"].toString().toUtf8();
            QVERIFY2(QByteArrayList({"progress", "message", "result", "step"}).contains(lastType), line);
        }
        QCOMPARE(lastType, QByteArray("result"));
    }
};

QTEST_GUILESS_MAIN(TestCommandLine)
#include "test_command_line.moc"
