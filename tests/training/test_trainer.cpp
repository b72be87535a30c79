// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/types.h>

#include <csignal>
#include <sys/resource.h>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/base/atomic_file.h"
#include "core/io/safetensors.h"
#include "core/training/checkpoint_file.h"
#include "core/training/divergence_guard.h"
#include "core/training/step_runner.h"
#include "core/training/verdict.h"
#include "core/training/vocabulary_growth.h"
#include "tests/training/limited_memory.h"
#include "tests/training/training_fixture.h"

using namespace txfm;
using namespace txfm::training;
namespace fs = std::filesystem;

namespace {

std::vector<torch::Tensor> weightsOf(const model::TxfmModel& model) {
    std::vector<torch::Tensor> weights;
    for (const auto& [name, tensor] : model.parameters()) weights.push_back(tensor.detach().clone());
    return weights;
}

bool equalBits(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
    for (size_t i = 0; i < a.size(); ++i)
        if (!torch::equal(a[i], b[i])) return false;
    return a.size() == b.size();
}

}  // namespace

class TestTrainer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void lossFallsAndAWholeModelComesOut() {
        QTemporaryDir folder;
        auto run = test::syntheticRun(folder.path().toStdString() + "/m", 30, 16);
        test::RecordingProgress progress;
        const auto result = train(run, progress);
        QVERIFY2(result.ok(), result.ok() ? "" : result.error().message.c_str());
        const double first = progress.steps.front().loss, last = progress.steps.back().loss;
        QVERIFY2(last < first - 1, qPrintable(QString("%1 -> %2").arg(first).arg(last)));
        QCOMPARE(progress.steps.back().step, int64_t(progress.steps.size()));
        QVERIFY(std::isnan(progress.steps.front().valLoss));
        QVERIFY(std::isfinite(progress.steps.back().valLoss));
        QVERIFY(progress.steps.back().learningRate < 1e-6);
        const auto directory = io::ModelDirectory::open(run.out);
        QVERIFY2(directory.ok(), directory.ok() ? "" : directory.error().message.c_str());
        QCOMPARE(directory->config().training["steps"].get<int64_t>(), progress.steps.back().step);
        QVERIFY(directory->config().training["completed"].get<bool>());
        QVERIFY(directory->card().find("first") != std::string::npos);
        const auto loaded = model::TxfmModel::load(*directory);
        QVERIFY(loaded.ok());
        QVERIFY(equalBits(weightsOf(**loaded), weightsOf(*run.model)));
        QCOMPARE(QString::fromStdString((*result)["verdict"]["kind"].get<std::string>()).isEmpty(), false);
        // One line per step.
        const auto log = readWholeFile(run.out / "training.jsonl");
        QVERIFY(log.ok());
        QCOMPARE(int64_t(std::count(log->begin(), log->end(), '\n')), progress.steps.back().step);
    }

    void accumulationGivesTheSameGradient() {
        for (const char* reduction : {"mean", "mean_all_entries"}) {
            auto run = test::syntheticRun("unused", 1, 24);
            run.modelConfig.reduction = reduction;
            run.model = model::TxfmModel::create(run.modelConfig, 11);
            std::vector<std::vector<torch::Tensor>> gradients;
            std::vector<double> losses;
            for (int64_t micro : {24, 7, 1}) {
                BatchMaker maker(run.corpus, *run.sampler, run.modelConfig, {5, 24});
                StepRunner runner(run.model, run.config, nullptr);
                Progress progress;
                const auto sums = runner.gradients(maker.step(1, micro), progress);
                QVERIFY(sums.ok());
                losses.push_back(sums->mean());
                gradients.emplace_back();
                for (const auto& [name, tensor] : run.model->parameters()) {
                    gradients.back().push_back(tensor.grad() / sums->weight);
                    tensor.mutable_grad() = torch::Tensor();
                }
            }
            for (size_t other : {1, 2}) {
                QVERIFY(std::abs(losses[other] - losses[0]) < 1e-5 * std::abs(losses[0]));
                for (size_t i = 0; i < gradients[0].size(); ++i) {
                    // Rounding grows with the largest entry, not with each.
                    const double largest = gradients[0][i].abs().max().item<double>();
                    const double difference = (gradients[other][i] - gradients[0][i]).abs().max().item<double>();
                    QVERIFY2(difference <= 1e-4 * largest + 1e-6, reduction);
                }
            }
        }
    }

    void resumedRunEqualsUninterrupted() {
        QTemporaryDir folder;
        const fs::path base = folder.path().toStdString();
        auto whole = test::syntheticRun(base / "whole", 6, 16);
        whole.config.ema = 0.9;
        test::RecordingProgress wholeProgress;
        QVERIFY(train(whole, wholeProgress).ok());

        test::RecordingProgress joined;
        for (int64_t stop : {7, 18, -1}) {
            auto part = test::syntheticRun(base / "part", 6, 16);
            part.config.ema = 0.9;
            part.resume = true;
            test::RecordingProgress progress(stop);
            const auto result = train(part, progress);
            if (stop > 0) {
                QCOMPARE(int(result.error().code), int(ErrorCode::Cancelled));
                // What is there at any time is a whole model.
                QVERIFY(io::ModelDirectory::open(base / "part").ok());
                QVERIFY(!io::ModelDirectory::open(base / "part")->config().training["completed"].get<bool>());
            } else {
                QVERIFY(result.ok());
                QVERIFY(equalBits(weightsOf(*part.model), weightsOf(*whole.model)));
            }
            joined.steps.insert(joined.steps.end(), progress.steps.begin(), progress.steps.end());
        }
        QCOMPARE(joined.steps.size(), wholeProgress.steps.size());
        for (size_t i = 0; i < joined.steps.size(); ++i) {
            QCOMPARE(joined.steps[i].step, wholeProgress.steps[i].step);
            QCOMPARE(joined.steps[i].loss, wholeProgress.steps[i].loss);
            QCOMPARE(joined.steps[i].learningRate, wholeProgress.steps[i].learningRate);
            QCOMPARE(joined.steps[i].gradNorm, wholeProgress.steps[i].gradNorm);
            QVERIFY(joined.steps[i].valLoss == wholeProgress.steps[i].valLoss ||
                    (std::isnan(joined.steps[i].valLoss) && std::isnan(wholeProgress.steps[i].valLoss)));
        }
        const auto a = readWholeFile(base / "part/training.jsonl");
        QCOMPARE(int64_t(std::count(a->begin(), a->end(), '\n')), int64_t(joined.steps.size()));
    }

    void checkpointActivationsChangesNothing() {
        // Compared by loss: AdamW blows rounding noise of gradients that are zero by symmetry (k_norm.bias) up
        // to the size of the learning rate, so the weights themselves differ without meaning.
        QTemporaryDir folder;
        std::vector<std::vector<StepUpdate>> steps;
        for (bool recompute : {false, true}) {
            auto run = test::syntheticRun(folder.path().toStdString() + (recompute ? "/a" : "/b"), 2, 16);
            run.config.activationCheckpointing = recompute;
            test::RecordingProgress progress;
            QVERIFY(train(run, progress).ok());
            steps.push_back(progress.steps);
        }
        QVERIFY(!steps[0].empty());
        QCOMPARE(steps[0].size(), steps[1].size());
        for (size_t i = 0; i < steps[0].size(); ++i) {
            const double difference = std::abs(steps[0][i].loss - steps[1][i].loss);
            QVERIFY2(difference <= 1e-4 * std::max(1.0, std::abs(steps[0][i].loss)), qPrintable(QString::number(difference)));
        }
    }

    void frozenEncoderKeepsTheEmbedding() {
        QTemporaryDir folder;
        auto run = test::syntheticRun(folder.path().toStdString() + "/m", 2, 16);
        run.config.freezeEncoder = true;
        const auto before = weightsOf(*run.model);
        Progress progress;
        QVERIFY(train(run, progress).ok());
        const auto after = weightsOf(*run.model);
        for (size_t i = 0; i < before.size(); ++i) {
            const bool decoder = run.model->parameters()[i].first.starts_with("decoder.");
            QVERIFY2(torch::equal(before[i], after[i]) == !decoder, run.model->parameters()[i].first.c_str());
        }
    }

    void everyLossTrains() {
        for (const char* loss : {"poisson", "mse", "smooth_l1", "nb", "zinb"}) {
            QTemporaryDir folder;
            auto run = test::syntheticRun(folder.path().toStdString() + "/m", 12, 16);
            run.modelConfig.loss = loss;
            run.model = model::TxfmModel::create(run.modelConfig, 11);
            test::RecordingProgress progress;
            const auto result = train(run, progress);
            QVERIFY2(result.ok(), loss);
            QVERIFY2(progress.steps.back().loss < progress.steps.front().loss, loss);
        }
    }

    void divergenceStopsAndKeepsTheBest() {
        QTemporaryDir folder;
        auto run = test::syntheticRun(folder.path().toStdString() + "/m", 20, 16);
        run.config.peakLearningRate = 1e6;
        run.config.validateFirst = true;
        Progress progress;
        const auto result = train(run, progress);
        QVERIFY(!result.ok());
        QCOMPARE(int(result.error().code), int(ErrorCode::Failed));
        QVERIFY(result.error().message.find("step") != std::string::npos);
        const auto directory = io::ModelDirectory::open(run.out);
        QVERIFY(directory.ok());
        const auto weights = directory->weights().readFloat("norm.weight");
        for (float w : *weights) QVERIFY(std::isfinite(w));
    }

    void guardSeesNaNCollapseAndExplosion() {
        DivergenceGuard guard;
        QVERIFY(!guard.check(1.0, 2.0));
        QVERIFY(guard.check(std::nan(""), 1.0));
        DivergenceGuard collapse;
        QVERIFY(!collapse.check(1.0, 0.0) && !collapse.check(1.0, 0.0));
        QVERIFY(collapse.check(1.0, 0.0));
        DivergenceGuard explosion;
        QVERIFY(!explosion.check(1.0, 1.0));
        for (int i = 0; i < 4; ++i) QVERIFY(!explosion.check(1e5, 1.0));
        QVERIFY(DivergenceGuard::fromJson(explosion.toJson()).check(1e5, 1.0));
    }

    void fullDiskKeepsTheCheckpointBefore() {
        QTemporaryDir folder;
        const fs::path path = fs::path(folder.path().toStdString()) / "last.safetensors";
        const auto tensor = torch::ones({3});
        QVERIFY(writeCheckpoint(path, {{"a", tensor}}, {{"step", 1}}).ok());
        rlimit before{};
        getrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, SIG_IGN);
        rlimit small{200, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        const auto second = writeCheckpoint(path, {{"a", torch::ones({3000})}}, {{"step", 2}});
        setrlimit(RLIMIT_FSIZE, &before);
        QVERIFY(!second.ok());
        QCOMPARE(int(second.error().code), int(ErrorCode::Failed));
        const auto state = readCheckpoint(path, {{"a", tensor}});
        QVERIFY(state.ok());
        QCOMPARE((*state)["step"].get<int>(), 1);
        QCOMPARE(std::distance(fs::directory_iterator(path.parent_path()), fs::directory_iterator()), 1);
    }

    void memoryThatRunsOutHalvesTheMicroBatch_data() {
        QTest::addColumn<qint64>("limit");
        QTest::addColumn<bool>("fits");
        // Bytes of one allocation: the largest of a sample are 13 tokens * 112 columns of the input projection * 4 bytes.
        QTest::newRow("a quarter fits") << qint64{4 * 13 * 112 * 4} << true;
        QTest::newRow("not even one sample") << qint64{1000} << false;
    }
    void memoryThatRunsOutHalvesTheMicroBatch() {
        QFETCH(qint64, limit);
        QFETCH(bool, fits);
        QTemporaryDir folder;
        auto free = test::syntheticRun(folder.path().toStdString() + "/free", 2, 16);
        test::RecordingProgress whole;
        QVERIFY(train(free, whole).ok());
        auto run = test::syntheticRun(folder.path().toStdString() + "/tight", 2, 16);
        test::RecordingProgress progress;
        const auto result = [&] {
            const test::LimitedMemory memory(static_cast<size_t>(limit));
            return train(run, progress);
        }();
        if (!fits) {
            QCOMPARE(int(result.error().code), int(ErrorCode::OutOfMemory));
            QVERIFY(QString::fromStdString(result.error().message).contains("memory"));
            return;
        }
        QVERIFY2(result.ok(), result.ok() ? "" : result.error().message.c_str());
        QVERIFY(std::ranges::any_of(progress.messages, [](const std::string& text) { return text.find("micro-batches of 4 samples") != std::string::npos; }));
        QCOMPARE(progress.steps.size(), whole.steps.size());
        for (size_t i = 0; i < whole.steps.size(); ++i)
            QVERIFY(std::abs(progress.steps[i].loss - whole.steps[i].loss) < 1e-3 * std::max(1.0, std::abs(whole.steps[i].loss)));
    }

    void aMachineThatSlowsDownKeepsTheBudget() {
        QTemporaryDir folder;
        auto run = test::syntheticRun(folder.path().toStdString() + "/m", 0, 16);
        run.config.minutes = 0.2;
        class Slowing : public test::RecordingProgress {
        public:
            void step(const StepUpdate& update) override {
                test::RecordingProgress::step(update);
                QThread::msleep(m_timer.elapsed() < 4000 ? 5 : 60);  // ten times slower after a third of the time
            }

        private:
            QElapsedTimer m_timer = [] { QElapsedTimer timer; timer.start(); return timer; }();
        } progress;
        QElapsedTimer timer;
        timer.start();
        const auto result = train(run, progress);
        QVERIFY2(result.ok(), result.ok() ? "" : result.error().message.c_str());
        const double seconds = 1e-3 * static_cast<double>(timer.elapsed());
        QVERIFY2(seconds < 15, qPrintable(QString::number(seconds)));
        // The rate rises once, falls once and ends at its minimum.
        const auto& steps = progress.steps;
        QVERIFY(steps.size() > 50);
        QVERIFY2(steps.back().learningRate < 1e-3 * run.config.peakLearningRate, qPrintable(QString::number(steps.back().learningRate)));
        int turns = 0;
        for (size_t i = 2; i < steps.size(); ++i)
            turns += steps[i - 1].learningRate > steps[i - 2].learningRate && steps[i].learningRate < steps[i - 1].learningRate;
        QCOMPARE(turns, 1);
    }

    void aForecastLeavesEverythingAsItIs() {
        QTemporaryDir folder;
        auto run = test::syntheticRun(folder.path().toStdString() + "/m", 30, 16);
        run.config.ema = 0.9;
        const auto before = weightsOf(*run.model);
        test::RecordingProgress progress;
        const auto forecast = forecastRun(run, progress);
        QVERIFY2(forecast.ok(), forecast.ok() ? "" : forecast.error().message.c_str());
        QVERIFY(equalBits(weightsOf(*run.model), before));
        for (const auto& [name, tensor] : run.model->parameters()) QVERIFY(!tensor.grad().defined());
        QVERIFY(!fs::exists(run.out));
        QCOMPARE(progress.events.size(), size_t{1});
        QVERIFY(progress.steps.empty());
        // 72 samples are five steps of sixteen.
        QCOMPARE((*forecast)["steps"].get<int64_t>(), int64_t{150});
        const double seconds = (*forecast)["seconds"].get<double>(), perStep = (*forecast)["seconds_per_step"].get<double>();
        QVERIFY(perStep > 0 && seconds > 150 * perStep);  // and the validations
        QVERIFY((*forecast)["memory_mb"].get<double>() > 20);
        QVERIFY((*forecast)["disk_mb"].get<double>() > 0);
        // The run after a forecast is the run without one.
        auto plain = test::syntheticRun(folder.path().toStdString() + "/plain", 2, 16);
        test::RecordingProgress expected, after;
        QVERIFY(train(plain, expected).ok());
        auto again = test::syntheticRun(folder.path().toStdString() + "/again", 2, 16);
        QVERIFY(forecastRun(again, progress).ok());
        QVERIFY(train(again, after).ok());
        for (size_t i = 0; i < expected.steps.size(); ++i) QCOMPARE(after.steps[i].loss, expected.steps[i].loss);
    }

    void checkpointsOfAnotherShapeAreNamed_data() {
        QTest::addColumn<QString>("mentions");
        QTest::newRow("shape") << "'a'";
        QTest::newRow("missing") << "lacks";
        QTest::newRow("extra") << "'surplus'";
        QTest::newRow("truncated") << "truncated";
        QTest::newRow("empty") << "empty";
        QTest::newRow("no checkpoint") << "no checkpoint";
    }
    void checkpointsOfAnotherShapeAreNamed() {
        QFETCH(QString, mentions);
        const std::string kind = QTest::currentDataTag();
        QTemporaryDir folder;
        const fs::path path = fs::path(folder.path().toStdString()) / "last.safetensors";
        NamedTensors stored{{"a", torch::ones({3, 4})}, {"b", torch::ones({2})}};
        if (kind == "shape") stored[0].second = torch::ones({4, 3});
        if (kind == "missing") stored.pop_back();
        if (kind == "extra") stored.emplace_back("surplus", torch::ones({1}));
        QVERIFY(writeCheckpoint(path, stored, {{"step", 1}}).ok());
        if (kind == "truncated") fs::resize_file(path, fs::file_size(path) - 4);
        if (kind == "empty") fs::resize_file(path, 0);
        if (kind == "no checkpoint") QVERIFY(io::writeSafetensors(path, {}, {{"format", "pt"}}).ok());
        const auto read = readCheckpoint(path, {{"a", torch::zeros({3, 4})}, {"b", torch::zeros({2})}});
        QVERIFY(!read.ok());
        QCOMPARE(int(read.error().code), int(ErrorCode::BadInput));
        const QString message = QString::fromStdString(read.error().message);
        QVERIFY2(message.contains(mentions) && message.contains("last.safetensors"), qPrintable(message));
        QVERIFY(read.error().hint.find("another folder") != std::string::npos);
    }

    void verdictsInPlainWords() {
        QCOMPARE(judge({{0, 5, 5}, {1, 4, 4}, {2, 3, 3.5}, {3, 2, 4.5}}).kind, std::string("overfitting"));
        QVERIFY(judge({{0, 5, 5}, {1, 4, 4}, {2, 3, 3.5}, {3, 2, 4.5}}).text.find("epoch 3") != std::string::npos);
        QCOMPARE(judge({{0, 5, 5}, {1, 4, 4}, {2, 3, 3}, {3, 2, 2}}).kind, std::string("still_improving"));
        QCOMPARE(judge({{0, 5, 5}, {1, 4, 2}, {2, 3, 1.99}, {3, 2, 1.989}, {4, 2, 1.988}}).kind, std::string("improved"));
        QCOMPARE(judge({{0, 5, 5}, {1, 4, 6}}).kind, std::string("no_improvement"));
        QCOMPARE(judge({{0, 5, std::nan("")}}).kind, std::string("not_measured"));
    }

    void appendedGenesStartNearTheirNeighbours() {
        const auto grown = test::tinyConfig(40);
        auto small = grown;
        small.nGenes = 30;
        const auto corpus = test::syntheticCorpus(grown);
        const auto base = model::TxfmModel::create(small, 2);
        const auto codebook = base->parameter("gene_embedding.weight").detach();
        const auto mean = (*growModel(*base, grown, *corpus, "mean"))->parameter("gene_embedding.weight").detach();
        QVERIFY(torch::equal(mean.narrow(0, 0, 30), codebook));
        QVERIFY(torch::allclose(mean[35], codebook.mean(0)));
        const auto near = (*growModel(*base, grown, *corpus, "neighbours"))->parameter("gene_embedding.weight").detach();
        // Gene 35 is odd: its ten nearest among the known genes that its data set measures are the odd ones 11 … 29.
        QVERIFY(torch::allclose(near[35], codebook.slice(0, 11, 30, 2).mean(0), 1e-4, 1e-5));
    }
};

QTEST_GUILESS_MAIN(TestTrainer)
#include "test_trainer.moc"
