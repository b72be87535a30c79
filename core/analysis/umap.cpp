// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/umap.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include <umappp/umappp.hpp>

#include "core/analysis/umap_layout.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr double kStartExtent = 10.0;
constexpr double kJitter = 1e-4;

using Edges = umappp::NeighborList<int32_t, float>;

Edges toEdges(const CsrMatrix& graph) {
    Edges edges(static_cast<size_t>(graph.rows));
    for (int64_t row = 0; row < graph.rows; ++row) {
        auto& list = edges[static_cast<size_t>(row)];
        list.reserve(static_cast<size_t>(graph.indptr[row + 1] - graph.indptr[row]));
        for (int64_t e = graph.indptr[row]; e < graph.indptr[row + 1]; ++e) list.emplace_back(graph.indices[e], graph.values[e]);
    }
    return edges;
}

bool spectralStart(const CsrMatrix& graph, const UmapOptions& options, DenseMatrix& layout) {
    // Below this the eigenvectors of so small a Laplacian say little; umap-learn does the same.
    if (graph.rows <= options.components + 1) return false;
    try {
        const Edges edges = toEdges(graph);
        if (umappp::has_multiple_components(edges)) return false;
        irlba::Options<Eigen::VectorXd> solver;
        // One thread: the solver's sums would depend on their number.
        return umappp::spectral_init<int32_t, float>(edges, static_cast<size_t>(options.components), layout.values.data(), solver,
                                                     1, kStartExtent, false, 0, 1);
    } catch (const std::exception&) {
        // The caller starts from principal components then.
        return false;
    }
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
    if (!spectralStart(connectivities, options, layout)) TXFM_CHECK(columnsStart(start, options.components, layout));
    // Cells on top of each other would never part.
    RandomStream random(options.seed, 0x756d6170);
    for (float& v : layout.values) v += static_cast<float>(kJitter * random.normal());
    const auto [a, b] = umappp::find_ab(options.spread, options.minDist);
    LayoutOptions layoutOptions;
    layoutOptions.a = static_cast<float>(a);
    layoutOptions.b = static_cast<float>(b);
    layoutOptions.epochs = options.epochs > 0 ? options.epochs : connectivities.rows <= 10000 ? 500 : 200;
    layoutOptions.seed = options.seed;
    TXFM_CHECK(optimiseLayout(connectivities, layoutOptions, layout, progress));
    return layout;
}

}  // namespace txfm::analysis
