// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/symmetric_eigen.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/base/random.h"

namespace txfm::analysis {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

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

class Lanczos {
public:
    Lanczos(const std::vector<double>& matrix, int64_t n, int64_t count) : m_matrix(matrix), m_n(n), m_count(count) {}

    EigenPairs solve() {
        constexpr double kTolerance = 1e-10;
        Eigen::VectorXd next = freshDirection();
        while (static_cast<int64_t>(m_basis.size()) < m_n) {
            extend(next);
            const auto size = static_cast<int64_t>(m_basis.size());
            const bool last = size == m_n;
            if (size < 2 * m_count && !last) continue;
            if (size % 25 != 0 && !last) continue;
            const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> small = tridiagonal();
            const double largest = std::max(std::abs(small.eigenvalues()[size - 1]), std::abs(small.eigenvalues()[0]));
            double worst = 0;
            for (int64_t i = 0; i < m_count; ++i)
                worst = std::max(worst, std::abs(m_beta.back() * small.eigenvectors()(size - 1, size - 1 - i)));
            if (last || worst <= kTolerance * largest) return assemble(small);
        }
        return assemble(tridiagonal());
    }

private:
    /// A unit vector orthogonal to the basis, for the start and after an invariant subspace was found.
    Eigen::VectorXd freshDirection() {
        RandomStream random(0x7478666d, static_cast<uint32_t>(m_basis.size()));
        Eigen::VectorXd v(m_n);
        for (Eigen::Index i = 0; i < v.size(); ++i) v[i] = random.normal();
        orthogonalise(v);
        return v.normalized();
    }

    void orthogonalise(Eigen::VectorXd& v) const {
        for (int pass = 0; pass < 2; ++pass) {
            for (const Eigen::VectorXd& q : m_basis) v -= q.dot(v) * q;
        }
    }

    void extend(Eigen::VectorXd& next) {
        m_basis.push_back(next);
        // Half the matrix is read: the product is bound by memory, and starting threads would cost as much.
        const Eigen::Map<const RowMatrix> view(m_matrix.data(), m_n, m_n);
        Eigen::VectorXd w = view.selfadjointView<Eigen::Lower>() * next;
        m_alpha.push_back(next.dot(w));
        orthogonalise(w);
        const double norm = w.norm();
        m_scale = std::max(m_scale, std::abs(m_alpha.back()));
        if (norm > 1e-13 * m_scale && norm > 0) {
            m_beta.push_back(norm);
            next = w / norm;
        } else {
            m_beta.push_back(0);
            if (static_cast<int64_t>(m_basis.size()) < m_n) next = freshDirection();
        }
    }

    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> tridiagonal() const {
        const auto size = static_cast<Eigen::Index>(m_basis.size());
        const Eigen::Map<const Eigen::VectorXd> diagonal(m_alpha.data(), size), below(m_beta.data(), size - 1);
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
        solver.computeFromTridiagonal(diagonal, below, Eigen::ComputeEigenvectors);
        return solver;
    }

    EigenPairs assemble(const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>& small) const {
        const auto size = static_cast<int64_t>(m_basis.size());
        EigenPairs pairs;
        pairs.vectors.assign(static_cast<size_t>(m_count * m_n), 0.0);
        for (int64_t i = 0; i < m_count; ++i) {
            pairs.values.push_back(small.eigenvalues()[size - 1 - i]);
            Eigen::Map<Eigen::VectorXd> vector(pairs.vectors.data() + i * m_n, m_n);
            for (int64_t j = 0; j < size; ++j) vector += small.eigenvectors()(j, size - 1 - i) * m_basis[static_cast<size_t>(j)];
            vector.normalize();
        }
        return pairs;
    }

    const std::vector<double>& m_matrix;
    int64_t m_n, m_count;
    double m_scale = 0;
    std::vector<Eigen::VectorXd> m_basis;
    std::vector<double> m_alpha, m_beta;
};

}  // namespace

EigenPairs topEigenpairs(const std::vector<double>& matrix, int64_t n, int64_t count) {
    count = std::min(count, n);
    if (count <= 0) return {};
    constexpr int64_t kSmall = 300;
    if (n <= kSmall || count * 4 > n) return denseSolver(matrix, n, count);
    return Lanczos(matrix, n, count).solve();
}

}  // namespace txfm::analysis
