// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <filesystem>

#include <ATen/ATen.h>

#include "core/io/model_directory.h"
#include "core/model/txfm_model.h"
#include "tests/model/golden.h"

using namespace txfm;
using namespace txfm::model;
using namespace txfm::test;

/// The 12 models of tests/reference (written by PyTorch): embeddings, logits, loss and every gradient.
class TestVariants : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void equalsPyTorch_data();
    void equalsPyTorch();
    void layers_data() { equalsPyTorch_data(); }
    void layers();
    void bfloat16StaysClose_data() { equalsPyTorch_data(); }
    void bfloat16StaysClose();
    void savesAndLoads();
};

namespace {

struct Fixture {
    std::shared_ptr<TxfmModel> model;
    std::optional<io::SafetensorsFile> file;
    TokenBatch tokens;
    TargetBatch target;
    at::Tensor read(const std::string& name) const { return tensorFrom(*file, name); }
};

Fixture load(const QString& name) {
    const auto folder = dataFile("model_variants/" + name.toStdString());
    auto directory = io::ModelDirectory::open(folder);
    if (!directory) qFatal("%s", directory.error().message.c_str());
    Fixture fixture;
    fixture.model = TxfmModel::load(*directory).value();
    fixture.file = io::SafetensorsFile::open(folder / "fixture.safetensors").value();
    fixture.tokens.genes = fixture.read("input.genes").to(at::kLong);
    fixture.tokens.values = fixture.read("input.values");
    for (int64_t i = 0; i < fixture.tokens.samples(); ++i)
        fixture.tokens.lengths.push_back((fixture.tokens.genes[i] >= 0).sum().item<int64_t>());
    fixture.target.x = fixture.read("input.x");
    fixture.target.counts = fixture.read("input.counts");
    fixture.target.library = fixture.read("input.library");
    fixture.target.measured = fixture.read("input.measured");
    fixture.target.measuredRow = at::arange(fixture.tokens.samples(), at::kLong);
    return fixture;
}

}  // namespace

void TestVariants::equalsPyTorch_data() {
    QTest::addColumn<QString>("name");
    int found = 0;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dataFile("model_variants")))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
        QTest::newRow(name.c_str()) << QString::fromStdString(name);
        ++found;
    }
    QCOMPARE(found, 12);
}

void TestVariants::equalsPyTorch() {
    QFETCH(QString, name);
    const Fixture f = load(name);
    const auto cls = f.model->encode(f.tokens);
    const auto output = f.model->decode(cls);
    QVERIFY(relativeError(cls, f.read("output.cls")) < 1e-5);
    QVERIFY(relativeError(output.logits, f.read("output.logits")) < 1e-5);
    const bool geneByGene = f.model->config().activation != "softmax";
    const auto expected = f.model->expectedExpression(output, geneByGene ? at::Tensor() : f.target.measured);
    const auto mask = geneByGene ? at::ones_like(f.target.measured) : f.target.measured;
    QVERIFY(relativeError(expected * mask, f.read("output.xhat") * mask) < 1e-5);
    const auto result = batchLoss(output, f.tokens, f.target, f.model->config());
    QVERIFY(std::abs(result.mean() - f.read("output.loss").item<double>()) <=
            1e-5 * std::abs(f.read("output.loss").item<double>()));
    QVERIFY(relativeError(result.samples, f.read("output.sample_loss")) < 1e-5);
    (result.sum / result.weight).backward();
    double largest = 0;
    for (const auto& [parameter, weight] : f.model->parameters()) {
        const auto gradient = f.read("grad." + parameter);
        QVERIFY2(gradient.defined(), parameter.c_str());
        largest = std::max(largest, gradient.abs().max().item<double>());
    }
    for (const auto& [parameter, weight] : f.model->parameters()) {
        const auto gradient = f.read("grad." + parameter);
        const auto own = weight.grad().defined() ? weight.grad() : at::zeros_like(weight);
        // Some gradients vanish by symmetry (a shift of every key changes no attention); float64 leaves 1e-17 of them.
        const double size = gradient.abs().max().item<double>();
        const bool vanishes = size < 1e-9 * largest;
        const double error = (own - gradient).abs().max().item<double>() / (vanishes ? largest : size);
        QVERIFY2(error < (vanishes ? 1e-6 : 1e-5), qPrintable(QString("%1: %2").arg(parameter.c_str()).arg(error)));
    }
}

void TestVariants::layers() {
    QFETCH(QString, name);
    const Fixture f = load(name);
    for (int64_t layer = 1; layer <= f.model->config().nBlocks; ++layer) {
        ForwardOptions options;
        options.layer = layer;
        const auto expected = f.read("output.layer." + std::to_string(layer));
        QVERIFY(relativeError(f.model->encode(f.tokens, options), expected) < 1e-5);
    }
}

void TestVariants::bfloat16StaysClose() {
    QFETCH(QString, name);
    const Fixture f = load(name);
    ForwardOptions options;
    options.bfloat16 = true;
    const auto cls = f.model->encode(f.tokens, options);
    QCOMPARE(cls.scalar_type(), at::kFloat);
    const auto cosine = at::cosine_similarity(cls, f.read("output.cls"), 1);
    QVERIFY(cosine.min().item<double>() > 0.999);
    // Gradients exist and point the same way.
    const auto result = f.model->loss(f.tokens, f.target, options);
    (result.sum / result.weight).backward();
    double dot = 0, own = 0, reference = 0;
    for (const auto& [parameter, weight] : f.model->parameters()) {
        if (!weight.grad().defined()) continue;
        const auto gradient = f.read("grad." + parameter).to(at::kDouble);
        dot += (weight.grad().to(at::kDouble) * gradient).sum().item<double>();
        own += weight.grad().to(at::kDouble).square().sum().item<double>();
        reference += gradient.square().sum().item<double>();
    }
    QVERIFY(dot / std::sqrt(own * reference) > 0.99);
}

void TestVariants::savesAndLoads() {
    const Fixture f = load("parallel_poisson");
    const auto folder = dataFile("model_variants/parallel_poisson");
    const auto vocabulary = io::readVocabulary(folder / "genes.tsv").value();
    const auto target = std::filesystem::temp_directory_path() /
                        ("txfm-save-" + std::to_string(QCoreApplication::applicationPid()));
    for (bool half : {false, true}) {
        QVERIFY(saveModel(target, *f.model, vocabulary, "card", half).ok());
        const auto again = TxfmModel::load(io::ModelDirectory::open(target).value()).value();
        for (const auto& [name, weight] : f.model->parameters()) {
            const auto expected = half ? weight.detach().to(at::kBFloat16).to(at::kFloat) : weight.detach();
            QVERIFY2(at::equal(again->parameter(name).detach(), expected), name.c_str());
        }
    }
    std::filesystem::remove_all(target);
}

QTEST_GUILESS_MAIN(TestVariants)
#include "test_variants.moc"
