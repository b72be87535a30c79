// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/spectral_start.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/analysis/panel_products.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr int64_t kB = kPanelColumns;
using Panel = std::vector<double>;
using Small = Eigen::Matrix<double, kB, kB, Eigen::RowMajor>;

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

/// D^-½ A D^-½ on panels, and its known first eigenvector.
class NormalisedGraph {
public:
    explicit NormalisedGraph(const CsrMatrix& graph) : m_graph(graph), m_inverse(static_cast<size_t>(graph.rows)), m_first(m_inverse.size()) {
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
    int64_t size() const { return m_graph.rows; }

    /// out = graph · b; b is used up.
    void multiply(Panel& b, Panel& out) const {
        scaleRows(b);
        parallelFor(static_cast<size_t>(size()), 2048, [&](size_t begin, size_t end) {
            sparseTimesPanel(m_graph, static_cast<int64_t>(begin), static_cast<int64_t>(end), b.data(), out.data());
        });
        scaleRows(out);
    }
    void removeFirst(Panel& b) const {
        double share[kB] = {};
        for (size_t i = 0; i < m_first.size(); ++i)
            for (int64_t c = 0; c < kB; ++c) share[c] += m_first[i] * b[i * kB + static_cast<size_t>(c)];
        for (size_t i = 0; i < m_first.size(); ++i)
            for (int64_t c = 0; c < kB; ++c) b[i * kB + static_cast<size_t>(c)] -= m_first[i] * share[c];
    }

private:
    void scaleRows(Panel& b) const {
        parallelFor(m_inverse.size(), 8192, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i)
                for (int64_t c = 0; c < kB; ++c) b[i * kB + static_cast<size_t>(c)] *= m_inverse[i];
        });
    }
    const CsrMatrix& m_graph;
    std::vector<double> m_inverse, m_first;
};

Small products(const Panel& a, const Panel& b, int64_t n) {
    Small out;
    panelProducts(a.data(), b.data(), n, out.data());
    return out;
}

void rotate(Panel& panel, const Small& by) {
    parallelFor(panel.size() / kB, 8192, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) {
            Eigen::Map<Eigen::Matrix<double, 1, kB>> row(panel.data() + i * kB);
            row = (row * by).eval();
        }
    });
}

/// By the eigenvectors of the Gram matrix, twice: the columns may be almost parallel.
void orthonormalise(Panel& panel, int64_t n) {
    for (int pass = 0; pass < 2; ++pass) {
        const Eigen::SelfAdjointEigenSolver<Small> solver(products(panel, panel, n));
        const double largest = solver.eigenvalues()[kB - 1];
        Small by = solver.eigenvectors();
        for (int64_t c = 0; c < kB; ++c) by.col(c) /= std::sqrt(std::max(solver.eigenvalues()[c], 1e-14 * largest));
        rotate(panel, by);
    }
}

/// out = p(graph) · b with the Chebyshev polynomial that stays small on [−1, cut] and grows beyond.
bool filter(const NormalisedGraph& graph, double cut, int degree, Panel& b, Panel& scratch, Panel& before, const Progress& progress) {
    const double half = (cut + 1) / 2, centre = (cut - 1) / 2;
    std::ranges::fill(before, 0.0);
    for (int d = 0; d < degree; ++d) {
        if (progress.cancelled()) return false;
        Panel& product = scratch;
        Panel current = b;
        graph.multiply(b, product);
        const double factor = d == 0 ? 1 / half : 2 / half;
        parallelFor(current.size(), 65536, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i) b[i] = factor * (product[i] - centre * current[i]) - before[i];
        });
        before.swap(current);
    }
    return true;
}

void writeLayout(const Panel& panel, double extent, DenseMatrix& layout) {
    for (int64_t c = 0; c < layout.cols; ++c) {
        double largest = 0;
        for (int64_t i = 0; i < layout.rows; ++i) {
            const double value = panel[static_cast<size_t>(i * kB + c)];
            if (std::abs(value) > std::abs(largest)) largest = value;
        }
        for (int64_t i = 0; i < layout.rows; ++i)
            layout(i, c) = largest != 0 ? static_cast<float>(extent * panel[static_cast<size_t>(i * kB + c)] / largest) : 0.0f;
    }
}

}  // namespace

Result<bool> spectralStart(const CsrMatrix& graph, double extent, DenseMatrix& layout, Progress& progress) {
    constexpr int kDegree = 24;
    constexpr double kAngle = 0.01;
    const int64_t n = graph.rows;
    // A start need not be exact, and many rounds on a large graph take longer than the layout itself.
    const int rounds = n <= 100'000 ? 16 : 5;
    // Below this the eigenvectors of so small a Laplacian say little.
    if (n <= 2 * kB || !isConnected(graph)) return false;
    const NormalisedGraph normalised(graph);
    Panel panel(static_cast<size_t>(n * kB)), product(panel.size()), scratch(panel.size());
    RandomStream random(0x73706563, 0);
    for (double& v : panel) v = random.normal();
    StageProgress stage(progress, "umap start", rounds, "rounds");
    for (int round = 0; round < rounds; ++round) {
        if (progress.cancelled()) return cancelledError();
        normalised.removeFirst(panel);
        orthonormalise(panel, n);
        scratch = panel;
        normalised.multiply(scratch, product);
        const Eigen::SelfAdjointEigenSolver<Small> solver(products(panel, product, n));
        const Small descending = solver.eigenvectors().rowwise().reverse();
        rotate(panel, descending);
        rotate(product, descending);
        // The residual over the distance to what the panel cannot tell apart is about the angle to the eigenvector.
        const double cut = solver.eigenvalues()[0];
        bool found = true;
        for (int64_t c = 0; c < layout.cols; ++c) {
            const double value = solver.eigenvalues()[kB - 1 - c];
            double residual = 0;
            for (int64_t i = 0; i < n; ++i) {
                const double r = product[static_cast<size_t>(i * kB + c)] - value * panel[static_cast<size_t>(i * kB + c)];
                residual += r * r;
            }
            found = found && std::sqrt(residual) <= kAngle * std::max(value - cut, 1e-12);
        }
        if (found) break;
        if (!filter(normalised, cut, kDegree, panel, scratch, product, progress)) return cancelledError();
        stage.set(round + 1);
    }
    writeLayout(panel, extent, layout);
    return true;
}

}  // namespace txfm::analysis
