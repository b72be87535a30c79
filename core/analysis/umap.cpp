// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/umap.h"

#include <algorithm>
#include <cmath>
#include <optional>  // a header of umappp uses it without including it
#include <random>

#include <umappp/umappp.hpp>

#include "core/analysis/library_call.h"
#include "core/analysis/spectral_start.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr double kStartExtent = 10.0;
constexpr double kJitter = 1e-4;
// As umap-learn: per edge, of negative samples, of the first epoch.
constexpr float kNegativeSamples = 5, kRepulsion = 1, kLearningRate = 1;

/// The generator of negative samples. The library draws millions of them an epoch and looks at nothing else, so they are
/// where it hears that it is to stop.
class InterruptibleRandom {
public:
    using result_type = std::mt19937_64::result_type;
    InterruptibleRandom(uint64_t seed, const Progress& progress) : m_engine(seed), m_progress(progress) {}
    static constexpr result_type min() { return std::mt19937_64::min(); }
    static constexpr result_type max() { return std::mt19937_64::max(); }
    result_type operator()() {
        constexpr uint32_t kDrawsPerLook = 1 << 16;  // a few milliseconds
        if (++m_draws % kDrawsPerLook == 0 && m_progress.cancelled()) throw Interrupted();
        return m_engine();
    }

private:
    std::mt19937_64 m_engine;
    const Progress& m_progress;
    uint32_t m_draws = 0;
};

umappp::NeighborList<int32_t, float> edgesOf(const CsrMatrix& graph, const Progress& progress) {
    constexpr int64_t kRowsPerLook = 1 << 14;
    umappp::NeighborList<int32_t, float> edges(static_cast<size_t>(graph.rows));
    for (int64_t row = 0; row < graph.rows; ++row) {
        if (row % kRowsPerLook == 0 && progress.cancelled()) throw Interrupted();
        auto& list = edges[static_cast<size_t>(row)];
        list.reserve(static_cast<size_t>(graph.indptr[row + 1] - graph.indptr[row]));
        for (int64_t e = graph.indptr[row]; e < graph.indptr[row + 1]; ++e) {
            if (graph.values[e] > 0) list.emplace_back(graph.indices[e], graph.values[e]);
        }
    }
    return edges;
}

Result<void> columnsStart(const DenseMatrix& start, int components, DenseMatrix& layout) {
    if (start.rows != layout.rows || start.cols < 1) return badInput("UMAP needs start coordinates for every cell.");
    float largest = 0;
    for (int64_t i = 0; i < start.rows; ++i) {
        for (int64_t c = 0; c < std::min<int64_t>(components, start.cols); ++c) largest = std::max(largest, std::abs(start(i, c)));
    }
    const float scale = largest > 0 ? static_cast<float>(kStartExtent) / largest : 1.0f;
    for (int64_t i = 0; i < start.rows; ++i) {
        for (int64_t c = 0; c < components; ++c) layout(i, c) = c < start.cols ? start(i, c) * scale : 0.0f;
    }
    return {};
}

}  // namespace

Result<DenseMatrix> umapLayout(const CsrMatrix& connectivities, const DenseMatrix& start, const UmapOptions& options,
                               Progress& progress) {
    if (options.components != 2 && options.components != 3)
        return usageError("A UMAP has 2 or 3 components, not " + std::to_string(options.components) + ".");
    DenseMatrix layout(connectivities.rows, options.components);
    TXFM_TRY(const bool spectral, spectralStart(connectivities, kStartExtent, layout, progress));
    if (!spectral) TXFM_CHECK(columnsStart(start, options.components, layout));
    // Cells on top of each other would never part.
    RandomStream random(options.seed, 0x756d6170);
    for (float& v : layout.values) v += static_cast<float>(kJitter * random.normal());
    const int epochs = options.epochs > 0 ? options.epochs : connectivities.rows <= 10000 ? 500 : 200;
    return withLibrary("the UMAP", [&]() -> Result<DenseMatrix> {
        const auto [a, b] = umappp::find_ab(options.spread, options.minDist);
        auto schedule = umappp::similarities_to_epochs<int32_t, float>(edgesOf(connectivities, progress), epochs, kNegativeSamples);
        InterruptibleRandom negatives(options.seed, progress);
        StageProgress stage(progress, "umap", epochs, "epochs");
        // The library's parallel loop gives the same layout, but waits busily and took longer on two processors.
        for (int epoch = 1; epoch <= epochs; ++epoch) {
            if (progress.cancelled()) return cancelledError();
            umappp::optimize_layout<int32_t, float>(static_cast<size_t>(options.components), layout.values.data(), schedule,
                                                    static_cast<float>(a), static_cast<float>(b), kRepulsion, kLearningRate, negatives, epoch);
            stage.set(epoch);
        }
        return std::move(layout);
    });
}

}  // namespace txfm::analysis
