// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "core/model/masking.h"
#include "core/model/txfm_model.h"
#include "tests/model/golden.h"
#include "tests/model/model_fixture.h"

using namespace txfm;
using namespace txfm::model;
using namespace txfm::test;

namespace {

io::ModelConfig smallConfig() { return customConfig(60); }

struct Toy {
    std::vector<int32_t> genes{3, 7, 11, 20, 21, 44, 58};
    std::vector<float> counts{4, 1, 1, 9, 2, 30, 5};
    std::shared_ptr<const MeasuredGenes> measured = MeasuredGenes::all(60);
    SampleCounts sample() const { return {genes, counts, measured.get(), -1}; }
};

}  // namespace

class TestModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void tokensAndTargets();
    void permutationInvariance();
    void tooManyRevealedEqualsFullInput();
    void unmeasuredGenesHaveNoEffect();
    void allZeroCell();
    void evaluationIsDeterministic();
    void batchCompositionDoesNotMatter();
    void decodeSubset();
    void initialWeights();
    void accumulationEqualsWholeBatch();
    void cloneIsIndependent();
};

void TestModel::tokensAndTargets() {
    const Toy toy;
    const auto config = smallConfig();
    const std::vector<SampleCounts> samples{toy.sample(), toy.sample()};
    const std::vector<std::vector<int32_t>> revealed{{2, 7, 44}, {58}};
    const auto tokens = makeTokens(samples, revealed, config);
    QCOMPARE(tokens.width(), int64_t{3});
    QVERIFY(tokens.padded());
    QVERIFY(at::equal(tokens.genes, tensorOf({2, 7, 44, 58, -1, -1}).view({2, 3}).to(at::kLong)));
    QCOMPARE(tokens.values[0][0].item<float>(), 0.0f);
    QVERIFY(std::abs(tokens.values[0][2].item<double>() - std::log1p(1e5 * 30 / 52)) < 1e-5);
    QCOMPARE(makeTokens(samples, revealed, config, 8).width(), int64_t{8});
    const auto target = makeTargets(samples, config);
    QCOMPARE(target.measured.size(0), int64_t{1});
    QVERIFY(std::abs(at::expm1(target.x[0].to(at::kDouble)).sum().item<double>() - 1e5) < 0.5);
    QCOMPARE(target.library[1].item<float>(), 52.0f);
}

void TestModel::permutationInvariance() {
    const auto model = TxfmModel::create(smallConfig(), 1);
    const Toy toy;
    const std::vector<SampleCounts> samples{toy.sample()};
    const std::vector<std::vector<int32_t>> revealed{{1, 3, 7, 20, 33, 44, 59}};
    auto tokens = makeTokens(samples, revealed, smallConfig());
    at::NoGradGuard noGrad;
    const auto first = model->encode(tokens);
    const auto order = tensorOf({4, 2, 6, 0, 5, 1, 3}).to(at::kLong);
    tokens.genes = tokens.genes.index_select(1, order);
    tokens.values = tokens.values.index_select(1, order);
    QVERIFY((model->encode(tokens) - first).abs().max().item<double>() < 1e-5);
}

void TestModel::tooManyRevealedEqualsFullInput() {
    const auto model = TxfmModel::create(smallConfig(), 1);
    const Toy toy;
    const std::vector<SampleCounts> samples{toy.sample()};
    const auto all = makeTokens(samples, std::vector<std::vector<int32_t>>{toy.measured->genes}, smallConfig());
    const auto many = makeTokens(samples, std::vector<std::vector<int32_t>>{selectGenes(*toy.measured, 4000, {1, 2, 3})}, smallConfig());
    QVERIFY(at::equal(model->encode(all), model->encode(many)));
}

void TestModel::unmeasuredGenesHaveNoEffect() {
    auto flags = std::vector<uint8_t>(60, 1);
    for (size_t g = 0; g < 60; g += 4) flags[g] = 0;
    const MeasuredGenes measured(flags);
    Toy toy;
    const auto config = smallConfig();
    const auto model = TxfmModel::create(config, 1);
    const auto run = [&](float unmeasuredCount) {
        toy.counts[3] = unmeasuredCount;  // gene 20
        const std::vector<SampleCounts> samples{{toy.genes, toy.counts, &measured, -1}};
        const auto tokens = makeTokens(samples, std::vector<std::vector<int32_t>>{selectGenes(measured, 20, {1, 1, 1})}, config);
        const auto result = model->loss(tokens, makeTargets(samples, config));
        for (const auto& [name, weight] : model->parameters()) weight.mutable_grad() = at::Tensor();
        result.sum.backward();
        return result.mean();
    };
    const double first = run(9), second = run(900);
    QCOMPARE(first, second);
    const auto head = model->parameter("decoder.head.weight").grad(), bias = model->parameter("decoder.head.bias").grad();
    const auto codebook = model->parameter("gene_embedding.weight").grad();
    for (int64_t g = 0; g < 60; ++g) {
        if (!flags[g]) {
            QCOMPARE(head[g].abs().max().item<double>(), 0.0);
            QCOMPARE(bias[g].item<double>(), 0.0);
            QCOMPARE(codebook[g].abs().max().item<double>(), 0.0);
        }
    }
}

void TestModel::allZeroCell() {
    const auto config = smallConfig();
    const auto model = TxfmModel::create(config, 1);
    const auto measured = MeasuredGenes::all(60);
    const std::vector<SampleCounts> samples{{{}, {}, measured.get(), -1}};
    const auto tokens = makeTokens(samples, std::vector<std::vector<int32_t>>{measured->genes}, config);
    QCOMPARE(tokens.values.abs().max().item<float>(), 0.0f);
    QVERIFY(at::isfinite(model->encode(tokens)).all().item<bool>());
    const auto alone = makeTokens(samples, std::vector<std::vector<int32_t>>(1), config);
    QCOMPARE(alone.width(), int64_t{0});
    QVERIFY(at::isfinite(model->encode(alone)).all().item<bool>());
    const auto result = model->loss(tokens, makeTargets(samples, config));
    QVERIFY(std::isfinite(result.mean()));
}

void TestModel::evaluationIsDeterministic() {
    const Toy toy;
    const std::vector<SampleCounts> samples{toy.sample()};
    const auto tokens = makeTokens(samples, std::vector<std::vector<int32_t>>{toy.measured->genes}, smallConfig());
    const auto model = TxfmModel::create(smallConfig(), 1);
    for (bool half : {false, true}) {
        ForwardOptions options;
        options.bfloat16 = half;
        QVERIFY(at::equal(model->encode(tokens, options), model->encode(tokens, options)));
    }
}

void TestModel::batchCompositionDoesNotMatter() {
    const Toy toy;
    const auto config = smallConfig();
    const auto model = TxfmModel::create(config, 1);
    const std::vector<SampleCounts> samples(5, toy.sample());
    std::vector<std::vector<int32_t>> revealed;
    for (uint32_t i = 0; i < 5; ++i) revealed.push_back(selectGenes(*toy.measured, 5 + 9 * i, {1, 1, i}));
    at::NoGradGuard noGrad;
    const auto together = model->encode(makeTokens(samples, revealed, config));
    for (size_t i = 0; i < 5; ++i) {
        const auto alone = model->encode(makeTokens({&samples[i], 1}, {&revealed[i], 1}, config));
        QVERIFY((together[static_cast<int64_t>(i)] - alone[0]).abs().max().item<double>() < 1e-5);
    }
}

void TestModel::decodeSubset() {
    io::ModelConfig config = smallConfig();
    config.loss = "zinb";
    const auto model = TxfmModel::create(config, 1);
    const auto cls = goldenMatrix(3, 32).to(at::kFloat);
    const auto genes = tensorOf({5, 40, 2}).to(at::kLong);
    const auto all = model->decode(cls), some = model->decode(cls, {}, genes);
    QVERIFY(at::allclose(some.logits, all.logits.index_select(1, genes), 1e-5, 1e-6));
    QVERIFY(at::allclose(some.zeroInflation, all.zeroInflation.index_select(1, genes), 1e-5, 1e-6));
    QCOMPARE(some.dispersion.size(0), int64_t{3});
}

void TestModel::initialWeights() {
    io::ModelConfig config = smallConfig();
    config.nGenes = 5000;
    config.layerScaleInit = 1e-4;
    const auto model = TxfmModel::create(config, 9);
    const auto deviation = [&](const char* name) { return model->parameter(name).detach().std().item<double>(); };
    QVERIFY(std::abs(deviation("gene_embedding.weight") - 1.0) < 0.02);
    QVERIFY(std::abs(deviation("decoder.head.weight") - 0.02) < 0.001);
    QVERIFY(std::abs(deviation("blocks.1.in_proj.weight") - 0.02) < 0.001);
    QVERIFY(std::abs(deviation("cls_token") - 0.02) < 0.015);
    QVERIFY(at::equal(model->parameter("blocks.0.layer_scale").detach(), at::full({32}, 1e-4, at::kFloat)));
    QVERIFY(at::equal(model->parameter("blocks.0.q_norm.weight").detach(), at::ones({8})));
    QCOMPARE(model->parameter("decoder.head.bias").detach().abs().max().item<float>(), 0.0f);
    const auto same = TxfmModel::create(config, 9), other = TxfmModel::create(config, 10);
    QVERIFY(at::equal(same->parameter("gene_embedding.weight"), model->parameter("gene_embedding.weight")));
    QVERIFY(!at::equal(other->parameter("gene_embedding.weight"), model->parameter("gene_embedding.weight")));
}

void TestModel::accumulationEqualsWholeBatch() {
    const Toy toy;
    const auto config = smallConfig();
    const auto model = TxfmModel::create(config, 1);
    const std::vector<SampleCounts> samples(4, toy.sample());
    std::vector<std::vector<int32_t>> revealed;
    for (uint32_t i = 0; i < 4; ++i) revealed.push_back(selectGenes(*toy.measured, 12, {1, 1, i}));
    const auto whole = model->loss(makeTokens(samples, revealed, config), makeTargets(samples, config));
    (whole.sum / whole.weight).backward();
    std::vector<at::Tensor> expected;
    for (const auto& [name, weight] : model->parameters()) {
        expected.push_back(weight.grad().clone());
        weight.mutable_grad() = at::Tensor();
    }
    double weightSum = 0;
    for (size_t from : {size_t{0}, size_t{2}}) {
        const auto part = std::span(samples).subspan(from, 2);
        const auto result = model->loss(makeTokens(part, std::span(revealed).subspan(from, 2), config),
                                        makeTargets(part, config));
        result.sum.backward();
        weightSum += result.weight;
    }
    double largest = 0;
    for (const auto& gradient : expected) largest = std::max(largest, gradient.abs().max().item<double>());
    for (size_t i = 0; i < expected.size(); ++i) {
        const auto& [name, weight] = model->parameters()[i];
        const double difference = (weight.grad() / weightSum - expected[i]).abs().max().item<double>();
        // A shift of every key changes no attention: that gradient is rounding noise and has no size of its own.
        const double size = expected[i].abs().max().item<double>();
        QVERIFY2(difference < 1e-5 * std::max(size, 0.1 * largest), name.c_str());
    }
}

void TestModel::cloneIsIndependent() {
    const auto model = TxfmModel::create(smallConfig(), 1);
    const auto copy = model->clone();
    model->parameter("cls_token").detach().add_(1.0);
    QVERIFY(!at::equal(copy->parameter("cls_token"), model->parameter("cls_token")));
    const auto cls = tensorOf(std::vector<double>(32, 0.5)).view({1, 32}).to(at::kFloat);
    QVERIFY(at::equal(copy->decode(cls).logits, model->decode(cls).logits));
}

QTEST_GUILESS_MAIN(TestModel)
#include "test_model.moc"
