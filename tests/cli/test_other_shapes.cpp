// SPDX-License-Identifier: GPL-3.0-or-later
// Models, checkpoints and working folders that do not fit: one sentence, the documented status, nothing half-written.
#include <QDir>
#include <QFile>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <signal.h>
#include <sys/file.h>

#include "core/base/atomic_file.h"
#include "core/io/model_directory.h"
#include "tests/cli/training_runs.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::test;
namespace fs = std::filesystem;

namespace {

/// Rewrites a safetensors file with a flaw; `tensor` is the one that is changed.
void damage(const fs::path& path, const std::string& kind, const std::string& tensor) {
    if (kind == "truncated" || kind == "five bytes" || kind == "empty") {
        fs::resize_file(path, kind == "truncated" ? fs::file_size(path) * 2 / 3 : kind == "five bytes" ? 5 : 0);
        return;
    }
    std::vector<std::vector<float>> values;
    std::vector<io::TensorToWrite> tensors;
    std::map<std::string, std::string> metadata;
    {
        const auto file = io::SafetensorsFile::open(path);
        QVERIFY(file.ok());
        metadata = file->metadata();
        for (const auto& [name, info] : file->tensors()) {
            if (kind == "missing" && name == tensor) continue;
            values.push_back(*file->readFloat(name));
            tensors.push_back({name, "F32", info.shape, nullptr});
            if (name != tensor) continue;
            if (kind == "narrower") tensors.back().shape.back() -= 1;
            if (kind == "transposed") std::ranges::reverse(tensors.back().shape);
            if (kind == "no number") values.back()[0] = std::numeric_limits<float>::quiet_NaN();
            if (kind == "far too large") std::ranges::fill(values.back(), 3e38f);
        }
    }
    if (kind == "extra") {
        values.push_back({1, 2});
        tensors.push_back({"intruder.weight", "F32", {2}, nullptr});
    }
    for (size_t i = 0; i < tensors.size(); ++i) tensors[i].data = values[i].data();
    QVERIFY(io::writeSafetensors(path, tensors, metadata).ok());
}

void copyFolder(const QString& from, const QString& to) {
    fs::remove_all(to.toStdString());
    fs::copy(from.toStdString(), to.toStdString(), fs::copy_options::recursive);
}

QByteArray content(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void editJson(const QString& path, const std::function<void(nlohmann::json&)>& edit) {
    nlohmann::json json = nlohmann::json::parse(content(path).toStdString());
    edit(json);
    QVERIFY(writeFileAtomically(path.toStdString(), json.dump()).ok());
}

}  // namespace

class TestOtherShapes : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString at(const QString& name) const { return m_folder.filePath(name); }

    QStringList pretrain(const QString& out, const QStringList& more) const {
        return QStringList{"pretrain", "--data", at("a.tsv"), at("b.tsv"), "--progress", "jsonl"} + smallModel(out) + more;
    }
    /// Continues the interrupted run in `out` with its own options.
    QStringList resume(const QString& out, const QStringList& more = {}) const {
        return QStringList{"pretrain", "--data", at("a.tsv"), at("b.tsv"), "--out", out, "--resume", "--progress", "none", "--threads", "1",
                           "--device", "cpu"} + more;
    }
    void isOneSentence(const ProgramResult& run, int status, const QString& mentions) {
        QVERIFY2(run.status == status, run.err + " status " + QByteArray::number(run.status));
        QCOMPARE(int(run.err.count('\n')), 1);
        QVERIFY2(run.err.size() <= 500, run.err);
        QVERIFY2(QString::fromUtf8(run.err).contains(mentions), run.err);
    }

private Q_SLOTS:
    void initTestCase() {
        writeTable(at("a.tsv"), 60, 0, 50, 1);
        writeTable(at("b.tsv"), 40, 20, 70, 2);
        QFile alien(at("alien.tsv"));
        QVERIFY(alien.open(QIODevice::WriteOnly));
        alien.write("gene\tc1\tc2\tc3\nALPHA\t4\t2\t1\nBETA\t2\t1\t3\n");
        alien.close();
        QCOMPARE(runTxfm(pretrain(at("base"), {"--epochs", "1"})).status, 0);
        // A run that was interrupted.
        QProcess process;
        process.start(txfmProgram(), pretrain(at("begun"), {"--epochs", "2000"}));
        QByteArray out;
        while (events(out, "step").size() < 9 && process.waitForReadyRead(60000)) out += process.readAllStandardOutput();
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(60000));
        QVERIFY(QFile::exists(at("begun/.work/last.safetensors")));
    }

    void models_data() {
        QTest::addColumn<QString>("mentions");
        QTest::newRow("narrower") << "blocks.0.in_proj.weight";
        QTest::newRow("transposed") << "blocks.0.in_proj.weight";
        QTest::newRow("missing") << "blocks.0.in_proj.weight";
        QTest::newRow("no number") << "blocks.0.in_proj.weight";
        QTest::newRow("extra") << "intruder.weight";
        QTest::newRow("truncated") << "truncated";
        QTest::newRow("five bytes") << "truncated";
        QTest::newRow("empty") << "empty";
        QTest::newRow("fewer blocks in config") << "blocks.1.";
        QTest::newRow("wider in config") << "config.json";
    }
    void models() {
        QFETCH(QString, mentions);
        const std::string kind = QTest::currentDataTag();
        copyFolder(at("base"), at("odd"));
        QDir(at("odd/.work")).removeRecursively();
        if (kind == "fewer blocks in config") {
            editJson(at("odd/config.json"), [](nlohmann::json& config) { config["n_blocks"] = 1; });
        } else if (kind == "wider in config") {
            editJson(at("odd/config.json"), [](nlohmann::json& config) { config["dim"] = 32; });
        } else {
            damage(at("odd/model.safetensors").toStdString(), kind, "blocks.0.in_proj.weight");
        }
        isOneSentence(runTxfm({"finetune", "--model", at("odd"), "--data", at("a.tsv"), "--out", at("tuned"), "--epochs", "1",
                               "--progress", "none", "--device", "cpu"}), 3, mentions);
        QVERIFY(!QFile::exists(at("tuned")));
        const auto embedded = runTxfm({"embed", "--model", at("odd"), "--data", at("a.tsv"), "--out", at("e.h5ad"), "--progress", "none", "--device", "cpu"});
        isOneSentence(embedded, 3, "model.safetensors");
        QVERIFY(!QFile::exists(at("e.h5ad")));
    }

    void weightsThatOverflowGiveNoEmbedding() {
        copyFolder(at("base"), at("large"));
        damage(at("large/model.safetensors").toStdString(), "far too large", "blocks.0.in_proj.weight");
        isOneSentence(runTxfm({"embed", "--model", at("large"), "--data", at("a.tsv"), "--out", at("e.h5ad"), "--progress", "none", "--device", "cpu"}),
                      3, "no finite embedding");
        QVERIFY(QDir(at(".")).entryList({"*e.h5ad*"}, QDir::Files | QDir::Hidden).isEmpty());
    }

    void twoRunsDoNotMixTheirCells() {
        const QString out = at("twice.h5ad");
        const QStringList embed{"embed", "--model", at("base"), "--data", at("a.tsv"), "--out", out, "--progress", "none", "--device", "cpu"};
        QFile other(at(".twice.h5ad.txfm-cells"));
        QVERIFY(other.open(QIODevice::WriteOnly) && other.write("rows of another run\n") > 0 && other.flush());
        QVERIFY(::flock(other.handle(), LOCK_EX | LOCK_NB) == 0);
        isOneSentence(runTxfm(embed), 1, "another run");
        QVERIFY(!QFile::exists(out));
        QCOMPARE(content(other.fileName()), QByteArray("rows of another run\n"));
        other.close();  // that run has ended; what it left belongs to other work
        const auto run = runTxfm(embed);
        QVERIFY2(run.status == 0, run.err);
        QVERIFY(QFile::exists(out) && !QFile::exists(other.fileName()));
    }

    void otherOptionsThanTheRunBeganWith_data() {
        QTest::addColumn<QStringList>("more");
        QTest::addColumn<QString>("mentions");
        QTest::newRow("width") << QStringList{"--dim", "32"} << "--dim";
        QTest::newRow("preset") << QStringList{"--preset", "S"} << "--preset";
        QTest::newRow("width in config") << QStringList{"--config", "{\"dim\": 32}"} << "dim";
        QTest::newRow("key of the model in config") << QStringList{"--config", "{\"qk_norm\": false}"} << "qk_norm";
        QTest::newRow("vocabulary") << QStringList{"--genes", at("base/genes.tsv")} << "--genes";
    }
    void otherOptionsThanTheRunBeganWith() {
        QFETCH(QStringList, more);
        QFETCH(QString, mentions);
        const QByteArray before = content(at("begun/.work/last.safetensors"));
        isOneSentence(runTxfm(resume(at("begun"), more)), 2, mentions);
        QCOMPARE(content(at("begun/.work/last.safetensors")), before);
    }

    void otherFilesThanTheRunLeft_data() {
        QTest::addColumn<QString>("mentions");
        QTest::newRow("narrower") << "weight.blocks.0.in_proj.weight";
        QTest::newRow("missing") << "weight.blocks.0.in_proj.weight";
        QTest::newRow("extra") << "intruder.weight";
        QTest::newRow("truncated") << "last.safetensors";
        QTest::newRow("empty") << "last.safetensors";
        QTest::newRow("wider model in run.json") << "last.safetensors";
        QTest::newRow("no model in run.json") << "run.json";
        QTest::newRow("genes cut") << "genes.tsv";
        QTest::newRow("genes in another order") << "genes.tsv";
    }
    void otherFilesThanTheRunLeft() {
        QFETCH(QString, mentions);
        const std::string kind = QTest::currentDataTag();
        copyFolder(at("begun"), at("odd"));
        const QString genes = at("odd/.work/genes.tsv"), run = at("odd/.work/run.json");
        if (kind == "wider model in run.json") {
            editJson(run, [](nlohmann::json& stored) { stored["model"]["dim"] = 32; });
        } else if (kind == "no model in run.json") {
            editJson(run, [](nlohmann::json& stored) { stored.erase("model"); });
        } else if (kind.starts_with("genes")) {
            auto vocabulary = *io::readVocabulary(genes.toStdString());
            if (kind == "genes cut") vocabulary.symbols.pop_back(), vocabulary.ensemblIds.pop_back();
            std::ranges::reverse(vocabulary.symbols);
            QVERIFY(writeFileAtomically(genes.toStdString(), io::vocabularyToTsv(vocabulary)).ok());
        } else {
            damage(at("odd/.work/last.safetensors").toStdString(), kind, "weight.blocks.0.in_proj.weight");
        }
        const QByteArray checkpoint = content(at("odd/.work/last.safetensors")), model = content(at("odd/model.safetensors"));
        isOneSentence(runTxfm(resume(at("odd"))), 3, mentions);
        QCOMPARE(content(at("odd/.work/last.safetensors")), checkpoint);
        QCOMPARE(content(at("odd/model.safetensors")), model);
    }

    void anotherCommandDoesNotContinueTheRun() {
        isOneSentence(runTxfm({"finetune", "--model", at("base"), "--data", at("a.tsv"), "--out", at("begun"), "--resume", "--progress", "none"}), 2,
                      "txfm pretrain");
    }

    void noGeneInCommon() {
        isOneSentence(runTxfm({"finetune", "--model", at("base"), "--data", at("alien.tsv"), "--out", at("none"), "--progress", "none"}), 3, "alien.tsv");
        QVERIFY(!QFile::exists(at("none")));
        isOneSentence(runTxfm({"embed", "--model", at("base"), "--data", at("alien.tsv"), "--out", at("none.h5ad"), "--progress", "none"}), 3, "alien.tsv");
        QVERIFY(!QFile::exists(at("none.h5ad")));
        QFile list(at("alien.txt"));
        QVERIFY(list.open(QIODevice::WriteOnly));
        list.write("ALPHA\nBETA\n");
        list.close();
        isOneSentence(runTxfm(pretrain(at("none"), {"--genes", at("alien.txt")})), 3, "a.tsv");
        QVERIFY(!QFile::exists(at("none")));
    }

    void theSameConfigContinues() {
        QProcess process;
        const QStringList config{"--config", "{\"qk_norm\": false, \"n_genes\": 3}"};
        process.start(txfmProgram(), pretrain(at("same"), config + QStringList{"--epochs", "2000"}));
        QByteArray out;
        while (events(out, "step").size() < 9 && process.waitForReadyRead(60000)) out += process.readAllStandardOutput();
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(60000));
        const auto rest = runTxfm(resume(at("same"), config + QStringList{"--epochs", "3"}));
        QVERIFY2(rest.status == 0, rest.err);
        QVERIFY(!io::ModelDirectory::open(at("same").toStdString())->config().qkNorm);
    }
};

QTEST_GUILESS_MAIN(TestOtherShapes)
#include "test_other_shapes.moc"
