// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <ATen/Parallel.h>

#include "core/model/block.h"
#include "core/model/txfm_model.h"
#include "tests/model/golden.h"
#include "tests/model/model_fixture.h"

using namespace txfm;
using namespace txfm::model;
using namespace txfm::test;

namespace {

// Golden weights: W_k = 0.3·X(rows, cols; a = 0.9 + 0.01k); LayerScale 0.5 + 0.1·W, norm weights 1 + W.
at::Tensor goldenWeight(int k, const std::string& name, const std::vector<int64_t>& shape) {
    const int64_t rows = shape.size() > 1 ? shape[0] : 1;
    const auto w = (goldenMatrix(rows, shape.back(), 0.9 + 0.01 * k) * 0.3).view(shape);
    if (name.starts_with("ls")) return w * 0.1 + 0.5;
    if (name.find("norm") != std::string::npos && name.ends_with("weight")) return w + 1;
    return w;
}

BlockWeights bindTimm(const nlohmann::json& group) {
    std::map<std::string, at::Tensor> named;
    for (const auto& parameter : group["params(order k)"]) {
        const std::string name = parameter[1];
        named[name] = goldenWeight(parameter[0], name, parameter[2].get<std::vector<int64_t>>());
    }
    const auto get = [&](const char* name) { return named.contains(name) ? named[name] : at::Tensor(); };
    BlockWeights w;
    w.heads = group["heads"];
    w.qNorm = get("q_norm.weight"), w.qNormBias = get("q_norm.bias");
    w.kNorm = get("k_norm.weight"), w.kNormBias = get("k_norm.bias");
    w.standard = !named.contains("in_proj.weight");
    if (w.standard) {
        w.qNorm = get("attn.q_norm.weight"), w.qNormBias = get("attn.q_norm.bias");
        w.kNorm = get("attn.k_norm.weight"), w.kNormBias = get("attn.k_norm.bias");
        w.norm = get("norm1.weight"), w.normBias = get("norm1.bias");
        w.qkv = get("attn.qkv.weight"), w.qkvBias = get("attn.qkv.bias");
        w.attnOut = get("attn.proj.weight"), w.attnOutBias = get("attn.proj.bias");
        w.layerScale = get("ls1.gamma"), w.layerScale2 = get("ls2.gamma");
        w.norm2 = get("norm2.weight"), w.norm2Bias = get("norm2.bias");
        w.mlpIn = get("mlp.fc1.weight"), w.mlpInBias = get("mlp.fc1.bias");
        w.mlpOut = get("mlp.fc2.weight"), w.mlpOutBias = get("mlp.fc2.bias");
    } else {
        w.norm = get("in_norm.weight"), w.normBias = get("in_norm.bias");
        w.inProj = get("in_proj.weight"), w.mlpBias = get("mlp_bias");
        w.attnOut = get("attn_out_proj.weight"), w.attnOutBias = get("attn_out_proj.bias");
        w.mlpOut = get("mlp_out_proj.weight"), w.mlpOutBias = get("mlp_out_proj.bias");
        w.layerScale = get("ls.gamma");
    }
    return w;
}

io::ModelConfig tinyConfig(const std::string& token, const std::string& block) {
    io::ModelConfig config = customConfig(10, 8, 2, 2);
    config.token = token;
    config.block = block;
    config.qkvBias = block == "standard";
    config.qkNorm = block == "parallel";
    config.layerScaleInit = 0.7;
    return config;
}

}  // namespace

class TestBlocks : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }
    void timmGolden();
    void clsRowIsExact();
    void clsRowIsExact_data();
    void paddingChangesNothing();
    void finiteDifferences_data();
    void finiteDifferences();
    void checkpointingKeepsGradients();
    void fusedBlockEqualsPlainBlock_data();
    void fusedBlockEqualsPlainBlock();
    void parameterCounts();
    void dropPathRates();
    void dropPathDraws();
};

void TestBlocks::timmGolden() {
    const auto groups = test::golden()["vit_block_timm"];
    for (const char* name : {"standard", "standard_qknorm_nobias", "parallel"}) {
        const auto& group = groups[name];
        const auto weights = bindTimm(group);
        const auto x = goldenMatrix(6, 8).view({2, 3, 8});
        const auto y = runBlock(weights, x, {}, false).view({6, 8});
        for (int64_t i = 0; i < 6; ++i)
            for (int64_t j = 0; j < 8; ++j)
                QVERIFY2(std::abs(y[i][j].item<double>() - group["y"][i][j].get<double>()) < 1e-8, name);
    }
}

void TestBlocks::clsRowIsExact_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"standard", "standard_qknorm_nobias", "parallel"}) QTest::newRow(name) << name;
}

void TestBlocks::clsRowIsExact() {
    QFETCH(QString, name);
    const auto weights = bindTimm(test::golden()["vit_block_timm"][name.toStdString()]);
    const auto x = goldenMatrix(10, 8).view({2, 5, 8});
    const auto whole = runBlock(weights, x, {}, false).narrow(1, 0, 1);
    const auto row = runBlock(weights, x, {}, true);
    QCOMPARE(row.sizes().vec(), whole.sizes().vec());
    QVERIFY((whole - row).abs().max().item<double>() < 1e-13);
}

void TestBlocks::paddingChangesNothing() {
    for (const char* name : {"standard", "standard_qknorm_nobias", "parallel"}) {
        const auto weights = bindTimm(test::golden()["vit_block_timm"][name]);
        const auto x = goldenMatrix(5, 8).view({1, 5, 8});
        const auto padded = at::cat({x, at::full({1, 3, 8}, 4.0, at::kDouble)}, 1);
        BlockCall call;
        call.padding = at::zeros({1, 1, 1, 8}, at::kDouble);
        call.padding.narrow(3, 5, 3).fill_(-std::numeric_limits<double>::infinity());
        const auto expected = runBlock(weights, x, {}, false);
        const auto actual = runBlock(weights, padded, call, false).narrow(1, 0, 5);
        QVERIFY((expected - actual).abs().max().item<double>() < 1e-12);
    }
}

void TestBlocks::finiteDifferences_data() {
    QTest::addColumn<QString>("token");
    QTest::addColumn<QString>("block");
    QTest::addColumn<QString>("decoder");
    for (const char* token : {"concat", "proj"})
        for (const char* block : {"parallel", "standard"})
            for (const char* decoder : {"double", "single"})
                QTest::addRow("%s %s %s", token, block, decoder) << token << block << decoder;
}

void TestBlocks::finiteDifferences() {
    QFETCH(QString, token);
    QFETCH(QString, block);
    QFETCH(QString, decoder);
    io::ModelConfig config = tinyConfig(token.toStdString(), block.toStdString());
    config.decoderLayer = decoder.toStdString();
    config.loss = "mse";
    config.activation = "relu";
    const auto model = TxfmModel::create(config, 3);
    model->to(at::kCPU, at::kDouble);
    // Weights of the size that training reaches, so that every path carries a gradient that can be measured.
    for (const auto& [name, weight] : model->parameters())
        if (weight.dim() == 2 && name != "gene_embedding.weight") weight.detach().mul_(15);
    TokenBatch tokens;
    tokens.genes = tensorOf({1, 4, 7, 2, 9, -1}).view({2, 3}).to(at::kLong);
    tokens.values = tensorOf({1.5, 0.0, 6.1, 3.3, 0.2, 0.0}).view({2, 3}).to(at::kFloat);
    tokens.lengths = {3, 2};
    TargetBatch target;
    target.x = (goldenMatrix(2, 10) * 5).clamp_min(0);
    target.library = at::ones({2});
    target.measured = at::ones({1, 10});
    target.measuredRow = at::zeros({2}, at::kLong);
    const auto objective = [&] {
        const auto result = model->loss(tokens, target);
        return result.sum / result.weight;
    };
    objective().backward();
    for (const auto& [name, weight] : model->parameters()) {
        const auto analytic = weight.grad().clone();
        auto values = weight.detach();
        at::NoGradGuard noGrad;
        auto* data = values.data_ptr<double>();
        const double largest = analytic.abs().max().item<double>();
        for (int64_t i = 0; i < values.numel(); i += std::max<int64_t>(1, values.numel() / 12)) {
            const double kept = data[i], step = 1e-5;
            data[i] = kept + step;
            const double up = objective().item<double>();
            data[i] = kept - step;
            const double down = objective().item<double>();
            data[i] = kept;
            const double numeric = (up - down) / (2 * step), exact = analytic.view(-1)[i].item<double>();
            QVERIFY2(std::abs(numeric - exact) < 1e-5 * std::max(largest, 1e-3),
                     qPrintable(QString("%1[%2]: %3, differences %4").arg(name.c_str()).arg(i).arg(exact).arg(numeric)));
        }
    }
}

void TestBlocks::checkpointingKeepsGradients() {
    const auto model = TxfmModel::create(tinyConfig("concat", "parallel"), 5);
    TokenBatch tokens;
    tokens.genes = tensorOf({0, 3, 5, 8, 1, 2}).view({2, 3}).to(at::kLong);
    tokens.values = at::ones({2, 3});
    tokens.lengths = {3, 3};
    std::vector<at::Tensor> first;
    for (bool checkpoint : {false, true}) {
        ForwardOptions options;
        options.checkpoint = checkpoint;
        options.dropPath = DropPathDraws{1, 2, {0, 1}};
        for (const auto& [name, weight] : model->parameters()) weight.mutable_grad() = at::Tensor();
        model->encode(tokens, options).square().sum().backward();
        for (const auto& [name, weight] : model->parameters()) {
            if (name.starts_with("decoder")) continue;
            if (!checkpoint) first.push_back(weight.grad().clone());
        }
        if (!checkpoint) continue;
        size_t at = 0;
        for (const auto& [name, weight] : model->parameters()) {
            if (name.starts_with("decoder")) continue;
            // Small entries are differences of large ones, so rounding is measured against the largest of the tensor.
            const double largest = first[at].abs().max().item<double>();
            const double difference = (weight.grad() - first[at++]).abs().max().item<double>();
            QVERIFY2(difference <= 1e-5 * largest + 1e-7, qPrintable(QString("%1: %2 of %3").arg(name.c_str()).arg(difference).arg(largest)));
        }
    }
}

void TestBlocks::fusedBlockEqualsPlainBlock_data() {
    QTest::addColumn<bool>("qkNorm");
    QTest::addColumn<bool>("qkvBias");
    QTest::addColumn<bool>("padded");
    QTest::addColumn<bool>("dropped");
    for (int bits = 0; bits < 16; ++bits)
        QTest::addRow("%d", bits) << bool(bits & 1) << bool(bits & 2) << bool(bits & 4) << bool(bits & 8);
}

// The bf16 path with its hand-written backward pass against the plain float32 path: bf16 keeps 8 bits, so single values
// agree to a few parts in a thousand and whole gradients in direction and size.
void TestBlocks::fusedBlockEqualsPlainBlock() {
    QFETCH(bool, qkNorm);
    QFETCH(bool, qkvBias);
    QFETCH(bool, padded);
    QFETCH(bool, dropped);
    io::ModelConfig config = tinyConfig("concat", "parallel");
    config.dim = 32;
    config.nBlocks = 1;
    config.qkNorm = qkNorm;
    config.qkvBias = qkvBias;
    const auto model = TxfmModel::create(config, 4);
    for (const auto& [name, weight] : model->parameters())
        if (weight.dim() == 2) weight.detach().mul_(10);
        else weight.detach().add_(goldenMatrix(1, weight.size(0)).view(-1).to(at::kFloat) * 0.2);
    const auto weights = bindBlock(config, 0, [&](const std::string& name) { return model->parameter(name); });
    const int64_t rows = 9;
    const auto input = (goldenMatrix(3 * rows, 32, 0.31) * 1.5).view({3, rows, 32}).to(at::kFloat);
    const auto seed = goldenMatrix(3 * rows, 32, 1.21).view({3, rows, 32}).to(at::kFloat);
    BlockCall plain;
    if (padded) {
        plain.lengths = {8, 4, 6};
        plain.padding = at::zeros({3, 1, 1, rows});
        for (int64_t b = 0; b < 3; ++b)
            plain.padding[b].narrow(2, plain.lengths[static_cast<size_t>(b)] + 1, 8 - plain.lengths[static_cast<size_t>(b)])
                .fill_(-std::numeric_limits<double>::infinity());
    }
    if (dropped) plain.keep = tensorOf({1.25, 0, 1.25}).view({3, 1, 1}).to(at::kFloat);
    // Rows of padding influence nothing and are left out of the comparison.
    auto valid = at::ones({3, rows, 1});
    if (padded)
        for (int64_t b = 0; b < 3; ++b) valid[b].narrow(0, plain.lengths[static_cast<size_t>(b)] + 1, 8 - plain.lengths[static_cast<size_t>(b)]).zero_();
    const auto run = [&](bool bfloat16) {
        for (const auto& [name, weight] : model->parameters()) weight.mutable_grad() = at::Tensor();
        BlockCall call = plain;
        call.bfloat16 = bfloat16;
        auto u = input.clone().requires_grad_(true);
        const auto out = runBlock(weights, u, call, false);
        (out * seed * valid).sum().backward();
        std::vector<std::pair<std::string, at::Tensor>> result{{"output", (out * valid).detach()}, {"input", u.grad() * valid}};
        for (const auto& [name, weight] : model->parameters())
            if (weight.grad().defined()) result.emplace_back(name, weight.grad().clone());
        return result;
    };
    const auto expected = run(false), actual = run(true);
    QCOMPARE(actual.size(), expected.size());
    double largest = 0;
    for (const auto& [name, value] : expected) largest = std::max(largest, value.abs().max().item<double>());
    for (size_t i = 0; i < expected.size(); ++i) {
        const auto& [name, value] = expected[i];
        if (name == "blocks.0.k_norm.bias") {  // vanishes by symmetry
            QVERIFY(actual[i].second.abs().max().item<double>() < 0.02 * largest);
            continue;
        }
        const double distance = (actual[i].second - value).norm().item<double>() / value.norm().item<double>();
        QVERIFY2(distance < 0.03, qPrintable(QString("%1: %2").arg(name.c_str()).arg(distance)));
    }
    // Evaluation takes the same arithmetic without keeping anything.
    at::NoGradGuard noGrad;
    BlockCall call = plain;
    call.bfloat16 = true;
    QVERIFY(at::equal(runBlock(weights, input, call, false) * valid, actual[0].second));
}

void TestBlocks::parameterCounts() {
    const auto counts = test::golden()["param_counts"];
    for (const auto& [token, block, key] :
         {std::tuple{"concat", "parallel", "concat par"}, std::tuple{"concat", "standard", "concat std"},
          std::tuple{"proj", "parallel", "proj par"}, std::tuple{"proj", "standard", "proj std"}}) {
        io::ModelConfig config = tinyConfig(token, block);
        config.qkvBias = config.block == "standard";
        const auto model = TxfmModel::create(config, 1);
        int64_t total = 0;
        for (const auto& [name, weight] : model->parameters()) total += weight.numel();
        QCOMPARE(total, counts["tiny d=8 L=2 h=2 G=10 n_dec=2"][key].get<int64_t>());
        QCOMPARE(total, config.parameterCount());
        for (const auto& [preset, name] : {std::pair{"S", "S "}, std::pair{"B", "B "}, std::pair{"L", "L "}}) {
            auto large = io::ModelConfig::fromPreset(preset);
            large->nGenes = 44349;
            large->token = token;
            large->block = block;
            large->qkvBias = config.qkvBias;
            large->qkNorm = config.qkNorm;
            QCOMPARE(large->parameterCount(), counts[std::string(name) + key].get<int64_t>());
            QCOMPARE(large->paperEquivalentParameterCount() - large->parameterCount(),
                     counts["dormant_patch_embed_6x16x16"][preset].get<int64_t>());
        }
    }
    const auto perBlock = test::golden()["block_param_count"];
    for (const char* preset : {"S", "B", "L"})
        for (const auto& [block, bias, norm, key] :
             {std::tuple{"standard", true, false, "standard_qkvbias"},
              std::tuple{"standard", false, true, "standard_qknorm_nobias"},
              std::tuple{"parallel", false, true, "parallel_qknorm_nobias"}}) {
            auto config = io::ModelConfig::fromPreset(preset);
            config->nGenes = 1;
            config->block = block;
            config->qkvBias = bias;
            config->qkNorm = norm;
            int64_t total = 0;
            for (const auto& [name, shape] : io::tensorShapes(*config))
                if (name.starts_with("blocks.0.")) total += shape.size() == 2 ? shape[0] * shape[1] : shape[0];
            QCOMPARE(total, perBlock[std::string(preset) + " " + key].get<int64_t>());
        }
}

void TestBlocks::dropPathRates() {
    const auto golden = test::golden()["drop_path_rates_linspace"];
    for (const auto& [rate, blocks, key] : {std::tuple{0.1, 12, "0.1x12"}, std::tuple{0.3, 24, "0.3x24"}})
        for (int i = 0; i < blocks; ++i)
            QVERIFY(std::abs(dropPathRate(rate, i, blocks) - golden[key][i].get<double>()) < 1e-9);
    QCOMPARE(dropPathRate(0.1, 0, 1), 0.0);
}

void TestBlocks::dropPathDraws() {
    DropPathDraws draws{11, 3, {}};
    int kept = 0;
    constexpr int kSamples = 20000;
    for (uint32_t i = 0; i < kSamples; ++i) kept += keepsBlock(draws, i, 2, 0.3);
    QVERIFY(std::abs(kept - 0.7 * kSamples) < 6 * std::sqrt(kSamples * 0.21));
    // A dropped sample passes the block unchanged, a kept one is scaled by 1/(1-p).
    io::ModelConfig config = tinyConfig("concat", "parallel");
    config.dropPath = 0.5;
    const auto model = TxfmModel::create(config, 5);
    TokenBatch tokens;
    tokens.genes = at::arange(3, at::kLong).expand({64, 3}).contiguous();
    tokens.values = at::ones({64, 3});
    tokens.lengths.assign(64, 3);
    ForwardOptions options;
    options.layer = 1;
    const auto first = model->encode(tokens, options);
    options.layer = 2;
    const auto full = model->encode(tokens, options);
    options.dropPath = DropPathDraws{7, 1, {}};
    for (uint32_t i = 0; i < 64; ++i) options.dropPath->sampleIds.push_back(i);
    const auto dropped = model->encode(tokens, options);
    int droppedSamples = 0;
    for (uint32_t i = 0; i < 64; ++i) {
        const bool keep = keepsBlock(*options.dropPath, i, 1, 0.5);
        droppedSamples += !keep;
        const auto expected = keep ? first[i] + 2 * (full[i] - first[i]) : first[i];
        QVERIFY((dropped[i] - expected).abs().max().item<double>() < 1e-5);
    }
    QVERIFY(droppedSamples > 10 && droppedSamples < 54);
}

QTEST_GUILESS_MAIN(TestBlocks)
#include "test_blocks.moc"
