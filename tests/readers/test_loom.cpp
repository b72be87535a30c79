// SPDX-License-Identifier: GPL-3.0-or-later
// Looms with layers that anndata and loompy wrote (tests/data/make_hdf5_files.py). The counts are those of small.loom.
#include <QtTest>

#include "core/io/reader.h"
#include "tests/support/test_support.h"

using namespace txfm;

namespace {

Result<Dataset> openFile(const char* name, const std::string& countsIn = {}, bool allowNormalised = false) {
    io::ReadOptions options;
    options.countsIn = countsIn;
    options.allowNormalised = allowNormalised;
    Progress silent;
    return io::openDataset(test::dataFile(std::string("hdf5/") + name), options, silent);
}

CsrMatrix valuesOf(const Result<Dataset>& dataset) { return *dataset->counts->readRows(0, dataset->cells()); }

QByteArray textOf(const Result<Dataset>& result) {
    return result ? QByteArray("it opened") : QByteArray::fromStdString(result.error().message + " | " + result.error().hint);
}

bool mentions(const std::vector<std::string>& notes, const std::string& text) {
    return std::ranges::any_of(notes, [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

}  // namespace

class TestLoom : public QObject {
    Q_OBJECT
    CsrMatrix m_counts;

private Q_SLOTS:
    void initTestCase() {
        const auto plain = openFile("small.loom");
        QVERIFY2(plain.ok(), textOf(plain));
        m_counts = valuesOf(plain);
    }

    /// anndata.write_loom keeps the counts in a layer when X is normalised: they come first, as in an .h5ad.
    void countsLayerComesFirst() {
        const auto dataset = openFile("layers_counts.loom");
        QVERIFY2(dataset.ok(), textOf(dataset));
        QCOMPARE(dataset->provenance.countsIn, std::string("layers['counts']"));
        QVERIFY(dataset->provenance.valueKind == ValueKind::Counts);
        QVERIFY(valuesOf(dataset) == m_counts);
        QVERIFY(mentions(dataset->provenance.notes, "matrix is left out"));
    }

    void anyLayerCanBeChosen() {
        const auto spliced = openFile("layers_spliced.loom", "layers/spliced");
        QVERIFY2(spliced.ok(), textOf(spliced));
        QVERIFY(valuesOf(spliced) == m_counts);
        const auto main = openFile("layers_counts.loom", "X", true);
        QVERIFY2(main.ok(), textOf(main));
        QCOMPARE(main->provenance.countsIn, std::string("matrix"));
        QVERIFY(main->provenance.valueKind == ValueKind::Log1pNormalised);
        QVERIFY(mentions(main->provenance.notes, "--counts-in layers/counts"));
        const auto absent = openFile("layers_spliced.loom", "layers/ambiguous");
        QVERIFY(!absent.ok());
        QVERIFY2(absent.error().code == ErrorCode::BadInput && textOf(absent).contains("it has matrix, layers/spliced, layers/unspliced"), textOf(absent));
    }

    /// Other layers are not taken without being asked for, but the refusal names them.
    void normalisedMatrixNamesLayersOfWholeNumbers() {
        const auto refused = openFile("layers_spliced.loom");
        QVERIFY(!refused.ok());
        QVERIFY2(refused.error().code == ErrorCode::BadInput && textOf(refused).contains("log1p of counts scaled to 10,000 per cell") &&
                     textOf(refused).contains("add --counts-in layers/spliced"),
                 textOf(refused));
        const auto allowed = openFile("layers_spliced.loom", {}, true);
        QVERIFY2(allowed.ok(), textOf(allowed));
        QVERIFY(mentions(allowed->provenance.notes, "--counts-in layers/spliced"));
    }

    void infoListsTheMatrices() {
        const auto info = io::inspect(test::dataFile("hdf5/layers_counts.loom"));
        QVERIFY(info.ok());
        QCOMPARE(info->countsIn, std::string("layers['counts']"));
        QVERIFY(info->valueKind == ValueKind::Counts);
        const std::vector<std::pair<std::string, std::string>> expected{
            {"matrix", "log1p of counts scaled to 10,000 per cell"}, {"layers/counts", "counts"}, {"layers/scaled", "scaled values (some are negative)"}};
        QVERIFY2(info->matrices == expected, info->matrices.back().second.c_str());
        io::ReadOptions options;
        options.countsIn = "layers/scaled";
        const auto chosen = io::inspect(test::dataFile("hdf5/layers_counts.loom"), options);
        QVERIFY(chosen.ok() && chosen->valueKind == ValueKind::Scaled);
    }
};

QTEST_GUILESS_MAIN(TestLoom)
#include "test_loom.moc"
