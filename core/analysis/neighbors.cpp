// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/neighbors.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <optional>  // a header of the library uses it without including it

#include <knncolle/knncolle.hpp>
#include <knncolle_kmknn/knncolle_kmknn.hpp>

#include "core/analysis/dot_products.h"
#include "core/analysis/library_call.h"
#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

using Points = knncolle::SimpleMatrix<int32_t, float>;
using KmeansPoints = kmeans::SimpleMatrix<int32_t, float>;

/// knncolle's own Euclidean distance, several numbers at a time: the time of a search is that of its distances.
class EuclideanMetric final : public knncolle::DistanceMetric<float, float> {
public:
    float raw(size_t width, const float* x, const float* y) const override { return squaredDistance(x, y, static_cast<int64_t>(width)); }
    float normalize(float raw) const override { return std::sqrt(raw); }
    float denormalize(float distance) const override { return distance * distance; }
};
using Builder = knncolle_kmknn::KmknnBuilder<int32_t, float, float, knncolle::Matrix<int32_t, float>, EuclideanMetric>;

/// The k-means clusters that the index is made of need not be good ones, only quick: Lloyd's method on a sample of the
/// points, then every point to its nearest centre. The library's default, Hartigan and Wong's method on all points,
/// takes longer than the search it prepares.
class SampledLloyd final : public knncolle_kmknn::Refine<int32_t, float, float> {
public:
    SampledLloyd(std::shared_ptr<const EuclideanMetric> metric, const Progress& progress) : m_metric(std::move(metric)), m_progress(progress) {}

    kmeans::Details<int32_t> run(const KmeansPoints& points, int32_t count, float* centres, int32_t* clusters) const override {
        kmeans::RefineLloydOptions lloyd;
        lloyd.max_iterations = 1;
        lloyd.num_threads = threadCount();
        const std::vector<float> sample = sampleOf(points, static_cast<int64_t>(count) * kPerCentre);
        const auto sampled = static_cast<int32_t>(sample.size() / points.num_dimensions());
        std::vector<int32_t> ofSample(static_cast<size_t>(sampled));
        const kmeans::RefineLloyd<int32_t, float, int32_t, float, KmeansPoints> round(lloyd);
        for (int i = 0; i < kRounds; ++i) {
            if (m_progress.cancelled()) throw Interrupted();
            round.run(KmeansPoints(points.num_dimensions(), sampled, sample.data()), count, centres, ofSample.data());
        }
        assign(points, count, centres, clusters);
        std::vector<int32_t> sizes(static_cast<size_t>(count), 0);
        for (int32_t i = 0; i < points.num_observations(); ++i) ++sizes[static_cast<size_t>(clusters[i])];
        return {std::move(sizes), kRounds, 0};
    }

private:
    static constexpr int kRounds = 3;
    static constexpr int64_t kPerCentre = 32;

    /// Evenly spread over the points.
    static std::vector<float> sampleOf(const KmeansPoints& points, int64_t wanted) {
        const int64_t all = points.num_observations(), count = std::min(wanted, all);
        std::vector<float> sample;
        sample.reserve(static_cast<size_t>(count) * points.num_dimensions());
        const auto reader = points.new_extractor();
        for (int64_t i = 0; i < count; ++i) {
            const float* point = reader->get_observation(static_cast<int32_t>(i * all / count));
            sample.insert(sample.end(), point, point + points.num_dimensions());
        }
        return sample;
    }

    void assign(const KmeansPoints& points, int32_t count, const float* centres, int32_t* clusters) const {
        constexpr size_t kPointsPerLook = 1024;
        const knncolle::VptreeBuilder<int32_t, float, float, knncolle::Matrix<int32_t, float>, EuclideanMetric> builder(m_metric);
        const auto index = builder.build_unique(Points(points.num_dimensions(), count, centres));
        std::atomic<bool> finished{true};
        parallelFor(static_cast<size_t>(points.num_observations()), kPointsPerLook, [&](size_t begin, size_t end) {
            const auto reader = points.new_extractor();
            const auto searcher = index->initialize();
            std::vector<int32_t> nearest;
            for (size_t i = begin; i < end && finished; ++i) {
                if (i % kPointsPerLook == 0 && m_progress.cancelled()) finished = false;
                searcher->search(reader->get_observation(static_cast<int32_t>(i)), 1, &nearest, nullptr);
                clusters[i] = nearest.front();
            }
        });
        if (!finished) throw Interrupted();
    }

    std::shared_ptr<const EuclideanMetric> m_metric;
    const Progress& m_progress;
};

using Index = std::unique_ptr<knncolle::Prebuilt<int32_t, float, float>>;

Index makeIndex(const DenseMatrix& data, const Progress& progress) {
    const auto metric = std::make_shared<const EuclideanMetric>();
    knncolle_kmknn::KmknnOptions<int32_t, float, float> options;
    options.initialize_algorithm = std::make_shared<knncolle_kmknn::InitializeRandom<int32_t, float, float>>();
    options.refine_algorithm = std::make_shared<SampledLloyd>(metric, progress);
    return Builder(metric, options).build_unique(Points(static_cast<size_t>(data.cols), static_cast<int32_t>(data.rows), data.values.data()));
}

/// Values whose squares add up to a finite number.
Result<void> checkComparable(const DenseMatrix& data) {
    constexpr float kLargest = 1e15f;
    for (const float v : data.values) {
        if (!std::isfinite(v)) return badInput("The representation holds values that are not finite numbers.");
        if (std::abs(v) > kLargest) return badInput("The representation holds values too large for distances.");
    }
    return {};
}

/// `queries` null = the rows of the index themselves, each without itself.
Result<Neighbors> search(const DenseMatrix* queries, const DenseMatrix& reference, int64_t k, Progress& progress) {
    constexpr int64_t kRowsPerBlock = 64, kBlocksPerThread = 4;
    Neighbors out;
    out.rows = queries ? queries->rows : reference.rows;
    out.k = std::min(k, reference.rows - (queries ? 0 : 1));
    out.indices.resize(static_cast<size_t>(out.rows * out.k));
    out.distances.resize(out.indices.size());
    StageProgress stage(progress, "knn", static_cast<double>(out.rows), "cells");
    const Index index = makeIndex(reference, progress);
    const int64_t perRound = kRowsPerBlock * kBlocksPerThread * std::max(1, threadCount());
    for (int64_t first = 0; first < out.rows; first += perRound) {
        if (progress.cancelled()) return cancelledError();
        const int64_t round = std::min(perRound, out.rows - first);
        parallelFor(static_cast<size_t>(round), static_cast<size_t>(kRowsPerBlock), [&](size_t begin, size_t end) {
            const auto searcher = index->initialize();
            std::vector<int32_t> indices;
            std::vector<float> distances;
            for (size_t i = begin; i < end; ++i) {
                const int64_t row = first + static_cast<int64_t>(i);
                if (queries) {
                    searcher->search(queries->row(row), static_cast<int32_t>(out.k), &indices, &distances);
                } else {
                    searcher->search(static_cast<int32_t>(row), static_cast<int32_t>(out.k), &indices, &distances);
                }
                std::ranges::copy(indices, out.indices.begin() + row * out.k);
                std::ranges::copy(distances, out.distances.begin() + row * out.k);
            }
        });
        stage.set(static_cast<double>(first + round));
    }
    return out;
}

Result<Neighbors> searched(const DenseMatrix* queries, const DenseMatrix& reference, int64_t k, Progress& progress) {
    return withLibrary("the search of neighbours", [&] { return search(queries, reference, k, progress); });
}

}  // namespace

Result<Neighbors> nearestNeighbors(const DenseMatrix& data, int64_t k, Progress& progress) {
    if (data.rows < 2) return badInput("Neighbours need at least two cells.");
    TXFM_CHECK(checkComparable(data));
    return searched(nullptr, data, k, progress);
}

Result<Neighbors> nearestNeighbors(const DenseMatrix& queries, const DenseMatrix& reference, int64_t k, Progress& progress) {
    if (reference.rows < 1 || queries.cols != reference.cols)
        return badInput("Neighbours need reference cells of the same width as the queries.");
    TXFM_CHECK(checkComparable(queries));
    TXFM_CHECK(checkComparable(reference));
    return searched(&queries, reference, k, progress);
}

}  // namespace txfm::analysis
