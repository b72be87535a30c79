// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <cmath>

#include "core/analysis/dot_products.h"
#include "core/analysis/neighbor_graph.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "tests/support/analysis_fixture.h"

using namespace txfm;
using namespace txfm::analysis;
using namespace txfm::test;

namespace {

DenseMatrix randomMatrix(int64_t rows, int64_t cols, uint64_t seed) {
    DenseMatrix m(rows, cols);
    RandomStream random(seed);
    for (float& v : m.values) v = static_cast<float>(random.normal());
    return m;
}

/// Textbook search in double precision.
Neighbors bruteForce(const DenseMatrix& data, int64_t k) {
    Neighbors out{data.rows, k, {}, {}};
    for (int64_t i = 0; i < data.rows; ++i) {
        std::vector<std::pair<double, int32_t>> all;
        for (int64_t j = 0; j < data.rows; ++j) {
            if (i == j) continue;
            double sum = 0;
            for (int64_t c = 0; c < data.cols; ++c) sum += std::pow(static_cast<double>(data(i, c)) - data(j, c), 2);
            all.emplace_back(std::sqrt(sum), static_cast<int32_t>(j));
        }
        std::ranges::sort(all);
        for (int64_t j = 0; j < k; ++j) {
            out.indices.push_back(all[static_cast<size_t>(j)].second);
            out.distances.push_back(static_cast<float>(all[static_cast<size_t>(j)].first));
        }
    }
    return out;
}

}  // namespace

class TestNeighbors : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void dotProductsEqualPlainSums_data();
    void dotProductsEqualPlainSums();
    void neighborsEqualBruteForce_data();
    void neighborsEqualBruteForce();
    void farFromTheOriginNothingIsLost();
    void duplicatesAndSmallInputs();
    void queriesAgainstAReference();
    void threadsDoNotMatter();
    void badInputAndCancel();
    void graphEqualsScanpy();
    void approximateFindsNearlyAll();
    void approximateOfEqualRows();
};

void TestNeighbors::approximateFindsNearlyAll() {
    // Clouds of different size and width, as cell types are.
    DenseMatrix data = randomMatrix(20000, 20, 5);
    const DenseMatrix centres = randomMatrix(30, 20, 6);
    for (int64_t i = 0; i < data.rows; ++i) {
        const int64_t cloud = (i * i) % 30;
        for (int64_t c = 0; c < data.cols; ++c) data(i, c) = 4 * centres(cloud, c) + data(i, c) * static_cast<float>(0.3 + 0.05 * static_cast<double>(cloud));
    }
    Progress progress;
    const auto exact = nearestNeighbors(data, 15, progress);
    double recall = 0, again = 0;
    setThreadCount(1);
    const auto found = approximateNeighbors(data, 15, recall, progress);
    setThreadCount(3);
    const auto threads = approximateNeighbors(data, 15, again, progress);
    setThreadCount(0);
    QVERIFY(exact.ok() && found.ok() && threads.ok());
    QVERIFY(found->indices == threads->indices && found->distances == threads->distances);
    QCOMPARE(recall, again);
    int64_t same = 0;
    for (int64_t i = 0; i < data.rows; ++i)
        for (int64_t j = 0; j < 15; ++j) same += found->distances[static_cast<size_t>(i * 15 + j)] <= exact->distances[static_cast<size_t>(i * 15 + 14)];
    const double share = static_cast<double>(same) / static_cast<double>(exact->indices.size());
    QVERIFY2(share > 0.99, qPrintable(QString::number(share)));
    QVERIFY(std::abs(share - recall) < 0.01);  // what is told is what was found
    for (size_t i = 0; i < found->indices.size(); ++i) QVERIFY(found->indices[i] != static_cast<int32_t>(i / 15));
    CancelToken token = progress.token();
    token.cancel();
    const auto cancelled = approximateNeighbors(data, 15, recall, progress);
    QVERIFY(!cancelled.ok());
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
}

void TestNeighbors::approximateOfEqualRows() {
    // All in one list, the others empty: every row is still found.
    DenseMatrix data(3000, 4);
    data(7, 2) = 1;
    Progress progress;
    double recall = 0;
    const auto found = approximateNeighbors(data, 5, recall, progress);
    QVERIFY(found.ok());
    QCOMPARE(recall, 1.0);
    QCOMPARE(found->distances[0], 0.0f);
    QCOMPARE(found->distances[7 * 5], 1.0f);
    QVERIFY(!approximateNeighbors(DenseMatrix(1, 4), 5, recall, progress).ok());
}

void TestNeighbors::dotProductsEqualPlainSums_data() {
    QTest::addColumn<int>("rowsA");
    QTest::addColumn<int>("rowsB");
    QTest::addColumn<int>("width");
    QTest::newRow("one") << 1 << 1 << 1;
    QTest::newRow("panel edge") << 9 << 49 << 17;
    QTest::newRow("whole tiles") << 16 << 96 << 50;
    QTest::newRow("uneven") << 37 << 131 << 255;
}

void TestNeighbors::dotProductsEqualPlainSums() {
    QFETCH(int, rowsA);
    QFETCH(int, rowsB);
    QFETCH(int, width);
    const DenseMatrix a = randomMatrix(rowsA, width, 1), b = randomMatrix(rowsB, width, 2);
    const PackedRows packed(b.values.data(), rowsB, width, width);
    std::vector<float> out(static_cast<size_t>(rowsA * rowsB));
    dotProducts(a.values.data(), rowsA, width, packed, out.data(), rowsB);
    for (int i = 0; i < rowsA; ++i) {
        for (int j = 0; j < rowsB; ++j) {
            double sum = 0;
            for (int k = 0; k < width; ++k) sum += static_cast<double>(a(i, k)) * b(j, k);
            QVERIFY(std::abs(out[static_cast<size_t>(i * rowsB + j)] - sum) < 1e-4);
            double squares = 0;
            for (int k = 0; k < width; ++k) squares += std::pow(static_cast<double>(a(i, k)) - b(j, k), 2);
            QVERIFY(std::abs(squaredDistance(a.row(i), b.row(j), width) - squares) <= 1e-6 * squares);
            const std::vector<double> left(a.row(i), a.row(i) + width), right(b.row(j), b.row(j) + width);
            QVERIFY(std::abs(dotProduct(left.data(), right.data(), width) - sum) < 1e-12 * width);
        }
    }
}

void TestNeighbors::neighborsEqualBruteForce_data() {
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    QTest::addColumn<int>("k");
    QTest::newRow("2 columns") << 400 << 2 << 15;
    QTest::newRow("50 columns") << 777 << 50 << 14;
    QTest::newRow("256 columns") << 300 << 256 << 30;
    QTest::newRow("k = n - 1") << 20 << 5 << 19;
}

void TestNeighbors::neighborsEqualBruteForce() {
    QFETCH(int, rows);
    QFETCH(int, cols);
    QFETCH(int, k);
    const DenseMatrix data = randomMatrix(rows, cols, 7);
    Progress silent;
    const auto found = nearestNeighbors(data, k, silent);
    QVERIFY(found.ok());
    const Neighbors expected = bruteForce(data, k);
    QCOMPARE(found->indices, expected.indices);
    QVERIFY(largestDifference(found->distances, expected.distances) < 1e-6);
}

void TestNeighbors::farFromTheOriginNothingIsLost() {
    // |x|² is 10^8 times the squared distances: the float32 expansion alone would fail.
    DenseMatrix data = randomMatrix(300, 10, 11);
    for (float& v : data.values) v = v * 0.1f + 1000.0f;
    Progress silent;
    const auto found = nearestNeighbors(data, 10, silent);
    QVERIFY(found.ok());
    QCOMPARE(found->indices, bruteForce(data, 10).indices);
}

void TestNeighbors::duplicatesAndSmallInputs() {
    DenseMatrix data(4, 2);
    data(3, 0) = 5;
    Progress silent;
    const auto found = nearestNeighbors(data, 14, silent);
    QVERIFY(found.ok());
    QCOMPARE(found->k, int64_t{3});
    QCOMPARE(found->indices, (std::vector<int32_t>{1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2}));
    QCOMPARE(found->distances[2], 5.0f);
    const NeighborGraph graph = fuzzyGraph(*found);
    for (const float w : graph.connectivities.values) QVERIFY(std::isfinite(w) && w > 0 && w <= 1);
}

void TestNeighbors::queriesAgainstAReference() {
    const DenseMatrix reference = randomMatrix(200, 8, 3);
    DenseMatrix queries(2, 8);
    std::copy_n(reference.row(17), 8, queries.row(0));
    std::copy_n(reference.row(150), 8, queries.row(1));
    Progress silent;
    const auto found = nearestNeighbors(queries, reference, 1, silent);
    QVERIFY(found.ok());
    QCOMPARE(found->indices, (std::vector<int32_t>{17, 150}));
    QCOMPARE(found->distances, (std::vector<float>{0, 0}));
}

void TestNeighbors::threadsDoNotMatter() {
    const DenseMatrix data = randomMatrix(1500, 20, 5);
    Progress silent;
    setThreadCount(1);
    const auto one = nearestNeighbors(data, 14, silent);
    setThreadCount(4);
    const auto four = nearestNeighbors(data, 14, silent);
    setThreadCount(0);
    QVERIFY(one.ok() && four.ok());
    QCOMPARE(one->indices, four->indices);
    QCOMPARE(one->distances, four->distances);
    QVERIFY(fuzzyGraph(*one).connectivities == fuzzyGraph(*four).connectivities);
}

void TestNeighbors::badInputAndCancel() {
    Progress silent;
    QCOMPARE(nearestNeighbors(DenseMatrix(1, 3), 5, silent).error().code, ErrorCode::BadInput);
    DenseMatrix broken = randomMatrix(5, 2, 1);
    broken(2, 1) = NAN;
    QCOMPARE(nearestNeighbors(broken, 2, silent).error().code, ErrorCode::BadInput);
    CancelToken token;
    token.cancel();
    Progress cancelled(token);
    QCOMPARE(nearestNeighbors(randomMatrix(50, 2, 1), 2, cancelled).error().code, ErrorCode::Cancelled);
}

void TestNeighbors::graphEqualsScanpy() {
    const auto pca = analysisFixture("pca.json");
    DenseMatrix data(pca["rows"], pca["cols"]);
    data.values = pca["scores"].get<std::vector<float>>();
    const auto expected = analysisFixture("neighbors.json");
    Progress silent;
    const auto found = nearestNeighbors(data, 14, silent);
    QVERIFY(found.ok());
    const NeighborGraph graph = fuzzyGraph(*found);
    QCOMPARE(graph.neighbors, int64_t{15});
    const CsrMatrix distances = csrFromJson(expected["distances"]), weights = csrFromJson(expected["connectivities"]);
    QCOMPARE(graph.distances.indptr, distances.indptr);
    QCOMPARE(graph.distances.indices, distances.indices);
    QVERIFY(largestDifference(graph.distances.values, distances.values) < 1e-5);
    QCOMPARE(graph.connectivities.indptr, weights.indptr);
    QCOMPARE(graph.connectivities.indices, weights.indices);
    // umap-learn solves for sigma in float32.
    QVERIFY(largestDifference(graph.connectivities.values, weights.values) < 1e-4);
}

QTEST_GUILESS_MAIN(TestNeighbors)
#include "test_neighbors.moc"
