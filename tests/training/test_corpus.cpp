// SPDX-License-Identifier: GPL-3.0-or-later
// Samples that stay on disk, and which samples are held out.
#include <torch/types.h>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "core/io/packed_store.h"
#include "core/training/data_init.h"
#include "tests/training/training_fixture.h"

using namespace txfm;
using namespace txfm::training;

namespace {

constexpr int64_t kGenes = 40;

/// Two data sets whose counts lie in packed stores, or in memory.
std::vector<Dataset> twoSets(const QTemporaryDir& folder, bool onDisk) {
    std::vector<Dataset> sets;
    sets.push_back(test::syntheticDataset(300, 0, 30, 1));
    sets.push_back(test::syntheticDataset(60, 10, 40, 2));
    for (size_t i = 0; onDisk && i < sets.size(); ++i) {
        const std::filesystem::path file = folder.filePath(QString("s%1").arg(i)).toStdString();
        Progress progress;
        if (!io::writePackedStore(file, *sets[i].counts, "test", progress)) qFatal("cannot write the store");
        auto store = io::PackedStore::open(file, "test");
        if (!store) qFatal("cannot open the store");
        sets[i].counts = *store;
    }
    return sets;
}

std::shared_ptr<const Corpus> corpusOf(std::vector<Dataset> sets, const io::ModelConfig& config) {
    Progress progress;
    std::vector<std::string> names;
    for (size_t i = 0; i < sets.size(); ++i) names.push_back("set" + std::to_string(i));
    auto corpus = Corpus::build(std::move(sets), names, test::syntheticVocabulary(kGenes), config, {0.1, 3}, progress);
    return std::make_shared<const Corpus>(std::move(corpus).value());
}

Column labels(const std::string& name, const std::vector<std::string>& values) { return {name, values, {}}; }

/// 60 samples in batches of six: b0 … b9.
std::vector<std::string> tenBatches() {
    std::vector<std::string> values;
    for (int i = 0; i < 60; ++i) values.push_back("b" + std::to_string(i / 6));
    return values;
}

std::vector<int64_t> firstRows(int64_t n) {
    std::vector<int64_t> rows(static_cast<size_t>(n));
    std::iota(rows.begin(), rows.end(), int64_t{0});
    return rows;
}

}  // namespace

class TestCorpus : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
private Q_SLOTS:
    void initTestCase() {
        at::set_num_threads(1);
        qputenv("TXFM_MEMORY_FOR_COUNTS", "0");  // what is on disk stays there
    }

    void samplesOnDiskAreThoseInMemory() {
        auto config = test::tinyConfig(kGenes);
        config.libraryScope = "all_profiled";
        const auto memory = corpusOf(twoSets(m_folder, false), config), disk = corpusOf(twoSets(m_folder, true), config);
        QCOMPARE(memory->geneFrequency(), disk->geneFrequency());
        QCOMPARE(memory->measuredIn(), disk->measuredIn());
        QCOMPARE(memory->trainSamples(), int64_t{324});
        for (size_t i = 0; i < 2; ++i) {
            const CorpusSet &a = memory->sets()[i], &b = disk->sets()[i];
            QVERIFY(a.counts->inMemory() && !b.counts->inMemory());
            QCOMPARE(a.train, b.train);
            QCOMPARE(a.validation, b.validation);
            QCOMPARE(a.libraries, b.libraries);
            const auto left = a.read(a.train), right = b.read(b.train);
            for (size_t k = 0; k < a.train.size(); ++k) {
                QVERIFY(std::ranges::equal(left->samples[k].genes, right->samples[k].genes));
                QVERIFY(std::ranges::equal(left->samples[k].counts, right->samples[k].counts));
                QCOMPARE(left->samples[k].profiledTotal, right->samples[k].profiledTotal);
            }
        }
        Progress progress;
        QCOMPARE(*geneSingularVectors(*memory, config, 4, 2, progress), *geneSingularVectors(*disk, config, 4, 2, progress));
        const std::vector<int64_t> shares{1, 2};
        QCOMPARE(*meanHeadBias(*memory, config, shares), *meanHeadBias(*disk, config, shares));
    }

    void trainingFromDiskGivesTheSameBits() {
        std::vector<std::vector<StepUpdate>> curves;
        for (bool onDisk : {false, true}) {
            auto run = test::syntheticRun(m_folder.filePath(onDisk ? "disk" : "memory").toStdString(), 2, 16);
            run.corpus = corpusOf(twoSets(m_folder, onDisk), run.modelConfig);
            run.sampler = std::make_shared<EpochSampler>(EpochSampler::create(*run.corpus, "sqrt", 5).value());
            test::RecordingProgress progress;
            const auto result = train(run, progress);
            QVERIFY2(result.ok(), result.ok() ? "" : result.error().message.c_str());
            curves.push_back(progress.steps);
        }
        QVERIFY(curves[0].size() > 40);
        QCOMPARE(curves[0].size(), curves[1].size());
        for (size_t i = 0; i < curves[0].size(); ++i) {
            QCOMPARE(curves[0][i].loss, curves[1][i].loss);
            QCOMPARE(curves[0][i].gradNorm, curves[1][i].gradNorm);
        }
        QCOMPARE(curves[0].back().valLoss, curves[1].back().valLoss);
    }

    void sourcesOfAMergedFileKeepTheirCells() {
        Dataset merged = test::syntheticDataset(20, 0, kGenes, 1);
        const CsrMatrix whole = *merged.counts->inMemory();
        merged.measured = {std::vector<uint8_t>(kGenes, 1), std::vector<uint8_t>(kGenes, 1)};
        merged.measured[1][7] = 0;
        for (int i = 0; i < 20; ++i) merged.sourceOfCell.push_back(i % 4 == 0 ? 1 : 0);
        std::vector<Dataset> sets;
        sets.push_back(std::move(merged));
        const auto corpus = corpusOf(std::move(sets), test::tinyConfig(kGenes));
        QCOMPARE(corpus->sets().size(), size_t{2});
        QCOMPARE(corpus->sets()[1].cells, int64_t{5});
        const std::vector<int64_t> third{2};
        const auto read = corpus->sets()[1].read(third);
        QVERIFY(std::ranges::equal(read->samples[0].counts, whole.rowValues(8)));
        QVERIFY(!read->samples[0].measured->flags[7]);
        QCOMPARE(corpus->measuredIn()[7], double(corpus->sets()[0].train.size()));
    }

    void aBrokenStoreIsAnError() {
        auto sets = twoSets(m_folder, true);
        auto run = test::syntheticRun(m_folder.filePath("broken").toStdString(), 2, 16);
        run.corpus = corpusOf(std::move(sets), run.modelConfig);
        run.sampler = std::make_shared<EpochSampler>(EpochSampler::create(*run.corpus, "proportional", 5).value());
        QFile store(m_folder.filePath("s0"));
        QVERIFY(store.open(QIODevice::ReadWrite) && store.seek(4096));  // where its rows begin
        store.write(QByteArray(2000, '\xFF'));
        store.close();
        Progress progress;
        const auto result = train(run, progress);
        QVERIFY(!result.ok());
        QVERIFY2(result.error().message.find("s0") != std::string::npos, result.error().message.c_str());
    }

    void wholeBatchesAreHeldOut() {
        const Column column = labels("batch", tenBatches());
        const auto rows = firstRows(60);
        const ValidationSplit split = splitSamples(rows, 0.2, 4, 0, &column, {});
        QCOMPARE(split.batches.size(), size_t{2});
        QCOMPARE(split.column, std::string("batch"));
        QCOMPARE(split.validation.size(), size_t{12});
        QCOMPARE(split.train.size(), size_t{48});
        std::set<std::string> held;
        for (int64_t row : split.validation) held.insert(column.text(size_t(row)));
        QCOMPARE(std::vector<std::string>(held.begin(), held.end()), split.batches);
        for (int64_t row : split.train) QVERIFY(!held.contains(column.text(size_t(row))));
        QCOMPARE(splitSamples(rows, 0.2, 4, 0, &column, {}).batches, split.batches);
        std::set<std::vector<std::string>> drawn;
        for (uint64_t seed = 0; seed < 20; ++seed) drawn.insert(splitSamples(rows, 0.2, seed, 0, &column, {}).batches);
        QVERIFY(drawn.size() > 5);
        // A small share still holds out one batch, a large one never all.
        QCOMPARE(splitSamples(rows, 0.001, 4, 0, &column, {}).batches.size(), size_t{1});
        const Column two = labels("batch", {"x", "y", "x", "y"});
        QCOMPARE(splitSamples(firstRows(4), 0.9, 4, 0, &two, {}).train.size(), size_t{2});
        // One batch alone: single cells. No share: nothing.
        const Column one = labels("batch", std::vector<std::string>(20, "x"));
        QVERIFY(splitSamples(firstRows(20), 0.1, 4, 0, &one, {}).column.empty());
        QCOMPARE(splitSamples(firstRows(20), 0.1, 4, 0, &one, {}).validation.size(), size_t{2});
        QVERIFY(splitSamples(rows, 0, 4, 0, &column, {}).validation.empty());
        // Rows of a merged file's source look up their own labels.
        const std::vector<int64_t> shifted{59, 58, 0, 1};
        const ValidationSplit mapped = splitSamples(firstRows(4), 0.5, 4, 0, &column, shifted);
        QVERIFY(mapped.validation == (std::vector<int64_t>{0, 1}) || mapped.validation == (std::vector<int64_t>{2, 3}));
    }

    void theBatchColumnIsFound() {
        Table obs;
        for (int i = 0; i < 60; ++i) obs.index.push_back("c" + std::to_string(i));
        obs.columns.push_back(labels("Batch", tenBatches()));
        obs.columns.push_back(labels("few", std::vector<std::string>(60, "x")));
        QCOMPARE(*batchColumn(obs, "auto", "f"), &obs.columns[0]);
        QVERIFY(*batchColumn(obs, "none", "f") == nullptr);
        QCOMPARE(*batchColumn(obs, "few", "f"), &obs.columns[1]);
        const auto missing = batchColumn(obs, "donor", "file.h5ad");
        QCOMPARE(int(missing.error().code), int(ErrorCode::BadInput));
        QVERIFY(missing.error().message.find("file.h5ad") != std::string::npos && missing.error().message.find("donor") != std::string::npos);
        QVERIFY(missing.error().hint.find("Batch, few") != std::string::npos);
        obs.columns[0] = labels("batch", [] { auto v = std::vector<std::string>(60, "x"); v[0] = "y"; return v; }());
        QVERIFY(*batchColumn(obs, "auto", "f") == nullptr);  // two batches: half of the data would be held out
    }
};

QTEST_GUILESS_MAIN(TestCorpus)
#include "test_corpus.moc"
