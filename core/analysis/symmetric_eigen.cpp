// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/symmetric_eigen.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/analysis/panel_products.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Panel = std::vector<double>;
constexpr int64_t kB = kPanelColumns;

EigenPairs denseSolver(const std::vector<double>& matrix, int64_t n, int64_t count) {
    const Eigen::Map<const RowMatrix> view(matrix.data(), n, n);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(view);
    EigenPairs pairs;
    pairs.values.resize(static_cast<size_t>(count));
    pairs.vectors.resize(static_cast<size_t>(count * n));
    for (int64_t i = 0; i < count; ++i) {
        pairs.values[static_cast<size_t>(i)] = solver.eigenvalues()[n - 1 - i];
        for (int64_t j = 0; j < n; ++j) pairs.vectors[static_cast<size_t>(i * n + j)] = solver.eigenvectors()(j, n - 1 - i);
    }
    return pairs;
}

class BlockLanczos {
public:
    BlockLanczos(const SymmetricOperator& multiply, int64_t n, int64_t count) : m_multiply(multiply), m_n(n), m_count(count) {}

    Result<EigenPairs> solve(const Progress& progress) {
        Panel next(static_cast<size_t>(m_n * kB));
        for (int64_t c = 0; c < kB; ++c) draw(next, c);
        Panel remainder(kB * kB);
        orthonormalise(next, remainder);
        m_scale = 0;
        // Nothing converges before; the small problems cost more than the steps between them.
        int64_t look = 4 * m_count;
        while (true) {
            if (progress.cancelled()) return cancelledError();
            m_basis.push_back(std::move(next));
            next.assign(static_cast<size_t>(m_n * kB), 0.0);
            m_multiply(m_basis.back().data(), next.data());
            project(next);
            orthonormalise(next, remainder);
            const bool whole = size() + kB > m_n;
            if (!whole && size() < look) continue;
            look = size() + 3 * kB;
            if (!whole && !valuesSettled()) continue;
            const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> small(m_small);
            if (whole || converged(small, remainder)) return assemble(small);
        }
    }

private:
    int64_t size() const { return static_cast<int64_t>(m_basis.size()) * kB; }

    void draw(Panel& panel, int64_t column) {
        RandomStream random(0x7478666d, m_draws++);
        for (int64_t i = 0; i < m_n; ++i) panel[static_cast<size_t>(i * kB + column)] = random.normal();
    }

    /// Takes out the share of the basis, twice against rounding; the first shares are the new columns of QᵀCQ.
    void project(Panel& panel) {
        const int64_t blocks = static_cast<int64_t>(m_basis.size());
        const int64_t old = (blocks - 1) * kB;
        for (int64_t c = 0; c < kB; ++c) m_scale = std::max(m_scale, norm(panel, c));
        m_small.conservativeResize(blocks * kB, blocks * kB);
        for (int pass = 0; pass < 2; ++pass) {
            Panel shares(static_cast<size_t>(blocks * kB * kB));
            for (int64_t b = 0; b < blocks; ++b) panelProducts(m_basis[static_cast<size_t>(b)].data(), panel.data(), m_n, shares.data() + b * kB * kB);
            for (int64_t b = 0; b < blocks; ++b) subtractPanel(m_basis[static_cast<size_t>(b)].data(), shares.data() + b * kB * kB, m_n, panel.data());
            if (pass > 0) break;
            const Eigen::Map<const RowMatrix> columns(shares.data(), blocks * kB, kB);
            m_small.rightCols(kB) = columns;
            m_small.bottomRows(kB) = columns.transpose();
            const RowMatrix corner = columns.bottomRows(kB);
            m_small.block(old, old, kB, kB) = 0.5 * (corner + corner.transpose());
        }
    }

    /// Gram-Schmidt by columns. A column that vanishes (an invariant subspace) is drawn anew, with no part in `remainder`.
    void orthonormalise(Panel& panel, Panel& remainder) {
        std::ranges::fill(remainder, 0.0);
        for (int64_t c = 0; c < kB; ++c) {
            const double before = norm(panel, c);
            double left = cleanOf(panel, c, &remainder);
            if (!(left > 1e-12 * std::max(before, m_scale))) {
                for (int64_t r = 0; r < kB; ++r) remainder[static_cast<size_t>(r * kB + c)] = 0;
                draw(panel, c);
                left = cleanOf(panel, c, nullptr);
            } else {
                remainder[static_cast<size_t>(c * kB + c)] = left;
            }
            for (int64_t i = 0; i < m_n && left > 0; ++i) panel[static_cast<size_t>(i * kB + c)] /= left;
        }
    }

    /// Removes columns before c (and, for a drawn one, the basis) from column c; its norm afterwards.
    double cleanOf(Panel& panel, int64_t c, Panel* remainder) {
        for (int pass = 0; pass < 2; ++pass) {
            if (!remainder)
                for (const Panel& block : m_basis)
                    for (int64_t k = 0; k < kB; ++k) remove(block, k, panel, c);
            for (int64_t k = 0; k < c; ++k) {
                const double share = remove(panel, k, panel, c);
                if (remainder) (*remainder)[static_cast<size_t>(k * kB + c)] += share;
            }
        }
        return norm(panel, c);
    }

    double remove(const Panel& from, int64_t k, Panel& panel, int64_t c) const {
        double share = 0;
        for (int64_t i = 0; i < m_n; ++i) share += from[static_cast<size_t>(i * kB + k)] * panel[static_cast<size_t>(i * kB + c)];
        for (int64_t i = 0; i < m_n; ++i) panel[static_cast<size_t>(i * kB + c)] -= share * from[static_cast<size_t>(i * kB + k)];
        return share;
    }

    double norm(const Panel& panel, int64_t c) const {
        double sum = 0;
        for (int64_t i = 0; i < m_n; ++i) sum += panel[static_cast<size_t>(i * kB + c)] * panel[static_cast<size_t>(i * kB + c)];
        return std::sqrt(sum);
    }

    /// Ritz values move by the square of their residuals, and are cheaper to have than vectors.
    bool valuesSettled() {
        constexpr double kChange = 1e-9;
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(m_small, Eigen::EigenvaluesOnly);
        const Eigen::VectorXd now = solver.eigenvalues().tail(m_count);
        const bool settled = m_values.size() == now.size() && ((now - m_values).array().abs() <= kChange * now.array().abs() + 1e-14 * now[m_count - 1]).all();
        m_values = now;
        return settled;
    }

    bool converged(const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>& small, const Panel& remainder) const {
        // The floor is for eigenvalues near zero.
        constexpr double kTolerance = 1e-6, kFloor = 1e-10;
        const Eigen::Map<const RowMatrix> next(remainder.data(), kB, kB);
        const int64_t m = size();
        for (int64_t i = 0; i < m_count; ++i) {
            const double residual = (next * small.eigenvectors().col(m - 1 - i).tail(kB)).norm();
            const double value = std::abs(small.eigenvalues()[m - 1 - i]);
            if (residual > std::max(kTolerance * value, kFloor * std::abs(small.eigenvalues()[m - 1]))) return false;
        }
        return true;
    }

    EigenPairs assemble(const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>& small) const {
        const int64_t m = size();
        EigenPairs pairs;
        pairs.vectors.assign(static_cast<size_t>(m_count * m_n), 0.0);
        for (int64_t i = 0; i < m_count; ++i) pairs.values.push_back(small.eigenvalues()[m - 1 - i]);
        parallelFor(static_cast<size_t>(m_count), 8, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i) {
                Eigen::Map<Eigen::VectorXd> vector(pairs.vectors.data() + static_cast<int64_t>(i) * m_n, m_n);
                const auto coefficients = small.eigenvectors().col(m - 1 - static_cast<int64_t>(i));
                for (size_t b = 0; b < m_basis.size(); ++b)
                    vector.noalias() += Eigen::Map<const RowMatrix>(m_basis[b].data(), m_n, kB) * coefficients.segment(static_cast<int64_t>(b) * kB, kB);
                vector.normalize();
            }
        });
        return pairs;
    }

    const SymmetricOperator& m_multiply;
    int64_t m_n, m_count;
    std::vector<Panel> m_basis;   ///< orthonormal panels [n × 8]
    Eigen::MatrixXd m_small;      ///< QᵀCQ
    Eigen::VectorXd m_values;     ///< Ritz values at the last look
    double m_scale = 0;           ///< norms of C·q: what rounding is measured against
    uint32_t m_draws = 0;
};

}  // namespace

Result<EigenPairs> topEigenpairs(const SymmetricOperator& multiply, int64_t n, int64_t count, const Progress& progress) {
    return BlockLanczos(multiply, n, count).solve(progress);
}

Result<EigenPairs> topEigenpairs(const std::vector<double>& matrix, int64_t n, int64_t count, const Progress& progress) {
    count = std::min(count, n);
    if (count <= 0) return EigenPairs{};
    constexpr int64_t kSmall = 300;
    if (n <= kSmall || count * 12 > n) return denseSolver(matrix, n, count);
    const SymmetricOperator multiply = [&](const double* b, double* out) {
        parallelFor(static_cast<size_t>(n), 256, [&](size_t begin, size_t end) {
            matrixTimesPanel(matrix.data() + static_cast<int64_t>(begin) * n, static_cast<int64_t>(end - begin), n, b, out + static_cast<int64_t>(begin) * kB);
        });
    };
    return topEigenpairs(multiply, n, count, progress);
}

}  // namespace txfm::analysis
