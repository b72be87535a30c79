// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <algorithm>
#include <cmath>

#include "core/analysis/communities.h"
#include "tests/support/analysis_fixture.h"

using namespace txfm;
using namespace txfm::analysis;
using namespace txfm::test;

namespace {

CsrMatrix fromEdges(int n, const std::vector<std::pair<int, int>>& edges) {
    std::vector<std::vector<int>> rows(static_cast<size_t>(n));
    for (const auto& [a, b] : edges) {
        rows[static_cast<size_t>(a)].push_back(b);
        rows[static_cast<size_t>(b)].push_back(a);
    }
    CsrMatrix m;
    m.rows = m.cols = n;
    for (auto& row : rows) {
        std::ranges::sort(row);
        m.indices.insert(m.indices.end(), row.begin(), row.end());
        m.indptr.push_back(static_cast<int64_t>(m.indices.size()));
    }
    m.values.assign(m.indices.size(), 1.0f);
    return m;
}

}  // namespace

class TestCommunities : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void modularityEqualsGolden();
    void leidenReachesThePeersQuality();
    void louvainFindsTheCliques();
    void largeGraphsAreClusteredAndCanBeCancelled_data();
    void largeGraphsAreClusteredAndCanBeCancelled();
};

void TestCommunities::modularityEqualsGolden() {
    const CsrMatrix graph = fromEdges(8, {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}, {4, 5}, {4, 6}, {4, 7}, {5, 6}, {5, 7}, {6, 7}, {3, 4}});
    const auto expected = golden().at("modularity").at("gamma");
    Progress silent;
    for (const auto& [text, row] : expected.items()) {
        const double gamma = std::stod(text);
        QVERIFY(std::abs(modularity(graph, {0, 0, 0, 0, 0, 0, 0, 0}, gamma) - row["one"].get<double>()) < 1e-9);
        QVERIFY(std::abs(modularity(graph, {0, 0, 0, 0, 1, 1, 1, 1}, gamma) - row["two"].get<double>()) < 1e-9);
        QVERIFY(std::abs(modularity(graph, {0, 1, 2, 3, 4, 5, 6, 7}, gamma) - row["singletons"].get<double>()) < 1e-9);
        const auto found = findCommunities(graph, CommunityMethod::Leiden, gamma, 1, silent);
        QVERIFY(found.ok());
        QVERIFY2(std::abs(found->modularity - row["best_Q"].get<double>()) < 1e-9, text.c_str());
    }
}

void TestCommunities::leidenReachesThePeersQuality() {
    const auto fixture = analysisFixture("neighbors.json");
    const CsrMatrix graph = csrFromJson(fixture["connectivities"]);
    Progress silent;
    for (const auto& [text, quality] : fixture["leiden_quality"].items()) {
        double best = -1;
        for (uint64_t seed = 0; seed < 10; ++seed) {
            const auto found = findCommunities(graph, CommunityMethod::Leiden, std::stod(text), seed, silent);
            QVERIFY(found.ok());
            best = std::max(best, found->modularity);
            const auto again = findCommunities(graph, CommunityMethod::Leiden, std::stod(text), seed, silent);
            QVERIFY(again.ok());
            QCOMPARE(found->membership, again->membership);
        }
        QVERIFY2(best > quality.get<double>() - 1e-3, qPrintable(QString("%1 against %2").arg(best).arg(quality.get<double>())));
    }
}

void TestCommunities::louvainFindsTheCliques() {
    const CsrMatrix graph = fromEdges(9, {{0, 1}, {0, 2}, {1, 2}, {4, 5}, {4, 6}, {4, 7}, {5, 6}, {5, 7}, {6, 7}, {2, 4}});
    Progress silent;
    const auto found = findCommunities(graph, CommunityMethod::Louvain, 1.0, 0, silent);
    QVERIFY(found.ok());
    // The larger clique comes first, the cells without edges last.
    QCOMPARE(found->membership, (std::vector<int32_t>{1, 1, 1, 2, 0, 0, 0, 0, 3}));
    QCOMPARE(found->count, 4);
}

void TestCommunities::largeGraphsAreClusteredAndCanBeCancelled_data() {
    QTest::addColumn<int>("method");
    QTest::newRow("leiden") << static_cast<int>(CommunityMethod::Leiden);
    QTest::newRow("louvain") << static_cast<int>(CommunityMethod::Louvain);
}

void TestCommunities::largeGraphsAreClusteredAndCanBeCancelled() {
    QFETCH(int, method);
    // A ring of cliques, more nodes than are clustered on the caller's thread.
    constexpr int kCliques = 4100, kSize = 6;
    std::vector<std::pair<int, int>> edges;
    for (int clique = 0; clique < kCliques; ++clique) {
        const int first = clique * kSize;
        for (int a = 0; a < kSize; ++a)
            for (int b = a + 1; b < kSize; ++b) edges.emplace_back(first + a, first + b);
        edges.emplace_back(first, (first + kSize + 1) % (kCliques * kSize));
    }
    const CsrMatrix graph = fromEdges(kCliques * kSize, edges);
    const auto find = [&](Progress& progress) { return findCommunities(graph, static_cast<CommunityMethod>(method), 200.0, 0, progress); };
    CancelToken token;
    token.cancel();
    Progress cancelled(token);
    QCOMPARE(find(cancelled).error().code, ErrorCode::Cancelled);
    // What the cancelled call left behind does not stand in the way of the next one.
    Progress silent;
    const auto found = find(silent);
    QVERIFY(found.ok());
    QCOMPARE(found->count, kCliques);
    for (int clique = 0; clique < kCliques; ++clique)
        for (int a = 1; a < kSize; ++a)
            QCOMPARE(found->membership[static_cast<size_t>(clique * kSize + a)], found->membership[static_cast<size_t>(clique * kSize)]);
}

QTEST_GUILESS_MAIN(TestCommunities)
#include "test_communities.moc"
