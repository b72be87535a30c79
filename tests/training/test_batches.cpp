// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/types.h>

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/base/parallel.h"
#include "core/training/batch_maker.h"
#include "core/training/prefetcher.h"
#include "tests/training/training_fixture.h"

using namespace txfm;
using namespace txfm::training;

namespace {

BatchMaker makeBatches(const io::ModelConfig& config, BatchPlan plan, const std::string& weights = "proportional") {
    const auto corpus = test::syntheticCorpus(config);
    return BatchMaker(corpus, EpochSampler::create(*corpus, weights, plan.seed).value(), config, plan);
}

bool sameStep(const StepBatch& a, const StepBatch& b) {
    if (a.micro.size() != b.micro.size() || a.epoch != b.epoch) return false;
    for (size_t i = 0; i < a.micro.size(); ++i)
        if (!torch::equal(a.micro[i].tokens.genes, b.micro[i].tokens.genes) ||
            !torch::equal(a.micro[i].tokens.values, b.micro[i].tokens.values) ||
            !torch::equal(a.micro[i].target.x, b.micro[i].target.x) || a.micro[i].sampleIds != b.micro[i].sampleIds)
            return false;
    return true;
}

}  // namespace

class TestBatches : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anEpochShowsEverySampleOnce() {
        const auto corpus = test::syntheticCorpus(test::tinyConfig(40));
        const auto sampler = EpochSampler::create(*corpus, "proportional", 1).value();
        std::vector<std::vector<Draw>> orders;
        for (int64_t epoch = 0; epoch < 3; ++epoch) {
            const auto order = sampler.order(epoch);
            QCOMPARE(int64_t(order.size()), corpus->trainSamples());
            std::set<std::pair<int, int>> seen;
            for (const Draw& draw : order) seen.insert({draw.set, draw.index});
            QCOMPARE(int64_t(seen.size()), corpus->trainSamples());
            orders.push_back(order);
        }
        QVERIFY(orders[0] != orders[1]);
        QCOMPARE(sampler.order(1), orders[1]);
    }
    void weightsSetTheShares() {
        const auto corpus = test::syntheticCorpus(test::tinyConfig(40));
        const auto equal = EpochSampler::create(*corpus, "equal", 1).value();
        QCOMPARE(equal.quotas()[0], equal.quotas()[1]);
        const auto own = EpochSampler::create(*corpus, "3,1", 1).value();
        QVERIFY(std::abs(double(own.quotas()[0]) / double(own.drawsPerEpoch()) - 0.75) < 0.02);
        // Within a data set nothing repeats before all was seen.
        std::map<int, int> shown;
        int epochDraws = 0;
        for (int64_t epoch = 0; epoch < 4; ++epoch)
            for (const Draw& draw : equal.order(epoch))
                if (draw.set == 1) ++shown[draw.index], ++epochDraws;
        const int size = int(corpus->sets()[1].train.size());
        for (const auto& [index, times] : shown)
            QVERIFY(times == epochDraws / size || times == epochDraws / size + 1);
        for (const char* wrong : {"1", "1,2,3", "a,b", "-1,2", "0,0", "often"})
            QVERIFY2(!EpochSampler::create(*corpus, wrong, 1), wrong);
    }
    void threadsDoNotMatter() {
        auto config = test::tinyConfig(40);
        config.maskTemperature = 0.5;
        std::vector<StepBatch> results;
        for (int threads : {1, 2, 4}) {
            setThreadCount(threads);
            BatchMaker maker = makeBatches(config, {9, 16});
            results.push_back(maker.step(7, 5));
        }
        setThreadCount(0);
        QVERIFY(sameStep(results[0], results[1]));
        QVERIFY(sameStep(results[0], results[2]));
        BatchMaker other = makeBatches(config, {10, 16});
        QVERIFY(!sameStep(results[0], other.step(7, 5)));
    }
    void epochsShowOtherGenes() {
        BatchMaker maker = makeBatches(test::tinyConfig(40), {9, 1000});
        const auto first = maker.step(0, 1000), second = maker.step(1, 1000);
        QCOMPARE(second.epoch, int64_t{1});
        QVERIFY(!torch::equal(first.micro[0].tokens.genes, second.micro[0].tokens.genes));
    }
    void stepsKnowTheirMemory() {
        auto config = test::tinyConfig(40);
        BatchMaker maker = makeBatches(config, {9, 16});
        const StepBatch step = maker.step(0, 16);
        QCOMPARE(step.micro.size(), size_t{1});
        const double width = static_cast<double>(step.micro[0].tokens.width()), sets = static_cast<double>(step.micro[0].target.measured.size(0));
        // int64 genes and float values of the tokens, float targets, library sizes and int64 rows, float masks.
        QCOMPARE(bytesOf(step), 16 * width * 12 + 16 * 40 * 4 + 16 * 12 + sets * 40 * 4);
        config.loss = "nb";
        BatchMaker counts = makeBatches(config, {9, 16});
        QCOMPARE(bytesOf(counts.step(0, 16)), bytesOf(step) + 16 * 40 * 4);
    }
    void validationShowsOnePieceAfterTheOther() {
        const BatchMaker maker = makeBatches(test::tinyConfig(40), {9, 16});
        std::vector<torch::Tensor> genes;
        std::optional<c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>> before;  // dense targets of the piece before
        int64_t samples = 0;
        const auto visit = [&](const MicroBatch& micro) -> Result<void> {
            if (before && !before->expired()) return failed("The piece before is still held.");
            before.emplace(micro.target.x.getIntrusivePtr());
            samples += micro.tokens.samples();
            genes.push_back(micro.tokens.genes);
            return {};
        };
        const auto shown = maker.eachValidationBatch(3, visit);
        QVERIFY2(shown.ok(), shown ? "" : shown.error().message.c_str());
        QVERIFY(genes.size() > 1);
        QCOMPARE(samples, test::syntheticCorpus(test::tinyConfig(40))->validationSamples());
        // The same samples with the same masks at every validation.
        const std::vector<torch::Tensor> first = std::exchange(genes, {});
        QVERIFY(maker.eachValidationBatch(3, visit).ok());
        QCOMPARE(genes.size(), first.size());
        for (size_t i = 0; i < genes.size(); ++i) QVERIFY(torch::equal(genes[i], first[i]));
        // What goes wrong in a piece ends the validation.
        int visits = 0;
        const auto stopped = maker.eachValidationBatch(3, [&](const MicroBatch&) -> Result<void> { ++visits; return cancelledError(); });
        QVERIFY(!stopped.ok() && stopped.error().code == ErrorCode::Cancelled);
        QCOMPARE(visits, 1);
    }
    void unmeasuredGenesAreNeverShown() {
        for (const char* pool : {"measured", "expressed"}) {
            BatchPlan plan{9, 16};
            plan.maskPool = pool;
            BatchMaker maker = makeBatches(test::tinyConfig(40), plan);
            for (int64_t step = 0; step < maker.stepsPerEpoch(); ++step) {
                for (const MicroBatch& micro : maker.step(step, 6).micro) {
                    for (int64_t i = 0; i < micro.tokens.samples(); ++i) {
                        const bool first = micro.sets[size_t(i)] == 0;
                        std::set<int64_t> unique;
                        for (int64_t j = 0; j < micro.tokens.lengths[size_t(i)]; ++j) {
                            const int64_t gene = micro.tokens.genes[i][j].item<int64_t>();
                            QVERIFY(first ? gene < 30 : gene >= 10);
                            QVERIFY(unique.insert(gene).second);
                            const double value = micro.tokens.values[i][j].item<double>();
                            if (std::string(pool) == "expressed") QVERIFY(value > 0);
                            QCOMPARE(value, micro.target.x[i][gene].item<double>());
                        }
                        // Targets of unmeasured genes are 0 and flagged.
                        const auto flags = micro.target.measured[micro.target.measuredRow[i].item<int64_t>()];
                        QCOMPARE(flags.sum().item<double>(), 30.0);
                        QCOMPARE((micro.target.x[i] * (1 - flags)).abs().sum().item<double>(), 0.0);
                    }
                }
            }
        }
    }
    void moreRevealedThanMeasuredShowsAll() {
        auto config = test::tinyConfig(40);
        config.nUnmasked = 100;
        BatchMaker maker = makeBatches(config, {9, 8});
        for (const MicroBatch& micro : maker.step(0, 8).micro)
            for (int64_t length : micro.tokens.lengths) QCOMPARE(length, int64_t{30});
    }
    void processesShareABatch() {
        const auto config = test::tinyConfig(40);
        BatchMaker whole = makeBatches(config, {9, 16});
        std::multiset<uint32_t> ids, expected;
        for (const auto& micro : whole.step(2, 4).micro) expected.insert(micro.sampleIds.begin(), micro.sampleIds.end());
        for (int64_t rank = 0; rank < 3; ++rank) {
            BatchPlan plan{9, 16, rank, 3};
            BatchMaker part = makeBatches(config, plan);
            for (const auto& micro : part.step(2, 4).micro) ids.insert(micro.sampleIds.begin(), micro.sampleIds.end());
        }
        QVERIFY(ids == expected);
        QCOMPARE(ids.size(), size_t{16});
    }
    void prefetcherDeliversInOrder() {
        BatchMaker ahead = makeBatches(test::tinyConfig(40), {9, 16}), direct = makeBatches(test::tinyConfig(40), {9, 16});
        Prefetcher prefetcher(ahead, 3, 5);
        for (int64_t step = 3; step < 12; ++step) {
            const StepBatch batch = prefetcher.next();
            QCOMPARE(batch.step, step);
            QVERIFY(sameStep(batch, direct.step(step, 5)));
        }
    }
    void splitsEveryDataSet() {
        const auto corpus = test::syntheticCorpus(test::tinyConfig(40), 0.1);
        QCOMPARE(corpus->sets()[0].validation.size(), size_t{5});
        QCOMPARE(corpus->sets()[1].validation.size(), size_t{3});
        for (const CorpusSet& set : corpus->sets())
            for (int64_t row : set.validation) QVERIFY(!std::ranges::count(set.train, row));
        QCOMPARE(corpus->trainSamples(), int64_t{72});
        // n_g counts training cells with the gene.
        double expected = 0;
        const CorpusSet& set = corpus->sets()[0];
        const auto rows = set.read(set.train);
        for (const model::SampleCounts& sample : rows->samples)
            for (int32_t gene : sample.genes) expected += gene == 3;
        QCOMPARE(corpus->geneFrequency()[3], expected);
        QCOMPARE(corpus->measuredIn()[3], 45.0);
        QCOMPARE(corpus->measuredIn()[20], 72.0);
    }
    void oddDataSetsAreUsable() {
        // One cell; a cell without counts; a gene with the same count everywhere.
        CsrMatrix counts;
        counts.rows = 3;
        counts.cols = 40;
        counts.indices = {0, 1, 0};
        counts.values = {5, 2, 5};
        counts.indptr = {0, 2, 2, 3};
        Dataset odd;
        odd.counts = std::make_shared<MemoryCounts>(counts);
        odd.obs.index = {"a", "b", "c"};
        odd.var = test::syntheticDataset(1, 0, 40, 1).var;
        Progress progress;
        std::vector<Dataset> sets;
        sets.push_back(test::syntheticDataset(1, 0, 30, 1));
        sets.push_back(odd);
        const auto config = test::tinyConfig(40);
        const auto corpus =
            Corpus::build(std::move(sets), {"one", "odd"}, test::syntheticVocabulary(40), config, {0.1, 3}, progress);
        QVERIFY(corpus.ok());
        QCOMPARE(corpus->trainSamples(), int64_t{3});
        QCOMPARE(corpus->sets()[1].emptyCells, int64_t{1});
        QCOMPARE(corpus->validationSamples(), int64_t{0});
    }
};

QTEST_GUILESS_MAIN(TestBatches)
#include "test_batches.moc"
