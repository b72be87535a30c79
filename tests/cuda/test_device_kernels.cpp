// SPDX-License-Identifier: GPL-3.0-or-later
// The source of the CUDA kernels, run thread by thread on the CPU, against the formulas in double precision. Without a
// GPU this is what stands between a wrong index and a release; tests/model compares the compiled kernels on a GPU.
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "tests/cuda/emulated_device.h"

#include "plugins/cuda/device_kernels.cuh"

using namespace txfm;
using namespace txfm::cuda;

namespace {

std::vector<float> normals(size_t n, uint32_t stream, double scale = 1) {
    RandomStream random(11, stream);
    std::vector<float> values(n);
    for (float& value : values) value = static_cast<float>(scale * random.normal());
    return values;
}

std::vector<bf16> narrowed(const std::vector<float>& values) {
    std::vector<bf16> out(values.size());
    for (size_t i = 0; i < out.size(); ++i) store(out.data(), static_cast<int64_t>(i), values[i]);
    return out;
}

std::vector<float> widened(const std::vector<bf16>& values) {
    std::vector<float> out(values.size());
    for (size_t i = 0; i < out.size(); ++i) out[i] = load(values.data(), static_cast<int64_t>(i));
    return out;
}

unsigned blocksFor(int64_t warps) { return static_cast<unsigned>((warps + kWarpsPerBlock - 1) / kWarpsPerBlock); }

double worstDifference(const std::vector<float>& a, const std::vector<double>& b) {
    double worst = a.size() == b.size() ? 0 : 1e30;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) worst = std::max(worst, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
    return worst;
}

/// LayerNorm of one row in double: normalised values and 1/standard deviation.
struct Norm {
    std::vector<double> n;
    double rstd;
};
Norm normOf(const std::vector<double>& x, double eps) {
    Norm out{x, 0};
    double mean = 0, square = 0;
    for (double v : x) mean += v / static_cast<double>(x.size());
    for (double v : x) square += (v - mean) * (v - mean) / static_cast<double>(x.size());
    out.rstd = 1 / std::sqrt(square + eps);
    for (double& v : out.n) v = (v - mean) * out.rstd;
    return out;
}
std::vector<double> normBackward(const Norm& x, const std::vector<double>& dn) {
    double mean = 0, dot = 0;
    for (size_t i = 0; i < dn.size(); ++i) mean += dn[i] / double(dn.size()), dot += dn[i] * x.n[i] / double(dn.size());
    std::vector<double> out(dn.size());
    for (size_t i = 0; i < dn.size(); ++i) out[i] = x.rstd * (dn[i] - mean - x.n[i] * dot);
    return out;
}

}  // namespace

class TestDeviceKernels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void roundsToBfloat16() {
        for (float value : {0.0f, -1.5f, 3.14159f, 1e-30f, -7.00390625f, 65504.0f}) {
            bf16 stored = 0;
            store(&stored, 0, value);
            QVERIFY(std::abs(load(&stored, 0) - value) <= std::abs(value) / 256);
        }
        bf16 tie = 0;
        store(&tie, 0, 1.00390625f);  // halfway between 1 and 1.0078125: the even one
        QCOMPARE(load(&tie, 0), 1.0f);
        store(&tie, 0, std::nanf(""));
        QVERIFY(std::isnan(load(&tie, 0)));
    }

    void residualNorm_data() {
        QTest::addColumn<int>("width");
        QTest::addColumn<bool>("drop");
        QTest::newRow("less than a warp") << 16 << true;
        QTest::newRow("a mini model") << 72 << false;
        QTest::newRow("preset S") << 384 << true;
    }
    void residualNorm() {
        QFETCH(int, width);
        QFETCH(bool, drop);
        constexpr int64_t kSamples = 3, kTokens = 5;
        const int64_t d = width, rows = kSamples * kTokens;
        const auto size = static_cast<size_t>(rows * d);
        const std::vector<float> u = normals(size, 1), scale = normals(size_t(d), 3), w = normals(size_t(d), 4), b = normals(size_t(d), 5);
        const std::vector<bf16> branch = narrowed(normals(size, 2));
        const std::vector<float> branchValues = widened(branch), factors{0.0f, 1.25f, 1.25f};
        const Rows shape{rows, d, kTokens, drop ? factors.data() : nullptr};
        constexpr float kEps = 1e-6f;
        std::vector<float> out(size), y(size), mean(size_t(rows), 0), rstd(size_t(rows), 0);
        test::launch(blocksFor(rows), 1, kThreads, [&] {
            residualNormForward(shape, u.data(), branch.data(), scale.data(), w.data(), b.data(), kEps, out.data(), y.data(),
                                mean.data(), rstd.data());
        });
        const std::vector<float> dout = normals(size, 6);
        const std::vector<bf16> dy = narrowed(normals(size, 7));
        const std::vector<float> dyValues = widened(dy);
        std::vector<float> du(size);
        std::vector<bf16> dbranch(size);
        constexpr unsigned kParts = 2;
        std::vector<float> partial(size_t(kParts) * 3 * size_t(d), -1);
        test::launch(blocksFor(rows), 1, kThreads, [&] {
            residualNormBackward(shape, dout.data(), dy.data(), out.data(), mean.data(), rstd.data(), scale.data(), w.data(),
                                 du.data(), dbranch.data());
        });
        test::launch(unsigned((d + kWarp - 1) / kWarp), kParts, kThreads, [&] {
            residualNormColumns(shape, du.data(), dy.data(), out.data(), mean.data(), rstd.data(), branch.data(), partial.data());
        });

        std::vector<double> expectedOut, expectedY, expectedDu, expectedDbranch, sums(3 * size_t(d), 0);
        for (int64_t row = 0; row < rows; ++row) {
            const double keep = drop ? factors[size_t(row / kTokens)] : 1.0;
            std::vector<double> values, dn;
            for (int64_t i = 0; i < d; ++i) {
                const size_t at = size_t(row * d + i);
                values.push_back(u[at] + keep * scale[size_t(i)] * branchValues[at]);
                dn.push_back(double(dyValues[at]) * w[size_t(i)]);
            }
            const Norm x = normOf(values, kEps);
            const auto through = normBackward(x, dn);
            for (int64_t i = 0; i < d; ++i) {
                const size_t at = size_t(row * d + i), column = size_t(i);
                expectedOut.push_back(values[column]);
                expectedY.push_back(x.n[column] * w[column] + b[column]);
                expectedDu.push_back(dout[at] + through[column]);
                expectedDbranch.push_back(keep * scale[column] * expectedDu.back());
                sums[column] += keep * expectedDu.back() * branchValues[at];
                sums[size_t(d) + column] += dyValues[at] * x.n[column];
                sums[2 * size_t(d) + column] += dyValues[at];
            }
        }
        QVERIFY(worstDifference(out, expectedOut) < 1e-6);
        QVERIFY(worstDifference(y, expectedY) < 2e-5);
        QVERIFY(worstDifference(du, expectedDu) < 2e-5);
        QVERIFY(worstDifference(widened(dbranch), expectedDbranch) < 5e-3);
        std::vector<float> total(3 * size_t(d), 0);
        for (size_t i = 0; i < partial.size(); ++i) total[i % total.size()] += partial[i];
        QVERIFY(worstDifference(total, sums) < 5e-5);
    }

    void qkNorm_data() {
        QTest::addColumn<int>("width");
        QTest::newRow("half a warp") << 16;
        QTest::newRow("64") << 64;
        QTest::newRow("not a multiple of 32") << 72;
    }
    void qkNorm() {
        QFETCH(int, width);
        constexpr int64_t kSamples = 2, kTokens = 3, kHeads = 2, kGap = 7;  // other columns lie between the rows
        const int64_t d = kHeads * width, rowStride = 2 * d + kGap;
        const std::vector<float> qk = normals(size_t(kSamples * kTokens * rowStride), 21);
        const std::vector<float> weights = normals(size_t(4 * width), 22);
        const Heads shape{kSamples, kTokens, kHeads, width, kTokens * rowStride, rowStride};
        constexpr float kEps = 1e-6f;
        const auto size = size_t(kSamples * kTokens * d);
        std::vector<float> q(size), k(size), dqk(2 * size);
        const std::vector<float> dq = normals(size, 23), dk = normals(size, 24);
        test::launch(blocksFor(kSamples * kTokens * kHeads * 2), 1, kThreads,
                     [&] { qkNormForward(shape, qk.data(), weights.data(), kEps, q.data(), k.data()); });
        constexpr unsigned kBlocks = 1;
        const size_t perKind = kBlocks * kWarpsPerBlock / 2;
        std::vector<float> partial(2 * perKind * 2 * size_t(width), -1);
        test::launch(kBlocks, 1, kThreads, [&] {
            qkNormBackward(shape, dq.data(), dk.data(), qk.data(), weights.data(), kEps, dqk.data(), partial.data());
        });

        std::vector<double> expectedQ(size), expectedK(size), expectedGrad(2 * size), sums(4 * size_t(width), 0);
        for (int64_t row = 0; row < kSamples * kTokens; ++row)
            for (int64_t head = 0; head < kHeads; ++head)
                for (int64_t which : {0, 1}) {
                    std::vector<double> values, dn;
                    const int64_t byHead = ((row / kTokens * kHeads + head) * kTokens + row % kTokens) * width;
                    const auto& outer = which == 0 ? dq : dk;
                    for (int64_t i = 0; i < width; ++i) {
                        values.push_back(qk[size_t(row * rowStride + which * d + head * width + i)]);
                        dn.push_back(double(outer[size_t(byHead + i)]) * weights[size_t(2 * which * width + i)]);
                    }
                    const Norm x = normOf(values, kEps);
                    const auto grad = normBackward(x, dn);
                    for (int64_t i = 0; i < width; ++i) {
                        const double n = x.n[size_t(i)], o = outer[size_t(byHead + i)];
                        (which == 0 ? expectedQ : expectedK)[size_t(byHead + i)] =
                            n * weights[size_t(2 * which * width + i)] + weights[size_t((2 * which + 1) * width + i)];
                        expectedGrad[size_t((row * 2 + which) * d + head * width + i)] = grad[size_t(i)];
                        sums[size_t(2 * which * width + i)] += o * n;
                        sums[size_t((2 * which + 1) * width + i)] += o;
                    }
                }
        QVERIFY(worstDifference(q, expectedQ) < 2e-5);
        QVERIFY(worstDifference(k, expectedK) < 2e-5);
        QVERIFY(worstDifference(dqk, expectedGrad) < 2e-5);
        std::vector<float> total(4 * size_t(width), 0);
        const size_t block = 2 * size_t(width);
        for (size_t i = 0; i < partial.size(); ++i) total[i / (perKind * block) * block + i % block] += partial[i];
        QVERIFY(worstDifference(total, sums) < 2e-5);
    }

    void poissonLoss() {
        constexpr int64_t kSamples = 2, kGenes = 700;
        constexpr double kBound = 11.512935464920229, kWidth = 10.87312731383618;
        std::vector<float> z = normals(kSamples * kGenes, 31, 8), x(kSamples * kGenes), measured(2 * kGenes, 1.0f);
        RandomStream random(5, 32);
        for (float& value : x) value = random.uniform53() < 0.6 ? 0.0f : static_cast<float>(8 * random.uniform53());
        for (size_t i = kGenes; i < measured.size(); i += 3) measured[i] = 0;
        const std::vector<int64_t> rows{1, 0};
        const std::vector<float> weights{0.5f, 1.0f / kGenes};
        std::vector<float> sums(kSamples), grad(z.size());
        test::launch(kSamples, 1, kThreads, [&] {
            cuda::poissonLoss(z.data(), x.data(), measured.data(), rows.data(), weights.data(), float(kBound), float(kWidth), kGenes,
                              sums.data(), grad.data());
        });
        std::vector<double> expected(kSamples, 0), slopes;
        for (int64_t n = 0; n < kSamples; ++n)
            for (int64_t g = 0; g < kGenes; ++g) {
                const size_t at = size_t(n * kGenes + g);
                const double use = measured[size_t(rows[size_t(n)] * kGenes + g)], t = std::tanh(z[at] / kWidth);
                const double phi = kBound * std::max(0.0, t), k = std::exp(double(x[at]));
                expected[size_t(n)] += weights[size_t(n)] * use * (std::exp(phi) - k * phi);
                slopes.push_back(z[at] > 0 ? weights[size_t(n)] * use * kBound / kWidth * (1 - t * t) * (std::exp(phi) - k) : 0);
            }
        QVERIFY(worstDifference(sums, expected) < 1e-5);
        QVERIFY(worstDifference(grad, slopes) < 1e-4);
    }
};

QTEST_GUILESS_MAIN(TestDeviceKernels)
#include "test_device_kernels.moc"
