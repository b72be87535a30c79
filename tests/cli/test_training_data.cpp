// SPDX-License-Identifier: GPL-3.0-or-later
// Where training data lie, what is held out, and what a run is expected to take.
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <signal.h>

#include <functional>

#include "core/base/atomic_file.h"
#include "core/data/dataset.h"
#include "core/io/h5ad_writer.h"
#include "core/io/model_directory.h"
#include "core/io/reader.h"
#include "tests/cli/training_runs.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::test;

class TestTrainingData : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString at(const QString& name) const { return m_folder.filePath(name); }
    QProcessEnvironment cache(const QString& memory) const {
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert("XDG_CACHE_HOME", at("cache"));
        environment.insert("TXFM_MEMORY_FOR_COUNTS", memory);
        return environment;
    }
    QStringList finetune(const QString& out, const QStringList& more) const {
        return QStringList{"finetune", "--model", at("base"), "--data", at("own.h5ad"), "--out", at(out), "--progress", "jsonl", "--threads", "1",
                           "--device", "cpu", "--precision", "fp32", "--batch", "16"} + more;
    }

private Q_SLOTS:
    void initTestCase() {
        writeTable(at("a.tsv"), 60, 0, 50, 1);
        writeTable(at("own.tsv"), 120, 0, 60, 3);
        Progress progress;
        auto dataset = io::openDataset(at("own.tsv").toStdString(), {}, progress);
        QVERIFY(dataset.ok());
        Column batch{"batch", std::vector<std::string>(), {}};
        for (int cell = 0; cell < 120; ++cell)
            std::get<std::vector<std::string>>(batch.values).push_back("plate" + std::to_string(cell / 12));
        dataset->obs.set(batch);
        QVERIFY(io::writeH5ad(at("own.h5ad").toStdString(), *dataset, {}, progress).ok());
        QCOMPARE(runTxfm(QStringList{"pretrain", "--data", at("a.tsv"), "--progress", "none", "--epochs", "1"} + smallModel(at("base"))).status, 0);
    }

    /// A file with names of its own and a table that translates them trains the same model.
    void ownNamesOfGenes() {
        QFile original(at("a.tsv")), renamed(at("own_names.tsv")), mapping(at("names.csv"));
        QVERIFY(original.open(QIODevice::ReadOnly) && renamed.open(QIODevice::WriteOnly) && mapping.open(QIODevice::WriteOnly));
        renamed.write(original.readAll().replace("SYNTH", "PROBE"));
        for (int gene = 1000; gene < 1050; ++gene) mapping.write("PROBE" + QByteArray::number(gene) + ",SYNTH" + QByteArray::number(gene) + "\n");
        renamed.close();
        mapping.close();
        const QStringList pretrain{"pretrain", "--data", at("own_names.tsv"), "--progress", "none", "--epochs", "1"};
        const auto run = runTxfm(pretrain + QStringList{"--mapping", at("names.csv")} + smallModel(at("mapped")));
        QVERIFY2(run.status == 0, run.err);
        const auto base = io::ModelDirectory::open(at("base").toStdString()), mapped = io::ModelDirectory::open(at("mapped").toStdString());
        QVERIFY(base.ok() && mapped.ok());
        QVERIFY(mapped->vocabulary().symbols == base->vocabulary().symbols);
        QFile first(at("base/model.safetensors")), second(at("mapped/model.safetensors"));
        QVERIFY(first.open(QIODevice::ReadOnly) && second.open(QIODevice::ReadOnly));
        QCOMPARE(first.readAll(), second.readAll());

        const auto missing = runTxfm(finetune("none", {"--counts-in", "layers/none"}));
        QCOMPARE(missing.status, 3);
        QVERIFY2(missing.err.contains("layers/none"), missing.err);
    }

    void fromDiskAsFromMemory() {
        std::vector<QByteArray> models;
        std::vector<std::vector<QJsonObject>> steps;
        for (const char* memory : {"1000", "0"}) {
            const auto run = runTxfm(finetune(QString("m") + memory, {"--epochs", "2"}), cache(memory));
            QVERIFY2(run.status == 0, run.err);
            steps.push_back(events(run.out, "step"));
            QFile file(at(QString("m%1/model.safetensors").arg(memory)));
            QVERIFY(file.open(QIODevice::ReadOnly));
            models.push_back(file.readAll());
        }
        // The second run made a packed copy and left it.
        QCOMPARE(QDir(at("cache/txfm/packed")).entryList(QDir::Files).size(), 1);
        QCOMPARE(steps[0].size(), steps[1].size());
        for (size_t i = 0; i < steps[0].size(); ++i) QCOMPARE(steps[0][i]["loss"].toDouble(), steps[1][i]["loss"].toDouble());
        QCOMPARE(models[0], models[1]);
    }

    /// Runs of versions that held out single cells only do not say so.
    void runsOfOlderVersionsAreContinued() {
        QVERIFY(runTxfm(finetune("older", {"--val-batches", "none", "--epochs", "1"})).status == 0);
        const std::string stored = at("older/.work/run.json").toStdString();
        const auto edit = [&](const std::function<void(nlohmann::json&)>& change) {
            nlohmann::json run = nlohmann::json::parse(readWholeFile(stored).value());
            change(run);
            QVERIFY(writeFileAtomically(stored, run.dump()).ok());
        };
        edit([](nlohmann::json& run) { run["options"].erase("val_batches"); });
        const auto asked = runTxfm(finetune("older", {"--resume", "--epochs", "2", "--val-batches", "batch"}));
        QVERIFY2(asked.status == 2 && asked.err.contains("--val-batches") && asked.err.contains("none"), asked.err);
        const auto run = runTxfm(finetune("older", {"--resume", "--epochs", "2"}));
        QVERIFY2(run.status == 0, run.err);
        const auto result = events(run.out, "result");
        QCOMPARE(result.size(), size_t{1});
        const QJsonObject set = result[0]["data_sets"].toArray()[0].toObject();
        QCOMPARE(set["validation"].toInt(), 6);
        QVERIFY(!set.contains("validation_column"));
        // The same file, but split otherwise: that is no other file.
        edit([](nlohmann::json& stored) { stored["data_sets"][0]["train"] = 100; });
        const auto other = runTxfm(finetune("older", {"--resume", "--epochs", "3"}));
        QVERIFY2(other.status == 2 && other.err.contains("own.h5ad") && other.err.contains("Another version"), other.err);
    }

    void batchesAreHeldOut() {
        // Ten plates: the default of fine-tuning holds out five in a hundred, at least one.
        const auto setOf = [&](const QString& out, const QStringList& more) {
            const auto run = runTxfm(finetune(out, more + QStringList{"--epochs", "1"}), cache("1000"));
            if (run.status != 0) qWarning("%s", run.err.constData());
            const auto result = events(run.out, "result");
            return result.empty() ? QJsonObject() : result[0]["data_sets"].toArray()[0].toObject();
        };
        const QJsonObject standard = setOf("held", {});
        QCOMPARE(standard["validation_column"].toString(), QString("batch"));
        QCOMPARE(standard["validation_batches"].toArray().size(), 1);
        QCOMPARE(standard["validation"].toInt(), 12);
        QCOMPARE(standard["train"].toInt(), 108);
        const QJsonObject third = setOf("third", {"--val-batches", "batch", "--val-fraction", "0.3"});
        QCOMPARE(third["validation_batches"].toArray().size(), 3);
        QCOMPARE(third["validation"].toInt(), 36);
        const QJsonObject cells = setOf("cells", {"--val-batches", "none"});
        QVERIFY(!cells.contains("validation_column"));
        QCOMPARE(cells["validation"].toInt(), 6);
        const auto missing = runTxfm(finetune("missing", {"--val-batches", "donor"}), cache("1000"));
        QCOMPARE(missing.status, 3);
        QVERIFY2(missing.err.contains("donor") && missing.err.contains("batch"), missing.err);
        QVERIFY(!QFile::exists(at("missing")));
    }

    void forecastsWriteNothing() {
        const auto trained = runTxfm(finetune("expected", {"--forecast", "--epochs", "3"}), cache("1000"));
        QVERIFY2(trained.status == 0, trained.err);
        QVERIFY(!QFile::exists(at("expected")));
        QCOMPARE(events(trained.out, "forecast").size(), size_t{1});
        QVERIFY(events(trained.out, "step").empty());
        const QJsonObject run = events(trained.out, "result")[0]["forecast"].toObject();
        QCOMPARE(run["steps"].toInt(), 21);  // 108 cells in steps of 16, three times
        QVERIFY(run["seconds"].toDouble() > 0 && run["memory_mb"].toDouble() > 20 && run["disk_mb"].toDouble() > 0);

        const QStringList embed{"embed", "--model", at("base"), "--data", at("own.h5ad"), "--out", at("e.h5ad"), "--device", "cpu"};
        const auto embedded = runTxfm(embed + QStringList{"--forecast", "--progress", "jsonl"});
        QVERIFY2(embedded.status == 0, embedded.err);
        QVERIFY(!QFile::exists(at("e.h5ad")) && !QFile::exists(at(".e.h5ad.txfm-cells")));
        const QJsonObject cells = events(embedded.out, "result")[0]["forecast"].toObject();
        QCOMPARE(cells["cells"].toInt(), 120);
        QVERIFY(cells["cells_per_s"].toDouble() > 0 && cells["seconds"].toDouble() > 0);
        QCOMPARE(events(embedded.out, "forecast").size(), size_t{1});
        // The same in words.
        const auto text = runTxfm(embed + QStringList{"--forecast", "--progress", "none"});
        QVERIFY2(text.out.startsWith("Expected: ") && text.out.contains("120 cells"), text.out);
    }

    void aLargeModelIsStoppedOrRefused() {
        QProcess process;
        process.start(txfmProgram(), {"init", "--preset", "L", "--genes", at("a.tsv"), "--out", at("large"), "--threads", "1", "--progress", "none"});
        QVERIFY(process.waitForStarted());
        // Its 300 million numbers take many seconds. A signal before the program listens would end it at once.
        const auto listens = [&] {
            QFile status(QString("/proc/%1/status").arg(process.processId()));
            if (!status.open(QIODevice::ReadOnly)) return false;
            const QByteArray text = status.readAll();
            return (text.mid(text.indexOf("SigCgt:") + 8, 16).toULongLong(nullptr, 16) >> (SIGTERM - 1) & 1) != 0;
        };
        QTRY_VERIFY_WITH_TIMEOUT(listens(), 30000);
        QTest::qWait(300);
        QVERIFY(process.state() == QProcess::Running);
        ::kill(static_cast<pid_t>(process.processId()), SIGTERM);
        QVERIFY(process.waitForFinished(10000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 5);
        QVERIFY(!QFile::exists(at("large")));
        const auto refused = runTxfm({"init", "--preset", "L", "--dim", "16384", "--heads", "128", "--genes", at("a.tsv"), "--out", at("large")});
        QVERIFY2(refused.status == 4, refused.err);
        QCOMPARE(int(refused.err.count('\n')), 1);
        QVERIFY2(refused.err.contains("of memory") && refused.err.contains("--dim"), refused.err);
        QVERIFY(!QFile::exists(at("large")));
    }

    void normalisedValuesAreRefusedOrUndone() {
        QFile file(at("logs.tsv"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QByteArray text = "gene";
        for (int cell = 0; cell < 40; ++cell) text += "\tcell" + QByteArray::number(cell);
        for (int gene = 0; gene < 50; ++gene) {
            text += "\nSYNTH" + QByteArray::number(1000 + gene);
            for (int cell = 0; cell < 40; ++cell) text += '\t' + QByteArray::number(std::log1p(1.5 + (gene * 7 + cell * 3) % 11), 'g', 6);
        }
        file.write(text + "\n");
        file.close();
        const QStringList arguments{"finetune", "--model", at("base"), "--data", at("logs.tsv"), "--out", at("logs"), "--epochs", "1",
                                    "--progress", "jsonl", "--device", "cpu", "--threads", "1"};
        const auto refused = runTxfm(arguments);
        QVERIFY2(refused.status == 3, refused.err);
        QVERIFY2(refused.err.contains("logs.tsv") && refused.err.contains("--allow-normalised"), refused.err);
        QVERIFY(!QFile::exists(at("logs")));
        const auto undone = runTxfm(arguments + QStringList{"--allow-normalised"});
        QVERIFY2(undone.status == 0, undone.err);
        QVERIFY2(undone.out.contains("logarithm was undone"), undone.out.left(2000));
    }
    void scaledValuesAreRefusedWhateverIsAllowed() {
        const QString scaled = QString::fromStdString(test::dataFile("h5ad/scaled.h5ad").string());
        const QStringList arguments{"finetune", "--model", at("base"), "--data", scaled, "--out", at("scaled"), "--epochs", "1", "--device", "cpu"};
        for (const QStringList& more : {QStringList{}, QStringList{"--allow-normalised"}}) {
            const auto refused = runTxfm(arguments + more);
            QVERIFY2(refused.status == 3, refused.err);
            QVERIFY2(refused.err.contains("scaled.h5ad") && refused.err.contains("cannot be turned back"), refused.err);
            QVERIFY2(!refused.err.contains("--allow-normalised"), refused.err);
            QVERIFY(!QFile::exists(at("scaled")));
        }
    }
};

QTEST_GUILESS_MAIN(TestTrainingData)
#include "test_training_data.moc"
