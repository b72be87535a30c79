// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <chrono>
#include <cmath>
#include <thread>

#include "core/analysis/communities.h"
#include "core/analysis/neighbor_graph.h"
#include "core/analysis/pca.h"
#include "core/analysis/spectral_start.h"
#include "core/analysis/top_singular.h"
#include "core/analysis/tsne.h"
#include "core/analysis/umap.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/preprocess/hvg.h"
#include "tests/support/analysis_fixture.h"

using namespace txfm;
using namespace txfm::analysis;
using namespace txfm::test;

namespace {

/// `groups` clouds of `each` points around distant centres.
DenseMatrix clouds(int groups, int each, int width, std::vector<int>* labels = nullptr) {
    DenseMatrix data(groups * each, width);
    RandomStream random(3);
    for (int g = 0; g < groups; ++g) {
        for (int i = 0; i < each; ++i) {
            for (int c = 0; c < width; ++c)
                data(g * each + i, c) = static_cast<float>(random.normal() + (c == g % width ? 6.0 * (1 + g / width) : 0.0));
            if (labels) labels->push_back(g);
        }
    }
    return data;
}

/// Share of the `k` nearest rows in `map` that carry the label of the row.
double neighborPurity(const DenseMatrix& map, const std::vector<int>& labels, int64_t k) {
    Progress silent;
    const auto near = nearestNeighbors(map, k, silent);
    if (!near.ok()) return -1;
    double same = 0;
    for (int64_t i = 0; i < near->rows; ++i)
        for (int64_t j = 0; j < k; ++j)
            same += labels[static_cast<size_t>(near->indices[static_cast<size_t>(i * k + j)])] == labels[static_cast<size_t>(i)];
    return same / static_cast<double>(near->rows * k);
}

NeighborGraph graphOf(const DenseMatrix& data) {
    Progress silent;
    return fuzzyGraph(*nearestNeighbors(data, 14, silent));
}

}  // namespace

class TestProjections : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void lanczosEqualsTheDenseSolver();
    void lanczosSurvivesLowRank();
    void pcaEqualsScanpy();
    void sparseAndDensePcaAgree();
    void pcaOfFewRows();
    void spectralStartIsOfTheLaplacian();
    void umapKeepsClouds();
    void umapIsDeterministic();
    void umapOfADisconnectedGraph();
    void tsneKeepsClouds();
    void cancelStopsEverything();
    void cancelReachesRunningSteps();
};

void TestProjections::lanczosEqualsTheDenseSolver() {
    constexpr int64_t n = 420;
    std::vector<double> matrix(n * n);
    RandomStream random(1);
    std::vector<double> factor(n * n);
    for (double& v : factor) v = random.normal();
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j <= i; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < n; ++k) sum += factor[static_cast<size_t>(i * n + k)] * factor[static_cast<size_t>(j * n + k)];
            matrix[static_cast<size_t>(i * n + j)] = matrix[static_cast<size_t>(j * n + i)] = sum;
        }
    Progress silent;
    const SingularVectors few = *topEigenvectors(matrix, n, 30, silent), all = *topEigenvectors(matrix, n, n, silent);
    QCOMPARE(few.values.size(), size_t{30});
    for (size_t i = 0; i < 30; ++i) {
        QVERIFY(std::abs(few.values[i] - all.values[i]) < 1e-8 * all.values[0]);
        double dot = 0;
        for (int64_t j = 0; j < n; ++j) dot += few.vectors[i * n + static_cast<size_t>(j)] * all.vectors[i * n + static_cast<size_t>(j)];
        QVERIFY(std::abs(std::abs(dot) - 1) < 1e-8);
    }
}

void TestProjections::lanczosSurvivesLowRank() {
    // Rank 3, 20 pairs asked for: the basis runs out and is continued.
    constexpr int64_t n = 350;
    std::vector<double> matrix(n * n, 0.0);
    matrix[0] = 5;
    matrix[n + 1] = 5;
    matrix[2 * n + 2] = 1;
    Progress silent;
    const SingularVectors pairs = *topEigenvectors(matrix, n, 20, silent);
    QVERIFY(std::abs(pairs.values[0] - 5) < 1e-9);
    QVERIFY(std::abs(pairs.values[1] - 5) < 1e-9);
    QVERIFY(std::abs(pairs.values[2] - 1) < 1e-9);
    QVERIFY(std::abs(pairs.values[3]) < 1e-9);
}

void TestProjections::pcaEqualsScanpy() {
    const auto expected = analysisFixture("pca.json");
    const auto selected = analysisFixture("hvg.json")["selected"].get<std::vector<int64_t>>();
    const Dataset data = analysisDataset();
    Progress silent;
    const auto moments = geneMoments(*data.counts, 1e4, silent);
    QVERIFY(moments.ok());
    const auto values = logNormalised(*data.counts, selected, moments->cellTotals, 1e4, silent);
    QVERIFY(values.ok());
    const auto pca = principalComponents(*values, 10, silent);
    QVERIFY(pca.ok());
    const auto scores = expected["scores"].get<std::vector<double>>();
    for (int c = 0; c < 10; ++c) {
        QVERIFY(std::abs(pca->variance[static_cast<size_t>(c)] - expected["variance"][static_cast<size_t>(c)].get<double>()) < 1e-5);
        QVERIFY(std::abs(pca->varianceRatio[static_cast<size_t>(c)] - expected["variance_ratio"][static_cast<size_t>(c)].get<double>()) < 1e-6);
        // Signs are free; ours are fixed by the largest loading.
        double dot = 0, norm = 0;
        for (int64_t i = 0; i < data.cells(); ++i) {
            dot += pca->scores(i, c) * scores[static_cast<size_t>(i * 10 + c)];
            norm += scores[static_cast<size_t>(i * 10 + c)] * scores[static_cast<size_t>(i * 10 + c)];
        }
        QVERIFY(std::abs(std::abs(dot) / norm - 1) < 1e-5);
        float largest = 0;
        for (int64_t j = 0; j < pca->components.cols; ++j)
            if (std::abs(pca->components(c, j)) > std::abs(largest)) largest = pca->components(c, j);
        QVERIFY(largest > 0);
    }
}

void TestProjections::sparseAndDensePcaAgree() {
    const Dataset data = analysisDataset();
    const CsrMatrix& counts = *data.counts->inMemory();
    DenseMatrix dense(counts.rows, counts.cols);
    for (int64_t i = 0; i < counts.rows; ++i)
        for (int64_t k = counts.indptr[i]; k < counts.indptr[i + 1]; ++k) dense(i, counts.indices[k]) = counts.values[k];
    Progress silent;
    setThreadCount(1);
    const auto a = principalComponents(counts, 12, silent);
    setThreadCount(3);
    const auto b = principalComponents(dense, 12, silent);
    const auto again = principalComponents(counts, 12, silent);
    setThreadCount(0);
    QVERIFY(a.ok() && b.ok() && again.ok());
    QCOMPARE(a->scores.values, again->scores.values);
    QVERIFY(std::abs(a->totalVariance / b->totalVariance - 1) < 1e-5);
    for (size_t c = 0; c < 12; ++c) QVERIFY(std::abs(a->variance[c] / b->variance[c] - 1) < 1e-4);
}

void TestProjections::pcaOfFewRows() {
    DenseMatrix data(3, 500);
    data(0, 0) = 3;
    data(1, 1) = 3;
    Progress silent;
    const auto pca = principalComponents(data, 50, silent);
    QVERIFY(pca.ok());
    QCOMPARE(pca->scores.cols, int64_t{2});
    double share = 0;
    for (const double r : pca->varianceRatio) share += r;
    QVERIFY(std::abs(share - 1) < 1e-6);
    QCOMPARE(principalComponents(DenseMatrix(1, 4), 2, silent).error().code, ErrorCode::BadInput);
}

void TestProjections::spectralStartIsOfTheLaplacian() {
    const CsrMatrix graph = graphOf(clouds(1, 400, 4)).connectivities;
    DenseMatrix layout(graph.rows, 2);
    Progress silent;
    const auto connected = spectralStart(graph, 10.0, layout, silent);
    QVERIFY(connected.ok() && *connected);
    std::vector<double> degree(static_cast<size_t>(graph.rows), 0.0);
    for (int64_t i = 0; i < graph.rows; ++i)
        for (const float w : graph.rowValues(i)) degree[static_cast<size_t>(i)] += w;
    double before = 0;  // the eigenvalue of the trivial eigenvector
    for (int64_t c = 0; c < 2; ++c) {
        double norm = 0, rayleigh = 0, trivial = 0, largest = 0;
        std::vector<double> product;
        for (int64_t i = 0; i < graph.rows; ++i) {
            const double x = layout(i, c), root = std::sqrt(degree[static_cast<size_t>(i)]);
            double sum = 0;
            for (int64_t e = graph.indptr[i]; e < graph.indptr[i + 1]; ++e)
                sum += graph.values[e] / std::sqrt(degree[static_cast<size_t>(graph.indices[e])]) * layout(graph.indices[e], c);
            product.push_back(x - sum / root);
            norm += x * x;
            rayleigh += x * product.back();
            trivial += x * root;
            largest = std::max(largest, std::abs(x));
        }
        const double value = rayleigh / norm;
        double residual = 0;
        for (int64_t i = 0; i < graph.rows; ++i) residual += std::pow(product[static_cast<size_t>(i)] - value * layout(i, c), 2);
        QVERIFY(std::sqrt(residual / norm) < 1e-3);
        QVERIFY(std::abs(trivial) / std::sqrt(norm) < 1e-3);
        QVERIFY(value > before);
        QVERIFY(std::abs(largest - 10.0) < 1e-5);
        before = value;
    }
}

void TestProjections::umapKeepsClouds() {
    std::vector<int> labels;
    const DenseMatrix data = clouds(4, 120, 10, &labels);
    Progress silent;
    const auto map = umapLayout(graphOf(data).connectivities, data, {}, silent);
    QVERIFY(map.ok());
    QCOMPARE(map->cols, int64_t{2});
    QVERIFY(neighborPurity(*map, labels, 15) > 0.98);
    const auto bad = umapLayout(graphOf(data).connectivities, data, {0.5, 1, 7}, silent);
    QCOMPARE(bad.error().code, ErrorCode::Usage);
}

void TestProjections::umapIsDeterministic() {
    const DenseMatrix data = clouds(3, 80, 6);
    const CsrMatrix graph = graphOf(data).connectivities;
    Progress silent;
    UmapOptions options;
    options.seed = 5;
    const auto a = umapLayout(graph, data, options, silent);
    setThreadCount(3);
    const auto b = umapLayout(graph, data, options, silent);
    setThreadCount(0);
    options.seed = 6;
    const auto c = umapLayout(graph, data, options, silent);
    QVERIFY(a.ok() && b.ok() && c.ok());
    QCOMPARE(a->values, b->values);
    QVERIFY(a->values != c->values);
}

void TestProjections::umapOfADisconnectedGraph() {
    std::vector<int> labels;
    DenseMatrix data = clouds(2, 60, 2, &labels);
    for (int64_t i = 0; i < 60; ++i) data(i, 0) += 1000;
    Progress silent;
    const auto map = umapLayout(graphOf(data).connectivities, data, {}, silent);
    QVERIFY(map.ok());
    QVERIFY(neighborPurity(*map, labels, 15) == 1.0);
    for (const float v : map->values) QVERIFY(std::isfinite(v));
}

void TestProjections::tsneKeepsClouds() {
    std::vector<int> labels;
    const DenseMatrix data = clouds(4, 60, 8, &labels);
    Progress silent;
    TsneOptions options;
    options.perplexity = 20;
    options.iterations = 400;
    const auto near = nearestNeighbors(data, tsneNeighbors(options.perplexity), silent);
    QVERIFY(near.ok());
    const auto map = tsneLayout(*near, data, options, silent);
    const auto again = tsneLayout(*near, data, options, silent);
    QVERIFY(map.ok() && again.ok());
    QVERIFY(neighborPurity(*map, labels, 10) > 0.97);
    QCOMPARE(map->values, again->values);
}

void TestProjections::cancelReachesRunningSteps() {
    // Each takes seconds or longer here; a cancel after a moment has to end it long before.
    using Clock = std::chrono::steady_clock;
    constexpr auto kMoment = std::chrono::milliseconds(150);
    constexpr auto kBar = std::chrono::seconds(2);  // generous: the machine may be busy
    DenseMatrix points(60'000, 20);
    RandomStream random(11);
    for (float& v : points.values) v = static_cast<float>(random.normal());
    CsrMatrix ring;
    ring.rows = ring.cols = 200'000;
    for (int32_t i = 0; i < ring.rows; ++i) {
        std::vector<int32_t> near;
        for (int32_t step : {1, 2, 3, 1000, 50'000}) {
            near.push_back((i + step) % static_cast<int32_t>(ring.rows));
            near.push_back((i + static_cast<int32_t>(ring.rows) - step) % static_cast<int32_t>(ring.rows));
        }
        std::ranges::sort(near);
        ring.indices.insert(ring.indices.end(), near.begin(), near.end());
        ring.indptr.push_back(static_cast<int64_t>(ring.indices.size()));
    }
    ring.values.assign(ring.indices.size(), 1.0f);
    const auto cancelled = [&](const auto& step) {
        CancelToken token;
        Progress progress(token);
        Clock::time_point at;
        std::thread stopper([&] {
            std::this_thread::sleep_for(kMoment);
            at = Clock::now();
            token.cancel();
        });
        const bool ended = step(progress);
        const auto end = Clock::now();
        stopper.join();
        return ended && end > at && end - at < kBar;
    };
    QVERIFY(cancelled([&](Progress& p) { return nearestNeighbors(points, 15, p).error().code == ErrorCode::Cancelled; }));
    QVERIFY(cancelled([&](Progress& p) { return umapLayout(ring, DenseMatrix(ring.rows, 2), {}, p).error().code == ErrorCode::Cancelled; }));
    QVERIFY(cancelled([&](Progress& p) { return findCommunities(ring, CommunityMethod::Leiden, 1, 0, p).error().code == ErrorCode::Cancelled; }));
    QVERIFY(cancelled([&](Progress& p) { return findCommunities(ring, CommunityMethod::Louvain, 1, 0, p).error().code == ErrorCode::Cancelled; }));
}

void TestProjections::cancelStopsEverything() {
    const DenseMatrix data = clouds(2, 50, 4);
    const CsrMatrix graph = graphOf(data).connectivities;
    Progress silent;
    const auto near = nearestNeighbors(data, 20, silent);
    CancelToken token;
    token.cancel();
    Progress cancelled(token);
    QCOMPARE(principalComponents(data, 2, cancelled).error().code, ErrorCode::Cancelled);
    QCOMPARE(umapLayout(graph, data, {}, cancelled).error().code, ErrorCode::Cancelled);
    QCOMPARE(tsneLayout(*near, data, {}, cancelled).error().code, ErrorCode::Cancelled);
    QCOMPARE(findCommunities(graph, CommunityMethod::Leiden, 1, 0, cancelled).error().code, ErrorCode::Cancelled);
}

QTEST_GUILESS_MAIN(TestProjections)
#include "test_projections.moc"
