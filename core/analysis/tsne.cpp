// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/tsne.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>  // a header of qdtsne uses it without including it

#include <qdtsne/qdtsne.hpp>

#include "core/base/parallel.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

DenseMatrix startLayout(const DenseMatrix& start, uint64_t seed) {
    DenseMatrix layout(start.rows, 2);
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < start.rows; ++i) mean += start(i, 0);
    mean /= static_cast<double>(start.rows);
    for (int64_t i = 0; i < start.rows; ++i) squares += (start(i, 0) - mean) * (start(i, 0) - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(start.rows));
    const double scale = deviation > 0 ? 1e-4 / deviation : 0;
    RandomStream random(seed, 0x74736e65);
    for (int64_t i = 0; i < start.rows; ++i) {
        for (int64_t c = 0; c < 2; ++c) {
            const double from = c < start.cols ? start(i, c) * scale : 0.0;
            layout(i, c) = static_cast<float>(from + 1e-6 * random.normal());
        }
    }
    return layout;
}

}  // namespace

int64_t tsneNeighbors(double perplexity) { return static_cast<int64_t>(std::ceil(3 * perplexity)); }

Result<DenseMatrix> tsneLayout(const Neighbors& neighbors, const DenseMatrix& start, const TsneOptions& options, Progress& progress) {
    if (start.rows != neighbors.rows || start.cols < 1) return badInput("t-SNE needs start coordinates for every cell.");
    DenseMatrix layout = startLayout(start, options.seed);
    try {
        knncolle::NeighborList<int32_t, float> list(static_cast<size_t>(neighbors.rows));
        for (int64_t i = 0; i < neighbors.rows; ++i) {
            for (int64_t j = 0; j < neighbors.k; ++j)
                list[static_cast<size_t>(i)].emplace_back(neighbors.indices[static_cast<size_t>(i * neighbors.k + j)],
                                                          neighbors.distances[static_cast<size_t>(i * neighbors.k + j)]);
        }
        qdtsne::Options settings;
        settings.infer_perplexity = false;
        settings.perplexity = std::min(options.perplexity, static_cast<double>(neighbors.k) / 3.0);
        settings.max_iterations = options.iterations;
        settings.eta = std::max(200.0, static_cast<double>(neighbors.rows) / 12.0);
        // Threads are started anew every iteration: not worth it for small maps.
        settings.num_threads = neighbors.rows > 5000 ? threadCount() : 1;
        auto status = qdtsne::initialize<2>(std::move(list), settings);
        StageProgress stage(progress, "tsne", options.iterations, "iterations");
        for (int iteration = 1; iteration <= options.iterations; ++iteration) {
            if (progress.cancelled()) return cancelledError();
            status.run(layout.values.data(), iteration);
            stage.set(iteration);
        }
    } catch (const std::exception& problem) {
        return failed(std::string("t-SNE failed: ") + problem.what() + ".");
    }
    return layout;
}

}  // namespace txfm::analysis
