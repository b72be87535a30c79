// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/analysis/communities.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "tests/support/analysis_fixture.h"

using namespace txfm;
using namespace txfm::test;

namespace {

nlohmann::json parsed(const ProgramResult& run) { return nlohmann::json::parse(run.out.toStdString(), nullptr, false); }

QString modelFolder() { return QString::fromStdString(dataFile("model_variants/parallel_poisson").string()); }

}  // namespace

/// project, cluster, markers, evaluate and the genes commands, as a user types them.
class TestMapCommands : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void umapOfAnEmbedding();
    void pcaAndUmapOfExpression();
    void tsne();
    void clusterReusesTheGraph();
    void cellsEmbeddedAnewGetAnotherGraph();
    void anotherMapLeavesTheGraph();
    void sameSeedSameBytes();
    void badRequests_data();
    void badRequests();
    void markersTable();
    void evaluateCellTypes();
    void geneNeighbors();
    void genePcaAndMap();
    void geneRecall();

private:
    QString path(const char* name) const { return m_folder.filePath(name); }
    QTemporaryDir m_folder;
    QString m_data;
};

void TestMapCommands::initTestCase() {
    // The 160 cells with their principal components as the embedding.
    const Dataset data = analysisDataset();
    const auto pca = analysisFixture("pca.json");
    io::H5adAdditions additions;
    DenseMatrix embedding(pca["rows"], pca["cols"]);
    embedding.values = pca["scores"].get<std::vector<float>>();
    additions.obsm["X_txfm"] = embedding;
    m_data = path("cells.h5ad");
    Progress silent;
    QVERIFY(io::writeH5ad(m_data.toStdString(), data, additions, silent).ok());
}

void TestMapCommands::umapOfAnEmbedding() {
    const QByteArray before = QCryptographicHash::hash([&] { QFile f(m_data); (void)f.open(QIODevice::ReadOnly); return f.readAll(); }(), QCryptographicHash::Sha256);
    const auto run = runTxfm({"project", "--data", m_data, "--rep", "X_txfm", "--out", path("umap.h5ad"), "--json", "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    const auto json = parsed(run);
    QCOMPARE(json["key"].get<std::string>(), std::string("X_txfm_umap"));
    QVERIFY(json["seconds"].contains("knn") && json["seconds"].contains("umap") && json["seconds"].contains("total"));
    const std::string file = path("umap.h5ad").toStdString();
    const auto map = io::readObsm(file, "X_txfm_umap");
    QVERIFY(map.ok());
    QCOMPARE(map->rows, int64_t{160});
    QCOMPARE(map->cols, int64_t{2});
    const auto weights = io::readObsp(file, "txfm_connectivities");
    QVERIFY(weights.ok() && weights->has_value());
    const CsrMatrix expected = csrFromJson(analysisFixture("neighbors.json")["connectivities"]);
    QCOMPARE((*weights)->indices, expected.indices);
    QVERIFY(largestDifference((*weights)->values, expected.values) < 1e-4);
    const auto about = io::readUns(file, "txfm_neighbors");
    QVERIFY(about.ok());
    QCOMPARE((*about)["connectivities_key"].get<std::string>(), std::string("txfm_connectivities"));
    QCOMPARE((*about)["params"]["n_neighbors"].get<int>(), 15);
    QVERIFY(io::readObsm(file, "X_txfm").ok());
    const QByteArray after = QCryptographicHash::hash([&] { QFile f(m_data); (void)f.open(QIODevice::ReadOnly); return f.readAll(); }(), QCryptographicHash::Sha256);
    QCOMPARE(after, before);
}

void TestMapCommands::pcaAndUmapOfExpression() {
    const auto run = runTxfm({"project", "--data", m_data, "--rep", "X", "--method", "umap", "--out", path("x.h5ad"), "--json", "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    QCOMPARE(parsed(run)["key"].get<std::string>(), std::string("X_umap"));
    const auto pca = io::readObsm(path("x.h5ad").toStdString(), "X_pca");
    QVERIFY(pca.ok());
    QCOMPARE(pca->cols, int64_t{50});
    QVERIFY(io::readObsm(path("x.h5ad").toStdString(), "X_umap").ok());
    const auto few = runTxfm({"project", "--data", m_data, "--rep", "X", "--method", "pca", "--components", "7", "--out", path("pca.h5ad"), "--json", "--progress", "none"});
    QVERIFY2(few.status == 0, few.err.constData());
    const auto seven = io::readObsm(path("pca.h5ad").toStdString(), "X_pca");
    QVERIFY(seven.ok());
    QCOMPARE(seven->cols, int64_t{7});
    for (int64_t i = 0; i < 160; ++i) QVERIFY(std::abs((*seven)(i, 0) - (*pca)(i, 0)) < 1e-4);
}

void TestMapCommands::tsne() {
    const auto run = runTxfm({"project", "--data", m_data, "--method", "tsne", "--perplexity", "15", "--out", path("tsne.h5ad"), "--json", "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    const auto map = io::readObsm(path("tsne.h5ad").toStdString(), "X_txfm_tsne");
    QVERIFY(map.ok());
    for (const float v : map->values) QVERIFY(std::isfinite(v));
}

void TestMapCommands::clusterReusesTheGraph() {
    const auto first = runTxfm({"cluster", "--data", m_data, "--rep", "X_txfm", "--method", "leiden", "--resolution", "1", "--out", path("c1.h5ad"), "--json", "--progress", "none"});
    QVERIFY2(first.status == 0, first.err.constData());
    const auto json = parsed(first);
    QVERIFY(json["seconds"].contains("knn"));
    QVERIFY(json["modularity"].get<double>() > analysisFixture("neighbors.json")["leiden_quality"]["1.0"].get<double>() - 0.02);
    const auto second = runTxfm({"cluster", "--data", path("c1.h5ad"), "--method", "louvain", "--out", path("c2.h5ad"), "--json", "--progress", "none"});
    QVERIFY2(second.status == 0, second.err.constData());
    QVERIFY(!parsed(second)["seconds"].contains("knn"));
    Progress silent;
    const auto data = io::openDataset(path("c2.h5ad").toStdString(), {}, silent);
    QVERIFY(data.ok());
    for (const char* key : {"txfm_leiden", "txfm_louvain", "cell_type"}) QVERIFY2(data->obs.find(key) != nullptr, key);
    QVERIFY(data->obs.find("txfm_leiden")->isCategorical());
    QCOMPARE(static_cast<int64_t>(std::get<Categorical>(data->obs.find("txfm_leiden")->values).categories.size()), json["n_clusters"].get<int64_t>());
}

void TestMapCommands::anotherMapLeavesTheGraph() {
    QVERIFY(runTxfm({"cluster", "--data", m_data, "--out", path("graph.h5ad"), "--progress", "none"}).status == 0);
    const auto run = runTxfm({"project", "--data", path("graph.h5ad"), "--rep", "X", "--method", "umap", "--epochs", "5", "--discard-graph",
                              "--out", path("kept.h5ad"), "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    const auto about = io::readUns(path("kept.h5ad").toStdString(), "txfm_neighbors");
    QVERIFY(about.ok());
    QCOMPARE((*about)["params"]["use_rep"].get<std::string>(), std::string("X_txfm"));
    const auto before = io::readObsp(path("graph.h5ad").toStdString(), "txfm_connectivities");
    const auto after = io::readObsp(path("kept.h5ad").toStdString(), "txfm_connectivities");
    QVERIFY(before.ok() && after.ok() && *before && *after && **before == **after);
    Progress silent;
    const auto data = io::openDataset(path("kept.h5ad").toStdString(), {}, silent);
    QVERIFY(data.ok() && data->obsm.contains("X_umap"));
}

void TestMapCommands::cellsEmbeddedAnewGetAnotherGraph() {
    QVERIFY(runTxfm({"cluster", "--data", m_data, "--out", path("old.h5ad"), "--progress", "none"}).status == 0);
    // The same file with other values in obsm['X_txfm'], as a second embedding leaves it: each cell has the vector of another.
    Progress silent;
    const auto data = io::openDataset(path("old.h5ad").toStdString(), {}, silent);
    QVERIFY(data.ok());
    const DenseMatrix before = data->obsm.at("X_txfm");
    io::H5adAdditions additions;
    DenseMatrix& turned = additions.obsm["X_txfm"] = before;
    for (int64_t i = 0; i < before.rows; ++i) std::copy_n(before.row(before.rows - 1 - i), before.cols, turned.row(i));
    QVERIFY(io::saveResults(path("anew.h5ad").toStdString(), *data, additions, silent).ok());
    const auto run = runTxfm({"cluster", "--data", path("anew.h5ad"), "--out", path("new.h5ad"), "--json", "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    QVERIFY(parsed(run)["seconds"].contains("knn"));
    const auto old = io::readObsp(path("old.h5ad").toStdString(), "txfm_connectivities");
    const auto now = io::readObsp(path("new.h5ad").toStdString(), "txfm_connectivities");
    QVERIFY(old.ok() && now.ok() && *old && *now);
    // Cell i has the neighbours that the last cell but i had.
    const int64_t cells = before.rows;
    for (int64_t i = 0; i < cells; ++i) {
        std::set<int32_t> expected, found((*now)->rowIndices(i).begin(), (*now)->rowIndices(i).end());
        for (const int32_t j : (*old)->rowIndices(cells - 1 - i)) expected.insert(static_cast<int32_t>(cells) - 1 - j);
        QVERIFY2(found == expected, qPrintable(QString::number(i)));
    }
}

void TestMapCommands::sameSeedSameBytes() {
    const QStringList base = {"project", "--data", m_data, "--seed", "3", "--progress", "none", "--json"};
    QVERIFY(runTxfm(base + QStringList{"--threads", "1", "--out", path("s1.h5ad")}).status == 0);
    QVERIFY(runTxfm(base + QStringList{"--threads", "2", "--out", path("s2.h5ad")}).status == 0);
    const auto a = io::readObsm(path("s1.h5ad").toStdString(), "X_txfm_umap"), b = io::readObsm(path("s2.h5ad").toStdString(), "X_txfm_umap");
    QVERIFY(a.ok() && b.ok());
    QCOMPARE(a->values, b->values);
}

void TestMapCommands::badRequests_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("named");
    QTest::newRow("no such representation") << QStringList{"project", "--data", m_data, "--rep", "X_none", "--out", path("o.h5ad")} << 3 << "X_txfm";
    QTest::newRow("out is in") << QStringList{"cluster", "--data", m_data, "--out", m_data} << 2 << "cells.h5ad";
    QTest::newRow("missing file") << QStringList{"project", "--data", path("none.h5ad"), "--out", path("o.h5ad")} << 3 << "none.h5ad";
    QTest::newRow("unwritable") << QStringList{"project", "--data", m_data, "--out", path("no/such/folder/o.h5ad")} << 1 << "folder";
    QTest::newRow("unknown method") << QStringList{"project", "--data", m_data, "--method", "magic", "--out", path("o.h5ad")} << 2 << "magic";
    QTest::newRow("components of a umap") << QStringList{"project", "--data", m_data, "--components", "9", "--out", path("o.h5ad")} << 2 << "components";
    QTest::newRow("no such column") << QStringList{"markers", "--data", m_data, "--groupby", "none"} << 3 << "cell_type";
    QTest::newRow("no such group") << QStringList{"markers", "--data", m_data, "--groupby", "cell_type", "--group", "none"} << 3 << "none";
    QTest::newRow("no such gene") << QStringList{"genes", "neighbors", "--model", modelFolder(), "--gene", "TP53"} << 3 << "TP53";
    QTest::newRow("no model") << QStringList{"genes", "neighbors", "--model", path("nomodel"), "--gene", "TP53"} << 3 << "nomodel";
    QTest::newRow("no pairs") << QStringList{"genes", "recall", "--model", modelFolder(), "--pairs", path("none.txt")} << 3 << "none.txt";
}

void TestMapCommands::badRequests() {
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QString, named);
    const auto run = runTxfm(arguments + QStringList{"--progress", "none"});
    QVERIFY(!run.crashed);
    QCOMPARE(run.status, status);
    const QString message = QString::fromUtf8(run.err);
    QVERIFY2(message.contains(named), qPrintable(message));
    QVERIFY(!QFile::exists(path("o.h5ad")));
}

void TestMapCommands::markersTable() {
    const auto run = runTxfm({"markers", "--data", m_data, "--groupby", "cell_type", "--out", path("markers.csv"), "--json", "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    QFile file(path("markers.csv"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readLine().trimmed(), QByteArray("group,gene,score,log2_fold_change,pval,pval_adj,pct_in,pct_out"));
    const auto groups = parsed(run)["groups"].size();
    QCOMPARE(static_cast<size_t>(file.readAll().count('\n')), groups * static_cast<size_t>(analysisDataset().genes()));
}

void TestMapCommands::evaluateCellTypes() {
    const auto run = runTxfm({"evaluate", "celltypes", "--data", m_data, "--rep", "X_txfm", "--label", "cell_type", "--json", "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    const auto json = parsed(run);
    for (const char* key : {"nmi", "ari", "asw_cell_type", "knn_accuracy", "linear_probe_accuracy"}) {
        QVERIFY2(json[key].is_number(), key);
        QVERIFY2(json[key].get<double>() > 0.3 && json[key].get<double>() <= 1, key);
    }
    for (const char* key : {"asw_batch_scib", "asw_batch_within", "pcr_comparison"}) QVERIFY2(json.contains(key) && json[key].is_null(), key);
}

void TestMapCommands::geneNeighbors() {
    QFile pairs(path("known.csv"));
    QVERIFY(pairs.open(QIODevice::WriteOnly));
    pairs.write("entity1,entity2\n");
    for (int i = 1; i <= 30; ++i) pairs.write(QStringLiteral("VAR001,VAR%1\n").arg(i, 3, 10, QLatin1Char('0')).toUtf8());
    pairs.close();
    for (const char* source : {"codebook", "decoder"}) {
        const auto run = runTxfm({"genes", "neighbors", "--model", modelFolder(), "--gene", "var001", "--source", source, "-k", "5", "--pairs", path("known.csv"), "--json", "--progress", "none"});
        QVERIFY2(run.status == 0, run.err.constData());
        const auto rows = parsed(run)["neighbors"];
        QCOMPARE(rows.size(), size_t{5});
        for (size_t i = 0; i < 5; ++i) {
            QCOMPARE(rows[i]["known"], nlohmann::json::array({"known"}));
            QVERIFY(rows[i]["gene"].get<std::string>() != "VAR001");
            QVERIFY(rows[i]["percentile"].get<double>() >= 0 && rows[i]["percentile"].get<double>() <= 100);
            if (i > 0) QVERIFY(rows[i]["cosine"].get<double>() <= rows[i - 1]["cosine"].get<double>());
        }
    }
    const auto text = runTxfm({"genes", "neighbors", "--model", modelFolder(), "--gene", "VAR001", "-k", "2", "--progress", "none"});
    QCOMPARE(text.out.split('\n').first(), QByteArray("gene,cosine,percentile,known"));
}

void TestMapCommands::genePcaAndMap() {
    const auto pca = runTxfm({"genes", "pca", "--model", modelFolder(), "--source", "decoder", "--components", "3", "--out", path("pca.csv"), "--json", "--progress", "none"});
    QVERIFY2(pca.status == 0, pca.err.constData());
    QFile table(path("pca.csv"));
    QVERIFY(table.open(QIODevice::ReadOnly));
    QCOMPARE(table.readLine().trimmed(), QByteArray("gene,ensembl_id,PC1,PC2,PC3"));
    QCOMPARE(table.readAll().count('\n'), 30);
    const auto ratio = parsed(pca)["variance_ratio"];
    QCOMPARE(ratio.size(), size_t{3});
    QVERIFY(ratio[0].get<double>() >= ratio[1].get<double>());
    const auto map = runTxfm({"genes", "map", "--model", modelFolder(), "--genes", "VAR001", "VAR002", "VAR003", "nonsense", "--out", path("map.csv"), "--json", "--progress", "none"});
    QVERIFY2(map.status == 0, map.err.constData());
    QCOMPARE(parsed(map)["n_genes"].get<int>(), 3);
    QVERIFY(map.err.contains("nonsense"));
}

void TestMapCommands::geneRecall() {
    const auto run = runTxfm({"genes", "recall", "--model", modelFolder(), "--pairs", path("known.csv"), "--pca", "4", "--full-null", "--json", "--progress", "none"});
    QVERIFY2(run.status == 0, run.err.constData());
    const auto json = parsed(run);
    for (const char* source : {"codebook", "decoder"}) {
        for (const char* variant : {"raw", "pca4"}) {
            const double recall = json[source][variant]["known"];
            QVERIFY(recall >= 0 && recall <= 1);
            QCOMPARE(json[source][variant]["all_combined"].get<double>(), recall);
        }
    }
    QCOMPARE(json["null"]["pairs"].get<int>(), 30 * 29 / 2);
    const auto same = runTxfm({"evaluate", "genes", "--model", modelFolder(), "--pairs", path("known.csv"), "--pca", "4", "--full-null", "--json", "--progress", "none"});
    QVERIFY2(same.status == 0, same.err.constData());
    QCOMPARE(parsed(same)["codebook"], json["codebook"]);
}

QTEST_GUILESS_MAIN(TestMapCommands)
#include "test_map_commands.moc"
