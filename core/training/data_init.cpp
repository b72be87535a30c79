// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/data_init.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/zeros.h>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/model/activations.h"
#include "core/training/seeds.h"

namespace txfm::training {
namespace {

constexpr int64_t kOversampling = 10;    // extra directions of the range finder
constexpr int kPowerIterations = 4;
constexpr size_t kPartialSums = 16;      // fixed, so that sums do not depend on the thread count
constexpr float kLargestLoading = 8.0f;  // in standard deviations

/// All training samples in the order of the data sets.
class Samples {
public:
    Samples(const Corpus& corpus, const io::ModelConfig& config) : m_corpus(corpus), m_config(config) {}
    size_t size() const { return static_cast<size_t>(m_corpus.trainSamples()); }

    /// body(sample number, gene, x) for the non-zero expression of samples [begin, end).
    template <typename Body>
    Result<void> forEachValue(size_t begin, size_t end, Body body) const {
        size_t first = 0;
        for (const CorpusSet& set : m_corpus.sets()) {
            const size_t from = std::clamp(begin, first, first + set.train.size());
            const size_t to = std::clamp(end, first, first + set.train.size());
            const auto cells = std::span(set.train).subspan(from - first, to - from);
            TXFM_CHECK(set.forEach(cells, [&](size_t i, const model::SampleCounts& sample) {
                const double library = set.libraries[static_cast<size_t>(cells[i])];
                for (size_t j = 0; j < sample.genes.size(); ++j)
                    if (sample.counts[j] > 0) body(from + i, sample.genes[j], model::normalisedValue(sample.counts[j], library, m_config));
            }));
            first += set.train.size();
        }
        return {};
    }

private:
    const Corpus& m_corpus;
    const io::ModelConfig& m_config;
};

/// The first failure of work that is shared out to threads.
class FirstFailure {
public:
    void note(const Result<void>& result) {
        const std::lock_guard lock(m_mutex);
        if (!result && m_result) m_result = result;
    }
    const Result<void>& result() const { return m_result; }

private:
    std::mutex m_mutex;
    Result<void> m_result;
};

/// out [samples × q] = X · basis [G × q].
Result<void> multiply(const Samples& samples, const std::vector<float>& basis, size_t q, std::vector<float>& out) {
    out.assign(samples.size() * q, 0);
    FirstFailure failure;
    parallelFor(samples.size(), 64, [&](size_t begin, size_t end) {
        failure.note(samples.forEachValue(begin, end, [&](size_t sample, int32_t gene, float x) {
            const float* from = basis.data() + static_cast<size_t>(gene) * q;
            float* to = out.data() + sample * q;
            for (size_t k = 0; k < q; ++k) to[k] += x * from[k];
        }));
    });
    return failure.result();
}

/// out [G × q] = Xᵀ · left [samples × q], in a fixed number of partial sums.
Result<void> multiplyTransposed(const Samples& samples, const std::vector<float>& left, size_t q, std::vector<float>& out) {
    std::vector<std::vector<float>> partial(kPartialSums, std::vector<float>(out.size(), 0));
    FirstFailure failure;
    parallelFor(kPartialSums, 1, [&](size_t begin, size_t end) {
        for (size_t part = begin; part < end; ++part) {
            float* sums = partial[part].data();
            failure.note(samples.forEachValue(samples.size() * part / kPartialSums, samples.size() * (part + 1) / kPartialSums,
                                              [&](size_t sample, int32_t gene, float x) {
                                                  const float* from = left.data() + sample * q;
                                                  float* to = sums + static_cast<size_t>(gene) * q;
                                                  for (size_t k = 0; k < q; ++k) to[k] += x * from[k];
                                              }));
        }
    });
    TXFM_CHECK(failure.result());
    std::ranges::fill(out, 0.0f);
    for (const auto& sums : partial)
        for (size_t i = 0; i < out.size(); ++i) out[i] += sums[i];
    return {};
}

/// Orthonormal columns of a row-major [n × q] matrix: Gram-Schmidt in double, twice for safety. A column without
/// anything new becomes 0.
void orthonormalise(std::vector<float>& matrix, size_t q) {
    const size_t n = matrix.size() / q;
    std::vector<std::vector<double>> columns(q, std::vector<double>(n));
    for (size_t k = 0; k < q; ++k) {
        auto& column = columns[k];
        for (size_t i = 0; i < n; ++i) column[i] = matrix[i * q + k];
        const auto norm = [&] {
            double sum = 0;
            for (double v : column) sum += v * v;
            return std::sqrt(sum);
        };
        const double before = norm();
        for (int pass = 0; pass < 2; ++pass)
            for (size_t j = 0; j < k; ++j) {
                double dot = 0;
                for (size_t i = 0; i < n; ++i) dot += column[i] * columns[j][i];
                for (size_t i = 0; i < n; ++i) column[i] -= dot * columns[j][i];
            }
        const double after = norm();
        const double scale = after > 1e-6 * before && after > 0 ? 1.0 / after : 0.0;
        for (size_t i = 0; i < n; ++i) {
            column[i] *= scale;
            matrix[i * q + k] = static_cast<float>(column[i]);
        }
    }
}

/// Rotates the projected data Z = XᵀQ [G × q] to its left singular vectors (those of X to the right), the first
/// `components` of them, largest first.
std::vector<float> rotate(const std::vector<float>& projected, size_t q, size_t components) {
    const size_t genes = projected.size() / q;
    auto gram = at::zeros({static_cast<int64_t>(q), static_cast<int64_t>(q)}, at::kDouble);
    double* sums = gram.data_ptr<double>();
    for (size_t gene = 0; gene < genes; ++gene) {
        const float* row = projected.data() + gene * q;
        for (size_t a = 0; a < q; ++a)
            for (size_t b = 0; b < q; ++b) sums[a * q + b] += static_cast<double>(row[a]) * row[b];
    }
    const auto vectors = std::get<1>(at::linalg_eigh(gram)).contiguous();  // ascending eigenvalues
    const double* v = vectors.data_ptr<double>();
    std::vector<float> out(genes * components);
    for (size_t gene = 0; gene < genes; ++gene)
        for (size_t k = 0; k < components; ++k) {
            double sum = 0;
            for (size_t a = 0; a < q; ++a) sum += projected[gene * q + a] * v[a * q + (q - 1 - k)];
            out[gene * components + k] = static_cast<float>(sum);
        }
    return out;
}

/// Unit standard deviation over the genes, positive largest entry, cut at ±kLargestLoading.
void standardise(std::vector<float>& loadings, size_t components) {
    const size_t genes = loadings.size() / components;
    for (size_t k = 0; k < components; ++k) {
        double sum = 0, squares = 0;
        float largest = 0;
        for (size_t gene = 0; gene < genes; ++gene) {
            const float value = loadings[gene * components + k];
            sum += value;
            squares += static_cast<double>(value) * value;
            if (std::abs(value) > std::abs(largest)) largest = value;
        }
        const double mean = sum / static_cast<double>(genes);
        const double deviation = std::sqrt(std::max(squares / static_cast<double>(genes) - mean * mean, 0.0));
        const double scale = deviation > 0 ? (largest < 0 ? -1 : 1) / deviation : 0.0;
        for (size_t gene = 0; gene < genes; ++gene) {
            float& value = loadings[gene * components + k];
            value = std::clamp(static_cast<float>(value * scale), -kLargestLoading, kLargestLoading);
        }
    }
}

}  // namespace

Result<std::vector<float>> geneSingularVectors(const Corpus& corpus, const io::ModelConfig& config, int64_t components,
                                               uint64_t seed, Progress& progress) {
    const Samples samples(corpus, config);
    const int64_t most = std::min(config.nGenes, static_cast<int64_t>(samples.size()));
    if (components < 1 || components > most)
        return usageError("The codebook cannot start from " + std::to_string(components) + " singular vectors: " +
                              std::to_string(samples.size()) + " samples of " + std::to_string(config.nGenes) +
                              " genes have at most " + std::to_string(most) + ".",
                          "Choose a smaller number in codebook_init, or codebook_init normal.");
    const auto q = static_cast<size_t>(std::min(components + kOversampling, most));
    std::vector<float> basis(static_cast<size_t>(config.nGenes) * q), left;
    RandomStream random(domainSeed(seed, SeedDomain::Codebook));
    for (float& value : basis) value = static_cast<float>(random.normal());
    StageProgress stage(progress, "pca", kPowerIterations + 1, "iterations");
    for (int iteration = 0; iteration <= kPowerIterations; ++iteration) {
        if (progress.cancelled()) return cancelledError();
        if (iteration > 0) orthonormalise(basis, q);
        TXFM_CHECK(multiply(samples, basis, q, left));
        orthonormalise(left, q);
        TXFM_CHECK(multiplyTransposed(samples, left, q, basis));
        stage.advance(1);
    }
    std::vector<float> loadings = rotate(basis, q, static_cast<size_t>(components));
    standardise(loadings, static_cast<size_t>(components));
    return loadings;
}

Result<void> initCodebookFromData(const Corpus& corpus, const io::ModelConfig& config, int64_t components,
                                  double deviation, uint64_t seed, Progress& progress, std::span<float> codebook,
                                  int64_t width) {
    if (components > width)
        return usageError("The codebook has " + std::to_string(width) + " columns, fewer than the " +
                              std::to_string(components) + " singular vectors asked for.",
                          "Choose a smaller number in codebook_init or a larger --dim.");
    TXFM_TRY(const std::vector<float> loadings, geneSingularVectors(corpus, config, components, seed, progress));
    const auto scale = static_cast<float>(deviation);
    for (int64_t gene = 0; gene < config.nGenes; ++gene)
        for (int64_t k = 0; k < components; ++k)
            codebook[static_cast<size_t>(gene * width + k)] = scale * loadings[static_cast<size_t>(gene * components + k)];
    return {};
}

Result<std::vector<float>> meanHeadBias(const Corpus& corpus, const io::ModelConfig& config,
                                        const std::vector<int64_t>& setShares) {
    std::vector<double> excess(static_cast<size_t>(config.nGenes), 0), weight(static_cast<size_t>(config.nGenes), 0);
    for (size_t s = 0; s < corpus.sets().size(); ++s) {
        const CorpusSet& set = corpus.sets()[s];
        if (set.train.empty()) continue;
        const double share = static_cast<double>(setShares[s]) / static_cast<double>(set.train.size());
        TXFM_CHECK(set.forEach(set.train, [&](size_t i, const model::SampleCounts& sample) {
            const double library = set.libraries[static_cast<size_t>(set.train[i])];
            for (size_t j = 0; j < sample.genes.size(); ++j)
                if (sample.counts[j] > 0)
                    excess[static_cast<size_t>(sample.genes[j])] +=
                        share * std::expm1(model::normalisedValue(sample.counts[j], library, config));
        }));
        for (int32_t gene : set.measured->genes) weight[gene] += static_cast<double>(setShares[s]);
    }
    const double bound = model::activationBound(config), width = model::activationWidth(config);
    std::vector<float> bias(excess.size(), 0);
    for (size_t gene = 0; gene < bias.size(); ++gene) {
        if (weight[gene] <= 0) continue;
        const double mean = std::log1p(excess[gene] / weight[gene]);
        const double inside = std::clamp(mean, 0.02, 0.98 * bound);
        bias[gene] = static_cast<float>(config.activation == "rectified_tanh" ? width * std::atanh(inside / bound)
                                        : config.activation == "softmax"      ? mean
                                                                              : inside);
    }
    return bias;
}

}  // namespace txfm::training
