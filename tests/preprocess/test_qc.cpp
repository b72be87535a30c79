// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <cmath>

#include "core/preprocess/gene_symbols.h"
#include "core/preprocess/hvg.h"
#include "core/preprocess/qc.h"
#include "tests/support/analysis_fixture.h"

using namespace txfm;
using namespace txfm::test;

namespace {

std::vector<double> numbers(const nlohmann::json& json) {
    std::vector<double> values;
    for (const auto& v : json) values.push_back(v.is_null() ? std::nan("") : v.get<double>());
    return values;
}

/// Three cells x four genes: MT-ND1, RPS3, A, B.
Dataset tiny() {
    CsrMatrix m;
    m.rows = 3;
    m.cols = 4;
    m.indptr = {0, 3, 5, 5};
    m.indices = {0, 1, 2, 2, 3};
    m.values = {1, 1, 2, 5, 5};
    Dataset data;
    data.counts = std::make_shared<MemoryCounts>(m);
    data.obs.index = {"a", "b", "c"};
    data.var.index = {"ENSG00000198888", "RPS3", "A", "B"};
    return data;
}

}  // namespace

class TestQc : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void metricsEqualScanpy();
    void emptyCellsAreZero();
    void genesAreFilteredBeforeCells();
    void madThresholds();
    void subsetKeepsTablesAligned();
    void cancelStops();
    void hvgEqualsGolden();
    void hvgEqualsScanpy();
    void momentsDoNotDependOnTheSource();
    void constantGenesAreNeverSelected();
};

void TestQc::metricsEqualScanpy() {
    const Dataset data = analysisDataset();
    Progress silent;
    const auto qc = computeQc(data, silent);
    QVERIFY(qc.ok());
    const auto expected = analysisFixture("qc.json");
    QVERIFY(largestDifference(qc->totalCounts, numbers(expected["total_counts"])) < 1e-6);
    QCOMPARE(qc->genesByCounts, expected["n_genes_by_counts"].get<std::vector<int64_t>>());
    QVERIFY(largestDifference(qc->pctCountsMt, numbers(expected["pct_counts_mt"])) < 1e-5);
    QVERIFY(largestDifference(qc->pctCountsRibo, numbers(expected["pct_counts_ribo"])) < 1e-5);
    QCOMPARE(qc->cellsByCounts, expected["n_cells_by_counts"].get<std::vector<int64_t>>());
    QVERIFY(largestDifference(qc->geneTotalCounts, numbers(expected["gene_total_counts"])) < 1e-6);
}

void TestQc::emptyCellsAreZero() {
    Progress silent;
    const auto qc = computeQc(tiny(), silent);
    QVERIFY(qc.ok());
    // ENSG00000198888 is MT-ND1.
    QCOMPARE(qc->mitochondrialGenes, 1);
    QCOMPARE(qc->pctCountsMt, (std::vector<double>{25, 0, 0}));
    QCOMPARE(qc->pctCountsRibo, (std::vector<double>{25, 0, 0}));
    QCOMPARE(qc->totalCounts, (std::vector<double>{4, 10, 0}));
}

void TestQc::genesAreFilteredBeforeCells() {
    const Dataset data = tiny();
    Progress silent;
    const auto qc = computeQc(data, silent);
    QVERIFY(qc.ok());
    QcFilters filters;
    filters.minCells = 2;
    filters.minGenes = 1;
    auto kept = applyQcFilters(data, *qc, filters, silent);
    QVERIFY(kept.ok());
    QCOMPARE(kept->genes, (std::vector<int64_t>{2}));
    QCOMPARE(kept->cells, (std::vector<int64_t>{0, 1}));
    filters.minGenes = 2;  // one gene is left, so no cell has two
    kept = applyQcFilters(data, *qc, filters, silent);
    QVERIFY(kept.ok());
    QVERIFY(kept->cells.empty());
    QcFilters mt;
    mt.maxMtPercent = 20;
    kept = applyQcFilters(data, *qc, mt, silent);
    QVERIFY(kept.ok());
    QCOMPARE(kept->cells, (std::vector<int64_t>{1, 2}));
    QCOMPARE(kept->genes.size(), size_t{4});
}

void TestQc::madThresholds() {
    QcMetrics metrics;
    for (int i = 0; i < 9; ++i) {
        metrics.totalCounts.push_back(std::exp(5.0 + 0.1 * i) - 1);
        metrics.genesByCounts.push_back(100 + i);
        metrics.pctCountsMt.push_back(1.0 + 0.1 * i);
        metrics.pctCountsRibo.push_back(0);
    }
    metrics.totalCounts[0] = 1;    // far too few
    metrics.pctCountsMt[8] = 80;   // dying
    metrics.pctCountsMt[1] = 0;    // few mitochondrial counts are no fault
    Dataset data;
    data.counts = std::make_shared<MemoryCounts>(CsrMatrix{9, 0, std::vector<int64_t>(10, 0), {}, {}});
    QcFilters filters;
    filters.madMultiple = 5;
    Progress silent;
    const auto kept = applyQcFilters(data, metrics, filters, silent);
    QVERIFY(kept.ok());
    QCOMPARE(kept->cells, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7}));
}

void TestQc::subsetKeepsTablesAligned() {
    Dataset data = analysisDataset();
    data.obsm["X_a"] = DenseMatrix(data.cells(), 1);
    for (int64_t i = 0; i < data.cells(); ++i) data.obsm["X_a"](i, 0) = static_cast<float>(i);
    Progress silent;
    const std::vector<int64_t> cells = {3, 4, 10}, genes = {0, 7, 100};
    const auto part = subset(data, cells, genes, silent);
    QVERIFY(part.ok());
    QCOMPARE(part->obs.index, (std::vector<std::string>{"cell3", "cell4", "cell10"}));
    QCOMPARE(part->var.index[2], data.var.index[100]);
    QCOMPARE(part->obsm.at("X_a")(2, 0), 10.0f);
    const auto rows = part->counts->readRows(0, 3);
    const auto all = data.counts->readRows(0, data.cells());
    QVERIFY(rows.ok() && all.ok());
    QCOMPARE(rows->cols, int64_t{3});
    const auto value = [](const CsrMatrix& m, int64_t row, int32_t column) {
        for (int64_t k = m.indptr[row]; k < m.indptr[row + 1]; ++k)
            if (m.indices[k] == column) return m.values[k];
        return 0.0f;
    };
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
            QCOMPARE(value(*rows, i, j), value(*all, cells[static_cast<size_t>(i)], static_cast<int32_t>(genes[static_cast<size_t>(j)])));
    QVERIFY(!subset(data, {5, 3}, genes, silent).ok());
    QVERIFY(!subset(data, {0, 160}, genes, silent).ok());
}

void TestQc::cancelStops() {
    CancelToken token;
    token.cancel();
    Progress cancelled(token);
    const auto qc = computeQc(analysisDataset(), cancelled);
    QVERIFY(!qc.ok());
    QCOMPARE(qc.error().code, ErrorCode::Cancelled);
}

void TestQc::hvgEqualsGolden() {
    const auto expected = golden().at("hvg_seurat");
    CsrMatrix m;
    m.rows = 30;
    m.cols = 12;
    for (int i = 1; i <= 30; ++i) {
        for (int j = 1; j <= 12; ++j) {
            const double c = std::nearbyint(std::abs(std::sin(0.37 * i * j) + std::cos(0.11 * i + j)) * j / 2);
            if (c == 0) continue;
            m.indices.push_back(j - 1);
            m.values.push_back(static_cast<float>(c));
        }
        m.indptr.push_back(static_cast<int64_t>(m.indices.size()));
    }
    Progress silent;
    const auto moments = geneMoments(MemoryCounts(m), 1e4, silent);
    QVERIFY(moments.ok());
    const HvgResult hvg = highlyVariableGenes(*moments, 5, 4);
    QVERIFY(largestDifference(hvg.means, numbers(expected["means"])) < 1e-8);
    QVERIFY(largestDifference(hvg.dispersions, numbers(expected["dispersions"])) < 1e-8);
    QVERIFY(largestDifference(hvg.dispersionsNorm, numbers(expected["dispersions_norm"])) < 1e-8);
    QCOMPARE(hvg.selected, expected["top5_genes_0based"].get<std::vector<int64_t>>());
}

void TestQc::hvgEqualsScanpy() {
    const auto expected = analysisFixture("hvg.json");
    Progress silent;
    const auto moments = geneMoments(*analysisDataset().counts, 1e4, silent);
    QVERIFY(moments.ok());
    const HvgResult hvg = highlyVariableGenes(*moments, 150);
    QVERIFY(largestDifference(hvg.means, numbers(expected["means"])) < 1e-7);
    const auto norm = numbers(expected["dispersions_norm"]);
    for (size_t g = 0; g < norm.size(); ++g) {
        QCOMPARE(std::isnan(hvg.dispersionsNorm[g]), std::isnan(norm[g]));
        if (!std::isnan(norm[g])) QVERIFY(std::abs(hvg.dispersionsNorm[g] - norm[g]) < 1e-6);
    }
    QCOMPARE(hvg.selected, expected["selected"].get<std::vector<int64_t>>());
}

void TestQc::momentsDoNotDependOnTheSource() {
    // The same counts read through a selection of everything, i.e. not from memory.
    const Dataset data = analysisDataset();
    Progress silent;
    std::vector<int64_t> cells(static_cast<size_t>(data.cells())), genes(static_cast<size_t>(data.genes()));
    std::iota(cells.begin(), cells.end(), 0);
    std::iota(genes.begin(), genes.end(), 0);
    const auto through = subset(data, cells, genes, silent);
    QVERIFY(through.ok() && through->counts->inMemory() == nullptr);
    const auto a = geneMoments(*data.counts, 1e4, silent), b = geneMoments(*through->counts, 1e4, silent);
    QVERIFY(a.ok() && b.ok());
    QCOMPARE(a->mean, b->mean);
    QCOMPARE(a->variance, b->variance);
    const auto x = logNormalised(*data.counts, {1, 5, 9}, a->cellTotals, 1e4, silent);
    const auto y = logNormalised(*through->counts, {1, 5, 9}, a->cellTotals, 1e4, silent);
    QVERIFY(x.ok() && y.ok());
    QVERIFY(*x == *y);
}

void TestQc::constantGenesAreNeverSelected() {
    CsrMatrix m;
    m.rows = 4;
    m.cols = 3;
    m.indptr = {0, 1, 2, 3, 4};
    m.indices = {0, 0, 0, 0};
    m.values = {1, 1, 1, 1};
    Progress silent;
    const auto moments = geneMoments(MemoryCounts(m), 1e4, silent);
    QVERIFY(moments.ok());
    QVERIFY(highlyVariableGenes(*moments, 2).selected.empty());
}

QTEST_GUILESS_MAIN(TestQc)
#include "test_qc.moc"
