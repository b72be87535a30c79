// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/spectral_start.h"

#include <cmath>

#include "core/analysis/top_singular.h"
#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

bool isConnected(const CsrMatrix& graph) {
    std::vector<uint8_t> seen(static_cast<size_t>(graph.rows), 0);
    std::vector<int32_t> open{0};
    seen[0] = 1;
    int64_t reached = 1;
    while (!open.empty()) {
        const int32_t row = open.back();
        open.pop_back();
        for (const int32_t next : graph.rowIndices(row)) {
            if (seen[static_cast<size_t>(next)]) continue;
            seen[static_cast<size_t>(next)] = 1;
            ++reached;
            open.push_back(next);
        }
    }
    return reached == graph.rows;
}

/// (I + D^-½ A D^-½) / 2 without its first eigenvector, which is known: D^½·1 with eigenvalue 1. All its eigenvalues lie
/// between 0 and 1, the largest belonging to the smallest of the Laplacian.
class DeflatedGraph {
public:
    explicit DeflatedGraph(const CsrMatrix& graph) : m_graph(graph), m_inverse(static_cast<size_t>(graph.rows)), m_first(m_inverse.size()), m_scaled(m_inverse.size()) {
        double norm = 0;
        for (int64_t i = 0; i < graph.rows; ++i) {
            double degree = 0;
            for (const float w : graph.rowValues(i)) degree += w;
            m_first[static_cast<size_t>(i)] = std::sqrt(degree);
            m_inverse[static_cast<size_t>(i)] = degree > 0 ? 1 / std::sqrt(degree) : 0;
            norm += degree;
        }
        for (double& v : m_first) v /= std::sqrt(norm);
    }

    void multiply(const double* in, double* out) {
        double share = 0;
        for (size_t i = 0; i < m_first.size(); ++i) {
            share += m_first[i] * in[i];
            m_scaled[i] = m_inverse[i] * in[i];
        }
        parallelFor(m_first.size(), 2048, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i) {
                double sum = 0;
                for (int64_t e = m_graph.indptr[i]; e < m_graph.indptr[i + 1]; ++e) sum += m_graph.values[e] * m_scaled[static_cast<size_t>(m_graph.indices[e])];
                out[i] = 0.5 * (in[i] + m_inverse[i] * sum) - share * m_first[i];
            }
        });
    }

private:
    const CsrMatrix& m_graph;
    std::vector<double> m_inverse, m_first, m_scaled;
};

void writeLayout(const std::vector<double>& vectors, double extent, DenseMatrix& layout) {
    for (int64_t c = 0; c < layout.cols; ++c) {
        const double* vector = vectors.data() + c * layout.rows;
        double largest = 0;
        for (int64_t i = 0; i < layout.rows; ++i) {
            if (std::abs(vector[i]) > std::abs(largest)) largest = vector[i];
        }
        for (int64_t i = 0; i < layout.rows; ++i) layout(i, c) = largest != 0 ? static_cast<float>(extent * vector[i] / largest) : 0.0f;
    }
}

}  // namespace

Result<bool> spectralStart(const CsrMatrix& graph, double extent, DenseMatrix& layout, Progress& progress) {
    constexpr int64_t kFewest = 16;  // below this the eigenvectors of so small a Laplacian say little
    const int64_t n = graph.rows;
    if (n <= kFewest || !isConnected(graph)) return false;
    DeflatedGraph deflated(graph);
    const auto multiply = [&](const double* in, double* out) { deflated.multiply(in, out); };
    SingularOptions options;
    options.tolerance = 1e-5;
    // A start need not be exact, and many restarts on a large graph take longer than the layout itself.
    options.restarts = n <= 100'000 ? 100 : 10;
    const StageProgress stage(progress, "umap start", 0, "restarts");
    TXFM_TRY(const SingularVectors found, topSingularVectors({n, n, multiply, multiply}, layout.cols, options, progress));
    writeLayout(found.vectors, extent, layout);
    return true;
}

}  // namespace txfm::analysis
