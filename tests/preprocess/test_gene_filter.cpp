// SPDX-License-Identifier: GPL-3.0-or-later
// Whatever instructions the processor offers, the filter keeps what a plain loop keeps.
#include <QtTest>

#include <algorithm>
#include <set>

#include "core/base/random.h"
#include "core/preprocess/gene_filter.h"

using namespace txfm;

class TestGeneFilter : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void keepsWhatAPlainLoopKeeps_data() {
        QTest::addColumn<int>("genes");
        QTest::addColumn<int>("wanted");
        QTest::addColumn<int>("length");
        for (const int length : {0, 1, 15, 16, 17, 31, 500}) QTest::addRow("%d of a row", length) << 700 << 90 << length;
        QTest::addRow("far apart") << 60000 << 6000 << 500;
        QTest::addRow("now near, now far") << 16000 << 2000 << 260;
        QTest::addRow("of many genes") << 20000 << 2000 << 4250;
        QTest::addRow("all genes") << 64 << 64 << 50;
        QTest::addRow("no gene") << 64 << 0 << 50;
        QTest::addRow("one gene") << 1 << 1 << 1;
    }
    void keepsWhatAPlainLoopKeeps() {
        QFETCH(int, genes);
        QFETCH(int, wanted);
        QFETCH(int, length);
        RandomStream random(7);
        std::set<int64_t> chosen;
        while (static_cast<int>(chosen.size()) < wanted) chosen.insert(static_cast<int64_t>(random.below(static_cast<uint64_t>(genes))));
        std::set<int32_t> row;
        while (static_cast<int>(row.size()) < length) row.insert(static_cast<int32_t>(random.below(static_cast<uint64_t>(genes))));
        const std::vector<int32_t> indices(row.begin(), row.end());
        std::vector<float> values;
        for (const int32_t gene : indices) values.push_back(static_cast<float>(gene) + 0.5f);

        std::vector<int32_t> expected;
        std::ranges::copy_if(indices, std::back_inserter(expected), [&](int32_t gene) { return chosen.contains(gene); });
        const GeneFilter filter(std::vector<int64_t>(chosen.begin(), chosen.end()), genes);

        const size_t room = indices.size() + GeneFilter::kSlack;
        std::vector<int32_t> keptIndices(room + 1, -7);  // one more, which must stay as it is
        std::vector<float> keptValues(room + 1, -7);
        QCOMPARE(filter.keep(indices, values.data(), keptIndices.data(), keptValues.data()), expected.size());
        QCOMPARE(keptIndices.back(), -7);
        QCOMPARE(keptValues.back(), -7.0f);
        keptIndices.resize(expected.size());
        QCOMPARE(keptIndices, expected);
        for (size_t k = 0; k < expected.size(); ++k) QCOMPARE(keptValues[k], static_cast<float>(expected[k]) + 0.5f);
    }
};

QTEST_APPLESS_MAIN(TestGeneFilter)
#include "test_gene_filter.moc"
