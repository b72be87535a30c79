// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/umap.h"

#include <algorithm>
#include <cmath>
#include <optional>  // a header of umappp uses it without including it

#include <umappp/umappp.hpp>

#include "core/analysis/spectral_start.h"
#include "core/analysis/umap_layout.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr double kStartExtent = 10.0;
constexpr double kJitter = 1e-4;

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
