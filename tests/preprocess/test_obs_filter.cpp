// SPDX-License-Identifier: GPL-3.0-or-later
// The expressions of --where against selections worked out by hand (pandas' query gives the same).
#include <QtTest>

#include <limits>

#include "core/preprocess/obs_filter.h"

using namespace txfm;

namespace {

Table cells() {
    Table table;
    table.indexName = "barcode";
    table.index = {"a", "b", "c", "d", "e"};
    table.set(Column{"cell_type", Categorical{{"B cell", "T"}, {0, 1, 0, -1, 1}, false}, {}});
    table.set(Column{"n", std::vector<int64_t>{1, 2, 3, 4, 5}, {0, 0, 0, 0, 1}});
    table.set(Column{"score", std::vector<double>{0.5, -1, std::numeric_limits<double>::quiet_NaN(), 2.5, 0}, {}});
    table.set(Column{"good", std::vector<uint8_t>{1, 0, 1, 0, 1}, {}});
    table.set(Column{"donor 1/2", std::vector<std::string>{"x", "y", "x", "y", "it's"}, {}});
    table.set(Column{"2nd", std::vector<int64_t>{0, 0, 0, 0, 1}, {}});
    return table;
}

}  // namespace

class TestObsFilter : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void selects_data() {
        QTest::addColumn<QString>("expression");
        QTest::addColumn<QString>("rows");
        const auto row = [](const char* expression, const char* rows) { QTest::newRow(expression) << expression << rows; };
        row("cell_type == \"B cell\"", "ac");
        row("cell_type == 'B cell' and n > 1", "c");
        row("cell_type != \"T\"", "acd");  // a missing label is not T
        row("cell_type in [\"T\", \"B cell\"]", "abce");
        row("cell_type not in [\"T\"]", "acd");
        row("cell_type == \"none such\"", "");
        row("n >= 3", "cd");  // a missing number has no order
        row("n != 1", "bcde");
        row("score < 0.5", "be");
        row("score == 2.5 or score == -1", "bd");
        row("score >= -1e0", "abde");
        row("good", "ace");
        row("not good", "bd");
        row("good == false", "bd");
        row("good != True", "bd");
        row("not (good and n < 3)", "bcde");
        row("good or n == 2 and score < -5", "ace");  // and binds closer
        row("(good or n == 2) and score < 0", "b");
        row("`donor 1/2` == \"it's\"", "e");
        row("`2nd` == 1", "e");
        row("index in ['a', 'd']", "ad");
        row("barcode == 'c'", "c");
        row("  n==1  ", "a");
    }
    void selects() {
        QFETCH(QString, expression);
        QFETCH(QString, rows);
        const auto selected = selectRows(cells(), expression.toStdString(), "x.h5ad");
        QVERIFY2(selected.ok(), selected.ok() ? "" : selected.error().message.c_str());
        QString found;
        for (const int64_t row : *selected) found += QChar('a' + static_cast<char>(row));
        QCOMPARE(found, rows);
    }

    void saysWhatIsWrong_data() {
        QTest::addColumn<QString>("expression");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* expression, ErrorCode code, const char* says) { QTest::newRow(expression) << expression << static_cast<int>(code) << says; };
        row("", ErrorCode::Usage, "character 1");
        row("n =  1", ErrorCode::Usage, "==");
        row("n > ", ErrorCode::Usage, "character 5");
        row("n > 1 and", ErrorCode::Usage, "character 10");
        row("n > 1 good", ErrorCode::Usage, "'good'");
        row("(n > 1", ErrorCode::Usage, "parenthesis");
        row("n > 1)", ErrorCode::Usage, "')'");
        row("cell_type == T", ErrorCode::Usage, "quotes");
        row("cell_type == \"T", ErrorCode::Usage, "no end");
        row("cell_type in \"T\"", ErrorCode::Usage, "list");
        row("cell_type in [\"T\"", ErrorCode::Usage, "]");
        row("cell_type", ErrorCode::Usage, "comparison");
        row("n > 1; drop", ErrorCode::Usage, "';'");
        row("2nd == 1", ErrorCode::Usage, "backticks");
        row("celltype == \"T\"", ErrorCode::BadInput, "'celltype'");
        row("n == \"1\"", ErrorCode::BadInput, "'n'");
        row("cell_type == 1", ErrorCode::BadInput, "'cell_type'");
        row("cell_type < \"T\"", ErrorCode::BadInput, "no order");
        row("good > 1", ErrorCode::BadInput, "'good'");
    }
    void saysWhatIsWrong() {
        QFETCH(QString, expression);
        QFETCH(int, code);
        QFETCH(QString, says);
        const auto selected = selectRows(cells(), expression.toStdString(), "x.h5ad");
        QVERIFY(!selected.ok());
        QCOMPARE(static_cast<int>(selected.error().code), code);
        QVERIFY2(QString::fromStdString(selected.error().message).contains(says), selected.error().message.c_str());
    }

    void deepNestingEnds() {
        const std::string deep = std::string(100000, '(') + "n > 1";
        QVERIFY(!selectRows(cells(), deep, "x.h5ad").ok());
    }
};

QTEST_GUILESS_MAIN(TestObsFilter)
#include "test_obs_filter.moc"
