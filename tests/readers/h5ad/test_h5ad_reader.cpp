// SPDX-License-Identifier: GPL-3.0-or-later
// Files written by anndata itself (tests/data/make_h5ad_files.py); every one holds the table of expected.json.
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/base/parallel.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "tests/support/test_support.h"

using namespace txfm;

namespace {

std::filesystem::path file(const std::string& name) { return test::dataFile("h5ad/" + name + ".h5ad"); }

nlohmann::json expected() {
    std::ifstream stream(test::dataFile("h5ad/expected.json"));
    return nlohmann::json::parse(stream);
}

std::vector<std::vector<float>> dense(const CsrMatrix& matrix) {
    std::vector<std::vector<float>> table(matrix.rows, std::vector<float>(matrix.cols, 0));
    for (int64_t row = 0; row < matrix.rows; ++row)
        for (size_t i = 0; i < matrix.rowIndices(row).size(); ++i)
            table[row][matrix.rowIndices(row)[i]] = matrix.rowValues(row)[i];
    return table;
}

QByteArray text(const Error& error) { return QByteArray::fromStdString(error.message + " | " + error.hint); }

}  // namespace

class TestH5adReader : public QObject {
    Q_OBJECT
    QTemporaryDir m_cache;
private Q_SLOTS:
    void cleanup() {
        qunsetenv("TXFM_MEMORY_FOR_COUNTS");
        qunsetenv("XDG_CACHE_HOME");
    }
    void readsCounts_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("countsIn");
        for (const char* name : {"csr_gzip", "csr_int64_lzf", "csc", "dense_float32", "dense_float64_gzip", "dense_uint16",
                                 "big_endian", "all_elements", "broken_unsorted_repairable",
                                 "broken_duplicates_repairable", "broken_circular_group_readable"})
            QTest::newRow(name) << name << "X";
        QTest::newRow("layer") << "layer_counts" << "layers['counts']";
        QTest::newRow("raw") << "raw_counts" << "raw.X";
        QTest::newRow("anndata 0.7") << "legacy07" << "raw.X";
        QTest::newRow("anndata 0.6") << "legacy06" << "raw.X";
    }
    void readsCounts() {
        QFETCH(QString, name);
        QFETCH(QString, countsIn);
        Progress progress;
        for (const int threads : {1, 4}) {
            setThreadCount(threads);
            // In memory, left in the file, in a packed copy that is made, in the same one opened again.
            for (const int mode : {0, 1, 2, 3}) {
                if (mode == 2) qputenv("XDG_CACHE_HOME", m_cache.filePath(QString::number(threads)).toUtf8());
                qputenv("TXFM_MEMORY_FOR_COUNTS", mode >= 2 ? "0" : "100");
                io::ReadOptions options;
                options.keepInMemory = mode != 1;
                const auto dataset = io::openDataset(file(name.toStdString()), options, progress);
                QVERIFY2(dataset.ok(), dataset.ok() ? "" : text(dataset.error()));
                if (mode != 1) QCOMPARE(dataset->counts->inMemory() != nullptr, mode == 0);
                const auto rows = dataset->counts->readRows(0, dataset->cells());
                QVERIFY(rows.ok());
                QVERIFY(dense(*rows) == (expected()["counts"].get<std::vector<std::vector<float>>>()));
                QVERIFY(dataset->var.index == expected()["symbols"].get<std::vector<std::string>>());
                QVERIFY(dataset->var.find("gene_ids")->text(8) == expected()["ids"][8].get<std::string>());
                QCOMPARE(dataset->provenance.countsIn, countsIn.toStdString());
                const auto picked = dataset->counts->readRowsAt({5, 0, 5, 13});
                QVERIFY(picked.ok());
                QVERIFY(dense(*picked)[0] == dense(*rows)[5]);
                QVERIFY(dense(*picked)[2] == dense(*rows)[5]);
                QVERIFY(dense(*picked)[3] == dense(*rows)[13]);
            }
        }
        setThreadCount(0);
    }

    void readsTables_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"csr_gzip", "legacy07", "legacy06"}) QTest::newRow(name) << name;
    }
    void readsTables() {
        QFETCH(QString, name);
        Progress progress;
        const auto dataset = io::openDataset(file(name.toStdString()), {}, progress);
        QVERIFY(dataset.ok());
        const Table& obs = dataset->obs;
        QCOMPARE(obs.index[3], std::string("cell03"));
        const Column* batch = obs.find("batch");
        QVERIFY(batch && batch->isCategorical());
        QCOMPARE(batch->text(0), std::string("b8"));
        QCOMPARE(batch->text(2), std::string("b10"));
        QCOMPARE(batch->text(5), std::string());
        QCOMPARE(obs.find("n")->number(7), 7.0);
        QVERIFY(std::abs(obs.find("score")->number(0) + 1) < 1e-6);
        QCOMPARE(obs.find("good")->text(1), std::string("False"));
        const auto info = io::inspect(file(name.toStdString()));
        QVERIFY(info.ok());
        QCOMPARE(info->cells, int64_t{14});
        QCOMPARE(info->genes, int64_t{9});
        QVERIFY(std::find(info->obsColumns.begin(), info->obsColumns.end(), "batch") != info->obsColumns.end());
        if (name.startsWith("legacy")) QCOMPARE(dataset->obsm.at("X_pca")(13, 2), 41.0f);
    }

    void readsEveryElement() {
        Progress progress;
        const auto dataset = io::openDataset(file("all_elements"), {}, progress);
        QVERIFY(dataset.ok());
        const Table& obs = dataset->obs;
        QCOMPARE(obs.find("nullable_int")->text(2), std::string());
        QCOMPARE(obs.find("nullable_int")->text(3), std::string("3"));
        QCOMPARE(obs.find("nullable_bool")->text(1), std::string());
        QCOMPARE(obs.find("nullable_bool")->text(3), std::string("True"));
        QCOMPARE(obs.find("nullable_text")->text(4), std::string());
        QCOMPARE(obs.find("nullable_text")->text(5), std::string("t5"));
        QVERIFY(std::get<Categorical>(obs.find("ordered")->values).ordered);
        QCOMPARE(obs.find("umlaut")->text(1), std::string("Größe 1 µm"));
        QCOMPARE(obs.find("many")->text(13), std::string("c013"));
        QCOMPARE(dataset->obsm.at("X_pca")(13, 2), 41.0f);
        QVERIFY(!dataset->obsm.contains("frame"));
        QCOMPARE(dataset->varm.at("PCs")(8, 1), 17.0f);
        QVERIFY(std::any_of(dataset->provenance.notes.begin(), dataset->provenance.notes.end(),
                            [](const std::string& note) { return note.find("'frame'") != std::string::npos; }));
        const auto uns = io::readUns(file("all_elements"), "nested");
        QVERIFY(uns.ok());
        QVERIFY((*uns)["deep"]["number"] == 3);
        QVERIFY((*uns)["deep"]["text"] == "hello");
        QVERIFY((*uns)["deep"]["list"] == nlohmann::json({1.5, 2.5}));
        QVERIFY((*uns)["deep"]["flag"] == true);
        QVERIFY((*uns)["deep"]["names"] == nlohmann::json({"a", "b"}));
        QVERIFY(io::readUns(file("all_elements"), "absent")->is_null());
        const auto distances = io::readObsp(file("all_elements"), "distances");
        QVERIFY(distances.ok() && distances->has_value());
        QCOMPARE((*distances)->nnz(), int64_t{3});
    }

    void namesWhatIsWrong_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("says");
        const std::pair<const char*, const char*> cases[] = {
            {"index_out_of_range", "index outside 0 to 8"}, {"index_negative", "index outside 0 to 8"},
            {"indptr_falls", "falls at entry 4"},           {"indptr_beyond_end", "ends at 10000"},
            {"not_a_number", "not a finite number"},        {"infinite", "not a finite number"},
            {"negative", "negative value -4"},              {"wrong_type", "does not hold numbers"},
            {"short_indices", "shorter than the row pointers"}, {"shape_disagrees", "15 × 9"},
            {"claims_2_to_40", "stores only 0 bytes"},      {"claims_huge_dense", "stores only 0 bytes"},
            {"external_link", "link to another file"},      {"virtual_data_set", "virtual data set"},
            {"external_storage", "values in another file"}, {"link_circle", "in a circle"},
            {"category_code", "category 99 of 3"},          {"short_column", "'/obs/n'"},
            {"unknown_encoding", "coo_matrix 0.1.0"},       {"no_var", "without obs and var"},
            {"no_x", "no matrix X"},                        {"filter", "filter 'own' (number 32017)"},
            {"no_cells", "holds no cells"},                 {"truncated", "truncated"}};
        for (const auto& [name, says] : cases) QTest::newRow(name) << QString("broken_") + name << says;
        QTest::newRow("only_log1p") << "only_log1p" << "log1p of counts scaled to 10,000 per cell";
        QTest::newRow("scaled") << "scaled" << "negative";
    }
    void namesWhatIsWrong() {
        QFETCH(QString, name);
        QFETCH(QString, says);
        Progress progress;
        const auto path = file(name.toStdString());
        const auto dataset = io::openDataset(path, {}, progress);
        QVERIFY(!dataset.ok());
        QVERIFY(dataset.error().code == ErrorCode::BadInput);
        QVERIFY2(dataset.error().message.find(says.toStdString()) != std::string::npos, text(dataset.error()));
        QVERIFY2(dataset.error().message.find(path.string()) != std::string::npos, text(dataset.error()));
        QVERIFY(dataset.error().message.find('\n') == std::string::npos);
        QVERIFY(dataset.error().message.size() + dataset.error().hint.size() < 500);
    }

    void streamsWithTheSameChecks() {
        Progress progress;
        io::ReadOptions options;
        options.keepInMemory = false;
        for (const char* name : {"broken_index_out_of_range", "broken_not_a_number", "broken_negative"}) {
            const auto dataset = io::openDataset(file(name), options, progress);
            const bool refused = !dataset.ok() || !dataset->counts->readRows(0, dataset->cells()).ok();
            QVERIFY2(refused, name);
        }
    }

    void takesNormalisedValuesOnRequest() {
        Progress progress;
        io::ReadOptions options;
        options.allowNormalised = true;
        const auto logs = io::openDataset(file("only_log1p"), options, progress);
        QVERIFY(logs.ok());
        QVERIFY(logs->provenance.valueKind == ValueKind::Log1pNormalised);
        QVERIFY(!logs->provenance.notes.empty());
        const auto scaled = io::openDataset(file("scaled"), options, progress);
        QVERIFY(scaled.ok());
        QVERIFY(scaled->provenance.valueKind == ValueKind::Scaled);
        QVERIFY(!io::openDataset(file("broken_not_a_number"), options, progress).ok());
    }

    void honoursTheChosenMatrix() {
        Progress progress;
        io::ReadOptions options;
        options.countsIn = "raw.X";
        QVERIFY(io::openDataset(file("raw_counts"), options, progress).ok());
        options.countsIn = "layers/counts";
        QVERIFY(io::openDataset(file("layer_counts"), options, progress).ok());
        options.countsIn = "layers/absent";
        QVERIFY(!io::openDataset(file("layer_counts"), options, progress).ok());
    }

    void canBeCancelled() {
        Progress progress;
        CancelToken token = progress.token();
        token.cancel();
        const auto dataset = io::openDataset(file("csr_gzip"), {}, progress);
        QVERIFY(!dataset.ok());
        QVERIFY(dataset.error().code == ErrorCode::Cancelled);
    }

    /// Real files of other people's software and of all sizes (a folder that is not part of the project).
    void readsRealFiles() {
        const auto root = test::externalData();
        if (root.empty()) QSKIP("TXFM_TEST_DATA is not set; the real files are not here.");
        Progress progress;
        int opened = 0;
        for (const char* folder : {"eval", "train", "perturbation", "fixtures"}) {
            for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
                if (entry.path().extension() != ".h5ad") continue;
                io::ReadOptions options;
                options.allowNormalised = true;
                const auto info = io::inspect(entry.path());
                const auto dataset = io::openDataset(entry.path(), options, progress);
                QVERIFY2(dataset.ok(), dataset.ok() ? "" : text(dataset.error()));
                QCOMPARE(info->cells, dataset->cells());
                QCOMPARE(info->genes, dataset->genes());
                options.keepInMemory = false;
                const auto streamed = io::openDataset(entry.path(), options, progress);
                const int64_t end = std::min<int64_t>(dataset->cells(), 20);
                QVERIFY(*streamed->counts->readRows(3, end) == *dataset->counts->readRows(3, end));
                ++opened;
            }
        }
        QVERIFY(opened > 30);
    }
};

QTEST_GUILESS_MAIN(TestH5adReader)
#include "test_h5ad_reader.moc"
