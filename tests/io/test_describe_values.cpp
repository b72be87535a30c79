// SPDX-License-Identifier: GPL-3.0-or-later
// Values that are no counts are named by what was done to them (as scanpy's normalize_total and log1p do it).
#include <QtTest>

#include <cmath>

#include "core/io/describe_values.h"

using namespace txfm;

namespace {

enum class Step { None, Log, Log2 };

/// Counts of 40 cells x 30 genes, scaled to `target` per cell (0: not scaled), then the logarithm; `genes` leaves the rest out.
CsrMatrix values(double target, Step step, int genes = 30) {
    CsrMatrix m;
    m.rows = 40;
    m.cols = 30;
    for (int row = 0; row < 40; ++row) {
        const auto count = [row](int gene) { return (row * 7 + gene * gene * 3) % 11 * (gene % 4) + (row == gene); };
        double total = 0;
        for (int gene = 0; gene < 30; ++gene) total += count(gene);
        for (int gene = 0; gene < genes; ++gene) {
            if (count(gene) == 0) continue;
            double value = target > 0 ? count(gene) * target / total : count(gene) + 0.5 * (gene % 2);
            if (step != Step::None) value = step == Step::Log ? std::log1p(value) : std::log1p(value) / std::log(2.0);
            m.indices.push_back(gene);
            m.values.push_back(static_cast<float>(value));
        }
        m.indptr.push_back(static_cast<int64_t>(m.indices.size()));
    }
    return m;
}

}  // namespace

class TestDescribeValues : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void namesWhatWasDone_data() {
        QTest::addColumn<double>("target");
        QTest::addColumn<int>("step");
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("text");
        QTest::addColumn<double>("base");
        const auto row = [](const char* name, double target, Step step, ValueKind kind, const char* text, double base) {
            QTest::newRow(name) << target << static_cast<int>(step) << static_cast<int>(kind) << text << base;
        };
        const double e = std::exp(1.0);
        row("log1p of 1e4", 1e4, Step::Log, ValueKind::Log1pNormalised, "log1p of counts scaled to 10,000 per cell", e);
        row("log1p of CPM", 1e6, Step::Log, ValueKind::Log1pNormalised, "log1p of counts per million (CPM or TPM)", e);
        row("log2 of 1e4", 1e4, Step::Log2, ValueKind::Log1pNormalised, "log2(1 + x) of counts scaled to 10,000 per cell", 2);
        row("log2 of CPM", 1e6, Step::Log2, ValueKind::Normalised, "log2(1 + x) of counts per million (CPM or TPM)", 2);
        row("log1p of a median", 2216, Step::Log, ValueKind::Log1pNormalised, "log1p of counts scaled to 2,216 per cell", e);
        row("CPM", 1e6, Step::None, ValueKind::Normalised, "counts per million (CPM or TPM)", 0);
        row("1e4", 1e4, Step::None, ValueKind::Normalised, "counts scaled to 10,000 per cell", 0);
        row("shares", 1, Step::None, ValueKind::Log1pNormalised, "shares of a cell's counts", 0);
        row("fractions", 0, Step::None, ValueKind::Normalised, "normalised values", 0);
    }
    void namesWhatWasDone() {
        QFETCH(double, target);
        QFETCH(int, step);
        QFETCH(int, kind);
        QFETCH(QString, text);
        QFETCH(double, base);
        const MemoryCounts counts(values(target, static_cast<Step>(step)));
        const auto found = io::describeValues(counts, static_cast<ValueKind>(kind));
        QVERIFY(found.ok());
        QCOMPARE(QString::fromStdString(found->text), text);
        QVERIFY(std::abs(found->logBase - base) < 1e-9);
        if (target > 0) QVERIFY(std::abs(found->rowTotal - target) < 0.01 * target);
    }

    void aSelectionOfGenesHasNoTotal() {
        const MemoryCounts counts(values(1e4, Step::Log, 8));
        const auto found = io::describeValues(counts, ValueKind::Log1pNormalised);
        QVERIFY(found.ok());
        QCOMPARE(QString::fromStdString(found->text), QString("log1p-normalised values"));
        QVERIFY(found->rowTotal == 0 && found->logBase > 2.7);
    }
};

QTEST_GUILESS_MAIN(TestDescribeValues)
#include "test_describe_values.moc"
