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
        // Residual against each eigenvalue; the values are then good to its square. The floor is for eigenvalues near 0.
        constexpr double kTolerance = 1e-7, kFloor = 1e-10;
        Eigen::VectorXd next = freshDirection();
        // Solving the small problem costs as much as many steps: look at growing distances.
        int64_t look = std::min(m_n, 3 * m_count);
        while (m_size < m_n) {
            extend(next);
            if (m_size < look) continue;
            look = std::min(m_n, look + look / 3);
            const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> small = tridiagonal();
            const double largest = std::max(std::abs(small.eigenvalues()[m_size - 1]), std::abs(small.eigenvalues()[0]));
            bool converged = true;
            for (int64_t i = 0; i < m_count; ++i) {
                const double residual = std::abs(m_beta.back() * small.eigenvectors()(m_size - 1, m_size - 1 - i));
                converged = converged && residual <= std::max(kTolerance * std::abs(small.eigenvalues()[m_size - 1 - i]), kFloor * largest);
            }
            if (m_size == m_n || converged) return assemble(small);
        }
        return assemble(tridiagonal());
    }

private:
    auto basis() const { return m_basis.leftCols(m_size); }

    /// A unit vector orthogonal to the basis, for the start and after an invariant subspace was found.
    Eigen::VectorXd freshDirection() {
        RandomStream random(0x7478666d, static_cast<uint32_t>(m_size));
        Eigen::VectorXd v(m_n);
        for (Eigen::Index i = 0; i < v.size(); ++i) v[i] = random.normal();
        orthogonalise(v);
        return v.normalized();
    }

    void orthogonalise(Eigen::VectorXd& v) const {
        if (m_size == 0) return;
        for (int pass = 0; pass < 2; ++pass) {
            const Eigen::VectorXd shares = basis().transpose() * v;
            v.noalias() -= basis() * shares;
        }
    }

    void extend(Eigen::VectorXd& next) {
        if (m_size == m_basis.cols()) m_basis.conservativeResize(m_n, std::min(m_n, 2 * m_size + 4 * m_count));
        m_basis.col(m_size++) = next;
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
            if (m_size < m_n) next = freshDirection();
        }
    }

    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> tridiagonal() const {
        const Eigen::Map<const Eigen::VectorXd> diagonal(m_alpha.data(), m_size), below(m_beta.data(), m_size - 1);
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
        solver.computeFromTridiagonal(diagonal, below, Eigen::ComputeEigenvectors);
        return solver;
    }

    EigenPairs assemble(const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>& small) const {
        EigenPairs pairs;
        pairs.vectors.resize(static_cast<size_t>(m_count * m_n));
        for (int64_t i = 0; i < m_count; ++i) {
            pairs.values.push_back(small.eigenvalues()[m_size - 1 - i]);
            Eigen::Map<Eigen::VectorXd> vector(pairs.vectors.data() + i * m_n, m_n);
            vector = (basis() * small.eigenvectors().col(m_size - 1 - i)).normalized();
        }
        return pairs;
    }

    const std::vector<double>& m_matrix;
    int64_t m_n, m_count;
    int64_t m_size = 0;      ///< columns of the basis in use
    Eigen::MatrixXd m_basis; ///< orthonormal columns
    double m_scale = 0;
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
