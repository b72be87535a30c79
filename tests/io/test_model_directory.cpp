// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

#include "core/io/model_directory.h"
#include "core/io/sha256.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::io;
using Json = nlohmann::json;

namespace {

ModelConfig tiny() {
    ModelConfig config;
    config.dim = 8;
    config.nBlocks = 2;
    config.nHeads = 2;
    config.nGenes = 10;
    config.decoderLayers = 2;
    return config;
}

/// The specification's table counts standard blocks with a qkv bias and without QK-norm (timm's).
void makeStandard(ModelConfig& config) {
    config.block = "standard";
    config.qkNorm = false;
    config.qkvBias = true;
}

Json minimal() { return {{"n_genes", 10}, {"dim", 8}, {"n_blocks", 2}, {"n_heads", 2}}; }

}  // namespace

class TestModelDirectory : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    std::filesystem::path write(const ModelConfig& config, const char* name) {
        Vocabulary genes;
        for (int64_t i = 0; i < config.nGenes; ++i) {
            genes.symbols.push_back("GENE" + std::to_string(i));
            genes.ensemblIds.push_back(i % 2 ? "" : "ENSG" + std::to_string(i));
        }
        std::map<std::string, std::vector<float>> values;
        std::vector<TensorToWrite> tensors;
        for (const auto& [tensor, shape] : tensorShapes(config)) {
            int64_t size = 1;
            for (const int64_t extent : shape) size *= extent;
            values[tensor].assign(static_cast<size_t>(size), 0.5f);
            tensors.push_back({tensor, "F32", shape, values[tensor].data()});
        }
        const std::filesystem::path folder = m_folder.filePath(name).toStdString();
        const auto written = writeModelDirectory(folder, config, genes, tensors, "# card\n");
        return written.ok() ? folder : std::filesystem::path();
    }

private Q_SLOTS:
    void countsParameters_data() {
        QTest::addColumn<QString>("key");
        const Json counts = test::golden()["param_counts"];
        for (const auto& [key, value] : counts.items())
            if (value.is_number()) QTest::newRow(key.c_str()) << QString::fromStdString(key);
    }
    void countsParameters() {
        QFETCH(QString, key);
        const QStringList words = key.split(' ');
        auto config = ModelConfig::fromPreset(words[0].toStdString());
        QVERIFY(config.ok());
        config->nGenes = 44349;
        config->token = words[1].toStdString();
        if (words[2] == "std") makeStandard(*config);
        QCOMPARE(config->parameterCount(), test::golden()["param_counts"][key.toStdString()].get<int64_t>());
        const int64_t dormant = test::golden()["param_counts"]["dormant_patch_embed_6x16x16"][words[0].toStdString()];
        QCOMPARE(config->paperEquivalentParameterCount() - config->parameterCount(), dormant);
    }

    void countsTinyParameters() {
        const Json counts = test::golden()["param_counts"]["tiny d=8 L=2 h=2 G=10 n_dec=2"];
        for (const char* token : {"concat", "proj"})
            for (const char* block : {"par", "std"}) {
                ModelConfig config = tiny();
                config.token = token;
                if (std::string(block) == "std") makeStandard(config);
                QCOMPARE(config.parameterCount(), counts[std::string(token) + " " + block].get<int64_t>());
            }
    }

    void knowsThePresets() {
        QCOMPARE(ModelConfig::fromPreset("CxG")->nUnmasked, int64_t{1024});
        QCOMPARE(ModelConfig::fromPreset("L")->nBlocks, int64_t{24});
        QCOMPARE(ModelConfig::fromPreset("mini")->dim, int64_t{256});
        const auto unknown = ModelConfig::fromPreset("XXL");
        QVERIFY(!unknown.ok());
        QVERIFY(unknown.error().code == ErrorCode::Usage);
    }

    void roundTripsJson() {
        ModelConfig config = tiny();
        config.librarySize = 0;
        config.inferenceGenes = "random:1024:2";
        config.extra["from_the_future"] = {1, 2};
        config.training = {{"seed", 3}};
        const Json json = config.toJson();
        QVERIFY(json["library_size"].is_null());
        const auto back = ModelConfig::fromJson(json, "config.json");
        QVERIFY(back.ok());
        QVERIFY(back->toJson() == json);
        QVERIFY(json["from_the_future"] == Json({1, 2}));
        QVERIFY(!back->depthNormalised());
    }

    void refusesNonsense_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        const std::pair<const char*, const char*> cases[] = {
            {"dim", "-8"}, {"dim", "1e30"}, {"dim", "\"wide\""}, {"dim", "8.5"}, {"n_heads", "3"}, {"n_heads", "0"}, {"n_genes", "0"},
            {"n_blocks", "1000000"}, {"mlp_ratio", "0"}, {"mlp_ratio", "null"}, {"activation", "\"gelu\""}, {"loss", "\"\""},
            {"token", "7"}, {"library_size", "-1"}, {"drop_path", "1"}, {"n_unmasked", "0"}, {"format_version", "2"}, {"log1p", "false"},
            {"training", "[]"}, {"gene_frequency", "\"../../etc/passwd\""}, {"decoder_layers", "-1"}, {"qk_norm", "1"}};
        for (const auto& [key, value] : cases) QTest::addRow("%s %s", key, value) << key << value;
    }
    void refusesNonsense() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        Json json = minimal();
        QVERIFY(ModelConfig::fromJson(json, "m/config.json").ok());
        json[key.toStdString()] = Json::parse(value.toStdString());
        const auto config = ModelConfig::fromJson(json, "m/config.json");
        QVERIFY(!config.ok());
        QVERIFY(config.error().code == ErrorCode::BadInput);
        QVERIFY2(config.error().message.find("m/config.json") != std::string::npos, config.error().message.c_str());
        const bool named = config.error().message.find(key.toStdString()) != std::string::npos || key == "format_version";
        QVERIFY2(named, config.error().message.c_str());
    }

    void opensWhatPyTorchWrote_data() {
        QTest::addColumn<QString>("folder");
        for (const auto& entry : std::filesystem::directory_iterator(test::dataFile("model_variants")))
            if (entry.is_directory()) QTest::newRow(entry.path().filename().c_str()) << QString::fromStdString(entry.path().string());
    }
    void opensWhatPyTorchWrote() {
        QFETCH(QString, folder);
        const auto model = ModelDirectory::open(folder.toStdString());
        QVERIFY2(model.ok(), model.ok() ? "" : model.error().message.c_str());
        int64_t width = 0;
        const auto vectors = model->geneVectors(false, &width);
        QVERIFY(vectors.ok());
        QCOMPARE(static_cast<int64_t>(vectors->size()), width * model->config().nGenes);
    }

    void writesAndReplaces() {
        const auto folder = write(tiny(), "model");
        QVERIFY(!folder.empty());
        const auto model = ModelDirectory::open(folder);
        QVERIFY2(model.ok(), model.ok() ? "" : model.error().message.c_str());
        QCOMPARE(model->card(), std::string("# card\n"));
        QCOMPARE(model->vocabulary().ensemblIds[2], std::string("ENSG2"));
        QCOMPARE(*model->sha256(), *sha256OfFile(folder / "model.safetensors"));
        QCOMPARE(model->weights().metadata().at("format_version"), std::string("1"));
        ModelConfig other = tiny();
        other.dim = 16;
        other.nGenes = 12;
        QVERIFY(!write(other, "model").empty());
        const auto replaced = ModelDirectory::open(folder);
        QVERIFY(replaced.ok());
        QCOMPARE(replaced->config().dim, int64_t{16});
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            QVERIFY2(!entry.is_directory(), entry.path().c_str());  // no working folder stays
    }

    void namesWhatIsMissing() {
        const auto folder = write(tiny(), "damaged");
        const auto genes = readVocabulary(folder / "genes.tsv");
        QVERIFY(genes.ok());
        std::ofstream(folder / "genes.tsv") << "symbol\tensembl_id\nA\tB\n";
        QVERIFY(ModelDirectory::open(folder).error().message.find("n_genes = 10") != std::string::npos);
        std::ofstream(folder / "genes.tsv") << "gene\nA\n";
        QVERIFY(ModelDirectory::open(folder).error().message.find("header") != std::string::npos);
        std::ofstream(folder / "genes.tsv") << vocabularyToTsv(*genes);
        QVERIFY(ModelDirectory::open(folder).ok());
        Json json = tiny().toJson();
        json["n_blocks"] = 3;
        std::ofstream(folder / "config.json") << json.dump();
        QVERIFY(ModelDirectory::open(folder).error().message.find("blocks.2.") != std::string::npos);
        json["n_blocks"] = 2;
        json["dim"] = 4;
        std::ofstream(folder / "config.json") << json.dump();
        QVERIFY(ModelDirectory::open(folder).error().message.find("shape") != std::string::npos);
        std::ofstream(folder / "config.json") << "{ nonsense";
        QVERIFY(ModelDirectory::open(folder).error().message.find("JSON") != std::string::npos);
        std::filesystem::remove(folder / "model.safetensors");
        QVERIFY(ModelDirectory::open(folder).error().message.find("model.safetensors") != std::string::npos);
        QVERIFY(ModelDirectory::open(m_folder.filePath("absent").toStdString()).error().code == ErrorCode::BadInput);
    }

    void saysWhereItCannotWrite() {
        const auto written = writeModelDirectory("/proc/nowhere", tiny(), {{"A"}, {""}}, {}, "");
        QVERIFY(!written.ok());
        QVERIFY(written.error().code == ErrorCode::Failed);
        QVERIFY(written.error().message.find("/proc/nowhere") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestModelDirectory)
#include "test_model_directory.moc"
