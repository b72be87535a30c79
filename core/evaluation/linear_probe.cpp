// SPDX-License-Identifier: GPL-3.0-or-later
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include "core/evaluation/probes.h"

namespace txfm::evaluation {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// Σ cross entropy + |W|²/2 with an unpenalised intercept; parameters [classes × (width + 1)], column-major in a vector.
class SoftmaxObjective {
public:
    SoftmaxObjective(const Matrix& x, const std::vector<int>& y, int classes) : m_x(x), m_y(y), m_classes(classes) {}

    Eigen::Index size() const { return m_classes * (m_x.cols() + 1); }

    double operator()(const Vector& parameters, Vector& gradient) const {
        const Eigen::Map<const Matrix> weights(parameters.data(), m_classes, m_x.cols() + 1);
        Matrix scores = m_x * weights.leftCols(m_x.cols()).transpose();
        scores.rowwise() += weights.col(m_x.cols()).transpose();
        double loss = 0;
        for (Eigen::Index i = 0; i < scores.rows(); ++i) {
            const double largest = scores.row(i).maxCoeff();
            scores.row(i) = (scores.row(i).array() - largest).exp();
            const double sum = scores.row(i).sum();
            const int truth = m_y[static_cast<size_t>(i)];
            loss -= std::log(std::max(scores(i, truth) / sum, 1e-300));
            scores.row(i) /= sum;
            scores(i, truth) -= 1;
        }
        Eigen::Map<Matrix> slope(gradient.data(), m_classes, m_x.cols() + 1);
        slope.leftCols(m_x.cols()) = scores.transpose() * m_x + weights.leftCols(m_x.cols());
        slope.col(m_x.cols()) = scores.colwise().sum().transpose();
        return loss + 0.5 * weights.leftCols(m_x.cols()).squaredNorm();
    }

private:
    const Matrix& m_x;
    const std::vector<int>& m_y;
    int m_classes;
};

/// L-BFGS with 10 pairs and a backtracking Armijo line search (Nocedal and Wright, Algorithm 7.4).
Result<Vector> minimise(const SoftmaxObjective& objective, Progress& progress) {
    constexpr int kMostIterations = 300, kPairs = 10;
    Vector x = Vector::Zero(objective.size()), gradient(objective.size()), nextGradient(objective.size());
    double value = objective(x, gradient);
    std::deque<std::pair<Vector, Vector>> pairs;
    for (int iteration = 0; iteration < kMostIterations; ++iteration) {
        if (progress.cancelled()) return cancelledError();
        if (gradient.lpNorm<Eigen::Infinity>() < 1e-4 * std::max(1.0, std::abs(value))) break;
        Vector direction = -gradient;
        std::vector<double> alpha(pairs.size());
        for (size_t p = pairs.size(); p-- > 0;) {
            const auto& [s, y] = pairs[p];
            alpha[p] = s.dot(direction) / s.dot(y);
            direction -= alpha[p] * y;
        }
        if (!pairs.empty()) direction *= pairs.back().first.dot(pairs.back().second) / pairs.back().second.squaredNorm();
        for (size_t p = 0; p < pairs.size(); ++p) {
            const auto& [s, y] = pairs[p];
            direction += (alpha[p] - y.dot(direction) / s.dot(y)) * s;
        }
        const double slope = gradient.dot(direction);
        double step = pairs.empty() ? 1.0 / std::max(1.0, gradient.norm()) : 1.0;
        Vector next;
        double nextValue = value;
        bool found = false;
        for (int attempt = 0; attempt < 40 && !found; ++attempt, step *= 0.5) {
            next = x + step * direction;
            nextValue = objective(next, nextGradient);
            found = nextValue <= value + 1e-4 * step * slope;
        }
        if (!found) break;
        const Vector s = next - x, y = nextGradient - gradient;
        if (s.dot(y) > 1e-12 * y.squaredNorm()) pairs.emplace_back(s, y);
        if (pairs.size() > kPairs) pairs.pop_front();
        x = next;
        value = nextValue;
        gradient = nextGradient;
    }
    return x;
}

/// Rows standardised by the mean and deviation of the training rows; constant columns become 0.
struct Standardiser {
    Vector mean, scale;

    Standardiser(const DenseMatrix& data, const std::vector<int64_t>& train) : mean(Vector::Zero(data.cols)), scale(Vector::Zero(data.cols)) {
        for (const int64_t row : train)
            for (int64_t j = 0; j < data.cols; ++j) mean[j] += data(row, j);
        mean /= static_cast<double>(train.size());
        for (const int64_t row : train)
            for (int64_t j = 0; j < data.cols; ++j) scale[j] += std::pow(data(row, j) - mean[j], 2);
        for (int64_t j = 0; j < data.cols; ++j) {
            const double deviation = std::sqrt(scale[j] / static_cast<double>(train.size()));
            scale[j] = deviation > 1e-12 ? 1 / deviation : 0;
        }
    }
    Matrix apply(const DenseMatrix& data, const std::vector<int64_t>& rows) const {
        Matrix out(static_cast<Eigen::Index>(rows.size()), data.cols);
        for (size_t i = 0; i < rows.size(); ++i)
            for (int64_t j = 0; j < data.cols; ++j) out(static_cast<Eigen::Index>(i), j) = (data(rows[i], j) - mean[j]) * scale[j];
        return out;
    }
};

}  // namespace

Result<std::vector<int32_t>> linearPredict(const DenseMatrix& data, const std::vector<int32_t>& labels, const Split& split, Progress& progress) {
    if (split.train.empty()) return badInput("The linear probe has no cells to learn from.");
    std::map<int32_t, int> classOf;
    for (const int64_t row : split.train) classOf.try_emplace(labels[static_cast<size_t>(row)], 0);
    std::vector<int32_t> labelOf;
    for (auto& [label, index] : classOf) {
        index = static_cast<int>(labelOf.size());
        labelOf.push_back(label);
    }
    std::vector<int> classes;
    for (const int64_t row : split.train) classes.push_back(classOf.at(labels[static_cast<size_t>(row)]));
    const Standardiser standardiser(data, split.train);
    const Matrix x = standardiser.apply(data, split.train);
    const SoftmaxObjective objective(x, classes, static_cast<int>(labelOf.size()));
    TXFM_TRY(const Vector parameters, minimise(objective, progress));
    const Eigen::Map<const Matrix> weights(parameters.data(), static_cast<Eigen::Index>(labelOf.size()), data.cols + 1);
    Matrix scores = standardiser.apply(data, split.test) * weights.leftCols(data.cols).transpose();
    scores.rowwise() += weights.col(data.cols).transpose();
    std::vector<int32_t> predicted;
    for (Eigen::Index i = 0; i < scores.rows(); ++i) {
        Eigen::Index best = 0;
        scores.row(i).maxCoeff(&best);
        predicted.push_back(labelOf[static_cast<size_t>(best)]);
    }
    return predicted;
}

}  // namespace txfm::evaluation
