// SPDX-License-Identifier: GPL-3.0-or-later
// The test starts itself again as the processes of a data-parallel run: `test_training_data_parallel worker OUT MODE`.
#include <torch/types.h>

#include <QCoreApplication>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <ATen/Parallel.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "core/training/data_parallel.h"
#include "core/training/process_environment.h"
#include "tests/training/limited_memory.h"
#include "tests/training/training_fixture.h"

using namespace txfm;
using namespace txfm::training;

namespace {

constexpr int64_t kEpochs = 4, kBatch = 16;

/// Bytes of one allocation that four samples need at most: 13 tokens × 112 columns of the input projection.
constexpr size_t kFourSamples = 4 * 13 * 112 * 4;

/// One process of the run; prints "step loss norm" lines.
int work(const std::string& out, const std::string& mode) {
    at::set_num_threads(1);
    auto run = test::syntheticRun(out, mode == "lost" ? 100000 : kEpochs, kBatch);
    if (mode == "minutes") {
        run.config.epochs = 0;
        run.config.minutes = 0.05;
    }
    run.config.peerTimeoutSeconds = 20;
    run.config.checkpointMinutes = 0.002;
    auto group = DataParallel::fromEnvironment(run.config.peerTimeoutSeconds);
    if (!group) {
        std::fprintf(stderr, "%s\n", group.error().message.c_str());
        return static_cast<int>(group.error().code);
    }
    run.parallel = *group;
    run.resume = mode == "resume";
    // The second process is the one that memory gets short on, after some steps.
    const bool second = run.parallel->rank() == 1;
    bool strike = false;
    if (second && mode == "backward")
        run.model->parameter("blocks.1.in_proj.weight").register_hook([&strike](const torch::Tensor& gradient) {
            TORCH_CHECK_WITH(OutOfMemoryError, !std::exchange(strike, false), "out of memory");
            return gradient;
        });
    class Printer : public Progress {
    public:
        std::function<void(int64_t)> after;

    private:
        void step(const StepUpdate& s) override {
            std::printf("%lld %.9g %.9g %.9g\n", static_cast<long long>(s.step), s.loss, s.gradNorm, s.valLoss);
            std::fflush(stdout);
            after(s.step);
        }
        void message(MessageLevel level, const std::string& text) override {
            if (level == MessageLevel::Warning) std::fprintf(stderr, "%s\n", text.c_str());
        }
    } progress;
    std::unique_ptr<test::LimitedMemory> memory;
    progress.after = [&](int64_t step) {
        strike = step == 4 || step == 7;
        if (step == 3 && second && mode == "tight") memory = std::make_unique<test::LimitedMemory>(kFourSamples);
        if (step == 3 && second && mode == "none") memory = std::make_unique<test::LimitedMemory>(2000);
    };
    const auto result = train(run, progress);
    if (result) return 0;
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    return static_cast<int>(result.error().code);
}

struct Curve {
    std::map<int, std::array<double, 3>> steps;
};

Curve parse(const QByteArray& text) {
    Curve curve;
    for (const QByteArray& line : text.split('\n')) {
        const auto words = line.split(' ');
        if (words.size() == 4)
            curve.steps[words[0].toInt()] = {words[1].toDouble(), words[2].toDouble(), words[3].toDouble()};
    }
    return curve;
}

int freePort() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        qFatal("no free port");
    ::close(fd);
    return ntohs(address.sin_port);
}

std::vector<std::unique_ptr<QProcess>> startWorkers(int world, const QString& out, const QString& mode, bool slurm = false) {
    std::vector<std::unique_ptr<QProcess>> workers;
    const int port = freePort();
    for (int rank = 0; rank < world; ++rank) {
        auto process = std::make_unique<QProcess>();
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert(slurm ? "SLURM_NTASKS" : "WORLD_SIZE", QString::number(world));
        environment.insert(slurm ? "SLURM_PROCID" : "RANK", QString::number(rank));
        environment.insert(slurm ? "SLURM_LOCALID" : "LOCAL_RANK", QString::number(rank));
        environment.insert(slurm ? "SLURM_JOB_NODELIST" : "MASTER_ADDR", "127.0.0.1");
        if (slurm) environment.insert("SLURM_STEP_ID", "0");
        environment.insert("MASTER_PORT", QString::number(port));
        environment.insert("OMP_NUM_THREADS", "1");
        process->setProcessEnvironment(environment);
        process->start(QCoreApplication::applicationFilePath(), {"worker", out, mode});
        workers.push_back(std::move(process));
    }
    return workers;
}

}  // namespace

class TestDataParallel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void readsTorchrunAndSlurm() {
        const auto from = [](std::map<std::string, std::string> values) {
            return readProcessPlace([values](const char* name) -> const char* {
                const auto found = values.find(name);
                return found == values.end() ? nullptr : found->second.c_str();
            });
        };
        QVERIFY(from({}).ok() && !from({})->has_value());
        QVERIFY(!from({{"WORLD_SIZE", "1"}, {"RANK", "0"}})->has_value());
        const auto torchrun = from({{"WORLD_SIZE", "4"}, {"RANK", "3"}, {"LOCAL_RANK", "1"}, {"MASTER_ADDR", "host"}, {"MASTER_PORT", "123"}});
        QCOMPARE((*torchrun)->rank, 3);
        QCOMPARE((*torchrun)->localRank, 1);
        QCOMPARE((*torchrun)->masterPort, 123);
        const auto slurm = from({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "8"}, {"SLURM_LOCALID", "0"},
                                 {"SLURM_NODELIST", "gpu[03-05,9]"}, {"SLURM_JOB_ID", "12345"}});
        QCOMPARE((*slurm)->world, 8);
        QCOMPARE((*slurm)->masterAddress, std::string("gpu03"));
        QCOMPARE((*slurm)->masterPort, 29500 + 345);
        const std::map<std::string, std::string> newer{{"SLURM_STEP_ID", "1"}, {"SLURM_PROCID", "1"}, {"SLURM_NPROCS", "2"},
                                                       {"SLURM_LOCALID", "1"}, {"SLURM_JOB_NODELIST", "node7,node9"}};
        QCOMPARE((*from(newer))->masterAddress, std::string("node7"));
        QCOMPARE((*from(newer))->localRank, 1);
        // A batch script has these variables too, but is one process; a named meeting point says otherwise.
        std::map<std::string, std::string> script{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}, {"SLURM_JOB_NODELIST", "n1"}};
        QVERIFY(from(script).ok() && !from(script)->has_value());
        script["MASTER_ADDR"] = "10.0.0.1";
        QCOMPARE((*from(script))->masterAddress, std::string("10.0.0.1"));
        script.erase("SLURM_NTASKS");
        QVERIFY(!from(script).ok());
        QCOMPARE(firstSlurmHost("a,b"), std::string("a"));
        QCOMPARE(firstSlurmHost("n[7,9]-ib"), std::string("n7-ib"));
        QVERIFY(!from({{"WORLD_SIZE", "4"}, {"MASTER_ADDR", "h"}, {"MASTER_PORT", "1"}}).ok());
        QVERIFY(!from({{"WORLD_SIZE", "x"}}).ok());
        QVERIFY(!from({{"WORLD_SIZE", "2"}, {"RANK", "2"}, {"MASTER_ADDR", "h"}, {"MASTER_PORT", "1"}}).ok());
    }

    void processesGiveTheCurveOfOne() {
        QTemporaryDir folder;
        at::set_num_threads(1);
        auto run = test::syntheticRun(folder.path().toStdString() + "/one", kEpochs, kBatch);
        test::RecordingProgress alone;
        QVERIFY(train(run, alone).ok());
        for (int world : {2, 4}) {
            const QString out = folder.filePath(QString("m%1").arg(world));
            auto workers = startWorkers(world, out, "run", world == 2);
            for (auto& worker : workers) QVERIFY2(worker->waitForFinished(120000), worker->readAllStandardError());
            for (auto& worker : workers) QVERIFY2(worker->exitCode() == 0, worker->readAllStandardError());
            const Curve curve = parse(workers[0]->readAllStandardOutput());
            QCOMPARE(curve.steps.size(), alone.steps.size());
            for (const StepUpdate& step : alone.steps) {
                const auto& [loss, norm, validation] = curve.steps.at(int(step.step));
                QVERIFY2(std::abs(loss - step.loss) < 2e-4 * std::max(1.0, std::abs(step.loss)),
                         qPrintable(QString("step %1: %2 %3").arg(step.step).arg(loss).arg(step.loss)));
                QVERIFY(std::abs(norm - step.gradNorm) < 1e-3 * step.gradNorm);
                if (std::isfinite(step.valLoss)) QVERIFY(std::abs(validation - step.valLoss) < 2e-4 * std::max(1.0, std::abs(step.valLoss)));
            }
            QVERIFY(io::ModelDirectory::open(out.toStdString()).ok());
        }
    }

    void memoryThatRunsOutOnOneMachineBacksAllOff_data() {
        QTest::addColumn<QString>("mode");
        QTest::addColumn<int>("halvings");
        QTest::newRow("in the forward pass") << "tight" << 1;
        QTest::newRow("in the backward pass") << "backward" << 2;
    }
    void memoryThatRunsOutOnOneMachineBacksAllOff() {
        QFETCH(QString, mode);
        QFETCH(int, halvings);
        QTemporaryDir folder;
        at::set_num_threads(1);
        auto run = test::syntheticRun(folder.path().toStdString() + "/one", kEpochs, kBatch);
        test::RecordingProgress alone;
        QVERIFY(train(run, alone).ok());
        auto workers = startWorkers(2, folder.filePath("m"), mode);
        for (auto& worker : workers) QVERIFY(worker->waitForFinished(120000));
        const Curve curve = parse(workers[0]->readAllStandardOutput());
        for (auto& worker : workers) {
            const QByteArray text = worker->readAllStandardError();
            QVERIFY2(worker->exitCode() == 0, text);
            // Eight samples a process: first four go on together, then two, on both machines.
            QCOMPARE(int(text.count("goes on with micro-batches of")), halvings);
            QVERIFY2(text.contains("micro-batches of " + QByteArray::number(8 >> halvings) + " samples"), text);
        }
        QCOMPARE(curve.steps.size(), alone.steps.size());
        for (const StepUpdate& step : alone.steps) {
            const auto& [loss, norm, validation] = curve.steps.at(int(step.step));
            QVERIFY2(std::abs(loss - step.loss) < 2e-4 * std::max(1.0, std::abs(step.loss)), qPrintable(QString::number(step.step)));
            QVERIFY(std::abs(norm - step.gradNorm) < 1e-3 * step.gradNorm);
            if (std::isfinite(step.valLoss)) QVERIFY(std::abs(validation - step.valLoss) < 2e-4 * std::max(1.0, std::abs(step.valLoss)));
        }
    }

    void memoryForNotEvenOneSampleEndsAll() {
        QTemporaryDir folder;
        auto workers = startWorkers(2, folder.filePath("m"), "none");
        for (auto& worker : workers) {
            QVERIFY(worker->waitForFinished(60000));
            const QByteArray text = worker->readAllStandardError();
            QVERIFY2(worker->exitCode() == 4, text);
            QVERIFY2(text.contains("Not enough memory"), text);
        }
        QVERIFY(std::filesystem::exists(lastCheckpoint(folder.filePath("m").toStdString())));
    }

    void clocksThatDifferKeepOneTimeBudget() {
        QTemporaryDir folder;
        auto workers = startWorkers(2, folder.filePath("m"), "minutes");
        for (auto& worker : workers) {
            QVERIFY(worker->waitForFinished(120000));
            QVERIFY2(worker->exitCode() == 0, worker->readAllStandardError());
        }
        const Curve first = parse(workers[0]->readAllStandardOutput()), other = parse(workers[1]->readAllStandardOutput());
        QVERIFY(!first.steps.empty());
        QCOMPARE(first.steps.size(), other.steps.size());
        QVERIFY(std::isfinite(first.steps.rbegin()->second[2]));
    }

    void aLostPeerEndsTheRunResumably() {
        QTemporaryDir folder;
        const QString out = folder.filePath("m");
        auto workers = startWorkers(2, out, "lost");
        const auto checkpoint = lastCheckpoint(out.toStdString());
        QTRY_VERIFY_WITH_TIMEOUT(std::filesystem::exists(checkpoint), 60000);
        ::kill(static_cast<pid_t>(workers[1]->processId()), SIGKILL);
        QVERIFY(workers[0]->waitForFinished(60000));
        QCOMPARE(workers[0]->exitCode(), 1);
        const QByteArray message = workers[0]->readAllStandardError();
        QVERIFY2(message.contains("lost contact"), message);
        QVERIFY(message.size() <= 500);
        workers[1]->waitForFinished();
        workers = startWorkers(2, out, "resume");
        for (auto& worker : workers) QVERIFY2(worker->waitForFinished(120000), worker->readAllStandardError());
        QCOMPARE(workers[0]->exitCode(), 0);
        QVERIFY(io::ModelDirectory::open(out.toStdString()).ok());
    }
};

int main(int argc, char** argv) {
    if (argc == 4 && std::string(argv[1]) == "worker") return work(argv[2], argv[3]);
    QCoreApplication app(argc, argv);
    TestDataParallel test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_data_parallel.moc"
