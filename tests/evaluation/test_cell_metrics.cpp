// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <cmath>
#include <numeric>
#include <set>

#include "core/base/random.h"
#include "core/evaluation/cluster_agreement.h"
#include "core/evaluation/pc_regression.h"
#include "core/evaluation/probes.h"
#include "core/evaluation/silhouette.h"
#include "tests/support/analysis_fixture.h"

using namespace txfm;
using namespace txfm::evaluation;
using namespace txfm::test;

namespace {

DenseMatrix goldenMatrix(int n, int d, double a = 0.9, double b = 1.7, double c = 0.13) {
    DenseMatrix m(n, d);
    const auto values = goldenInput(n, d, a, b, c);
    m.values.assign(values.begin(), values.end());
    return m;
}

std::vector<int32_t> codes(const nlohmann::json& json) { return json.get<std::vector<int32_t>>(); }

std::vector<int32_t> labelCodes(const std::vector<std::string>& labels) {
    // Numbered in alphabetical order, as scikit-learn does.
    const std::set<std::string> names(labels.begin(), labels.end());
    std::vector<int32_t> out;
    for (const auto& label : labels) out.push_back(static_cast<int32_t>(std::distance(names.begin(), names.find(label))));
    return out;
}

DenseMatrix fixturePca() {
    const auto json = analysisFixture("pca.json");
    DenseMatrix m(json["rows"], json["cols"]);
    m.values = json["scores"].get<std::vector<float>>();
    return m;
}

}  // namespace

class TestCellMetrics : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void agreementEqualsGolden();
    void agreementEqualsScikitLearn();
    void silhouetteEqualsGolden();
    void batchSilhouettesEqualGolden();
    void regressionEqualsGolden();
    void knnEqualsScikitLearn();
    void linearProbeSeparatesWhatIsSeparable();
    void splitsKeepBatchesApart();
    void macroF1();
};

void TestCellMetrics::agreementEqualsGolden() {
    const auto expected = golden().at("nmi_ari");
    const auto a = codes(expected["a"]), b = codes(expected["b"]);
    QVERIFY(std::abs(normalisedMutualInformation(a, b) - expected["nmi_arith"].get<double>()) < 1e-12);
    QVERIFY(std::abs(adjustedRandIndex(a, b) - expected["ari"].get<double>()) < 1e-12);
    QCOMPARE(normalisedMutualInformation({1, 1}, {4, 4}), 1.0);
    QCOMPARE(adjustedRandIndex({1, 1, 2}, {7, 7, 0}), 1.0);
}

void TestCellMetrics::agreementEqualsScikitLearn() {
    const auto expected = analysisFixture("metrics.json");
    const auto labels = labelCodes(analysisFixture("counts.json")["cell_type"].get<std::vector<std::string>>());
    const auto clusters = codes(expected["clusters"]);
    QVERIFY(std::abs(normalisedMutualInformation(labels, clusters) - expected["nmi"].get<double>()) < 1e-9);
    QVERIFY(std::abs(adjustedRandIndex(labels, clusters) - expected["ari"].get<double>()) < 1e-9);
    Progress silent;
    const auto samples = silhouetteSamples(fixturePca(), labels, silent);
    QVERIFY(samples.ok());
    const double mean = std::accumulate(samples->begin(), samples->end(), 0.0) / static_cast<double>(samples->size());
    QVERIFY(std::abs(mean - expected["silhouette"].get<double>()) < 1e-5);
}

void TestCellMetrics::silhouetteEqualsGolden() {
    const auto expected = golden().at("silhouette");
    Progress silent;
    const DenseMatrix data = goldenMatrix(14, 3);
    const auto samples = silhouetteSamples(data, codes(expected["label"]), silent);
    QVERIFY(samples.ok());
    QVERIFY(largestDifference(*samples, expected["samples"].get<std::vector<double>>()) < 1e-6);
    const auto scaled = scaledSilhouette(data, codes(expected["label"]), silent);
    QVERIFY(scaled.ok());
    QVERIFY(std::abs(*scaled - expected["scaled"].get<double>()) < 1e-6);
}

void TestCellMetrics::batchSilhouettesEqualGolden() {
    const auto expected = golden().at("silhouette");
    const auto labels = codes(expected["label"]), batches = codes(expected["batch"]);
    Progress silent;
    const DenseMatrix data = goldenMatrix(14, 3);
    const auto scib = batchSilhouetteScib(data, labels, batches, silent);
    const auto within = withinBatchSilhouette(data, labels, batches, silent);
    QVERIFY(scib.ok() && within.ok());
    QVERIFY(std::abs(*scib - expected["scib_silhouette_batch"].get<double>()) < 1e-6);
    QVERIFY(std::abs(*within - expected["within_batch_pooled"].get<double>()) < 1e-6);
    // One batch: nothing to compare.
    const auto single = batchSilhouetteScib(data, labels, std::vector<int32_t>(14, 0), silent);
    QVERIFY(single.ok() && std::isnan(*single));
}

void TestCellMetrics::regressionEqualsGolden() {
    const auto expected = golden().at("pcr");
    const auto batches = codes(golden().at("silhouette")["batch"]);
    Progress silent;
    const auto before = principalComponentRegression(goldenMatrix(14, 3), batches, 50, silent);
    const auto after = principalComponentRegression(goldenMatrix(14, 3, 0.5, 0.8, 0.3), batches, 50, silent);
    QVERIFY(before.ok() && after.ok());
    QVERIFY(std::abs(*before - expected["pre X(14,3)"].get<double>()) < 1e-6);
    QVERIFY(std::abs(*after - expected["post X(14,3;a=.5,b=.8,c=.3)"].get<double>()) < 1e-6);
    QVERIFY(std::abs(regressionComparison(*before, *after) - expected["comparison"].get<double>()) < 1e-4);
    QCOMPARE(regressionComparison(0.1, 0.4), 0.0);
}

void TestCellMetrics::knnEqualsScikitLearn() {
    const auto labels = labelCodes(analysisFixture("counts.json")["cell_type"].get<std::vector<std::string>>());
    Split split;
    std::vector<int32_t> truth;
    for (int64_t i = 0; i < 160; ++i) {
        (i % 4 == 0 ? split.test : split.train).push_back(i);
        if (i % 4 == 0) truth.push_back(labels[static_cast<size_t>(i)]);
    }
    Progress silent;
    const auto predicted = knnPredict(fixturePca(), labels, split, 15, silent);
    QVERIFY(predicted.ok());
    QCOMPARE(scorePrediction(truth, *predicted).accuracy, analysisFixture("metrics.json")["knn_accuracy_every_4th"].get<double>());
}

void TestCellMetrics::linearProbeSeparatesWhatIsSeparable() {
    DenseMatrix data(300, 6);
    std::vector<int32_t> labels;
    RandomStream random(2);
    for (int64_t i = 0; i < 300; ++i) {
        const auto label = static_cast<int32_t>(i % 3);
        labels.push_back(label * 10);
        for (int64_t j = 0; j < 6; ++j) data(i, j) = static_cast<float>(random.normal() + (j == label ? 6 : 0));
    }
    Progress silent;
    const Split split = probeSplits(labels, std::vector<int32_t>(300, 0), 4, 1).front();
    QCOMPARE(split.test.size(), size_t{75});
    std::vector<int32_t> truth;
    for (const int64_t row : split.test) truth.push_back(labels[static_cast<size_t>(row)]);
    const auto predicted = linearPredict(data, labels, split, silent);
    QVERIFY(predicted.ok());
    QVERIFY(scorePrediction(truth, *predicted).accuracy > 0.98);
    // Labels without any relation to the data stay near chance.
    std::vector<int32_t> noise;
    for (int i = 0; i < 300; ++i) noise.push_back(static_cast<int32_t>(random.below(3)));
    const auto guess = linearPredict(data, noise, split, silent);
    QVERIFY(guess.ok());
    std::vector<int32_t> noiseTruth;
    for (const int64_t row : split.test) noiseTruth.push_back(noise[static_cast<size_t>(row)]);
    QVERIFY(scorePrediction(noiseTruth, *guess).accuracy < 0.55);
}

void TestCellMetrics::splitsKeepBatchesApart() {
    const std::vector<int32_t> batches = {0, 0, 0, 1, 1, 2, 2, 3, 3, 4};
    const auto splits = probeSplits(std::vector<int32_t>(10, 0), batches, 4, 0);
    QCOMPARE(splits.size(), size_t{4});
    std::vector<int> tested(10, 0);
    for (const Split& split : splits) {
        std::set<int32_t> train, test;
        for (const int64_t i : split.train) train.insert(batches[static_cast<size_t>(i)]);
        for (const int64_t i : split.test) {
            test.insert(batches[static_cast<size_t>(i)]);
            ++tested[static_cast<size_t>(i)];
        }
        for (const int32_t batch : test) QVERIFY(!train.contains(batch));
        QCOMPARE(split.train.size() + split.test.size(), size_t{10});
    }
    QCOMPARE(tested, std::vector<int>(10, 1));
    QCOMPARE(probeSplits(std::vector<int32_t>(4, 0), {0, 0, 1, 1}, 4, 0).size(), size_t{2});
}

void TestCellMetrics::macroF1() {
    const ProbeScore score = scorePrediction({0, 0, 1, 1}, {0, 1, 1, 2});
    QCOMPARE(score.accuracy, 0.5);
    // Label 0: 2·1/(2+1), label 1: 2·1/(2+2), label 2 is only claimed: 0.
    QVERIFY(std::abs(score.macroF1 - (2.0 / 3.0 + 0.5 + 0.0) / 3.0) < 1e-12);
}

QTEST_GUILESS_MAIN(TestCellMetrics)
#include "test_cell_metrics.moc"
