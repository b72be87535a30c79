// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include "core/analysis/doublets.h"
#include "core/base/random.h"

using namespace txfm;
using namespace txfm::analysis;

namespace {

constexpr int kGenes = 240, kSinglets = 450, kDoublets = 30;

/// Counts of one cell of a type: 50 of its own 60 genes, few of the others.
std::vector<float> cellOfType(int type, RandomStream& random) {
    std::vector<float> counts(kGenes, 0.0f);
    for (int draw = 0; draw < 600; ++draw) {
        const bool own = random.uniform() < 0.8f;
        const auto gene = own ? static_cast<size_t>(type * 60) + random.below(60) : random.below(kGenes);
        counts[gene] += 1;
    }
    return counts;
}

/// Three types of singlets, then doublets of two different types.
CsrMatrix mixture() {
    RandomStream random(12);
    CsrMatrix m;
    m.cols = kGenes;
    for (int i = 0; i < kSinglets + kDoublets; ++i) {
        std::vector<float> cell = cellOfType(i % 3, random);
        if (i >= kSinglets) {
            const std::vector<float> other = cellOfType((i + 1) % 3, random);
            for (size_t g = 0; g < cell.size(); ++g) cell[g] += other[g];
        }
        for (int g = 0; g < kGenes; ++g) {
            if (cell[static_cast<size_t>(g)] == 0) continue;
            m.indices.push_back(g);
            m.values.push_back(cell[static_cast<size_t>(g)]);
        }
        m.indptr.push_back(static_cast<int64_t>(m.indices.size()));
        ++m.rows;
    }
    return m;
}

}  // namespace

class TestDoublets : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void knownDoubletsScoreHigher();
    void badInputAndCancel();
};

void TestDoublets::knownDoubletsScoreHigher() {
    Progress silent;
    const MemoryCounts counts(mixture());
    const auto scores = doubletScores(counts, {}, silent);
    QVERIFY(scores.ok());
    // Area under the ROC curve: the chance that a doublet scores above a singlet.
    double above = 0;
    for (int d = kSinglets; d < kSinglets + kDoublets; ++d) {
        for (int s = 0; s < kSinglets; ++s) {
            const double a = (*scores)[static_cast<size_t>(d)], b = (*scores)[static_cast<size_t>(s)];
            above += a > b ? 1.0 : a == b ? 0.5 : 0.0;
        }
    }
    QVERIFY2(above / (kSinglets * kDoublets) > 0.95, qPrintable(QString::number(above / (kSinglets * kDoublets))));
    for (const double s : *scores) QVERIFY(s >= 0 && s <= 1);
    const auto again = doubletScores(counts, {}, silent);
    QVERIFY(again.ok());
    QCOMPARE(*again, *scores);
}

void TestDoublets::badInputAndCancel() {
    Progress silent;
    CsrMatrix few;
    few.rows = 3;
    few.cols = 2;
    few.indptr = {0, 1, 2, 3};
    few.indices = {0, 1, 0};
    few.values = {1, 2, 3};
    QCOMPARE(doubletScores(MemoryCounts(few), {}, silent).error().code, ErrorCode::BadInput);
    CancelToken token;
    token.cancel();
    Progress cancelled(token);
    QCOMPARE(doubletScores(MemoryCounts(mixture()), {}, cancelled).error().code, ErrorCode::Cancelled);
}

QTEST_GUILESS_MAIN(TestDoublets)
#include "test_doublets.moc"
