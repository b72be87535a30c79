// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <thread>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "core/base/parallel.h"
#include "core/model/device.h"
#include "core/model/inference.h"
#include "tests/model/golden.h"
#include "tests/model/model_fixture.h"

using namespace txfm;
using namespace txfm::model;
using namespace txfm::test;

namespace {

io::ModelConfig smallConfig() { return customConfig(80); }

// Cells with 0, 3, 6 … counts, so that lengths differ; the first one is empty.
struct Cells {
    std::shared_ptr<const MeasuredGenes> measured = MeasuredGenes::all(80);
    std::vector<std::vector<int32_t>> genes{12};
    std::vector<std::vector<float>> counts{12};
    std::vector<SampleCounts> samples;
    Cells() {
        for (size_t i = 0; i < genes.size(); ++i) {
            for (size_t j = 0; j < 3 * i; ++j) {
                genes[i].push_back(static_cast<int32_t>((j * 80) / (3 * i)));
                counts[i].push_back(static_cast<float>(1 + (j * 7 + i) % 5));
            }
            samples.push_back({genes[i], counts[i], measured.get(), -1});
        }
    }
};

}  // namespace

class TestInference : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void parsesModes();
    void showsTheRightGenes();
    void aThreadComputesAlone();
    void independentOfBatchAndThreads_data();
    void independentOfBatchAndThreads();
    void sharedProductsAgreeWithFloat32();
    void averagesViews();
    void emptyCell();
    void layerStopsBeforeTheNorm();
    void reconstructs();
    void stops();
};

void TestInference::parsesModes() {
    for (const char* text : {"all", "expressed", "top:7", "random:9", "random:9:3"})
        QCOMPARE(InferenceGenes::parse(text)->toString(), std::string(text));
    QCOMPARE(InferenceGenes::parse("random:9:1")->toString(), std::string("random:9"));
    for (const char* text : {"", "some", "top:", "top:0", "top:-3", "top:5:2", "random:x", "random:4:0", "random:4:2:1", "random:4:9999"}) {
        const auto parsed = InferenceGenes::parse(text);
        QVERIFY2(!parsed && parsed.error().code == ErrorCode::Usage, text);
    }
}

void TestInference::showsTheRightGenes() {
    const MeasuredGenes measured({1, 1, 0, 1, 1, 1, 1, 1});
    const std::vector<int32_t> genes{1, 2, 4, 6, 7};
    const std::vector<float> counts{5, 99, 2, 5, 1};
    const SampleCounts sample{genes, counts, &measured, -1};
    const auto shown = [&](const char* mode) { return shownGenes(sample, *InferenceGenes::parse(mode), 42, 0, 0); };
    QCOMPARE(shown("all"), (std::vector<int32_t>{0, 1, 3, 4, 5, 6, 7}));
    QCOMPARE(shown("expressed"), (std::vector<int32_t>{1, 4, 6, 7}));  // gene 2 is not measured
    QCOMPARE(shown("top:1"), (std::vector<int32_t>{1}));               // tie with 6 goes to the lower index
    QCOMPARE(shown("top:3"), (std::vector<int32_t>{1, 4, 6}));
    QCOMPARE(shown("top:6"), (std::vector<int32_t>{0, 1, 3, 4, 6, 7}));  // zeros fill up by index
    QCOMPARE(shown("top:100"), shown("all"));
    QCOMPARE(shown("random:3").size(), size_t{3});
    QCOMPARE(shown("random:100"), shown("all"));
}

/// Threads that share out cells must not differ from each other, or a cell's bits would depend on who took it.
void TestInference::aThreadComputesAlone() {
    at::set_num_threads(4);
    const auto model = TxfmModel::create(smallConfig(), 2)->frozen(false);
    const Cells cells;
    const std::vector<std::vector<int32_t>> shown{cells.genes[1]};
    int first = 0, later = 0;
    std::thread thread([&] {
        const c10::InferenceMode inference;
        const ComputeAlone alone;
        first = at::get_num_threads();
        // What LibTorch's headers put into the library's own code asks for the count of a thread by itself.
        model->encode(makeTokens(std::span(cells.samples).subspan(1, 1), shown, model->config()), {});
        later = at::get_num_threads();
    });
    thread.join();
    at::set_num_threads(1);
    QCOMPARE(first, 1);
    QCOMPARE(later, 1);
}

void TestInference::independentOfBatchAndThreads_data() {
    QTest::addColumn<QString>("mode");
    QTest::addColumn<bool>("bfloat16");
    QTest::addColumn<int>("heads");  // 8 or 32 wide: LibTorch's attention or that on AMX tiles
    for (const char* mode : {"all", "expressed", "top:10", "random:12:2"})
        for (int heads : {4, 1}) {
            QTest::addRow("%s fp32 %d", mode, heads) << mode << false << heads;
            QTest::addRow("%s bf16 %d", mode, heads) << mode << true << heads;
        }
}

void TestInference::independentOfBatchAndThreads() {
    QFETCH(QString, mode);
    QFETCH(bool, bfloat16);
    QFETCH(int, heads);
    const Cells cells;
    auto config = smallConfig();
    config.nHeads = heads;
    const auto model = TxfmModel::create(config, 2);
    InferenceOptions options;
    options.genes = *InferenceGenes::parse(mode.toStdString());
    options.bfloat16 = bfloat16;
    options.seed = 5;
    const Embedder embedder(*model, options);
    const auto together = embedder.embed(cells.samples, 100);
    QVERIFY(at::isfinite(together).all().item<bool>());
    for (int threads : {1, 3}) {
        setThreadCount(threads);
        at::set_num_threads(threads);
        for (int64_t batch : {0, 1, 5, 100}) {
            options.batch = batch;
            QVERIFY(at::equal(Embedder(*model, options).embed(cells.samples, 100), together));
        }
        for (size_t i = 0; i < cells.samples.size(); ++i) {
            const auto alone = embedder.embed(std::span(cells.samples).subspan(i, 1), 100 + static_cast<int64_t>(i));
            QVERIFY(at::equal(alone[0], together[static_cast<int64_t>(i)]));
        }
    }
}

void TestInference::sharedProductsAgreeWithFloat32() {
    // Cells of 0 to 700 genes, several key blocks of the attention: bf16 in shared products against plain float32.
    io::ModelConfig config = smallConfig();
    config.nGenes = 700;
    config.dim = 128;
    config.nHeads = 2;
    const auto measured = MeasuredGenes::all(config.nGenes);
    std::vector<std::vector<int32_t>> genes;
    std::vector<std::vector<float>> counts;
    for (int32_t shown : {0, 1, 31, 32, 257, 640, 700}) {
        genes.emplace_back();
        for (int32_t gene = 700 - shown; gene < 700; ++gene) genes.back().push_back(gene);
        counts.emplace_back();
        for (int32_t gene = 0; gene < shown; ++gene) counts.back().push_back(static_cast<float>(1 + gene % 7));
    }
    std::vector<SampleCounts> samples;
    for (size_t i = 0; i < genes.size(); ++i) samples.push_back({genes[i], counts[i], measured.get(), -1});
    const auto model = TxfmModel::create(config, 4);
    InferenceOptions options;
    options.genes = *InferenceGenes::parse("expressed");
    const auto exact = Embedder(*model, options).embed(samples, 0);
    options.bfloat16 = true;
    const auto half = Embedder(*model, options).embed(samples, 0);
    for (int64_t i = 0; i < exact.size(0); ++i) {
        const double cosine = (exact[i] * half[i]).sum().item<double>() /
                              std::sqrt(exact[i].square().sum().item<double>() * half[i].square().sum().item<double>());
        QVERIFY2(cosine > 0.9999, qPrintable(QString("%1: %2").arg(i).arg(cosine)));
    }
}

void TestInference::averagesViews() {
    const Cells cells;
    const auto model = TxfmModel::create(smallConfig(), 2);
    InferenceOptions options;
    options.genes = *InferenceGenes::parse("random:12:3");
    const auto sample = std::span(cells.samples).subspan(9, 1);
    const auto mean = Embedder(*model, options).embed(sample, 9);
    auto expected = at::zeros({1, 32});
    at::NoGradGuard noGrad;
    for (uint32_t view = 0; view < 3; ++view) {
        const auto genes = shownGenes(sample[0], options.genes, 0, 9, view);
        expected += model->encode(makeTokens(sample, {&genes, 1}, smallConfig())) / 3.0;
    }
    QVERIFY((mean - expected).abs().max().item<double>() < 1e-5);
}

void TestInference::emptyCell() {
    const Cells cells;
    const auto model = TxfmModel::create(smallConfig(), 2);
    InferenceOptions options;
    const auto all = Embedder(*model, options).embed(std::span(cells.samples).first(1), 0);
    const std::vector<SampleCounts> zero{{{}, {}, cells.measured.get(), -1}};
    at::NoGradGuard noGrad;
    const auto profile = model->encode(makeTokens(zero, std::vector<std::vector<int32_t>>{cells.measured->genes}, smallConfig()));
    QVERIFY((all - profile).abs().max().item<double>() < 1e-6);
    options.genes = *InferenceGenes::parse("expressed");
    const auto alone = Embedder(*model, options).embed(std::span(cells.samples).first(1), 0);
    QVERIFY(at::isfinite(alone).all().item<bool>());
    const auto clsAlone = model->encode(makeTokens(zero, std::vector<std::vector<int32_t>>(1), smallConfig()));
    QVERIFY((alone - clsAlone).abs().max().item<double>() < 1e-6);
}

void TestInference::layerStopsBeforeTheNorm() {
    const Cells cells;
    const auto model = TxfmModel::create(smallConfig(), 2);
    InferenceOptions options;
    options.layer = 3;
    const auto raw = Embedder(*model, options).embed(cells.samples, 0);
    options.layer = 0;
    const auto finished = Embedder(*model, options).embed(cells.samples, 0);
    const auto normed = at::layer_norm(raw, {32}, model->parameter("norm.weight").detach(), model->parameter("norm.bias").detach(), 1e-6);
    QVERIFY((normed - finished).abs().max().item<double>() < 1e-5);
    QVERIFY((raw - finished).abs().max().item<double>() > 1e-2);
}

void TestInference::reconstructs() {
    for (const char* activation : {"rectified_tanh", "softmax"}) {
        io::ModelConfig config = smallConfig();
        config.activation = activation;
        const auto model = TxfmModel::create(config, 2);
        const Embedder embedder(*model, {});
        const auto cls = goldenMatrix(4, 32).to(at::kFloat);
        const auto measured = (goldenMatrix(4, 80, 0.2) > -0.5).to(at::kFloat);
        const auto whole = embedder.reconstruct(cls, {}, measured);
        QCOMPARE(whole.sizes().vec(), (std::vector<int64_t>{4, 80}));
        const auto genes = tensorOf({70, 3, 5}).to(at::kLong);
        QVERIFY(at::allclose(embedder.reconstruct(cls, genes, measured), whole.index_select(1, genes), 1e-5, 1e-6));
        if (config.activation == "softmax")
            QVERIFY((at::expm1(whole.to(at::kDouble)).sum(1) - 1e5).abs().max().item<double>() < 1.0);
    }
}

void TestInference::stops() {
    const Cells cells;
    const auto model = TxfmModel::create(smallConfig(), 2);
    InferenceOptions options;
    options.genes = *InferenceGenes::parse("all");
    const Embedder embedder(*model, options);
    QVERIFY(embedder.embed(cells.samples, 0).defined());
    options.stop.cancel();  // tokens are shared
    QVERIFY(!embedder.embed(cells.samples, 0).defined());
}

QTEST_GUILESS_MAIN(TestInference)
#include "test_inference.moc"
