// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/pca.h"

#include <algorithm>
#include <cmath>

#include "core/analysis/dot_products.h"
#include "core/analysis/symmetric_eigen.h"
#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

constexpr int64_t kBlockRows = 512;

/// Σ over rows of (x − mean)(x − mean)ᵀ, [d × d], from dense blocks in float32, added up in double.
class CrossProducts {
public:
    CrossProducts(int64_t width, const std::vector<double>& mean) : m_width(width), m_mean(mean), m_sum(static_cast<size_t>(width * width), 0.0), m_product(m_sum.size()) {}

    /// `rows` rows of `block` (row-major).
    void add(const float* block, int64_t rows) {
        std::vector<float> columns(static_cast<size_t>(m_width * rows));
        for (int64_t i = 0; i < rows; ++i) {
            for (int64_t j = 0; j < m_width; ++j)
                columns[static_cast<size_t>(j * rows + i)] = static_cast<float>(block[i * m_width + j] - m_mean[static_cast<size_t>(j)]);
        }
        const PackedRows packed(columns.data(), m_width, rows, rows);
        dotProducts(columns.data(), m_width, rows, packed, m_product.data(), m_width);
        for (size_t e = 0; e < m_sum.size(); ++e) m_sum[e] += m_product[e];
    }
    std::vector<double>& sum() { return m_sum; }

private:
    int64_t m_width;
    const std::vector<double>& m_mean;
    std::vector<double> m_sum;
    std::vector<float> m_product;
};

/// Eigenvectors of the scatter matrix -> components with their signs fixed, variances and shares.
Pca fromScatter(std::vector<double> scatter, std::vector<double> mean, int64_t rows, int64_t k) {
    const auto width = static_cast<int64_t>(mean.size());
    const double scale = 1.0 / static_cast<double>(rows - 1);
    for (double& v : scatter) v *= scale;
    // Both triangles come from differently ordered float sums.
    for (int64_t i = 0; i < width; ++i) {
        for (int64_t j = 0; j < i; ++j) {
            const double both = 0.5 * (scatter[static_cast<size_t>(i * width + j)] + scatter[static_cast<size_t>(j * width + i)]);
            scatter[static_cast<size_t>(i * width + j)] = scatter[static_cast<size_t>(j * width + i)] = both;
        }
    }
    Pca pca;
    pca.mean = std::move(mean);
    for (int64_t i = 0; i < width; ++i) pca.totalVariance += scatter[static_cast<size_t>(i * width + i)];
    k = std::max<int64_t>(0, std::min({k, rows - 1, width}));
    const EigenPairs pairs = topEigenpairs(scatter, width, k);
    pca.components = DenseMatrix(k, width);
    for (int64_t c = 0; c < k; ++c) {
        const double* vector = pairs.vectors.data() + c * width;
        double largest = 0;
        for (int64_t j = 0; j < width; ++j) {
            if (std::abs(vector[j]) > std::abs(largest) * (1 + 1e-12)) largest = vector[j];
        }
        const double sign = largest < 0 ? -1 : 1;
        for (int64_t j = 0; j < width; ++j) pca.components(c, j) = static_cast<float>(sign * vector[j]);
        const double value = std::max(0.0, pairs.values[static_cast<size_t>(c)]);
        pca.variance.push_back(value);
        pca.varianceRatio.push_back(pca.totalVariance > 0 ? value / pca.totalVariance : 0);
    }
    return pca;
}

/// Component-major [k × d] -> [d × k], so that a sparse row adds up whole score vectors.
std::vector<float> transposedComponents(const Pca& pca) {
    std::vector<float> t(pca.components.values.size());
    for (int64_t c = 0; c < pca.components.rows; ++c) {
        for (int64_t j = 0; j < pca.components.cols; ++j)
            t[static_cast<size_t>(j * pca.components.rows + c)] = pca.components(c, j);
    }
    return t;
}

void scoreSparse(const CsrMatrix& data, Pca& pca) {
    const int64_t k = pca.components.rows;
    pca.scores = DenseMatrix(data.rows, k);
    const std::vector<float> loadings = transposedComponents(pca);
    std::vector<double> offset(static_cast<size_t>(k), 0.0);
    for (int64_t j = 0; j < data.cols; ++j) {
        for (int64_t c = 0; c < k; ++c)
            offset[static_cast<size_t>(c)] += pca.mean[static_cast<size_t>(j)] * loadings[static_cast<size_t>(j * k + c)];
    }
    parallelFor(static_cast<size_t>(data.rows), 256, [&](size_t begin, size_t end) {
        std::vector<double> sum(static_cast<size_t>(k));
        for (size_t i = begin; i < end; ++i) {
            const auto row = static_cast<int64_t>(i);
            for (int64_t c = 0; c < k; ++c) sum[static_cast<size_t>(c)] = -offset[static_cast<size_t>(c)];
            for (int64_t e = data.indptr[row]; e < data.indptr[row + 1]; ++e) {
                const double value = data.values[e];
                const float* loading = loadings.data() + static_cast<int64_t>(data.indices[e]) * k;
                for (int64_t c = 0; c < k; ++c) sum[static_cast<size_t>(c)] += value * loading[c];
            }
            for (int64_t c = 0; c < k; ++c) pca.scores(row, c) = static_cast<float>(sum[static_cast<size_t>(c)]);
        }
    });
}

void scoreDense(const DenseMatrix& data, Pca& pca) {
    const int64_t k = pca.components.rows;
    pca.scores = DenseMatrix(data.rows, k);
    if (k == 0) return;
    const PackedRows packed(pca.components.values.data(), k, data.cols, data.cols);
    std::vector<float> block(static_cast<size_t>(kBlockRows * data.cols));
    for (int64_t begin = 0; begin < data.rows; begin += kBlockRows) {
        const int64_t rows = std::min(kBlockRows, data.rows - begin);
        for (int64_t i = 0; i < rows; ++i) {
            for (int64_t j = 0; j < data.cols; ++j)
                block[static_cast<size_t>(i * data.cols + j)] = static_cast<float>(data(begin + i, j) - pca.mean[static_cast<size_t>(j)]);
        }
        dotProducts(block.data(), rows, data.cols, packed, pca.scores.row(begin), k);
    }
}

/// Σ x xᵀ of sparse rows. Threads own rows of the result, so every element is summed in the order of the cells.
Result<std::vector<double>> sparseProducts(const CsrMatrix& data, StageProgress& stage, const Progress& progress) {
    const int64_t width = data.cols;
    std::vector<double> sum(static_cast<size_t>(width * width), 0.0);
    for (int64_t first = 0; first < data.rows; first += 4 * kBlockRows) {
        if (progress.cancelled()) return cancelledError();
        const int64_t last = std::min(first + 4 * kBlockRows, data.rows);
        parallelFor(static_cast<size_t>(width), 64, [&](size_t begin, size_t end) {
            for (int64_t row = first; row < last; ++row) {
                const int32_t* indices = data.indices.data() + data.indptr[row];
                const float* values = data.values.data() + data.indptr[row];
                const int64_t n = data.indptr[row + 1] - data.indptr[row];
                int64_t a = std::lower_bound(indices, indices + n, static_cast<int32_t>(begin)) - indices;
                for (; a < n && indices[a] < static_cast<int32_t>(end); ++a) {
                    double* target = sum.data() + static_cast<int64_t>(indices[a]) * width;
                    const double value = values[a];
                    for (int64_t b = a; b < n; ++b) target[indices[b]] += value * values[b];
                }
            }
        });
        stage.set(static_cast<double>(last));
    }
    for (int64_t i = 0; i < width; ++i) {
        for (int64_t j = 0; j < i; ++j) sum[static_cast<size_t>(i * width + j)] = sum[static_cast<size_t>(j * width + i)];
    }
    return sum;
}

bool allFinite(const std::vector<float>& values) {
    return std::ranges::all_of(values, [](float v) { return std::isfinite(v); });
}

}  // namespace

Result<Pca> principalComponents(const DenseMatrix& data, int64_t k, Progress& progress) {
    if (data.rows < 2 || data.cols < 1) return badInput("Principal components need at least two rows and one column.");
    if (!allFinite(data.values)) return badInput("The values for the principal components are not all finite numbers.");
    std::vector<double> mean(static_cast<size_t>(data.cols), 0.0);
    for (int64_t i = 0; i < data.rows; ++i) {
        for (int64_t j = 0; j < data.cols; ++j) mean[static_cast<size_t>(j)] += data(i, j);
    }
    for (double& m : mean) m /= static_cast<double>(data.rows);
    StageProgress stage(progress, "pca", static_cast<double>(data.rows), "rows");
    CrossProducts products(data.cols, mean);
    for (int64_t begin = 0; begin < data.rows; begin += kBlockRows) {
        if (progress.cancelled()) return cancelledError();
        products.add(data.row(begin), std::min(kBlockRows, data.rows - begin));
        stage.set(static_cast<double>(std::min(begin + kBlockRows, data.rows)));
    }
    Pca pca = fromScatter(std::move(products.sum()), std::move(mean), data.rows, k);
    scoreDense(data, pca);
    return pca;
}

Result<Pca> principalComponents(const CsrMatrix& data, int64_t k, Progress& progress) {
    if (data.rows < 2 || data.cols < 1) return badInput("Principal components need at least two cells and one gene.");
    if (!allFinite(data.values)) return badInput("The values for the principal components are not all finite numbers.");
    std::vector<double> mean(static_cast<size_t>(data.cols), 0.0);
    for (size_t e = 0; e < data.indices.size(); ++e) mean[static_cast<size_t>(data.indices[e])] += data.values[e];
    for (double& m : mean) m /= static_cast<double>(data.rows);
    StageProgress stage(progress, "pca", static_cast<double>(data.rows), "cells");
    TXFM_TRY(std::vector<double> scatter, sparseProducts(data, stage, progress));
    for (int64_t i = 0; i < data.cols; ++i) {
        for (int64_t j = 0; j < data.cols; ++j)
            scatter[static_cast<size_t>(i * data.cols + j)] -= static_cast<double>(data.rows) * mean[static_cast<size_t>(i)] * mean[static_cast<size_t>(j)];
    }
    Pca pca = fromScatter(std::move(scatter), std::move(mean), data.rows, k);
    scoreSparse(data, pca);
    return pca;
}

}  // namespace txfm::analysis
