// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "core/data/dataset.h"
#include "core/data/table.h"
#include "core/io/reader.h"

using namespace txfm;

class TestTable : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ordersNamesNaturally() {
        QVERIFY(naturalLess("B2", "B10"));
        QVERIFY(!naturalLess("B10", "B2"));
        QVERIFY(naturalLess("a", "b"));
        QVERIFY(naturalLess("a", "a1"));
        QVERIFY(naturalLess("2", "11"));
        QVERIFY(naturalLess("01", "1") != naturalLess("1", "01"));
        QVERIFY(!naturalLess("x7y", "x7y"));
        QVERIFY(naturalLess("99999999999999999999998", "99999999999999999999999"));
    }

    void showsValues() {
        const Column real{"r", std::vector<double>{0.1, NAN, 3}, {}};
        QCOMPARE(real.text(0), std::string("0.1"));
        QCOMPARE(real.text(1), std::string());
        QCOMPARE(real.text(2), std::string("3"));
        const Column whole{"w", std::vector<int64_t>{1, 2}, {1, 0}};
        QCOMPARE(whole.text(0), std::string());
        QVERIFY(std::isnan(whole.number(0)));
        QCOMPARE(whole.number(1), 2.0);
        const Column label{"l", std::vector<std::string>{"2.5", "2.5x"}, {}};
        QCOMPARE(label.number(0), 2.5);
        QVERIFY(std::isnan(label.number(1)));
    }

    void makesCategories() {
        const Column labels{"l", std::vector<std::string>{"B10", "B2", "B10", "A"}, {0, 0, 0, 1}};
        const Categorical categorical = labels.toCategorical();
        QVERIFY((categorical.categories == std::vector<std::string>{"B2", "B10"}));
        QVERIFY((categorical.codes == std::vector<int32_t>{1, 0, 1, -1}));
        const Categorical numbers = Column{"n", std::vector<double>{10, -2, NAN, 9}, {}}.toCategorical();
        QVERIFY((numbers.categories == std::vector<std::string>{"-2", "9", "10"}));
        QVERIFY((numbers.codes == std::vector<int32_t>{2, 0, -1, 1}));
    }

    void selectsRows() {
        Table table;
        table.index = {"a", "b", "c"};
        table.set({"n", std::vector<int64_t>{1, 2, 3}, {0, 1, 0}});
        table.set({"k", Categorical{{"x", "y"}, {0, 1, -1}, false}, {}});
        table.set({"n", std::vector<int64_t>{4, 5, 6}, {0, 1, 0}});
        QCOMPARE(table.columns.size(), size_t{2});
        const Table picked = table.select({2, 0, 2});
        QVERIFY((picked.index == std::vector<std::string>{"c", "a", "c"}));
        QCOMPARE(picked.find("n")->number(0), 6.0);
        QCOMPARE(picked.find("k")->text(1), std::string("x"));
        QCOMPARE(picked.find("k")->text(2), std::string());
        QVERIFY(!picked.find("absent"));
    }

    void readsRowBlocks() {
        CsrMatrix matrix;
        matrix.rows = 3;
        matrix.cols = 4;
        matrix.indptr = {0, 2, 2, 3};
        matrix.indices = {0, 3, 1};
        matrix.values = {1, 2, 3};
        const MemoryCounts counts(matrix);
        QVERIFY(*counts.readRows(0, 3) == matrix);
        const auto last = counts.readRows(1, 3);
        QVERIFY((last->indptr == std::vector<int64_t>{0, 0, 1}));
        QCOMPARE(last->values[0], 3.0f);
        const auto picked = counts.readRowsAt({2, 0});
        QVERIFY((picked->indices == LargeVector<int32_t>{1, 0, 3}));
        QVERIFY(!counts.readRows(2, 4).ok());
        QVERIFY(!counts.readRowsAt({-1}).ok());
        QVERIFY(!counts.readRowsAt({3}).ok());
    }

    void recognisesValues() {
        using io::classifyValues;
        QVERIFY(classifyValues(std::vector<float>{0, 1, 20000}) == ValueKind::Counts);
        QVERIFY(classifyValues(std::vector<float>{}) == ValueKind::Counts);
        QVERIFY(classifyValues(std::vector<float>{0, 0.69f, 9.2f}) == ValueKind::Log1pNormalised);
        QVERIFY(classifyValues(std::vector<float>{0, 0.5f, 900}) == ValueKind::Normalised);
        QVERIFY(classifyValues(std::vector<float>{-0.5f, 2}) == ValueKind::Scaled);
        QVERIFY(classifyValues(std::vector<float>{1, NAN}) == ValueKind::Unknown);
        QVERIFY(classifyValues(std::vector<float>{1, INFINITY}) == ValueKind::Unknown);
    }
};

QTEST_GUILESS_MAIN(TestTable)
#include "test_table.moc"
