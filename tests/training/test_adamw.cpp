// SPDX-License-Identifier: GPL-3.0-or-later
// Torch first: its headers use identifiers that Qt's may define.
#include <torch/torch.h>

#include <QtTest>

#include <cmath>
#include <fstream>

#include "core/training/adamw.h"
#include "core/training/one_cycle.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::training;

namespace {

torch::Tensor start(std::vector<int64_t> shape, double offset) {
    auto t = torch::empty(shape, torch::kFloat32);
    for (int64_t i = 0; i < t.numel(); ++i) t.data_ptr<float>()[i] = static_cast<float>(std::sin(0.7 * double(i) + offset));
    return t.requires_grad_(true);
}

torch::Tensor gradient(const torch::Tensor& like, int step, double offset) {
    auto t = torch::empty(like.sizes(), torch::kFloat32);
    for (int64_t i = 0; i < t.numel(); ++i)
        t.data_ptr<float>()[i] = static_cast<float>(std::cos(0.37 * double(i) + 1.3 * step + offset) * (1 + 0.1 * step));
    return t;
}

double largestDifference(const torch::Tensor& tensor, const nlohmann::json& expected) {
    double worst = 0;
    for (int64_t i = 0; i < tensor.numel(); ++i)
        worst = std::max(worst, std::abs(double(tensor.data_ptr<float>()[i]) - expected[size_t(i)].get<double>()));
    return worst;
}

}  // namespace

class TestAdamW : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void equalsPyTorch() {
        std::ifstream file(test::dataFile("training/adamw.json"));
        const auto fixture = nlohmann::json::parse(file);
        const int steps = fixture["steps"];
        const OneCycle schedule{fixture["max_lr"].get<double>(), double(steps), 0.1};
        for (const auto& expected : fixture["cases"]) {
            TrainingConfig config;
            config.noDecay1d = expected["no_decay_1d"];
            auto a = start({5, 7}, 0.2), b = start({11}, 1.1);
            AdamW optimizer(selectParameters({{"a", a}, {"b", b}}, config, 2), 0.999, 1e-6, 0);
            const double clip = expected["clip"];
            for (int step = 0; step < steps; ++step) {
                a.mutable_grad() = gradient(a, step, 0.0);
                b.mutable_grad() = gradient(b, step, 0.5);
                const double norm = optimizer.gradNorm(1.0);
                QVERIFY(std::abs(norm - expected["norms"][size_t(step)].get<double>()) < 1e-5 * norm);
                const double beta1 = expected["cycle_momentum"] ? schedule.beta1(step) : 0.9;
                optimizer.step(schedule.learningRate(step), beta1, expected["weight_decay"],
                               clip > 0 && norm > clip ? clip / norm : 1.0);
                QVERIFY(!a.grad().defined());
            }
            QVERIFY2(largestDifference(a, expected["a"]) < 2e-6, "matrix");
            QVERIFY2(largestDifference(b, expected["b"]) < 2e-6, "vector");
        }
    }
    void doesNotDependOnThreads() {
        std::vector<torch::Tensor> results;
        for (int threads : {1, 2, 3}) {
            at::set_num_threads(threads);
            auto a = start({701, 97}, 0.2);
            AdamW optimizer(selectParameters({{"a", a}}, {}, 2), 0.999, 1e-6, 0.9);
            double norm = 0;
            for (int step = 0; step < 3; ++step) {
                a.mutable_grad() = gradient(a, step, 0.1);
                norm = optimizer.gradNorm(1.0);
                optimizer.step(1e-2, 0.9, 0.1, 1.0 / norm);
            }
            results.push_back(a.detach().clone());
        }
        at::set_num_threads(2);
        QVERIFY(torch::equal(results[0], results[1]));
        QVERIFY(torch::equal(results[0], results[2]));
    }
    void scalesAndFreezesByName() {
        const auto t = [] { return torch::zeros({2, 2}).requires_grad_(true); };
        const std::vector<std::pair<std::string, torch::Tensor>> all{
            {"cls_token", t()}, {"gene_embedding.weight", t()}, {"blocks.0.in_proj.weight", t()},
            {"blocks.3.in_proj.weight", t()}, {"norm.weight", t()}, {"decoder.head.weight", t()}};
        TrainingConfig config;
        config.layerDecay = 0.5;
        config.codebookScale = 4;
        const auto chosen = selectParameters(all, config, 4);
        const std::vector<double> expected{1.0 / 32, 4.0 / 32, 1.0 / 16, 0.5, 1.0, 1.0};
        for (size_t i = 0; i < expected.size(); ++i) QCOMPARE(chosen[i].rateScale, expected[i]);
        config.freezeEncoder = true;
        QCOMPARE(selectParameters(all, config, 4).size(), size_t{1});
    }
    void averagesFollowTheWeights() {
        auto a = torch::zeros({3}).requires_grad_(true);
        AdamW optimizer({{"a", a, 1.0, true}}, 0.999, 1e-6, 0.5);
        double average = 0, weight = 0;
        for (int step = 0; step < 4; ++step) {
            a.mutable_grad() = torch::ones({3});
            optimizer.step(0.1, 0.9, 0.0, 1.0);
            weight = a[0].item<double>();
            average += 0.5 * (weight - average);
        }
        optimizer.swapAverages();
        QVERIFY(std::abs(a[0].item<double>() - average) < 1e-6);
        optimizer.swapAverages();
        QVERIFY(std::abs(a[0].item<double>() - weight) < 1e-7);
    }
};

QTEST_GUILESS_MAIN(TestAdamW)
#include "test_adamw.moc"
