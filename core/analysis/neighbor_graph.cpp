// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/neighbor_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

struct Kernel {
    double rho = 0, sigma = 1;
};

/// umap-learn's smooth_knn_dist with local_connectivity 1 and bandwidth 1.
Kernel smoothKernel(const float* distances, int64_t k, double meanOfAll) {
    constexpr double kTolerance = 1e-5, kMinScale = 1e-3;
    Kernel kernel;
    double mean = 0;
    for (int64_t j = 0; j < k; ++j) {
        if (kernel.rho == 0 && distances[j] > 0) kernel.rho = distances[j];
        mean += distances[j];
    }
    mean /= static_cast<double>(k + 1);
    const double target = std::log2(static_cast<double>(k + 1));
    double low = 0, high = INFINITY, sigma = 1;
    for (int step = 0; step < 64; ++step) {
        double sum = 0;
        for (int64_t j = 0; j < k; ++j) {
            const double d = distances[j] - kernel.rho;
            sum += d > 0 ? std::exp(-d / sigma) : 1.0;
        }
        if (std::abs(sum - target) < kTolerance) break;
        if (sum > target) {
            high = sigma;
            sigma = (low + high) / 2;
        } else {
            low = sigma;
            sigma = std::isinf(high) ? sigma * 2 : (low + high) / 2;
        }
    }
    kernel.sigma = std::max(sigma, kMinScale * (kernel.rho > 0 ? mean : meanOfAll));
    return kernel;
}

double membership(double distance, const Kernel& kernel) {
    if (distance - kernel.rho <= 0 || kernel.sigma == 0) return 1.0;
    return std::exp(-(distance - kernel.rho) / kernel.sigma);
}

CsrMatrix sortedRows(const Neighbors& neighbors, const std::vector<float>& values) {
    CsrMatrix m;
    m.rows = m.cols = neighbors.rows;
    m.indptr.resize(static_cast<size_t>(neighbors.rows) + 1);
    m.indices.resize(neighbors.indices.size());
    m.values.resize(neighbors.indices.size());
    parallelFor(static_cast<size_t>(neighbors.rows), 1024, [&](size_t begin, size_t end) {
        std::vector<std::pair<int32_t, float>> row(static_cast<size_t>(neighbors.k));
        for (size_t i = begin; i < end; ++i) {
            const size_t base = i * static_cast<size_t>(neighbors.k);
            for (size_t j = 0; j < row.size(); ++j) row[j] = {neighbors.indices[base + j], values[base + j]};
            std::ranges::sort(row);
            for (size_t j = 0; j < row.size(); ++j) {
                m.indices[base + j] = row[j].first;
                m.values[base + j] = row[j].second;
            }
            m.indptr[i + 1] = static_cast<int64_t>(base + row.size());
        }
    });
    return m;
}

CsrMatrix transposed(const CsrMatrix& m) {
    CsrMatrix t;
    t.rows = m.cols;
    t.cols = m.rows;
    t.indptr.assign(static_cast<size_t>(m.cols) + 1, 0);
    for (const int32_t column : m.indices) ++t.indptr[static_cast<size_t>(column) + 1];
    std::partial_sum(t.indptr.begin(), t.indptr.end(), t.indptr.begin());
    t.indices.resize(m.indices.size());
    t.values.resize(m.values.size());
    std::vector<int64_t> next(t.indptr.begin(), t.indptr.end() - 1);
    for (int64_t row = 0; row < m.rows; ++row) {
        for (int64_t e = m.indptr[row]; e < m.indptr[row + 1]; ++e) {
            const int64_t to = next[static_cast<size_t>(m.indices[e])]++;
            t.indices[static_cast<size_t>(to)] = static_cast<int32_t>(row);
            t.values[static_cast<size_t>(to)] = m.values[e];
        }
    }
    return t;
}

/// a + b − ab over the union of two sorted patterns; zero weights are left out.
CsrMatrix fuzzyUnion(const CsrMatrix& a, const CsrMatrix& b) {
    CsrMatrix out;
    out.rows = a.rows;
    out.cols = a.cols;
    out.indptr.reserve(static_cast<size_t>(a.rows) + 1);
    out.indices.reserve(a.indices.size() * 2);
    out.values.reserve(a.indices.size() * 2);
    for (int64_t row = 0; row < a.rows; ++row) {
        int64_t i = a.indptr[row], j = b.indptr[row];
        const int64_t iEnd = a.indptr[row + 1], jEnd = b.indptr[row + 1];
        while (i < iEnd || j < jEnd) {
            const int32_t column = i == iEnd ? b.indices[j] : j == jEnd ? a.indices[i] : std::min(a.indices[i], b.indices[j]);
            const double x = i < iEnd && a.indices[i] == column ? a.values[i++] : 0.0;
            const double y = j < jEnd && b.indices[j] == column ? b.values[j++] : 0.0;
            const auto weight = static_cast<float>(x + y - x * y);
            if (weight == 0) continue;
            out.indices.push_back(column);
            out.values.push_back(weight);
        }
        out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
    }
    return out;
}

}  // namespace

NeighborGraph fuzzyGraph(const Neighbors& neighbors) {
    NeighborGraph graph;
    graph.neighbors = neighbors.k + 1;
    graph.distances = sortedRows(neighbors, neighbors.distances);
    const double all = std::accumulate(neighbors.distances.begin(), neighbors.distances.end(), 0.0);
    const double mean = neighbors.rows > 0 ? all / static_cast<double>(neighbors.rows * (neighbors.k + 1)) : 0;
    std::vector<float> weights(neighbors.distances.size());
    parallelFor(static_cast<size_t>(neighbors.rows), 512, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) {
            const size_t base = i * static_cast<size_t>(neighbors.k);
            const Kernel kernel = smoothKernel(neighbors.distances.data() + base, neighbors.k, mean);
            for (size_t j = base; j < base + static_cast<size_t>(neighbors.k); ++j)
                weights[j] = static_cast<float>(membership(neighbors.distances[j], kernel));
        }
    });
    const CsrMatrix directed = sortedRows(neighbors, weights);
    graph.connectivities = fuzzyUnion(directed, transposed(directed));
    return graph;
}

}  // namespace txfm::analysis
