// SPDX-License-Identifier: GPL-3.0-or-later
// Values in any order become rows, in memory or by way of a scratch file; formats that cannot be read by cells use it.
#include <QTemporaryDir>
#include <QtTest>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "core/base/random.h"
#include "core/io/count_collector.h"
#include "core/io/exports.h"
#include "core/io/packed_cache.h"
#include "core/io/reader.h"

using namespace txfm;

namespace {

constexpr int32_t kCells = 3000, kGenes = 70'000;  // several groups of cells, and columns beyond 16 bits

std::vector<io::CountEntry> randomEntries(size_t count, bool byGene) {
    std::vector<io::CountEntry> entries;
    RandomStream random(3);
    for (size_t i = 0; i < count; ++i)
        entries.push_back({static_cast<int32_t>(random.below(kCells)), static_cast<int32_t>(random.below(kGenes)), static_cast<float>(1 + random.below(400))});
    entries.push_back(entries.front());  // given twice
    std::ranges::sort(entries, [&](const auto& a, const auto& b) { return byGene ? a.gene < b.gene : a.cell < b.cell; });
    return entries;
}

Result<io::CollectedCounts> collect(const std::vector<io::CountEntry>& entries) {
    io::CountCollector collector{CancelToken()};
    for (const io::CountEntry& entry : entries)
        if (!collector.add(entry.cell, entry.gene, entry.value)) return collector.status().error();
    return collector.finish(kCells, kGenes);
}

/// Counts with a table of cells of every kind of column; genes are GENE<offset>, GENE<offset + 1> ...
Dataset manyCounts(int cells, int genes, int offset) {
    std::vector<io::CountEntry> entries;
    Dataset data;
    Column score{"score n/a", std::vector<double>{}, {}}, batch{"batch", std::vector<std::string>{}, {}}, plate{"plate", std::vector<int64_t>{}, {}};
    for (int cell = 0; cell < cells; ++cell) {
        for (int gene = 0; gene < genes; ++gene) entries.push_back({cell, gene, static_cast<float>(1 + (cell * gene) % 300)});
        data.obs.index.push_back("cell" + std::to_string(offset) + "-" + std::to_string(cell));
        std::get<std::vector<double>>(score.values).push_back(0.25 * cell);
        std::get<std::vector<std::string>>(batch.values).push_back(cell % 2 ? "left" : "right \"side\"");
        std::get<std::vector<int64_t>>(plate.values).push_back(cell / 10);
    }
    for (int gene = 0; gene < genes; ++gene) data.var.index.push_back("GENE" + std::to_string(offset + gene));
    data.obs.columns = {score, batch, plate};
    data.counts = std::make_shared<MemoryCounts>(io::buildCsr(cells, genes, entries));
    return data;
}

}  // namespace

class TestCountCollector : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::filesystem::path path(const char* name) const { return m_folder.filePath(name).toStdString(); }

private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CACHE_HOME", m_folder.filePath("cache").toUtf8()); }
    void cleanup() { qunsetenv("TXFM_MEMORY_FOR_COUNTS"); }

    void spilledRowsEqualThoseInMemory_data() {
        QTest::addColumn<bool>("byGene");
        QTest::newRow("sorted by cells") << false;
        QTest::newRow("sorted by genes") << true;
    }
    void spilledRowsEqualThoseInMemory() {
        QFETCH(bool, byGene);
        const std::vector<io::CountEntry> entries = randomEntries(20'000, byGene);
        const auto inMemory = collect(entries);
        QVERIFY(inMemory.ok());
        QVERIFY(inMemory->counts->inMemory());
        QCOMPARE(inMemory->duplicates, int64_t{1});

        qputenv("TXFM_MEMORY_FOR_COUNTS", "0");
        const auto spilled = collect(entries);
        QVERIFY(spilled.ok());
        QVERIFY(!spilled->counts->inMemory());
        const CsrMatrix& whole = *inMemory->counts->inMemory();
        QVERIFY(*spilled->counts->readRows(0, kCells) == whole);
        QVERIFY(*spilled->counts->readRows(1000, 1100) == *inMemory->counts->readRows(1000, 1100));
        QVERIFY(*spilled->counts->readRowsAt({2999, 0, 1024}) == *inMemory->counts->readRowsAt({2999, 0, 1024}));
        QVERIFY(spilled->range.kind() == ValueKind::Counts);
        QVERIFY(!spilled->counts->readRows(0, kCells + 1).ok());
    }

    /// Spilled on the way, but small enough to be held in the end.
    void assemblesWhatFitsIntoMemory() {
        const std::vector<io::CountEntry> entries = randomEntries(60'000, true);
        const auto direct = collect(entries);
        qputenv("TXFM_MEMORY_FOR_COUNTS", "1");
        const auto assembled = collect(entries);
        QVERIFY(direct.ok() && assembled.ok());
        QVERIFY(assembled->counts->inMemory());
        QVERIFY(*assembled->counts->inMemory() == *direct->counts->inMemory());
        QCOMPARE(assembled->duplicates, direct->duplicates);
    }

    void namesTheCellOfANotANumber() {
        const auto collected = collect({{7, 1, NAN}});
        Provenance provenance;
        const auto checked = io::checkValues(*collected, "file.mtx", provenance);
        QVERIFY(!checked.ok());
        QCOMPARE(checked.error().code, ErrorCode::BadInput);
        QVERIFY(checked.error().message.find("cell 8") != std::string::npos);
    }

    void stopsWhenCancelled() {
        qputenv("TXFM_MEMORY_FOR_COUNTS", "0");
        CancelToken token;
        token.cancel();
        io::CountCollector collector(token);
        bool open = true;
        for (int32_t i = 0; i < 5000 && open; ++i) open = collector.add(i % kCells, 0, 1);
        QVERIFY(!open);
        QCOMPARE(collector.status().error().code, ErrorCode::Cancelled);
    }

    /// A Matrix Market file beyond the bound opens as a packed copy with the same rows, antibodies kept apart.
    void opensALargeMatrixMarketFile() {
        constexpr int kRows = 40, kColumns = 2500;
        std::ofstream matrix(path("matrix.mtx")), features(path("features.tsv")), barcodes(path("barcodes.tsv"));
        matrix << "%%MatrixMarket matrix coordinate integer general\n" << kRows << ' ' << kColumns << ' ' << 2 * kColumns << '\n';
        for (int c = 1; c <= kColumns; ++c) matrix << 1 + c % (kRows - 1) << ' ' << c << ' ' << c % 300 + 1 << '\n' << kRows << ' ' << c << " 9\n";
        for (int g = 1; g <= kRows; ++g) features << "ID" << g << "\tGENE" << g << '\t' << (g == kRows ? "Antibody Capture" : g == 2 ? "gene_expression" : "Gene Expression") << '\n';
        for (int c = 1; c <= kColumns; ++c) barcodes << "cell" << c << '\n';
        matrix.close();
        features.close();
        barcodes.close();
        Progress silent;
        const auto inMemory = io::openDataset(path("matrix.mtx"), {}, silent);
        QVERIFY2(inMemory.ok(), inMemory.ok() ? "" : inMemory.error().message.c_str());
        qputenv("TXFM_MEMORY_FOR_COUNTS", "0");
        const auto packed = io::openDataset(path("matrix.mtx"), {}, silent);
        QVERIFY2(packed.ok(), packed.ok() ? "" : packed.error().message.c_str());
        QVERIFY(inMemory->counts->inMemory() && !packed->counts->inMemory());
        QVERIFY(packed->counts->concurrentReads());  // the packed copy, not the scratch file
        QCOMPARE(packed->genes(), int64_t{kRows - 1});
        QVERIFY(*packed->counts->readRows(0, kColumns) == *inMemory->counts->readRows(0, kColumns));
        QVERIFY(packed->obsm.at("X_antibody_capture").values == inMemory->obsm.at("X_antibody_capture").values);
        QCOMPARE(packed->obsm.at("X_antibody_capture")(2499, 0), 9.0f);
    }

    void opensTheCopyTheNextTime_data() {
        QTest::addColumn<QString>("opened");
        QTest::addColumn<QString>("changed");
        QTest::newRow("10x folder") << "tenx" << "tenx/barcodes.tsv.gz";
        QTest::newRow("Matrix Market") << "tenx/matrix.mtx.gz" << "tenx/features.tsv.gz";
        QTest::newRow("loom") << "a.loom" << "a.loom";
        QTest::newRow("table") << "a.csv" << "a.csv";
        QTest::newRow("gzip table") << "a.tsv.gz" << "a.tsv.gz";
        QTest::newRow("folder of samples") << "samples" << "samples/two.csv";
    }
    void opensTheCopyTheNextTime() {
        namespace fs = std::filesystem;
        QFETCH(QString, opened);
        QFETCH(QString, changed);
        QTemporaryDir folder;
        const fs::path below(folder.path().toStdString()), file = below / opened.toStdString();
        const QString wanted = opened.section('/', 0, 0);
        Progress silent;
        if (wanted == "samples") {
            fs::create_directories(file);
            QVERIFY(io::writeCountTable(file / "one.csv", manyCounts(90, 40, 0), silent).ok());
            QVERIFY(io::writeCountTable(file / "two.csv", manyCounts(80, 40, 7), silent).ok());
        } else {
            const auto write = wanted == "tenx" ? io::writeTenxFolder : wanted == "a.loom" ? io::writeLoom : io::writeCountTable;
            const auto written = write(below / wanted.toStdString(), manyCounts(120, 50, 0), silent);
            QVERIFY2(written.ok(), written.ok() ? "" : written.error().message.c_str());
        }
        qputenv("XDG_CACHE_HOME", folder.filePath("cache").toUtf8());
        qputenv("TXFM_MEMORY_FOR_COUNTS", "0");
        const auto first = io::openDataset(file, {}, silent);
        QVERIFY2(first.ok(), first.ok() ? "" : first.error().message.c_str());
        QCOMPARE(io::listPackedStores().size(), size_t{1});
        const fs::path copy = io::listPackedStores()[0].file;
        QCOMPARE(io::listPackedStores()[0].source, file.string());
        const auto made = fs::last_write_time(copy);

        const auto again = io::openDataset(file, {}, silent);
        QVERIFY2(again.ok(), again.ok() ? "" : again.error().message.c_str());
        QVERIFY(fs::last_write_time(copy) == made);
        QVERIFY(again->counts->concurrentReads());
        QVERIFY(*again->counts->readRows(0, again->cells()) == *first->counts->readRows(0, first->cells()));
        QVERIFY(again->obs == first->obs);
        QVERIFY(again->var == first->var);
        QVERIFY(again->obsm.size() == first->obsm.size() && again->varm.size() == first->varm.size());
        for (const auto& [name, values] : first->obsm) QVERIFY(again->obsm.at(name).values == values.values);
        QVERIFY(again->measured == first->measured && again->sourceOfCell == first->sourceOfCell);
        QCOMPARE(again->provenance.path, first->provenance.path);
        QCOMPARE(again->provenance.format, first->provenance.format);
        QCOMPARE(again->provenance.countsIn, first->provenance.countsIn);
        QCOMPARE(again->provenance.notes, first->provenance.notes);
        QVERIFY(again->provenance.valueKind == first->provenance.valueKind);

        fs::last_write_time(below / changed.toStdString(), made + std::chrono::seconds(5));
        QVERIFY(io::openDataset(file, {}, silent).ok());
        QVERIFY(fs::last_write_time(copy) != made);
        QVERIFY(io::removePackedStore(copy));
        QVERIFY(fs::is_empty(io::packedFolder()));
    }
};

QTEST_APPLESS_MAIN(TestCountCollector)
#include "test_count_collector.moc"
