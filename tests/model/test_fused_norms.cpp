// SPDX-License-Identifier: GPL-3.0-or-later
// The fused norms and the chain of blocks built on them, against plain operations; on a GPU against the CPU.
#include <QTest>

#include <ATen/Context.h>
#include <dlfcn.h>

#include "core/base/paths.h"
#include "core/model/block_chain.h"
#include "core/model/device.h"
#include "core/model/txfm_model.h"
#include "tests/model/golden.h"
#include "tests/model/model_fixture.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::model;
using namespace txfm::test;

namespace {

at::Tensor leaf(int64_t rows, int64_t cols, double a, at::IntArrayRef shape) {
    return goldenMatrix(rows, cols, a).view(shape).detach().clone().requires_grad_(true);
}

io::ModelConfig chainConfig(bool qkNorm) {
    io::ModelConfig config = customConfig(30, 16, 2);
    config.qkNorm = qkNorm;
    return config;
}

std::vector<BlockWeights> blocksOf(const TxfmModel& model) {
    std::vector<BlockWeights> blocks;
    for (int64_t i = 0; i < model.config().nBlocks; ++i)
        blocks.push_back(bindBlock(model.config(), i, [&](const std::string& name) { return model.parameter(name); }));
    return blocks;
}

/// The gradients of these leaves, which are left without.
std::vector<at::Tensor> takeGradients(const std::vector<at::Tensor>& leaves) {
    std::vector<at::Tensor> gradients;
    for (const auto& leaf : leaves) {
        gradients.push_back(leaf.grad().clone());
        leaf.mutable_grad() = at::Tensor();
    }
    return gradients;
}

double worst(const at::Tensor& a, const at::Tensor& b) {
    const auto x = a.detach().to(at::kCPU, at::kDouble), y = b.detach().to(at::kCPU, at::kDouble);
    return ((x - y).abs() / y.abs().clamp_min(1.0)).max().item<double>();
}

/// Values and gradients of the two fused norms and the loss for the same input on a device.
std::vector<at::Tensor> fusedOnDevice(at::Device device, at::ScalarType products) {
    const auto take = [&](const at::Tensor& x, at::ScalarType type) { return x.to(at::kFloat).to(device, type).detach().requires_grad_(true); };
    constexpr int64_t kSamples = 3, kTokens = 37, kWidth = 128, kHeads = 4;
    const std::vector<int64_t> shape{kSamples, kTokens, kWidth};
    const auto u = take(goldenMatrix(kSamples * kTokens, kWidth, 0.3).view(shape), at::kFloat);
    const auto branch = take(goldenMatrix(kSamples * kTokens, kWidth, 0.4).view(shape), products);
    const auto scale = take(goldenMatrix(1, kWidth, 0.5)[0], at::kFloat), w = take(goldenMatrix(1, kWidth, 0.6)[0], at::kFloat);
    const auto b = take(goldenMatrix(1, kWidth, 0.7)[0], at::kFloat);
    const auto keep = tensorOf({0, 1.25, 1.25}).to(device, at::kFloat).view({kSamples, 1, 1});
    const auto joined = ops::residualNorm(u, branch, scale, keep, w, b, 1e-6, products == at::kBFloat16);
    const auto outer = take(goldenMatrix(kSamples * kTokens, kWidth, 0.8).view(shape), at::kFloat).detach();
    ((joined.out * outer).sum() + (joined.y.to(at::kFloat) * outer).sum()).backward();

    const auto projected = take(goldenMatrix(kSamples * kTokens, 3 * kWidth, 0.9).view({kSamples, kTokens, 3 * kWidth}), products);
    std::vector<at::Tensor> weights;
    for (int i = 0; i < 4; ++i) weights.push_back(take(goldenMatrix(1, kWidth / kHeads, 1.0 + 0.1 * i)[0], at::kFloat));
    const auto heads = ops::qkNorm(projected.narrow(2, 0, 2 * kWidth), kHeads, weights[0], weights[1], weights[2], weights[3], 1e-6);
    const auto headOuter = take(goldenMatrix(kSamples * kTokens, kWidth, 1.5).view(heads.q.sizes()), at::kFloat).detach();
    (heads.q.to(at::kFloat) * headOuter + heads.k.to(at::kFloat) * headOuter * 0.5).sum().backward();

    const auto z = take(goldenMatrix(kSamples, 500, 0.35) * 20, at::kFloat);
    const auto x = (goldenMatrix(kSamples, 500, 0.45) * 8).clamp_min(0).to(at::kFloat).to(device);
    const auto measured = (goldenMatrix(2, 500, 0.55) > -0.5).to(device, at::kFloat);
    const auto sums = ops::rectifiedTanhPoissonLoss(z, x, measured, tensorOf({1, 0, 1}).to(device, at::kLong),
                                                    tensorOf({0.5, 1, 2}).to(device, at::kFloat), 11.5, 10.87);
    sums.sum().backward();

    std::vector<at::Tensor> all{joined.out, joined.y, heads.q, heads.k, sums};
    for (const auto& input : {u, branch, scale, w, b, projected, weights[0], weights[1], weights[2], weights[3], z}) all.push_back(input.grad());
    return all;
}

}  // namespace

class TestFusedNorms : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void residualNormAgreesWithPlainOperations();
    void qkNormAgreesWithPlainOperations();
    void chainEqualsBlocks_data();
    void chainEqualsBlocks();
    void pluginRegistersItsOperators();
    void cudaAgreesWithTheReference_data();
    void cudaAgreesWithTheReference();
};

void TestFusedNorms::residualNormAgreesWithPlainOperations() {
    const auto u = leaf(6, 8, 0.3, {2, 3, 8}), branch = leaf(6, 8, 0.4, {2, 3, 8}), scale = leaf(1, 8, 0.5, {8});
    const auto w = leaf(1, 8, 0.6, {8}), b = leaf(1, 8, 0.7, {8});
    const auto keep = tensorOf({0, 1.25}).view({2, 1, 1});
    const std::vector<at::Tensor> inputs{u, branch, scale, w, b};
    const auto outer = goldenMatrix(6, 8, 1.1).view({2, 3, 8}), outerOut = goldenMatrix(6, 8, 1.2).view({2, 3, 8});
    std::vector<std::vector<at::Tensor>> gradients;
    std::vector<at::Tensor> values;
    for (bool fused : {false, true}) {
        at::Tensor out, y;
        if (fused) {
            const auto joined = ops::residualNorm(u, branch, scale, keep, w, b, 1e-6, false);
            out = joined.out, y = joined.y;
        } else {
            out = u + branch * scale * keep;
            y = at::layer_norm(out, {8}, w, b, 1e-6);
        }
        ((out * outerOut).sum() + (y * outer).sum()).backward();
        values.push_back(at::cat({out, y}));
        gradients.push_back(takeGradients(inputs));
    }
    QVERIFY(worst(values[1], values[0]) < 1e-12);
    for (size_t i = 0; i < inputs.size(); ++i) QVERIFY2(worst(gradients[1][i], gradients[0][i]) < 1e-10, qPrintable(QString::number(i)));
}

void TestFusedNorms::qkNormAgreesWithPlainOperations() {
    const auto projected = leaf(6, 30, 0.3, {2, 3, 30});  // 5 other columns, q and k of 2 heads of 5, 5 others
    std::vector<at::Tensor> inputs{projected};
    for (int i = 0; i < 4; ++i) inputs.push_back(leaf(1, 5, 0.4 + 0.1 * i, {5}));
    const auto outer = goldenMatrix(12, 5, 1.1).view({2, 2, 3, 5});
    std::vector<std::vector<at::Tensor>> gradients;
    std::vector<at::Tensor> values;
    for (bool fused : {false, true}) {
        const auto qk = projected.narrow(2, 5, 20);
        at::Tensor q, k;
        if (fused) {
            const auto heads = ops::qkNorm(qk, 2, inputs[1], inputs[2], inputs[3], inputs[4], 1e-6);
            q = heads.q, k = heads.k;
        } else {
            const auto split = [&](int64_t from) { return qk.narrow(2, from, 10).reshape({2, 3, 2, 5}).transpose(1, 2); };
            q = at::layer_norm(split(0), {5}, inputs[1], inputs[2], 1e-6);
            k = at::layer_norm(split(10), {5}, inputs[3], inputs[4], 1e-6);
        }
        ((q * outer).sum() + (k * outer).square().sum()).backward();
        values.push_back(at::cat({q, k}));
        gradients.push_back(takeGradients(inputs));
    }
    QVERIFY(worst(values[1], values[0]) < 1e-12);
    for (size_t i = 0; i < inputs.size(); ++i) QVERIFY2(worst(gradients[1][i], gradients[0][i]) < 1e-10, qPrintable(QString::number(i)));
}

void TestFusedNorms::chainEqualsBlocks_data() {
    QTest::addColumn<bool>("qkNorm");
    QTest::newRow("QK-norm") << true;
    QTest::newRow("without") << false;
}

void TestFusedNorms::chainEqualsBlocks() {
    QFETCH(bool, qkNorm);
    const auto model = TxfmModel::create(chainConfig(qkNorm), 3);
    model->to(at::kCPU, at::kDouble);
    const auto blocks = blocksOf(*model);
    const auto u = leaf(8, 16, 0.3, {2, 4, 16});
    std::vector<BlockCall> calls(blocks.size());
    calls[1].keep = tensorOf({1.25, 0}).view({2, 1, 1});
    std::vector<at::Tensor> leaves{u};
    for (const auto& [name, parameter] : model->parameters())
        if (name.starts_with("blocks.") || name.starts_with("norm.")) leaves.push_back(parameter);
    const auto norm = model->parameter("norm.weight"), normBias = model->parameter("norm.bias");
    std::vector<std::vector<at::Tensor>> gradients;
    std::vector<at::Tensor> values;
    for (bool chained : {false, true}) {
        at::Tensor out, y;
        if (chained) {
            const auto state = runParallelChain(blocks, u, calls, norm, normBias);
            out = state.out, y = state.y;
        } else {
            out = u;
            for (size_t i = 0; i < blocks.size(); ++i) out = runBlock(blocks[i], out, calls[i], i + 1 == blocks.size());
            y = at::layer_norm(out, {16}, norm, normBias, kLayerNormEps);
        }
        (y.square().sum() + out.sum()).backward();
        values.push_back(at::cat({out, y}));
        gradients.push_back(takeGradients(leaves));
    }
    QVERIFY(worst(values[1], values[0]) < 1e-12);
    for (size_t i = 0; i < gradients[0].size(); ++i) QVERIFY2(worst(gradients[1][i], gradients[0][i]) < 1e-10, qPrintable(QString::number(i)));
}

void TestFusedNorms::pluginRegistersItsOperators() {
    const auto library = std::filesystem::path(TXFM_BIN_DIR).parent_path() / TXFM_PLUGIN_SUBDIR / "cuda_operators.so";
    if (!std::filesystem::exists(library)) QSKIP("the CUDA operators were not built (no nvcc, or TXFM_CUDA=OFF)");
    QVERIFY(!ops::hasCudaLoss());
    QVERIFY2(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL), dlerror());
    QVERIFY(ops::hasCudaLoss());
}

void TestFusedNorms::cudaAgreesWithTheReference_data() {
    QTest::addColumn<bool>("bfloat16");
    QTest::newRow("float32") << false;
    QTest::newRow("bf16") << true;
}

void TestFusedNorms::cudaAgreesWithTheReference() {
    QFETCH(bool, bfloat16);
    const auto device = prepareDevice("auto");
    if (!device || !device->is_cuda()) QSKIP("no GPU answers on this machine");
    if (!ops::hasCudaLoss()) QSKIP("the CUDA operators were not built");
    const auto products = bfloat16 ? at::kBFloat16 : at::kFloat;
    const auto expected = fusedOnDevice(at::kCPU, products), found = fusedOnDevice(*device, products);
    for (size_t i = 0; i < expected.size(); ++i) {
        const double difference = worst(found[i], expected[i]);
        QVERIFY2(difference < (bfloat16 ? 2e-2 : 2e-4), qPrintable(QString("%1: %2").arg(i).arg(difference)));
    }
}

QTEST_GUILESS_MAIN(TestFusedNorms)
#include "test_fused_norms.moc"
