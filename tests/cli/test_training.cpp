// SPDX-License-Identifier: GPL-3.0-or-later
// pretrain and finetune as a user starts them: the real program, real files, kills and mistakes.
#include <QFile>
#include <QFileInfo>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <signal.h>
#include <sys/resource.h>

#include "core/io/model_directory.h"
#include "tests/cli/training_runs.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::test;

namespace {

/// Runs the program under a limit of the operating system (RLIMIT_AS: memory, RLIMIT_FSIZE: size of a file).
test::ProgramResult runLimited(const QStringList& arguments, int resource, rlim_t limit) {
    QProcess process;
    process.setChildProcessModifier([=] {
        const rlimit bounds{limit, limit};
        ::setrlimit(static_cast<__rlimit_resource>(resource), &bounds);
    });
    process.start(test::txfmProgram(), arguments);
    test::ProgramResult result;
    if (!process.waitForFinished(300000)) return result;
    result.crashed = process.exitStatus() != QProcess::NormalExit;
    result.status = result.crashed ? -1 : process.exitCode();
    result.out = process.readAllStandardOutput();
    result.err = process.readAllStandardError();
    return result;
}

}  // namespace

class TestTraining : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString at(const QString& name) const { return m_folder.filePath(name); }

    /// `more`: flags and values; those of the small model are replaced.
    QStringList pretrain(const QString& out, const QStringList& more = {}) const {
        QStringList arguments = QStringList{"pretrain", "--data", at("a.tsv"), at("b.tsv"), "--progress", "jsonl"} + smallModel(out);
        for (const QString& word : more) {
            const auto at = arguments.indexOf(word);
            if (word.startsWith("--") && at >= 0) arguments.remove(at, 2);
        }
        return arguments + more;
    }

private Q_SLOTS:
    void initTestCase() {
        writeTable(at("a.tsv"), 60, 0, 50, 1);
        writeTable(at("b.tsv"), 40, 20, 70, 2);
        writeTable(at("own.tsv"), 50, 30, 80, 3);
    }

    void pretrainsOverDifferentGenes() {
        const auto run = test::runTxfm(pretrain(at("m"), {"--epochs", "12"}));
        QVERIFY2(run.status == 0, run.err + run.out.right(500));
        const auto steps = events(run.out, "step");
        QVERIFY(steps.size() > 50);
        QCOMPARE(steps.front()["step"].toInt(), 1);
        QVERIFY(steps.front()["val_loss"].isNull());
        QVERIFY(steps.back()["val_loss"].isDouble());
        for (const char* key : {"epoch", "loss", "lr", "grad_norm", "samples_per_s"})
            QVERIFY2(steps[5][key].isDouble(), key);
        QVERIFY(steps.back()["loss"].toDouble() < steps.front()["loss"].toDouble() - 1);
        const auto result = events(run.out, "result");
        QCOMPARE(result.size(), size_t{1});
        QVERIFY(result[0]["seconds"].toObject().contains("train"));
        QVERIFY(result[0]["verdict"].toObject()["text"].toString().size() > 20);
        const auto model = io::ModelDirectory::open(at("m").toStdString());
        QVERIFY2(model.ok(), model.ok() ? "" : model.error().message.c_str());
        QCOMPARE(model->config().nGenes, int64_t{70});  // union of 0–49 and 20–69
        QVERIFY(QFile::exists(at("m/training.jsonl")) && QFile::exists(at("m/model_card.md")));

        // A finished run keeps no optimizer state.
        QVERIFY(QFile::exists(at("m/.work/finished.json")));
        QVERIFY(!QFile::exists(at("m/.work/last.safetensors")) && !QFile::exists(at("m/.work/best.safetensors")));
        // Resuming a finished run changes nothing.
        const auto before = QFileInfo(at("m/model.safetensors")).lastModified();
        const auto again = test::runTxfm(pretrain(at("m"), {"--epochs", "12", "--resume"}));
        QCOMPARE(again.status, 0);
        QCOMPARE(QFileInfo(at("m/model.safetensors")).lastModified(), before);
        // More epochs go on from there.
        const auto longer = test::runTxfm(pretrain(at("m"), {"--epochs", "13", "--resume"}));
        QVERIFY2(longer.status == 0, longer.err);
        QCOMPARE(events(longer.out, "step").front()["step"].toInt(), steps.back()["step"].toInt() + 1);
    }

    void vocabularyRulesNarrowTheUnion() {
        const auto shared = test::runTxfm(pretrain(at("shared"), {"--epochs", "1", "--min-sets", "2"}));
        QVERIFY2(shared.status == 0, shared.err);
        QCOMPARE(io::ModelDirectory::open(at("shared").toStdString())->config().nGenes, int64_t{30});
        QFile list(at("genes.txt"));
        QVERIFY(list.open(QIODevice::WriteOnly));
        list.write("synth1025\nSYNTH1001\nSYNTH1060\n");
        list.close();
        const auto listed = test::runTxfm(pretrain(at("listed"), {"--epochs", "1", "--genes", at("genes.txt")}));
        QVERIFY2(listed.status == 0, listed.err);
        QCOMPARE(io::ModelDirectory::open(at("listed").toStdString())->vocabulary().symbols,
                 (std::vector<std::string>{"SYNTH1025", "SYNTH1001", "SYNTH1060"}));
    }

    void killedAndContinuedRunEqualsUninterrupted() {
        const QStringList more{"--epochs", "40", "--checkpoint-minutes", "0.002"};
        const auto whole = test::runTxfm(pretrain(at("whole"), more));
        QVERIFY2(whole.status == 0, whole.err);
        std::map<int, double> expected;
        for (const auto& step : events(whole.out, "step")) expected[step["step"].toInt()] = step["loss"].toDouble();
        const int last = expected.rbegin()->first;

        int reached = 0;
        for (int kill = 0; kill < 3; ++kill) {
            QProcess process;
            process.start(test::txfmProgram(), pretrain(at("killed"), more + QStringList{"--resume"}));
            QVERIFY(process.waitForStarted());
            QByteArray out;
            const int target = reached + 30;
            int seen = 0;
            while (seen < target && process.waitForReadyRead(60000)) {
                out += process.readAllStandardOutput();
                const auto steps = events(out, "step");
                if (!steps.empty()) seen = steps.back()["step"].toInt();
                if (process.state() == QProcess::NotRunning) break;
            }
            ::kill(static_cast<pid_t>(process.processId()), SIGKILL);
            process.waitForFinished();
            // Whatever moment it was: no model or a whole one.
            if (QFile::exists(at("killed/config.json"))) QVERIFY(io::ModelDirectory::open(at("killed").toStdString()).ok());
            for (const auto& step : events(out, "step"))
                QCOMPARE(step["loss"].toDouble(), expected.at(step["step"].toInt()));
            reached = std::max(reached, seen);
        }
        const auto rest = test::runTxfm(pretrain(at("killed"), more + QStringList{"--resume"}));
        QVERIFY2(rest.status == 0, rest.err);
        const auto steps = events(rest.out, "step");
        QVERIFY(steps.empty() || steps.front()["step"].toInt() > 1);
        for (const auto& step : steps) QCOMPARE(step["loss"].toDouble(), expected.at(step["step"].toInt()));
        const auto a = io::ModelDirectory::open(at("whole").toStdString())->sha256();
        const auto b = io::ModelDirectory::open(at("killed").toStdString())->sha256();
        QCOMPARE(*a, *b);
        QFile log(at("killed/training.jsonl"));
        QVERIFY(log.open(QIODevice::ReadOnly));
        QCOMPARE(int(log.readAll().count('\n')), last);
    }

    void interruptLeavesAModelAndResumes() {
        QProcess process;
        process.start(test::txfmProgram(), pretrain(at("stopped"), {"--epochs", "2000"}));
        QVERIFY(process.waitForStarted());
        QByteArray out;
        while (events(out, "step").size() < 5 && process.waitForReadyRead(60000)) out += process.readAllStandardOutput();
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(60000));
        QCOMPARE(process.exitCode(), 5);
        QVERIFY(io::ModelDirectory::open(at("stopped").toStdString()).ok());
        // Starting over by mistake would throw work away.
        const auto again = test::runTxfm(pretrain(at("stopped"), {"--epochs", "2000"}));
        QCOMPARE(again.status, 2);
        QVERIFY(again.err.contains("--resume"));
        const auto other = test::runTxfm(pretrain(at("stopped"), {"--epochs", "3", "--resume", "--codebook-lr-scale", "3"}));
        QCOMPARE(other.status, 2);
        QVERIFY(other.err.contains("codebook-lr-scale"));
    }

    void timeBudgetIsKept() {
        QElapsedTimer timer;
        timer.start();
        const auto run = test::runTxfm(pretrain(at("timed"), {"--minutes", "0.25"}));
        QVERIFY2(run.status == 0, run.err);
        const auto steps = events(run.out, "step");
        // The schedule reaches its end: the last rate is the lowest.
        QVERIFY(steps.back()["lr"].toDouble() < 1e-6);
        const double seconds = events(run.out, "result")[0]["seconds"].toObject()["train"].toDouble();
        QVERIFY2(seconds > 5 && seconds < 40, qPrintable(QString::number(seconds)));
        QCOMPARE(events(run.out, "forecast").size(), size_t{1});
    }

    void finetunesOnOwnData() {
        QVERIFY(test::runTxfm(pretrain(at("base"), {"--epochs", "4"})).status == 0);
        const QStringList common{"finetune", "--model", at("base"), "--data", at("own.tsv"), "--progress", "jsonl",
                                 "--threads", "1", "--device", "cpu", "--precision", "fp32", "--batch", "16"};
        const auto run = test::runTxfm(common + QStringList{"--out", at("tuned"), "--epochs", "3"});
        QVERIFY2(run.status == 0, run.err);
        const auto result = events(run.out, "result")[0];
        QVERIFY(result["verdict"].toObject()["text"].toString().contains("validation loss"));
        QVERIFY(result["forecast"].toObject()["seconds_per_step"].toDouble() > 0);
        QCOMPARE(result["genes"].toObject()["own.tsv"].toObject()["dropped"].toInt(), 10);
        QVERIFY(run.out.contains("outside the model's vocabulary"));
        QCOMPARE(io::ModelDirectory::open(at("tuned").toStdString())->config().nGenes, int64_t{70});

        const auto grown = test::runTxfm(common + QStringList{"--out", at("grown"), "--epochs", "2", "--add-genes", "--new-genes", "neighbours"});
        QVERIFY2(grown.status == 0, grown.err);
        const auto model = io::ModelDirectory::open(at("grown").toStdString());
        QCOMPARE(model->config().nGenes, int64_t{80});
        QCOMPARE(model->vocabulary().symbols.back(), std::string("SYNTH1079"));

        const auto early = test::runTxfm(common + QStringList{"--out", at("early"), "--epochs", "500", "--patience", "2", "--lr", "0.02"});
        QVERIFY2(early.status == 0, early.err);
        QCOMPARE(events(early.out, "result")[0]["stopped"].toString(), QString("early_stopping"));

        const auto onto = test::runTxfm(common + QStringList{"--out", at("base"), "--epochs", "2"});
        QCOMPARE(onto.status, 2);
    }

    void flagsWinOverConfig() {
        const auto lastRate = [&](const QString& out, const QStringList& more) {
            const auto run = test::runTxfm(pretrain(at(out), more + QStringList{"--epochs", "1"}));
            const auto steps = events(run.out, "step");
            return steps.empty() ? -1.0 : steps.front()["lr"].toDouble();
        };
        const QString config = "{\"beta1\": 0.5, \"training\": {\"warmup\": 0.8}, \"seed\": 9}";
        const double plain = lastRate("plain", {}), changed = lastRate("changed", {"--config", config});
        QVERIFY(plain > 0 && changed > 0 && plain != changed);
        // The default given by name is more than no flag.
        QCOMPARE(lastRate("named", {"--config", config, "--warmup", "0.1"}), plain);
        const auto seedOf = [&](const QString& out) { return io::ModelDirectory::open(at(out).toStdString())->config().training["seed"].get<int>(); };
        QCOMPARE(seedOf("changed"), 9);
        lastRate("seeded", {"--config", config, "--seed", "0"});
        QCOMPARE(seedOf("seeded"), 0);
    }

    void probesAndPairsAreReported() {
        QFile pairs(at("pairs.csv"));
        QVERIFY(pairs.open(QIODevice::WriteOnly));
        pairs.write("entity1,entity2\n");
        for (int gene = 0; gene < 40; ++gene)
            pairs.write("SYNTH" + QByteArray::number(1000 + gene) + ",SYNTH" + QByteArray::number(1002 + gene) + "\n");
        pairs.close();
        const auto run = test::runTxfm(pretrain(at("probed"), {"--epochs", "2", "--probe", at("own.tsv"), "--pairs", at("pairs.csv")}));
        QVERIFY2(run.status == 0, run.err);
        const auto probes = events(run.out, "probe");
        QCOMPARE(probes.size(), size_t{2});
        for (int epoch : {1, 2}) {
            const QJsonObject& probe = probes[size_t(epoch - 1)];
            QCOMPARE(probe["epoch"].toInt(), epoch);
            QCOMPARE(probe["cells"].toInt(), 50);
            QCOMPARE(probe["dim"].toInt(), 16);
            const QString file = probe["file"].toString();
            QVERIFY2(QFileInfo(file).size() > 50 * 16 * 4, qPrintable(file));
            for (const char* source : {"codebook", "decoder"}) {
                const auto recall = probe["recall"].toObject()[source].toObject();
                QVERIFY2(recall["pairs"].toDouble(-1) >= 0, run.out.right(1000));
            }
        }
        QFile first(probes[0]["file"].toString()), second(probes[1]["file"].toString());
        QVERIFY(first.open(QIODevice::ReadOnly) && second.open(QIODevice::ReadOnly));
        QVERIFY(first.readAll() != second.readAll());
    }

    void memoryThatRunsOutIsStatusFour() {
        // A matrix of 65,536 x 65,536 weights has 17 GB.
        const auto run = runLimited(pretrain(at("huge"), {"--epochs", "1", "--dim", "65536", "--blocks", "1", "--heads", "512"}), RLIMIT_AS,
                                    rlim_t{12} << 30);
        QVERIFY2(run.status == 4, run.err + " status " + QByteArray::number(run.status));
        QCOMPARE(int(run.err.count('\n')), 1);
        QVERIFY2(run.err.contains("emory"), run.err);
        QVERIFY(!QFile::exists(at("huge/config.json")));
    }

    void fullDiskKeepsWhatWasThere() {
        QVERIFY(test::runTxfm(pretrain(at("disk"), {"--epochs", "1"})).status == 0);
        const auto before = io::ModelDirectory::open(at("disk").toStdString())->sha256();
        const QStringList more = pretrain(at("disk"), {"--epochs", "4", "--resume"});
        const auto full = runLimited(more, RLIMIT_FSIZE, 20000);
        QVERIFY2(full.status == 1, full.err + " status " + QByteArray::number(full.status));
        QCOMPARE(int(full.err.count('\n')), 1);
        QVERIFY2(full.err.contains(".work") && full.err.contains("space"), full.err);
        QCOMPARE(*io::ModelDirectory::open(at("disk").toStdString())->sha256(), *before);
        const auto rest = test::runTxfm(more);
        QVERIFY2(rest.status == 0, rest.err);
        QCOMPARE(events(rest.out, "result")[0]["epochs"].toDouble(), 4.0);
    }

    void oddDataTrains_data() {
        QTest::addColumn<QString>("content");
        QTest::addColumn<int>("status");
        QTest::addColumn<QString>("mentions");
        const QString header = "gene\tcell1\n";
        QString one = header, zero = "gene\tcell1\tcell2\n", constant = "gene\tcell1\tcell2\tcell3\n", empty = constant;
        for (int gene = 0; gene < 30; ++gene) {
            const QString name = QString("SYNTH%1").arg(1000 + gene);
            one += QString("%1\t%2\n").arg(name).arg(1 + gene % 4);
            zero += name + "\t0\t0\n";
            constant += QString("%1\t5\t5\t5\n").arg(name);
            empty += QString("%1\t%2\t0\t%3\n").arg(name).arg(gene % 3).arg(gene % 2);
        }
        QTest::newRow("one cell") << one << 0 << "";
        QTest::newRow("no count at all") << zero << 3 << "count";
        QTest::newRow("constant genes") << constant << 0 << "";
        QTest::newRow("a cell without counts") << empty << 0 << "left out";
        QTest::newRow("no gene in common") << QString("gene\tc\nALPHA\t4\nBETA\t2\n") << 3 << "gene";
    }
    void oddDataTrains() {
        QFETCH(QString, content);
        QFETCH(int, status);
        QFETCH(QString, mentions);
        if (!QFile::exists(at("oddbase/config.json"))) QVERIFY(test::runTxfm(pretrain(at("oddbase"), {"--epochs", "1"})).status == 0);
        QFile file(at("odd.tsv"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(content.toUtf8());
        file.close();
        const QString out = at(QString("odd%1").arg(qHash(content)));
        const auto run = test::runTxfm({"finetune", "--model", at("oddbase"), "--data", at("odd.tsv"), "--out", out, "--epochs", "2",
                                        "--unmasked", "1000", "--progress", "jsonl", "--threads", "1", "--device", "cpu"});
        QVERIFY2(run.status == status, run.err + run.out.right(300) + " status " + QByteArray::number(run.status));
        QVERIFY2((run.out + run.err).contains(mentions.toUtf8()), run.err);
        QCOMPARE(QFile::exists(out + "/config.json"), status == 0);
        for (const auto& step : events(run.out, "step")) QVERIFY(step["loss"].isDouble());
    }

    void mistakesAreOneSentence_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("status");
        QTest::addColumn<QString>("mentions");
        const auto with = [&](const QStringList& more) { return pretrain(at("bad"), more) + QStringList{"--epochs", "1"}; };
        QTest::newRow("heads do not divide") << with({"--heads", "3"}) << 2 << "heads";
        QTest::newRow("unknown preset") << with({"--preset", "huge"}) << 2 << "huge";
        QTest::newRow("negative batch") << with({"--batch", "-4"}) << 2 << "batch";
        QTest::newRow("unknown key in config") << with({"--config", "{\"nonsense\": 1}"}) << 2 << "nonsense";
        QTest::newRow("config is no JSON") << with({"--config", "{nonsense"}) << 2 << "config";
        QTest::newRow("config file is missing") << with({"--config", at("none.json")}) << 3 << "none.json";
        QTest::newRow("unknown activation") << with({"--config", "{\"activation\": \"sine\"}"}) << 3 << "activation";
        QTest::newRow("negative size") << with({"--config", "{\"mlp_ratio\": -4}"}) << 3 << "mlp_ratio";
        QTest::newRow("negative library") << with({"--config", "{\"library_size\": -1}"}) << 3 << "library_size";
        QTest::newRow("a text for a switch") << with({"--config", "{\"qk_norm\": \"two\"}"}) << 3 << "qk_norm";
        QTest::newRow("weights do not fit") << with({"--set-weights", "1,2,3"}) << 2 << "set-weights";
        QTest::newRow("missing data") << QStringList{"pretrain", "--data", at("none.h5ad"), "--out", at("bad"), "--progress", "none"} << 3 << "none.h5ad";
        QTest::newRow("no gene left") << with({"--min-sets", "3"}) << 3 << "min-sets";
        QTest::newRow("output cannot be written") << pretrain("/proc/model", {"--epochs", "1"}) << 1 << "/proc/model";
    }
    void mistakesAreOneSentence() {
        QFETCH(QStringList, arguments);
        QFETCH(int, status);
        QFETCH(QString, mentions);
        const auto run = test::runTxfm(arguments);
        QVERIFY2(run.status == status, run.err + " status " + QByteArray::number(run.status));
        QCOMPARE(int(run.err.count('\n')), 1);
        QVERIFY(run.err.size() <= 520);
        QVERIFY2(run.err.contains(mentions.toUtf8()), run.err);
        QVERIFY(!QFile::exists(at("bad/config.json")));
    }

    void divergingRunStops() {
        const auto run = test::runTxfm(pretrain(at("diverged"), {"--epochs", "50", "--lr", "1000000"}));
        QVERIFY2(run.status == 1, run.err + QByteArray::number(run.status));
        QVERIFY2(run.err.contains("--lr"), run.err);
        const auto again = test::runTxfm(pretrain(at("diverged"), {"--epochs", "2", "--lr", "0.001"}));
        QVERIFY2(again.status == 0, again.err);
    }
};

QTEST_GUILESS_MAIN(TestTraining)
#include "test_training.moc"
