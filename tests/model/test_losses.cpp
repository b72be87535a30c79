// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <numbers>

#include "core/model/activations.h"
#include "core/model/losses.h"
#include "core/model/ops.h"
#include "tests/model/golden.h"

using namespace txfm;
using namespace txfm::model;
using namespace txfm::test;

namespace {

io::ModelConfig configOf(const std::string& activation, const std::string& loss) {
    io::ModelConfig config;
    config.activation = activation;
    config.loss = loss;
    return config;
}

// Two samples of two data sets, six genes, some unmeasured; away from the kinks of every loss and activation.
TargetBatch toyTarget() {
    TargetBatch target;
    target.counts = tensorOf({0, 3, 1, 0, 6, 10, 2, 0, 0, 5, 1, 0}).view({2, 6});
    target.library = tensorOf({20, 7});
    target.x = at::log1p(target.counts / target.library.unsqueeze(1) * 100000.0);
    target.measured = tensorOf({1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1}).view({2, 6});
    target.x = target.x * target.measured;
    target.measuredRow = at::arange(2, at::kLong);
    return target;
}

TokenBatch toyTokens() {
    TokenBatch tokens;
    tokens.genes = tensorOf({0, 4, 2, -1}).view({2, 2}).to(at::kLong);
    tokens.values = at::zeros({2, 2});
    tokens.lengths = {2, 1};
    return tokens;
}

at::Tensor toyLogits() {
    return tensorOf({-1.3, 9.2, 0.4, 2.2, 8.7, 12.4, 0.9, 3.1, -0.7, 10.1, 1.1, 4.2}).view({2, 6});
}

}  // namespace

class TestLosses : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void rectifiedTanhTable();
    void poissonTable();
    void mseAndSmoothL1();
    void negativeBinomialTable();
    void clampedReluGradientIsStrictlyInside();
    void softmaxRunsOverMeasuredGenes();
    void finiteDifferences_data();
    void finiteDifferences();
    void negativeBinomialTendsToPoisson();
    void gradientIdentities();
    void poissonMinimumAtTarget();
    void gradientsFiniteForLargeLogits();
    void unmeasuredGenesHaveNoGradient();
    void fusedPathEqualsPlainPath();
    void microBatchesAddUp();
};

void TestLosses::rectifiedTanhTable() {
    const auto golden = test::golden()["rectified_tanh_L1e5"];
    const io::ModelConfig config = configOf("rectified_tanh", "poisson");
    QVERIFY(std::abs(activationBound(config) - golden["bound"].get<double>()) < 1e-12);
    QVERIFY(std::abs(activationBound(config) / activationWidth(config) - golden["slope_0plus"].get<double>()) < 1e-12);
    for (const auto& row : golden["table"]) {
        auto z = tensorOf({row["z"].get<double>()}).requires_grad_(true);
        const auto phi = activate(z, config);
        phi.sum().backward();
        QVERIFY(std::abs(phi.item<double>() - row["phi"].get<double>()) < 1e-10);
        QVERIFY(std::abs(z.grad().item<double>() - row["dphi"].get<double>()) < 1e-10);
    }
    io::ModelConfig unit = config;
    unit.unitSlope = true;
    auto z = tensorOf({1e-6}).requires_grad_(true);
    activate(z, unit).sum().backward();
    QVERIFY(std::abs(z.grad().item<double>() - 1.0) < 1e-9);
}

void TestLosses::poissonTable() {
    const auto rows = test::golden()["poisson_log_space"];
    for (const auto& row : rows) {
        for (const auto type : {at::kDouble, at::kFloat}) {
            auto z = tensorOf({row["z"].get<double>()}).view({1, 1}).to(type).requires_grad_(true);
            TargetBatch target;
            target.x = tensorOf({row["x_log1p"].get<double>()}).view({1, 1}).to(type);
            target.library = at::ones({1});
            target.measured = at::ones({1, 1});
            target.measuredRow = at::zeros({1}, at::kLong);
            const auto result = batchLoss({z, {}, {}}, {}, target, configOf("rectified_tanh", "poisson"));
            result.sum.backward();
            const double loss = row["loss"], grad = row["dloss_dz"], tolerance = type == at::kDouble ? 1e-10 : 2e-6;
            QVERIFY2(std::abs(result.mean() - loss) <= tolerance * std::max(1.0, std::abs(loss)),
                     qPrintable(QString("z %1").arg(row["z"].get<double>())));
            QVERIFY(std::abs(z.grad().item<double>() - grad) <= tolerance * 10 * std::max(1.0, std::abs(grad)));
        }
    }
}

void TestLosses::mseAndSmoothL1() {
    const auto golden = test::golden()["mse_smoothl1"];
    const auto z = tensorOf(golden["pred"].get<std::vector<double>>()).view({1, -1});
    TargetBatch target;
    target.x = tensorOf(golden["target"].get<std::vector<double>>()).view({1, -1});
    target.library = at::ones({1});
    target.measured = at::ones({1, 4});
    target.measuredRow = at::zeros({1}, at::kLong);
    const double mse = batchLoss({z, {}, {}}, {}, target, configOf("relu", "mse")).mean();
    const double smooth = batchLoss({z, {}, {}}, {}, target, configOf("relu", "smooth_l1")).mean();
    QVERIFY(std::abs(mse - golden["mse"].get<double>()) < 1e-6);
    QVERIFY(std::abs(smooth - golden["smooth_l1_beta1"].get<double>()) < 1e-6);
}

void TestLosses::negativeBinomialTable() {
    const auto rows = test::golden()["nb_zinb"];
    QCOMPARE(rows.size(), size_t{27});
    for (const auto& row : rows) {
        const auto c = tensorOf({row["c"].get<double>()}), theta = tensorOf({row["theta"].get<double>()});
        auto mu = tensorOf({row["mu"].get<double>()}).requires_grad_(true);
        const auto nll = negativeBinomialNll(c, mu, theta);
        nll.sum().backward();
        QVERIFY(std::abs(nll.item<double>() - row["scvi_nb_nll_eps1e-8"].get<double>()) < 1e-7);
        QVERIFY(std::abs(mu.grad().item<double>() - row["nb_grad_mu"].get<double>()) < 1e-6);
        const auto& inflated = row["zinb(pi_logit=-2,0,2)[nll,grad_mu]"];
        for (int i = 0; i < 3; ++i) {
            auto mean = tensorOf({row["mu"].get<double>()}).requires_grad_(true);
            const auto value = zeroInflatedNll(c, mean, theta, tensorOf({-2.0 + 2 * i}));
            value.sum().backward();
            QVERIFY(std::abs(value.item<double>() - inflated[i][0].get<double>()) < 1e-6);
            QVERIFY(std::abs(mean.grad().item<double>() - inflated[i][1].get<double>()) < 1e-6);
        }
    }
}

void TestLosses::clampedReluGradientIsStrictlyInside() {
    const io::ModelConfig config = configOf("clamped_relu", "poisson");
    auto z = tensorOf({-1.0, 0.0, 3.0, activationBound(config), 50.0}).requires_grad_(true);
    const auto value = activate(z, config);
    value.sum().backward();
    QVERIFY(at::equal(z.grad(), tensorOf({0, 0, 1, 0, 0})));
    QVERIFY(at::equal(value.detach(), tensorOf({0, 0, 3, activationBound(config), activationBound(config)})));
}

void TestLosses::softmaxRunsOverMeasuredGenes() {
    io::ModelConfig config = configOf("softmax", "poisson");
    const auto measured = tensorOf({1, 0, 1, 1}).view({1, 4});
    const auto z = tensorOf({0.3, 9.0, -1.0, 2.0}).view({1, 4});
    const auto expected = activate(z, config, measured);
    QCOMPARE(expected[0][1].item<double>(), 0.0);
    QVERIFY(std::abs(at::expm1(expected).sum().item<double>() - config.librarySize) < 1e-6);
    config.softmaxLink = "scaled";
    QVERIFY(std::abs(activate(z, config, measured).sum().item<double>() - std::log(100001.0)) < 1e-10);
}

void TestLosses::finiteDifferences_data() {
    QTest::addColumn<QString>("activation");
    QTest::addColumn<QString>("loss");
    QTest::addColumn<QString>("reduction");
    QTest::addColumn<bool>("maskedOnly");
    QTest::addColumn<QString>("variant");
    for (const char* activation : {"rectified_tanh", "relu", "clamped_relu", "softmax"})
        for (const char* loss : {"poisson", "mse", "smooth_l1", "nb", "zinb"})
            for (const char* reduction : {"mean", "sum", "mean_all_entries"})
                for (bool masked : {false, true})
                    QTest::addRow("%s %s %s %d", activation, loss, reduction, masked)
                        << activation << loss << reduction << masked << "";
    for (const char* variant : {"unit_slope", "scaled", "exp", "mean", "no_depth"})
        for (const char* loss : {"poisson", "nb", "zinb"})
            QTest::addRow("%s %s", variant, loss)
                << (QString(variant) == "scaled" ? "softmax" : "rectified_tanh") << loss << "mean" << false << variant;
}

void TestLosses::finiteDifferences() {
    QFETCH(QString, activation);
    QFETCH(QString, loss);
    QFETCH(QString, reduction);
    QFETCH(bool, maskedOnly);
    QFETCH(QString, variant);
    io::ModelConfig config = configOf(activation.toStdString(), loss.toStdString());
    config.reduction = reduction.toStdString();
    config.maskedOnly = maskedOnly;
    config.unitSlope = variant == "unit_slope";
    if (variant == "scaled") config.softmaxLink = "scaled";
    if (variant == "exp") config.nbMean = "exp";
    if (variant == "mean") config.nbSizeFactor = "mean";
    if (variant == "no_depth") config.librarySize = 0;
    TargetBatch target = toyTarget();
    if (variant == "no_depth") target.x = at::log1p(target.counts);
    const auto dispersion = tensorOf({0.3, -0.5, 0.0, 1.2, 0.7, -0.2});
    const auto rho = toyLogits() * 0.2 - 0.5;
    const auto value = [&](const at::Tensor& z, const at::Tensor& r, const at::Tensor& p) {
        const LossResult result = batchLoss({z, r, p}, toyTokens(), target, config);
        return result.sum / result.weight;
    };
    const double step = 1e-6;
    QVERIFY(gradientError([&](const at::Tensor& z) { return value(z, dispersion, rho); }, toyLogits(), step) < 2e-6);
    if (loss == "nb" || loss == "zinb")
        QVERIFY(gradientError([&](const at::Tensor& r) { return value(toyLogits(), r, rho); }, dispersion, step) < 2e-6);
    if (loss == "zinb")
        QVERIFY(gradientError([&](const at::Tensor& p) { return value(toyLogits(), dispersion, p); }, rho, step) < 2e-6);
}

void TestLosses::negativeBinomialTendsToPoisson() {
    const auto c = tensorOf({0, 1, 4, 20}), mu = tensorOf({0.5, 2, 3, 15});
    const auto poisson = mu - c * at::log(mu) + at::lgamma(c + 1.0);
    const auto nb = negativeBinomialNll(c, mu, tensorOf({1e6, 1e6, 1e6, 1e6}));
    QVERIFY((nb - poisson).abs().max().item<double>() < 1e-3);
}

void TestLosses::gradientIdentities() {
    // Paper eqs. 17-19: the NB slope is the Poisson slope times θ/(θ+μ); ZINB at c = 0 never exceeds -ln π.
    auto mu = tensorOf({1e-3, 0.7, 12, 900}).requires_grad_(true);
    const auto c = tensorOf({2, 0, 5, 40}), theta = tensorOf({0.5, 2, 1, 3});
    negativeBinomialNll(c, mu, theta).sum().backward();
    const auto expected = theta / (theta + mu.detach()) * (1 - c / mu.detach());
    QVERIFY(((mu.grad() - expected) / expected.abs().clamp_min(1e-6)).abs().max().item<double>() < 1e-4);
    const auto rho = tensorOf({-1, 0, 1, 2});
    const auto zero = zeroInflatedNll(at::zeros_like(c), tensorOf({1e6, 1e6, 1e6, 1e6}), theta, rho);
    QVERIFY((zero <= -at::log(at::sigmoid(rho)) + 1e-9).all().item<bool>());
}

void TestLosses::poissonMinimumAtTarget() {
    const io::ModelConfig config = configOf("relu", "poisson");
    for (double x : {0.5, 2.0, 7.5}) {
        TargetBatch target = toyTarget();
        target.x = at::full({2, 6}, x, at::kDouble);
        auto z = at::full({2, 6}, x, at::kDouble).requires_grad_(true);
        const auto result = batchLoss({z, {}, {}}, {}, target, config);
        result.sum.backward();
        QVERIFY(z.grad().abs().max().item<double>() < 1e-9 * std::exp(x));
        QVERIFY(std::abs(result.mean() - std::exp(x) * (1 - x)) < 1e-9 * std::exp(x) * std::max(1.0, x));
    }
}

void TestLosses::gradientsFiniteForLargeLogits() {
    for (const char* activation : {"rectified_tanh", "clamped_relu", "softmax"})
        for (const char* loss : {"poisson", "mse", "smooth_l1", "nb", "zinb"}) {
            auto z = at::linspace(-200, 200, 12, at::kFloat).view({2, 6}).requires_grad_(true);
            TargetBatch target = toyTarget();
            target.x = target.x.to(at::kFloat);
            target.measured = target.measured.to(at::kFloat);
            const auto result = batchLoss({z, at::zeros({6}), at::zeros({2, 6})}, toyTokens(), target,
                                          configOf(activation, loss));
            result.sum.backward();
            QVERIFY2(at::isfinite(z.grad()).all().item<bool>(), loss);
            QVERIFY2(at::isfinite(result.samples).all().item<bool>(), loss);
        }
}

void TestLosses::unmeasuredGenesHaveNoGradient() {
    for (const char* activation : {"rectified_tanh", "relu", "clamped_relu", "softmax"})
        for (const char* loss : {"poisson", "mse", "smooth_l1", "nb", "zinb"}) {
            TargetBatch target = toyTarget();
            auto z = toyLogits().requires_grad_(true);
            auto rho = at::zeros({2, 6}, at::kDouble).requires_grad_(true);
            const DecoderOutput output{z, at::zeros({6}, at::kDouble), rho};
            const auto result = batchLoss(output, toyTokens(), target, configOf(activation, loss));
            result.sum.backward();
            // Data set 1 does not measure genes 1 and 4.
            QCOMPARE(z.grad()[1][1].item<double>(), 0.0);
            QCOMPARE(z.grad()[1][4].item<double>(), 0.0);
            QVERIFY(z.grad()[1][3].item<double>() != 0.0);
            auto changed = toyLogits();
            changed[1][1] += 3.0;
            const auto other = batchLoss({changed, output.dispersion, rho}, toyTokens(), target, configOf(activation, loss));
            QCOMPARE(other.mean(), result.mean());
        }
}

void TestLosses::fusedPathEqualsPlainPath() {
    for (const char* reduction : {"mean", "sum", "mean_all_entries"}) {
        io::ModelConfig config = configOf("rectified_tanh", "poisson");
        config.reduction = reduction;
        TargetBatch target;
        const auto noise = goldenMatrix(3, 3000, 0.37);
        target.x = (noise * 4).clamp_min(0).to(at::kFloat);
        target.library = at::ones({3});
        target.measured = (goldenMatrix(2, 3000, 1.3) > -0.4).to(at::kFloat);
        target.measuredRow = tensorOf({1, 0, 1}).to(at::kLong);
        const auto logits = goldenMatrix(3, 3000, 0.61) * 14;
        auto fused = logits.to(at::kFloat).requires_grad_(true);
        auto plain = logits.to(at::kFloat).to(at::kDouble).requires_grad_(true);
        const auto a = batchLoss({fused, {}, {}}, {}, target, config);
        TargetBatch exact = target;
        exact.x = target.x.to(at::kDouble);
        const auto b = batchLoss({plain, {}, {}}, {}, exact, config);
        a.sum.backward();
        b.sum.backward();
        QVERIFY(std::abs(a.mean() - b.mean()) < 2e-6 * std::abs(b.mean()));
        QVERIFY(relativeError(fused.grad(), plain.grad()) < 1e-5);
        QVERIFY(relativeError(a.samples, b.samples) < 2e-6);
    }
}

void TestLosses::microBatchesAddUp() {
    for (const char* reduction : {"mean", "sum", "mean_all_entries"}) {
        io::ModelConfig config = configOf("relu", "mse");
        config.reduction = reduction;
        const TargetBatch target = toyTarget();
        const auto whole = batchLoss({toyLogits(), {}, {}}, toyTokens(), target, config);
        double sum = 0, weight = 0;
        for (int64_t row = 0; row < 2; ++row) {
            TargetBatch part = target;
            part.x = target.x.narrow(0, row, 1);
            part.measuredRow = target.measuredRow.narrow(0, row, 1);
            const auto result = batchLoss({toyLogits().narrow(0, row, 1), {}, {}}, toyTokens(), part, config);
            sum += result.sum.item<double>();
            weight += result.weight;
        }
        QVERIFY(std::abs(sum / weight - whole.mean()) < 1e-12 * std::abs(whole.mean()));
    }
}

QTEST_GUILESS_MAIN(TestLosses)
#include "test_losses.moc"
