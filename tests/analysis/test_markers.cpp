// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <cmath>

#include "core/analysis/markers.h"
#include "tests/support/analysis_fixture.h"

using namespace txfm;
using namespace txfm::analysis;
using namespace txfm::test;

namespace {

Comparison oneAgainstRest(const std::string& group) {
    const auto types = analysisFixture("counts.json")["cell_type"].get<std::vector<std::string>>();
    Comparison comparison;
    comparison.group = group;
    for (size_t i = 0; i < types.size(); ++i) (types[i] == group ? comparison.in : comparison.out).push_back(static_cast<int64_t>(i));
    return comparison;
}

}  // namespace

class TestMarkers : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void equalsScanpy_data();
    void equalsScanpy();
    void smallCaseByHand();
    void constantGenesAreNoMarkers();
    void studentTails();
    void badInputAndCancel();
};

void TestMarkers::equalsScanpy_data() {
    QTest::addColumn<QString>("key");
    QTest::newRow("rank sum") << "wilcoxon";
    QTest::newRow("rank sum with tie correction") << "wilcoxon_ties";
    QTest::newRow("Welch's t") << "t-test";
}

void TestMarkers::equalsScanpy() {
    QFETCH(QString, key);
    const auto fixture = analysisFixture("markers.json");
    const auto expected = fixture[key.toStdString()];
    MarkerOptions options;
    options.test = key == "t-test" ? MarkerTest::TTest : MarkerTest::Wilcoxon;
    options.tieCorrection = key == "wilcoxon_ties";
    Progress silent;
    const auto found = findMarkers(*analysisDataset().counts, {oneAgainstRest(fixture["group"])}, options, silent);
    QVERIFY(found.ok());
    const std::vector<Marker>& markers = found->front();
    QCOMPARE(markers.size(), expected["score"].size());
    for (size_t i = 0; i < markers.size(); ++i) {
        const auto gene = static_cast<size_t>(markers[i].gene);
        const double score = expected["score"][gene], p = expected["pval"][gene];
        // scanpy works in float32.
        QVERIFY(std::abs(markers[i].score - score) < 2e-3 * std::max(1.0, std::abs(score)));
        QVERIFY(std::abs(std::log(markers[i].pValue) - std::log(p)) < 0.02 * std::max(1.0, std::abs(std::log(p))));
        QVERIFY(std::abs(markers[i].pctIn - fixture["pct_in"][gene].get<double>()) < 1e-5);
        QVERIFY(std::abs(markers[i].pctOut - fixture["pct_out"][gene].get<double>()) < 1e-5);
        const double change = fixture["log2_fold_change"][gene];
        if (std::abs(change) < 10) QVERIFY(std::abs(markers[i].log2FoldChange - change) < 1e-3);
        QVERIFY(markers[i].pAdjusted >= markers[i].pValue);
        if (i > 0) QVERIFY(markers[i].score <= markers[i - 1].score);
    }
}

void TestMarkers::smallCaseByHand() {
    // One gene, values 1 2 | 3 4 0 after any monotone transform: ranks 2 3 | 4 5 1, U = 2 of 6 pairs.
    CsrMatrix m;
    m.rows = 5;
    m.cols = 2;
    m.indptr = {0, 2, 4, 6, 8, 9};
    m.indices = {0, 1, 0, 1, 0, 1, 0, 1, 1};
    m.values = {1, 99, 2, 98, 3, 97, 4, 96, 100};
    Progress silent;
    const auto found = findMarkers(MemoryCounts(m), {{"a", {0, 1}, {2, 3, 4}}}, {}, silent);
    QVERIFY(found.ok());
    const auto gene = std::ranges::find(found->front(), int64_t{0}, &Marker::gene);
    // W = 5, mean 6, variance 2·3·6/12 = 3
    QVERIFY(std::abs(gene->score - (5.0 - 6.0) / std::sqrt(3.0)) < 1e-12);
    QCOMPARE(gene->pctIn, 1.0);
    QVERIFY(std::abs(gene->pctOut - 2.0 / 3.0) < 1e-12);
}

void TestMarkers::constantGenesAreNoMarkers() {
    CsrMatrix m;
    m.rows = 4;
    m.cols = 2;
    m.indptr = {0, 1, 2, 3, 4};
    m.indices = {0, 0, 0, 0};
    m.values = {5, 5, 5, 5};
    Progress silent;
    for (const MarkerTest test : {MarkerTest::Wilcoxon, MarkerTest::TTest}) {
        const auto found = findMarkers(MemoryCounts(m), {{"a", {0, 1}, {2, 3}}}, {test, true}, silent);
        QVERIFY(found.ok());
        for (const Marker& marker : found->front()) {
            QCOMPARE(marker.score, 0.0);
            QCOMPARE(marker.pValue, 1.0);
            QCOMPARE(marker.log2FoldChange, 0.0);
        }
    }
}

void TestMarkers::studentTails() {
    // Two-sided tails known in closed form: Cauchy at 1 is 1/2; with 2 degrees p = 1 - t / sqrt(2 + t²).
    QVERIFY(std::abs(studentTwoSided(1, 1) - 0.5) < 1e-12);
    QVERIFY(std::abs(studentTwoSided(3, 2) - (1 - 3 / std::sqrt(11.0))) < 1e-12);
    const auto expected = golden().at("ttest")["student"];
    QVERIFY(std::abs(studentTwoSided(expected[0], 4) - expected[1].get<double>()) < 1e-9);
}

void TestMarkers::badInputAndCancel() {
    Progress silent;
    const Dataset data = analysisDataset();
    QCOMPARE(findMarkers(*data.counts, {{"empty", {}, {1}}}, {}, silent).error().code, ErrorCode::BadInput);
    CancelToken token;
    token.cancel();
    Progress cancelled(token);
    QCOMPARE(findMarkers(*data.counts, {{"a", {0}, {1}}}, {}, cancelled).error().code, ErrorCode::Cancelled);
}

QTEST_GUILESS_MAIN(TestMarkers)
#include "test_markers.moc"
