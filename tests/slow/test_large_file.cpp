// SPDX-License-Identifier: GPL-3.0-or-later
// The commands on 200,000 cells × 20,000 genes, tiled from the demo data, under a bound on their memory: what they keep
// must not grow with the counts.
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/base/random.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "tests/support/test_support.h"

using namespace txfm;

namespace {

constexpr int64_t kCells = 200'000, kGenes = 20'000;
/// The counts alone take 1.2 GB in memory.
constexpr double kMostMemoryMb = 1024;

/// Cells of a small set over and over, each with some of its molecules left out (no two are equal), cut to kGenes.
class TiledCounts final : public CountSource {
public:
    explicit TiledCounts(CsrMatrix tile) : m_tile(std::move(tile)) {}
    int64_t cells() const override { return kCells; }
    int64_t genes() const override { return kGenes; }
    int64_t nonZeros() const override { return -1; }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override {
        CsrMatrix block;
        block.rows = end - begin;
        block.cols = kGenes;
        for (int64_t cell = begin; cell < end; ++cell) {
            RandomStream random(7, static_cast<uint32_t>(cell));
            const int64_t row = cell % m_tile.rows;
            for (int64_t k = m_tile.indptr[row]; k < m_tile.indptr[row + 1]; ++k) {
                if (m_tile.indices[k] >= kGenes || random.below(10) == 0) continue;
                block.indices.push_back(m_tile.indices[k]);
                block.values.push_back(m_tile.values[k]);
            }
            block.indptr.push_back(static_cast<int64_t>(block.indices.size()));
        }
        return block;
    }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>&) const override { return failed("Only ranges of tiled cells can be read."); }

private:
    CsrMatrix m_tile;
};

}  // namespace

class TestLargeFile : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString path(const char* name) const { return m_folder.filePath(name); }

    /// Runs a command and checks its memory.
    nlohmann::json run(QStringList arguments) {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("XDG_CACHE_HOME", path("cache"));
        environment.insert("TXFM_MEMORY_FOR_COUNTS", "200");
        arguments << "--json" << "--progress" << "none";
        const test::ProgramResult result = test::runTxfm(arguments, environment, 3'000'000);
        if (result.status != 0) {
            qWarning("%s", result.err.constData());
            return {};
        }
        auto json = nlohmann::json::parse(result.out.toStdString(), nullptr, false);
        qInfo("%s: %.0f MB, %.0f s", qPrintable(arguments[0]), json.value("peak_rss_mb", -1.0), json["seconds"].value("total", -1.0));
        return json;
    }
    static bool fits(const nlohmann::json& result) { return result.contains("peak_rss_mb") && result["peak_rss_mb"].get<double>() <= kMostMemoryMb; }

private Q_SLOTS:
    void initTestCase() {
        Progress progress;
        const auto demo = io::openDataset(std::filesystem::path(TXFM_SOURCE_DIR) / "resources/demo/pbmc_1k.h5ad", {}, progress);
        QVERIFY(demo.ok());
        Dataset large;
        large.counts = std::make_shared<TiledCounts>(*demo->counts->readRows(0, demo->cells()));
        for (int64_t cell = 0; cell < kCells; ++cell) large.obs.index.push_back("cell" + std::to_string(cell));
        large.var = demo->var;
        large.var.index.resize(kGenes);
        for (Column& column : large.var.columns) {
            std::vector<int64_t> rows(kGenes);
            std::iota(rows.begin(), rows.end(), 0);
            column = column.select(rows);
        }
        const auto written = io::writeH5ad(path("large.h5ad").toStdString(), large, {}, progress);
        QVERIFY2(written.ok(), written.ok() ? "" : written.error().message.c_str());
    }

    void convertKeepsTheCounts() {
        QVERIFY(fits(run({"convert", path("large.h5ad"), path("converted.h5ad")})));
        Progress progress;
        io::ReadOptions options;
        options.keepInMemory = false;
        const auto before = io::openDataset(path("large.h5ad").toStdString(), options, progress);
        const auto after = io::openDataset(path("converted.h5ad").toStdString(), options, progress);
        QVERIFY(before.ok() && after.ok());
        QCOMPARE(before->counts->nonZeros(), after->counts->nonZeros());
        for (const int64_t begin : {int64_t{0}, int64_t{99'900}, kCells - 1000})
            QVERIFY(*before->counts->readRows(begin, begin + 1000) == *after->counts->readRows(begin, begin + 1000));
        QVERIFY(QFile::remove(path("converted.h5ad")));
    }
    void qc() {
        const auto result = run({"qc", path("large.h5ad"), "--out", path("qc.h5ad"), "--min-genes", "200", "--min-cells", "3"});
        QVERIFY(fits(result));
        QVERIFY(result["n_cells"].get<int64_t>() > kCells / 2);
        QVERIFY(QFile::remove(path("qc.h5ad")));
    }
    void components() { QVERIFY(fits(run({"project", "--data", path("large.h5ad"), "--rep", "X", "--method", "pca", "--out", path("pca.h5ad")}))); }
    void cluster() {
        const auto result = run({"cluster", "--data", path("pca.h5ad"), "--rep", "X_pca", "--out", path("clusters.h5ad")});
        QVERIFY(fits(result));
        QVERIFY(result["n_clusters"].get<int64_t>() > 2);
    }
    void map() { QVERIFY(fits(run({"project", "--data", path("clusters.h5ad"), "--rep", "X_pca", "--epochs", "20", "--out", path("map.h5ad")}))); }
    void markers() {
        QVERIFY(fits(run({"markers", "--data", path("clusters.h5ad"), "--groupby", "txfm_leiden", "--group", "0", "--out", path("markers.csv")})));
    }
    void embed() {
        QVERIFY(!run({"init", "--preset", "mini", "--dim", "32", "--blocks", "1", "--heads", "1", "--decoder-layers", "0", "--genes",
                      path("large.h5ad"), "--out", path("model")}).is_null());
        QVERIFY(fits(run({"embed", "--model", path("model"), "--data", path("large.h5ad"), "--inference-genes", "top:16", "--out", path("embedded.h5ad")})));
    }
};

QTEST_GUILESS_MAIN(TestLargeFile)
#include "test_large_file.moc"
