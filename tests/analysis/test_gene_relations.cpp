// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <cmath>
#include <fstream>

#include "core/analysis/enrichment.h"
#include "core/analysis/gene_recall.h"
#include "core/analysis/gene_relations.h"
#include "core/base/random.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::analysis;

namespace {

std::vector<float> goldenFloats(int n, int d) {
    const auto values = test::goldenInput(n, d);
    return {values.begin(), values.end()};
}

/// Unit rows without centring, as the golden "recall" group computes its first block.
DenseMatrix unitRows(std::vector<float> values, int64_t rows, int64_t cols) {
    DenseMatrix m(rows, cols);
    m.values = std::move(values);
    for (int64_t i = 0; i < rows; ++i) {
        double norm = 0;
        for (int64_t j = 0; j < cols; ++j) norm += static_cast<double>(m(i, j)) * m(i, j);
        for (int64_t j = 0; j < cols; ++j) m(i, j) = static_cast<float>(m(i, j) / std::sqrt(norm));
    }
    return m;
}

/// (i, (7i + 3) mod 25), without self pairs and repeats.
GenePairDatabase goldenPairs() {
    GenePairDatabase database;
    for (int i = 0; i < 25; ++i) {
        const int j = (7 * i + 3) % 25;
        if (i != j) database.pairs.emplace_back(std::min(i, j), std::max(i, j));
    }
    std::ranges::sort(database.pairs);
    const auto repeated = std::ranges::unique(database.pairs);
    database.pairs.erase(repeated.begin(), repeated.end());
    return database;
}

double recallAt(const DenseMatrix& unit, double upper, bool twoSided) {
    RecallOptions options;
    options.fullNull = true;
    options.upper = upper;
    options.twoSided = twoSided;
    Progress silent;
    const auto result = relationshipRecall(unit, {goldenPairs()}, options, silent);
    return result.ok() && result->nullSize == 300 ? result->recall[0] : -1;
}

std::vector<float> randomVectors(int64_t genes, int64_t width, uint64_t seed) {
    std::vector<float> values(static_cast<size_t>(genes * width));
    RandomStream random(seed);
    for (float& v : values) v = static_cast<float>(random.normal());
    return values;
}

}  // namespace

class TestGeneRelations : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void recallEqualsGolden();
    void centredAndPcaRecallEqualGolden();
    void randomVectorsRecallFivePercent();
    void allComponentsEqualRaw();
    void sampledThresholdsEqualSorting();
    void neighborsEqualPlainCosines();
    void percentilesFollowTheNull();
    void heatMapGroupsBlocks();
    void tilesEqualCosines();
    void zeroVectorsAreHarmless();
    void pairFiles();
    void enrichmentEqualsScipy();
    void adjustedPValuesEqualGolden();
    void cancelAndBadInput();
};

void TestGeneRelations::recallEqualsGolden() {
    const auto expected = test::golden().at("recall");
    const DenseMatrix unit = unitRows(goldenFloats(25, 6), 25, 6);
    QCOMPARE(goldenPairs().pairs.size(), expected["n_rel"].get<size_t>());
    QCOMPARE(recallAt(unit, 0.95, true), expected["two_sided"]["recall_0.05_0.95"].get<double>());
    QCOMPARE(recallAt(unit, 0.90, true), expected["two_sided"]["recall_0.1_0.9"].get<double>());
    QCOMPARE(recallAt(unit, 0.75, true), expected["two_sided"]["recall_0.25_0.75"].get<double>());
    QCOMPARE(recallAt(unit, 0.95, false), expected["right_0.95"].get<double>());
    QCOMPARE(recallAt(unit, 0.90, false), expected["right_0.9"].get<double>());
    QCOMPARE(recallAt(unit, 0.75, false), expected["right_0.75"].get<double>());
}

void TestGeneRelations::centredAndPcaRecallEqualGolden() {
    const auto expected = test::golden().at("recall");
    Progress silent;
    const auto raw = GeneVectors::make(goldenFloats(25, 6), 25, 6, 0, silent);
    QVERIFY(raw.ok());
    QCOMPARE(recallAt(raw->unit(), 0.95, true), expected["centered"]["two_sided"]["recall_0.05_0.95"].get<double>());
    QCOMPARE(recallAt(raw->unit(), 0.75, true), expected["centered"]["two_sided"]["recall_0.25_0.75"].get<double>());
    QCOMPARE(recallAt(raw->unit(), 0.75, false), expected["centered"]["right_0.75"].get<double>());
    double query = 0, null = 0;
    for (const auto& [a, b] : goldenPairs().pairs) query += raw->cosine(a, b);
    for (int a = 0; a < 25; ++a)
        for (int b = a + 1; b < 25; ++b) null += raw->cosine(a, b);
    QVERIFY(std::abs(query - expected["centered"]["sum_cos_query"].get<double>()) < 1e-5);
    QVERIFY(std::abs(null - expected["centered"]["sum_cos_null"].get<double>()) < 1e-4);

    const auto two = GeneVectors::make(goldenFloats(25, 6), 25, 6, 2, silent);
    QVERIFY(two.ok());
    QCOMPARE(two->width(), int64_t{2});
    QCOMPARE(recallAt(two->unit(), 0.90, true), expected["pca2"]["two_sided"]["recall_0.1_0.9"].get<double>());
    double pcaQuery = 0;
    for (const auto& [a, b] : goldenPairs().pairs) pcaQuery += two->cosine(a, b);
    QVERIFY(std::abs(pcaQuery - expected["pca2"]["sum_cos_query"].get<double>()) < 1e-4);
}

void TestGeneRelations::randomVectorsRecallFivePercent() {
    constexpr int64_t genes = 3000;
    Progress silent;
    const auto vectors = GeneVectors::make(randomVectors(genes, 40, 9), genes, 40, 0, silent);
    QVERIFY(vectors.ok());
    GenePairDatabase database;
    RandomStream random(4);
    for (int i = 0; i < 40000; ++i) {
        const auto a = static_cast<int32_t>(random.below(genes)), b = static_cast<int32_t>(random.below(genes));
        if (a != b) database.pairs.emplace_back(std::min(a, b), std::max(a, b));
    }
    RecallOptions options;
    options.nullGenes = 1500;
    const auto recall = relationshipRecall(vectors->unit(), {database}, options, silent);
    QVERIFY(recall.ok());
    QVERIFY2(std::abs(recall->recall[0] - 0.05) < 0.005, qPrintable(QString::number(recall->recall[0])));
    QVERIFY(recall->deviation[0] < 0.005);
    const auto again = relationshipRecall(vectors->unit(), {database}, options, silent);
    QVERIFY(again.ok());
    QCOMPARE(again->recall[0], recall->recall[0]);
}

void TestGeneRelations::allComponentsEqualRaw() {
    Progress silent;
    const auto raw = GeneVectors::make(goldenFloats(25, 6), 25, 6, 0, silent), all = GeneVectors::make(goldenFloats(25, 6), 25, 6, 6, silent);
    QVERIFY(raw.ok() && all.ok());
    QVERIFY(raw->unit() == all->unit());
    const auto five = GeneVectors::make(goldenFloats(25, 6), 25, 6, 5, silent);
    QVERIFY(five.ok());
    // The sixth singular value is 0.25 against 4.9: five components almost suffice.
    QVERIFY(std::abs(five->cosine(3, 7) - raw->cosine(3, 7)) < 0.05);
}

void TestGeneRelations::sampledThresholdsEqualSorting() {
    const DenseMatrix unit = unitRows(randomVectors(900, 12, 2), 900, 12);
    std::vector<int64_t> left, right;
    RandomStream random(8);
    for (int i = 0; i < 850; ++i) {
        left.push_back(static_cast<int64_t>(random.below(900)));
        right.push_back(static_cast<int64_t>(random.below(900)));
    }
    std::vector<float> all;
    for (const int64_t a : left)
        for (const int64_t b : right)
            if (a != b) all.push_back(dotProduct(unit.row(a), unit.row(b), 12));
    std::ranges::sort(all);
    Progress silent;
    const auto found = sampledThresholds(unit, left, right, 0.95, silent);
    QVERIFY(found.ok());
    QCOMPARE(found->size, static_cast<int64_t>(all.size()));
    QCOMPARE(found->upper, all[static_cast<size_t>(std::ceil(0.95 * static_cast<double>(all.size()))) - 1]);
    const auto full = fullThresholds(unit, left, 0.9, silent);
    QVERIFY(full.ok());
    QCOMPARE(full->size, int64_t{850 * 849 / 2});
}

void TestGeneRelations::neighborsEqualPlainCosines() {
    constexpr int64_t genes = 500, width = 33;
    Progress silent;
    const auto values = randomVectors(genes, width, 5);
    const auto vectors = GeneVectors::make(values, genes, width, 0, silent);
    QVERIFY(vectors.ok());
    std::vector<double> mean(width, 0.0);
    for (int64_t g = 0; g < genes; ++g)
        for (int64_t j = 0; j < width; ++j) mean[static_cast<size_t>(j)] += values[static_cast<size_t>(g * width + j)] / genes;
    const auto cosine = [&](int64_t a, int64_t b) {
        double ab = 0, aa = 0, bb = 0;
        for (int64_t j = 0; j < width; ++j) {
            const double x = values[static_cast<size_t>(a * width + j)] - mean[static_cast<size_t>(j)], y = values[static_cast<size_t>(b * width + j)] - mean[static_cast<size_t>(j)];
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
        return ab / std::sqrt(aa * bb);
    };
    std::vector<std::pair<double, int64_t>> expected;
    for (int64_t g = 0; g < genes; ++g)
        if (g != 77) expected.emplace_back(-cosine(77, g), g);
    std::ranges::sort(expected);
    const auto found = vectors->nearest(77, 10);
    QCOMPARE(found.size(), size_t{10});
    for (size_t i = 0; i < 10; ++i) {
        QCOMPARE(found[i].gene, expected[i].second);
        QVERIFY(std::abs(found[i].cosine + expected[i].first) < 1e-5);
    }
    QCOMPARE(vectors->nearest(0, 100000).size(), size_t{499});
}

void TestGeneRelations::percentilesFollowTheNull() {
    CosineNull null;
    for (int i = 0; i < 100; ++i) null.add(-0.5f + 0.01f * static_cast<float>(i));
    null.finish();
    QCOMPARE(null.size(), int64_t{100});
    QCOMPARE(null.percentile(-1), 0.0);
    QCOMPARE(null.percentile(1), 100.0);
    QVERIFY(std::abs(null.percentile(0.0f) - 50) <= 1);
}

void TestGeneRelations::heatMapGroupsBlocks() {
    // Genes 0, 2, 4 … point one way, 1, 3, 5 … another.
    constexpr int64_t genes = 12, width = 8;
    std::vector<float> values = randomVectors(genes, width, 6);
    for (int64_t g = 0; g < genes; ++g) values[static_cast<size_t>(g * width + g % 2)] += 20;
    Progress silent;
    const auto vectors = GeneVectors::make(values, genes, width, 0, silent);
    QVERIFY(vectors.ok());
    std::vector<int64_t> all(genes);
    std::iota(all.begin(), all.end(), 0);
    const GeneHeatMap map = geneHeatMap(*vectors, all, true);
    for (size_t i = 1; i < 6; ++i) QCOMPARE(map.genes[i] % 2, map.genes[0] % 2);
    for (size_t i = 7; i < 12; ++i) QCOMPARE(map.genes[i] % 2, map.genes[6] % 2);
    for (int64_t i = 0; i < genes; ++i) {
        QVERIFY(std::abs(map.cosines(i, i) - 1) < 1e-5);
        for (int64_t j = 0; j < genes; ++j)
            QCOMPARE(map.cosines(i, j), vectors->cosine(map.genes[static_cast<size_t>(i)], map.genes[static_cast<size_t>(j)]));
    }
    QCOMPARE(geneHeatMap(*vectors, all, false).genes, all);
    QCOMPARE(clusteredOrder(DenseMatrix(1, 1)), (std::vector<int64_t>{0}));
    QCOMPARE(clusteredOrder(DenseMatrix(0, 0)).size(), size_t{0});
    auto constant = clusteredOrder(DenseMatrix(40, 40));
    std::ranges::sort(constant);
    QCOMPARE(constant.size(), size_t{40});
    QCOMPARE(constant.back(), int64_t{39});
}

void TestGeneRelations::tilesEqualCosines() {
    Progress silent;
    const auto vectors = GeneVectors::make(goldenFloats(25, 6), 25, 6, 0, silent);
    QVERIFY(vectors.ok());
    const DenseMatrix tile = vectors->tile({4, 9}, {0, 4, 24});
    QCOMPARE(tile(0, 1), vectors->cosine(4, 4));
    QCOMPARE(tile(1, 2), vectors->cosine(9, 24));
    QCOMPARE(vectors->cosines(9)[24], vectors->cosine(9, 24));
}

void TestGeneRelations::zeroVectorsAreHarmless() {
    // Two equal rows are the mean: centring makes all zero.
    Progress silent;
    const auto vectors = GeneVectors::make({1, 2, 1, 2}, 2, 2, 0, silent);
    QVERIFY(vectors.ok());
    QCOMPARE(vectors->cosine(0, 1), 0.0f);
    QCOMPARE(vectors->nearest(0, 5)[0].cosine, 0.0f);
}

void TestGeneRelations::pairFiles() {
    QTemporaryDir folder;
    const std::filesystem::path file = folder.filePath("Mine.csv").toStdString();
    std::ofstream(file) << "entity1,entity2\nA,B\nB,A\r\nA,A\nC,D\nA,X\n";
    const auto database = readGenePairs(file, {"A", "B", "C", "D", "A"});
    QVERIFY(database.ok());
    QCOMPARE(database->name, std::string("Mine"));
    QCOMPARE(database->pairsInFile, int64_t{3});
    QCOMPARE(database->pairs, (std::vector<std::pair<int32_t, int32_t>>{{0, 1}, {2, 3}}));
    const KnownPairs known({*database});
    QCOMPARE(known.databasesWith(1, 0), std::vector<std::string>{"Mine"});
    QVERIFY(known.databasesWith(0, 2).empty());
    GenePairDatabase other;
    other.pairs = {{0, 1}, {0, 2}};
    QCOMPARE(combined({*database, other}).pairs.size(), size_t{3});
    const std::filesystem::path bad = folder.filePath("bad.csv").toStdString();
    std::ofstream(bad) << "just one column\n";
    QCOMPARE(readGenePairs(bad, {"A"}).error().code, ErrorCode::BadInput);
    QCOMPARE(readGenePairs(folder.filePath("none.csv").toStdString(), {"A"}).error().code, ErrorCode::BadInput);
}

void TestGeneRelations::enrichmentEqualsScipy() {
    // scipy.stats.hypergeom(N, K, n).sf(k - 1)
    QVERIFY(std::abs(hypergeometricUpperTail(3, 10, 20, 100) - 0.3187799361823112) < 1e-9);
    QVERIFY(std::abs(hypergeometricUpperTail(8, 10, 20, 100) / 2.378274964037914e-05 - 1) < 1e-6);
    QCOMPARE(hypergeometricUpperTail(0, 10, 20, 100), 1.0);
    const std::vector<GeneSet> sets = {{"half", {0, 1, 2, 3, 4}}, {"none", {8, 9}}};
    const auto found = enrich({0, 1, 2}, sets, 10);
    QCOMPARE(found[0].set, std::string("half"));
    QCOMPARE(found[0].overlap, int64_t{3});
    QVERIFY(std::abs(found[0].pValue - 1.0 / 12.0) < 1e-12);
    QVERIFY(std::abs(found[0].foldEnrichment - 2.0) < 1e-12);
    QCOMPARE(found[1].pValue, 1.0);
}

void TestGeneRelations::adjustedPValuesEqualGolden() {
    const auto expected = test::golden().at("bh");
    const auto adjusted = benjaminiHochberg(expected["p"].get<std::vector<double>>());
    for (size_t i = 0; i < adjusted.size(); ++i) QVERIFY(std::abs(adjusted[i] - expected["adj"][i].get<double>()) < 1e-12);
}

void TestGeneRelations::cancelAndBadInput() {
    Progress silent;
    QCOMPARE(GeneVectors::make({1, NAN, 2, 3}, 2, 2, 0, silent).error().code, ErrorCode::BadInput);
    QCOMPARE(GeneVectors::make({1, 2}, 1, 2, 0, silent).error().code, ErrorCode::BadInput);
    CancelToken token;
    token.cancel();
    Progress cancelled(token);
    const DenseMatrix unit = unitRows(goldenFloats(25, 6), 25, 6);
    QCOMPARE(relationshipRecall(unit, {goldenPairs()}, {}, cancelled).error().code, ErrorCode::Cancelled);
}

QTEST_GUILESS_MAIN(TestGeneRelations)
#include "test_gene_relations.moc"
