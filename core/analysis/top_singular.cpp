// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/top_singular.h"

#include <algorithm>
#include <memory>

#include <irlba/irlba.hpp>

#include "core/analysis/dot_products.h"
#include "core/analysis/library_call.h"
#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

using Vector = Eigen::VectorXd;
using Dense = Eigen::MatrixXd;

/// What irlba sees of an operator.
class IrlbaMatrix final : public irlba::Matrix<Vector, Dense> {
public:
    IrlbaMatrix(const LinearOperator& matrix, const Progress& progress) : m_matrix(matrix), m_progress(progress) {}
    Eigen::Index rows() const override { return m_matrix.rows; }
    Eigen::Index cols() const override { return m_matrix.cols; }
    std::unique_ptr<irlba::Workspace<Vector>> new_workspace() const override {
        return std::make_unique<Products<irlba::Workspace<Vector>>>(*this, m_matrix.multiply, m_matrix.rows);
    }
    std::unique_ptr<irlba::AdjointWorkspace<Vector>> new_adjoint_workspace() const override {
        return std::make_unique<Products<irlba::AdjointWorkspace<Vector>>>(*this, m_matrix.adjoint, m_matrix.cols);
    }
    std::unique_ptr<irlba::RealizeWorkspace<Dense>> new_realize_workspace() const override { return std::make_unique<Realized>(*this); }

private:
    void product(const LinearOperator::Product& by, const double* in, double* out) const {
        if (m_progress.cancelled()) throw Interrupted();
        by(in, out);
    }

    template <class Base>
    class Products final : public Base {
    public:
        Products(const IrlbaMatrix& matrix, const LinearOperator::Product& by, int64_t size) : m_matrix(matrix), m_by(by), m_size(size) {}
        void multiply(const Vector& right, Vector& output) override {
            output.resize(m_size);
            m_matrix.product(m_by, right.data(), output.data());
        }

    private:
        const IrlbaMatrix& m_matrix;
        const LinearOperator::Product& m_by;
        int64_t m_size;
    };

    /// All elements, for the dense solver that irlba turns to when nearly all singular values are wanted.
    class Realized final : public irlba::RealizeWorkspace<Dense> {
    public:
        explicit Realized(const IrlbaMatrix& matrix) : m_matrix(matrix) {}
        const Dense& realize(Dense& buffer) override {
            buffer.resize(m_matrix.rows(), m_matrix.cols());
            // By the shorter side: as few products as possible.
            if (buffer.cols() <= buffer.rows()) {
                for (Eigen::Index j = 0; j < buffer.cols(); ++j)
                    m_matrix.product(m_matrix.m_matrix.multiply, Vector(Vector::Unit(buffer.cols(), j)).data(), buffer.col(j).data());
            } else {
                Vector row(buffer.cols());
                for (Eigen::Index i = 0; i < buffer.rows(); ++i) {
                    m_matrix.product(m_matrix.m_matrix.adjoint, Vector(Vector::Unit(buffer.rows(), i)).data(), row.data());
                    buffer.row(i) = row;
                }
            }
            return buffer;
        }

    private:
        const IrlbaMatrix& m_matrix;
    };

    const LinearOperator& m_matrix;
    const Progress& m_progress;
};

SingularVectors fromColumns(const Vector& values, const Dense& columns) {
    SingularVectors out;
    out.values.assign(values.begin(), values.end());
    out.vectors.assign(columns.data(), columns.data() + columns.size());  // column-major: vector after vector
    return out;
}

}  // namespace

Result<SingularVectors> topSingularVectors(const LinearOperator& matrix, int64_t count, const SingularOptions& options, const Progress& progress) {
    if (count <= 0) return SingularVectors{};
    // Lanczos vectors beyond those wanted: as many again converge in two or three restarts, and the dense problem of a
    // restart stays small.
    constexpr int64_t kMostExtra = 50;
    irlba::Options<Vector> settings;
    settings.extra_work = static_cast<int>(std::clamp<int64_t>(count, 7, kMostExtra));
    settings.convergence_tolerance = options.tolerance;
    settings.max_iterations = options.restarts;
    // Eigen would split products by the number of threads and round differently.
    const irlba::EigenThreadScope oneThread(1);
    return withLibrary("the principal components", [&]() -> Result<SingularVectors> {
        const IrlbaMatrix view(matrix, progress);
        const auto found = irlba::compute(static_cast<const irlba::Matrix<Vector, Dense>&>(view), count, settings);
        SingularVectors out = fromColumns(found.D, found.V);
        out.converged = found.converged;
        return out;
    });
}

Result<SingularVectors> topEigenvectors(const std::vector<double>& matrix, int64_t n, int64_t count, const Progress& progress) {
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    constexpr int64_t kDense = 300;
    if (n <= kDense || count * 4 >= n) {
        const irlba::EigenThreadScope oneThread(1);
        const Eigen::SelfAdjointEigenSolver<Dense> solver(Eigen::Map<const RowMajor>(matrix.data(), n, n));
        if (solver.info() != Eigen::Success) return failed("The eigenvectors could not be found.");
        return fromColumns(solver.eigenvalues().reverse().head(count), solver.eigenvectors().rowwise().reverse().leftCols(count));
    }
    const auto multiply = [&](const double* in, double* out) {
        parallelFor(static_cast<size_t>(n), 64, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; ++i) out[i] = dotProduct(matrix.data() + static_cast<int64_t>(i) * n, in, n);
        });
    };
    return topSingularVectors({n, n, multiply, multiply}, count, {}, progress);
}

}  // namespace txfm::analysis
