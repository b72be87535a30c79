// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/types.h>

#include <QtTest>

#include "core/base/parallel.h"
#include "core/model/activations.h"
#include "core/training/data_init.h"
#include "core/training/epoch_sampler.h"
#include "tests/training/training_fixture.h"

using namespace txfm;
using namespace txfm::training;

namespace {

constexpr int64_t kGenes = 40;

/// Normalised training expression [samples × genes], dense, float64.
torch::Tensor denseExpression(const Corpus& corpus, const io::ModelConfig& config) {
    std::vector<torch::Tensor> rows;
    for (const CorpusSet& set : corpus.sets()) {
        const auto read = set.read(set.train);
        for (const model::SampleCounts& sample : read->samples) {
            auto x = torch::zeros({kGenes}, torch::kFloat64);
            const double library = model::librarySize(sample, config);
            for (size_t i = 0; i < sample.genes.size(); ++i)
                x[sample.genes[i]] = model::normalisedValue(sample.counts[i], library, config);
            rows.push_back(x);
        }
    }
    return torch::stack(rows);
}

}  // namespace

class TestDataInit : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void singularVectorsEqualADenseDecomposition() {
        const io::ModelConfig config = test::tinyConfig(kGenes);
        const auto corpus = test::syntheticCorpus(config);
        Progress progress;
        const auto found = geneSingularVectors(*corpus, config, 30, 1, progress).value();
        auto v = std::get<2>(at::linalg_svd(denseExpression(*corpus, config), false));
        for (int64_t k = 0; k < 3; ++k) {
            auto expected = v[k] / v[k].std(/*unbiased=*/false);
            expected = expected * torch::sign(expected[expected.abs().argmax()]);
            for (int64_t gene = 0; gene < kGenes; ++gene) {
                const double wanted = std::clamp(expected[gene].item<double>(), -8.0, 8.0);
                QVERIFY2(std::abs(found[size_t(gene * 30 + k)] - wanted) < 2e-3,
                         qPrintable(QString("vector %1, gene %2").arg(k).arg(gene)));
            }
        }
    }
    void singularVectorsDoNotDependOnThreads() {
        const io::ModelConfig config = test::tinyConfig(kGenes);
        const auto corpus = test::syntheticCorpus(config);
        Progress progress;
        setThreadCount(1);
        const auto one = geneSingularVectors(*corpus, config, 5, 9, progress).value();
        setThreadCount(3);
        const auto three = geneSingularVectors(*corpus, config, 5, 9, progress).value();
        setThreadCount(0);
        QVERIFY(one == three);
    }
    void onlyTheFirstColumnsOfTheCodebookChange() {
        const io::ModelConfig config = test::tinyConfig(kGenes);
        const auto corpus = test::syntheticCorpus(config);
        Progress progress;
        const auto loadings = geneSingularVectors(*corpus, config, 4, 2, progress).value();
        std::vector<float> codebook(size_t(kGenes * 15), 42.0f);
        QVERIFY(initCodebookFromData(*corpus, config, 4, 3.0, 2, progress, codebook, 15).ok());
        for (int64_t gene = 0; gene < kGenes; ++gene)
            for (int64_t k = 0; k < 15; ++k)
                QCOMPARE(codebook[size_t(gene * 15 + k)], k < 4 ? 3.0f * loadings[size_t(gene * 4 + k)] : 42.0f);
    }
    void tooManyVectorsAreRefused() {
        const io::ModelConfig config = test::tinyConfig(kGenes);
        const auto corpus = test::syntheticCorpus(config);
        Progress progress;
        QCOMPARE(geneSingularVectors(*corpus, config, 41, 2, progress).error().code, ErrorCode::Usage);
        std::vector<float> codebook(size_t(kGenes * 15));
        QCOMPARE(initCodebookFromData(*corpus, config, 16, 1, 2, progress, codebook, 15).error().code, ErrorCode::Usage);
    }
    void theHeadBiasGivesTheMean() {
        const io::ModelConfig config = test::tinyConfig(kGenes);
        const auto corpus = test::syntheticCorpus(config, 0.0);
        const auto sampler = EpochSampler::create(*corpus, "proportional", 1).value();
        const auto bias = *meanHeadBias(*corpus, config, sampler.quotas());
        QCOMPARE(int64_t(bias.size()), kGenes);
        const auto x = denseExpression(*corpus, config);
        const auto given = model::activate(torch::tensor(bias), config);
        const int64_t first = int64_t(corpus->sets()[0].train.size());
        for (int64_t gene : {3, 20, 35}) {  // measured by the first set, by both, by the second
            const auto rows = gene < 10   ? x.narrow(0, 0, first)
                              : gene < 30 ? x
                                          : x.narrow(0, first, x.size(0) - first);
            const double wanted = rows.select(1, gene).exp().mean().log().item<double>();
            QVERIFY2(std::abs(given[gene].item<double>() - wanted) < 1e-3, qPrintable(QString::number(gene)));
        }
    }
};

QTEST_GUILESS_MAIN(TestDataInit)
#include "test_data_init.moc"
