// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/pca.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/analysis/dot_products.h"
#include "core/analysis/top_singular.h"
#include "core/base/parallel.h"
#include "core/preprocess/row_blocks.h"

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

/// Vectors and the variances along them -> components with their signs fixed and shares.
Pca fromVectors(const std::vector<double>& vectors, std::vector<double> variance, std::vector<double> mean, double totalVariance) {
    const auto width = static_cast<int64_t>(mean.size()), k = static_cast<int64_t>(variance.size());
    Pca pca;
    pca.mean = std::move(mean);
    pca.totalVariance = totalVariance;
    pca.components = DenseMatrix(k, width);
    for (int64_t c = 0; c < k; ++c) {
        const double* vector = vectors.data() + c * width;
        double largest = 0;
        for (int64_t j = 0; j < width; ++j) {
            if (std::abs(vector[j]) > std::abs(largest) * (1 + 1e-12)) largest = vector[j];
        }
        const double sign = largest < 0 ? -1 : 1;
        for (int64_t j = 0; j < width; ++j) pca.components(c, j) = static_cast<float>(sign * vector[j]);
        pca.varianceRatio.push_back(pca.totalVariance > 0 ? variance[static_cast<size_t>(c)] / pca.totalVariance : 0);
    }
    pca.variance = std::move(variance);
    return pca;
}

int64_t possibleComponents(int64_t k, int64_t rows, int64_t width) { return std::max<int64_t>(0, std::min({k, rows - 1, width})); }

/// From Σ (x − mean)(x − mean)ᵀ.
Result<Pca> fromScatter(std::vector<double> scatter, std::vector<double> mean, int64_t rows, int64_t k, const Progress& progress) {
    const auto width = static_cast<int64_t>(mean.size());
    // Both triangles come from differently ordered float sums.
    for (int64_t i = 0; i < width; ++i) {
        for (int64_t j = 0; j < i; ++j) {
            const double both = 0.5 * (scatter[static_cast<size_t>(i * width + j)] + scatter[static_cast<size_t>(j * width + i)]);
            scatter[static_cast<size_t>(i * width + j)] = scatter[static_cast<size_t>(j * width + i)] = both;
        }
    }
    double total = 0;
    for (int64_t i = 0; i < width; ++i) total += scatter[static_cast<size_t>(i * width + i)];
    TXFM_TRY(SingularVectors found, topEigenvectors(scatter, width, possibleComponents(k, rows, width), progress));
    for (double& value : found.values) value = std::max(0.0, value) / static_cast<double>(rows - 1);
    return fromVectors(found.vectors, std::move(found.values), std::move(mean), total / static_cast<double>(rows - 1));
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

/// Rows [first, last) of a block into the scores from row `to` on.
class SparseScores {
public:
    explicit SparseScores(const Pca& pca) : m_k(pca.components.rows), m_loadings(transposedComponents(pca)), m_offset(static_cast<size_t>(m_k), 0.0) {
        for (int64_t j = 0; j < pca.components.cols; ++j) {
            for (int64_t c = 0; c < m_k; ++c) m_offset[static_cast<size_t>(c)] += pca.mean[static_cast<size_t>(j)] * m_loadings[static_cast<size_t>(j * m_k + c)];
        }
    }
    void add(const RowBlock& block, DenseMatrix& scores) const {
        parallelFor(static_cast<size_t>(block.last - block.first), 256, [&](size_t begin, size_t end) {
            std::vector<double> sum(static_cast<size_t>(m_k));
            for (size_t i = begin; i < end; ++i) {
                const int64_t row = block.first + static_cast<int64_t>(i);
                for (int64_t c = 0; c < m_k; ++c) sum[static_cast<size_t>(c)] = -m_offset[static_cast<size_t>(c)];
                for (int64_t e = block.matrix.indptr[row]; e < block.matrix.indptr[row + 1]; ++e) {
                    const double value = block.matrix.values[e];
                    const float* loading = m_loadings.data() + static_cast<int64_t>(block.matrix.indices[e]) * m_k;
                    for (int64_t c = 0; c < m_k; ++c) sum[static_cast<size_t>(c)] += value * loading[c];
                }
                for (int64_t c = 0; c < m_k; ++c) scores(block.cell + static_cast<int64_t>(i), c) = static_cast<float>(sum[static_cast<size_t>(c)]);
            }
        });
    }

private:
    int64_t m_k;
    std::vector<float> m_loadings;
    std::vector<double> m_offset;
};

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

/// Column sums and Σ x xᵀ (upper triangle) of sparse rows. Threads own rows of the result, so every element is summed
/// in the order of the cells.
void addSparseProducts(const RowBlock& block, int64_t width, std::vector<double>& columns, std::vector<double>& sum) {
    const CsrMatrix& data = block.matrix;
    parallelFor(static_cast<size_t>(width), 64, [&](size_t begin, size_t end) {
        for (int64_t row = block.first; row < block.last; ++row) {
            const int32_t* indices = data.indices.data() + data.indptr[row];
            const float* values = data.values.data() + data.indptr[row];
            const int64_t n = data.indptr[row + 1] - data.indptr[row];
            int64_t a = std::lower_bound(indices, indices + n, static_cast<int32_t>(begin)) - indices;
            for (; a < n && indices[a] < static_cast<int32_t>(end); ++a) {
                double* target = sum.data() + static_cast<int64_t>(indices[a]) * width;
                const double value = values[a];
                columns[static_cast<size_t>(indices[a])] += value;
                for (int64_t b = a; b < n; ++b) target[indices[b]] += value * values[b];
            }
        }
    });
}

/// Products with the centred rows X − 1·meanᵀ in memory. Pieces are added up in order, whatever thread did them.
class CentredRows {
public:
    CentredRows(const CsrMatrix& data, const std::vector<double>& mean) : m_data(data), m_mean(mean), m_sums(kPieces, std::vector<double>(mean.size())) {}

    /// out [rows] = (X − 1·meanᵀ)·in
    void multiply(const double* in, double* out) const {
        double shift = 0;
        for (size_t j = 0; j < m_mean.size(); ++j) shift += m_mean[j] * in[j];
        parallelFor(static_cast<size_t>(m_data.rows), 256, [&](size_t begin, size_t end) {
            for (size_t row = begin; row < end; ++row) {
                double sum = -shift;
                for (int64_t e = m_data.indptr[row]; e < m_data.indptr[row + 1]; ++e) sum += m_data.values[e] * in[m_data.indices[e]];
                out[row] = sum;
            }
        });
    }

    /// out [genes] = (X − 1·meanᵀ)ᵀ·in
    void adjoint(const double* in, double* out) {
        parallelFor(kPieces, 1, [&](size_t begin, size_t end) {
            for (size_t p = begin; p < end; ++p) {
                std::ranges::fill(m_sums[p], 0.0);
                const int64_t first = m_data.rows * static_cast<int64_t>(p) / kPieces, last = m_data.rows * static_cast<int64_t>(p + 1) / kPieces;
                for (int64_t row = first; row < last; ++row) {
                    for (int64_t e = m_data.indptr[row]; e < m_data.indptr[row + 1]; ++e) m_sums[p][static_cast<size_t>(m_data.indices[e])] += m_data.values[e] * in[row];
                }
            }
        });
        double total = 0;
        for (int64_t row = 0; row < m_data.rows; ++row) total += in[row];
        for (size_t j = 0; j < m_mean.size(); ++j) {
            double sum = -m_mean[j] * total;
            for (const std::vector<double>& piece : m_sums) sum += piece[j];
            out[j] = sum;
        }
    }

private:
    static constexpr size_t kPieces = 16;
    const CsrMatrix& m_data;
    const std::vector<double>& m_mean;
    std::vector<std::vector<double>> m_sums;
};

/// True when the few hundred products that k components take cost less with the rows than the covariance and products
/// with that (in units of about a nanosecond).
bool directIsCheaper(const CsrMatrix& data, int64_t k) {
    const double products = 6.0 * static_cast<double>(k), width = static_cast<double>(data.cols);
    const double stored = static_cast<double>(data.nnz()), perRow = stored / static_cast<double>(data.rows);
    return products * stored < 0.3 * stored * perRow + 0.2 * products * width * width;
}

bool allFinite(std::span<const float> values) {
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
    TXFM_TRY(Pca pca, fromScatter(std::move(products.sum()), std::move(mean), data.rows, k, progress));
    scoreDense(data, pca);
    return pca;
}

Result<Pca> principalComponents(const CsrMatrix& data, int64_t k, Progress& progress) {
    /// The matrix as a source of rows, without a copy.
    class View final : public CountSource {
    public:
        explicit View(const CsrMatrix& matrix) : m_matrix(matrix) {}
        int64_t cells() const override { return m_matrix.rows; }
        int64_t genes() const override { return m_matrix.cols; }
        int64_t nonZeros() const override { return m_matrix.nnz(); }
        Result<CsrMatrix> readRows(int64_t, int64_t) const override { return m_matrix; }
        Result<CsrMatrix> readRowsAt(const std::vector<int64_t>&) const override { return m_matrix; }
        const CsrMatrix* inMemory() const override { return &m_matrix; }

    private:
        const CsrMatrix& m_matrix;
    };
    return principalComponents(View(data), k, progress);
}

Result<Pca> principalComponents(const CountSource& data, int64_t k, Progress& progress) {
    constexpr int64_t kSparseRows = 2048;
    const int64_t rows = data.cells(), width = data.genes();
    if (rows < 2 || width < 1) return badInput("Principal components need at least two cells and one gene.");
    const CsrMatrix* all = data.inMemory();
    const bool direct = all && k > 0 && k * 12 <= width && k < rows && directIsCheaper(*all, k);
    std::vector<double> mean(static_cast<size_t>(width), 0.0), scatter(direct ? 0 : static_cast<size_t>(width * width), 0.0);
    double squares = 0;
    StageProgress stage(progress, "pca", static_cast<double>(rows), "cells");
    TXFM_CHECK(forEachRowBlock(data, kSparseRows, progress, [&](const RowBlock& block) -> Result<void> {
        const std::span<const float> values(block.matrix.values.data() + block.matrix.indptr[block.first],
                                            block.matrix.values.data() + block.matrix.indptr[block.last]);
        if (!allFinite(values)) return badInput("The values for the principal components are not all finite numbers.");
        if (direct) {
            for (int64_t e = block.matrix.indptr[block.first]; e < block.matrix.indptr[block.last]; ++e) {
                const double value = block.matrix.values[e];
                mean[static_cast<size_t>(block.matrix.indices[e])] += value;
                squares += value * value;
            }
        } else {
            addSparseProducts(block, width, mean, scatter);
        }
        stage.set(static_cast<double>(block.cell + block.last - block.first));
        return {};
    }));
    for (double& m : mean) m /= static_cast<double>(rows);
    Pca pca;
    if (direct) {
        for (const double m : mean) squares -= static_cast<double>(rows) * m * m;
        CentredRows centred(*all, mean);
        const LinearOperator matrix{rows, width, [&](const double* in, double* out) { centred.multiply(in, out); },
                                    [&](const double* in, double* out) { centred.adjoint(in, out); }};
        TXFM_TRY(SingularVectors found, topSingularVectors(matrix, possibleComponents(k, rows, width), {}, progress));
        for (double& value : found.values) value = value * value / static_cast<double>(rows - 1);
        pca = fromVectors(found.vectors, std::move(found.values), std::move(mean), squares / static_cast<double>(rows - 1));
    } else {
        for (int64_t i = 0; i < width; ++i) {
            for (int64_t j = i; j < width; ++j) {
                double& upper = scatter[static_cast<size_t>(i * width + j)];
                upper -= static_cast<double>(rows) * mean[static_cast<size_t>(i)] * mean[static_cast<size_t>(j)];
                scatter[static_cast<size_t>(j * width + i)] = upper;
            }
        }
        TXFM_TRY(pca, fromScatter(std::move(scatter), std::move(mean), rows, k, progress));
    }
    pca.scores = DenseMatrix(rows, pca.components.rows);
    const SparseScores scores(pca);
    TXFM_CHECK(forEachRowBlock(data, kSparseRows, progress, [&](const RowBlock& block) -> Result<void> {
        scores.add(block, pca.scores);
        return {};
    }));
    return pca;
}

}  // namespace txfm::analysis
