// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/model/masking.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::model;

class TestMasking : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void preprocessGolden();
    void libraryScopes();
    void logOnlyPreprocessing();
    void noiseIsThePhiloxStream();
    void drawsMeasuredGenesWithoutReplacement();
    void moreThanMeasuredTakesAll();
    void sameKeySameGenes();
    void uniformInclusionProbability();
    void weightedInclusionFollowsFrequencies();
    void gumbelKeyIsTheGumbelTransform();
    void goldenMask();
};

void TestMasking::preprocessGolden() {
    const auto golden = test::golden()["preprocess"];
    const auto counts = golden["counts"].get<std::vector<float>>();
    const auto measured = MeasuredGenes::all(static_cast<int64_t>(counts.size()));
    std::vector<int32_t> genes;
    std::vector<float> values;
    for (size_t g = 0; g < counts.size(); ++g)
        if (counts[g] > 0) {
            genes.push_back(static_cast<int32_t>(g));
            values.push_back(counts[g]);
        }
    for (const auto& [target, key] : {std::pair{100000.0, "x"}, std::pair{10000.0, "x_L1e4"}}) {
        io::ModelConfig config;
        config.librarySize = target;
        const double library = librarySize({genes, values, measured.get(), -1}, config);
        double total = 0;
        for (size_t g = 0; g < counts.size(); ++g) {
            const float x = normalisedValue(counts[g], library, config);
            QVERIFY(std::abs(x - golden[key][g].get<double>()) < 1e-6);
            total += std::expm1(golden[key][g].get<double>());
        }
        QVERIFY(std::abs(total - target) < 1e-6 * target);
    }
    QCOMPARE(normalisedValue(0, 0, io::ModelConfig{}), 0.0f);
}

void TestMasking::libraryScopes() {
    const MeasuredGenes measured({1, 0, 1});
    const std::vector<int32_t> genes{0, 1, 2};
    const std::vector<float> counts{2, 5, 4};
    io::ModelConfig config;
    const SampleCounts sample{genes, counts, &measured, 50};
    QCOMPARE(librarySize(sample, config), 6.0);
    config.libraryScope = "all_profiled";
    QCOMPARE(librarySize(sample, config), 50.0);
    QCOMPARE(librarySize({genes, counts, &measured, -1}, config), 6.0);
}

void TestMasking::logOnlyPreprocessing() {
    io::ModelConfig config;
    config.librarySize = 0;
    QVERIFY(std::abs(normalisedValue(7, 1234, config) - std::log(8.0)) < 1e-6);
}

void TestMasking::noiseIsThePhiloxStream() {
    RandomStream stream(0x123456789abcdefull, 5, 77);
    for (uint32_t gene = 0; gene < 100; ++gene) QCOMPARE(maskNoise({0x123456789abcdefull, 5, 77, 0}, gene), stream.next32());
    QVERIFY(maskNoise({1, 2, 3, 0}, 9) != maskNoise({1, 2, 3, 1}, 9));
}

void TestMasking::drawsMeasuredGenesWithoutReplacement() {
    std::vector<uint8_t> flags(500);
    for (size_t g = 0; g < flags.size(); ++g) flags[g] = g % 3 != 0;
    const MeasuredGenes measured(flags);
    for (const auto& weights : {std::vector<float>{}, std::vector<float>(500, 0.25f)}) {
        const auto drawn = selectGenes(measured, 64, {42, 1, 2}, weights);
        QCOMPARE(drawn.size(), size_t{64});
        QVERIFY(std::is_sorted(drawn.begin(), drawn.end()));
        QCOMPARE(std::set<int32_t>(drawn.begin(), drawn.end()).size(), size_t{64});
        for (int32_t gene : drawn) QVERIFY(flags[gene]);
    }
}

void TestMasking::moreThanMeasuredTakesAll() {
    const MeasuredGenes measured({1, 1, 0, 1});
    QCOMPARE(selectGenes(measured, 3, {1, 1, 1}), (std::vector<int32_t>{0, 1, 3}));
    QCOMPARE(selectGenes(measured, 2048, {1, 1, 1}), (std::vector<int32_t>{0, 1, 3}));
}

void TestMasking::sameKeySameGenes() {
    const auto measured = MeasuredGenes::all(5000);
    std::vector<std::vector<int32_t>> one(40), many(40);
    for (int threads : {1, 4}) {
        setThreadCount(threads);
        auto& target = threads == 1 ? one : many;
        parallelFor(target.size(), 1, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i)
                target[i] = selectGenes(*measured, 300, {9, 3, static_cast<uint32_t>(i)});
        });
    }
    setThreadCount(0);
    QVERIFY(one == many);
    QVERIFY(one[0] != one[1]);
    QVERIFY(selectGenes(*measured, 300, {9, 4, 0}) != one[0]);
    QVERIFY(selectGenes(*measured, 300, {10, 3, 0}) != one[0]);
}

void TestMasking::uniformInclusionProbability() {
    const auto measured = MeasuredGenes::all(50);
    std::vector<int> times(50);
    constexpr int kDraws = 20000;
    for (uint32_t i = 0; i < kDraws; ++i)
        for (int32_t gene : selectGenes(*measured, 10, {7, 0, i})) ++times[gene];
    // Binomial with p = 0.2: six standard deviations.
    const double deviation = std::sqrt(kDraws * 0.2 * 0.8);
    for (int count : times) QVERIFY(std::abs(count - kDraws * 0.2) < 6 * deviation);
}

void TestMasking::weightedInclusionFollowsFrequencies() {
    // Drawing one gene: inclusion probabilities are the weights themselves (law of torch.multinomial).
    const std::vector<double> frequency{1, 10, 100, 1000, 0};
    const auto measured = MeasuredGenes::all(5);
    constexpr int kDraws = 40000;
    for (double tau : {-1.0, -0.5, 0.5, 1.0}) {
        const auto weights = maskLogWeights(frequency, tau);
        std::vector<int> times(5);
        for (uint32_t i = 0; i < kDraws; ++i) ++times[selectGenes(*measured, 1, {7, 0, i}, weights)[0]];
        double total = 0;
        for (double n : frequency) total += std::pow(std::max(n, 1.0), tau);
        for (size_t g = 0; g < 5; ++g) {
            const double p = std::pow(std::max(frequency[g], 1.0), tau) / total;
            QVERIFY(std::abs(times[g] - kDraws * p) < 6 * std::sqrt(kDraws * p * (1 - p)) + 1);
        }
    }
    // Two of three without replacement, sequentially: P(0 and 1) = w0·w1/(1-w0) + w1·w0/(1-w1).
    const auto weights = maskLogWeights(std::vector<double>{2, 3, 5}, 1.0);
    int both = 0;
    for (uint32_t i = 0; i < kDraws; ++i)
        both += selectGenes(*MeasuredGenes::all(3), 2, {8, 0, i}, weights) == std::vector<int32_t>{0, 1};
    const double p = 0.2 * 0.3 / 0.8 + 0.3 * 0.2 / 0.7;
    QVERIFY(std::abs(both - kDraws * p) < 6 * std::sqrt(kDraws * p * (1 - p)));
    QVERIFY(maskLogWeights(frequency, 0).empty());
    const auto shares = maskLogWeights(std::vector<double>{4, 9}, 1.0, std::vector<double>{8, 9});
    QVERIFY(std::abs(shares[0] - std::log(0.5)) < 1e-6 && std::abs(shares[1]) < 1e-6);
}

void TestMasking::gumbelKeyIsTheGumbelTransform() {
    for (uint32_t noise : {0u, 255u, 256u, 1u << 20, 0x80000000u, 0xfffffeffu, 0xffffffffu}) {
        const double u = (static_cast<double>(noise >> 8) + 0.5) * 0x1p-24;
        QCOMPARE(gumbelKey(noise, 1.5f), static_cast<float>(1.5 - std::log(-std::log(u))));
    }
}

void TestMasking::goldenMask() {
    // Computed with an independent Philox (which reproduces the known answers of Random123). A change of these draws would break the resume of runs that began with an older version.
    const auto measured = MeasuredGenes::all(40);
    QCOMPARE(selectGenes(*measured, 6, {42, 1, 7}), (std::vector<int32_t>{16, 29, 30, 31, 35, 38}));
    std::vector<float> weights(40);
    for (size_t g = 0; g < 40; ++g) weights[g] = 0.1f * static_cast<float>(g);
    QCOMPARE(selectGenes(*measured, 6, {42, 1, 7}, weights), (std::vector<int32_t>{21, 27, 34, 36, 37, 39}));
}

QTEST_GUILESS_MAIN(TestMasking)
#include "test_masking.moc"
