// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/analysis/dot_products.h"
#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

/// A gene near another one.
struct GeneNeighbor {
    int64_t gene = 0;
    float cosine = 0;
    double percentile = 0;  ///< percent of random gene pairs with a lower cosine, 0..100
};

/// Distribution of cosines in bins of 1e-4, for percentiles.
class CosineNull {
public:
    static constexpr int64_t kBins = 20001;
    CosineNull() : m_below(kBins + 1, 0) {}
    void add(float cosine);
    void finish();
    int64_t size() const { return m_below.back(); }
    /// Percent of the null below `cosine`; 0 for an empty null.
    double percentile(float cosine) const;

private:
    static int64_t bin(float cosine);
    std::vector<int64_t> m_below;  ///< counts, after finish() cumulative
};

/// Unit vectors of all genes of a model, ready for cosine queries (spec §6: columns centred over the genes, optionally the
/// scores of the first principal components). Immutable and thread-safe once made; needs no LibTorch.
class GeneVectors {
public:
    /// `values` [genes × width] as io::ModelDirectory::geneVectors gives them. `components` 0 = the centred vectors;
    /// a number >= width is the same. Also samples the null (4 million random pairs, seed 42). About 0.3 s for 44k × 768.
    static Result<GeneVectors> make(const std::vector<float>& values, int64_t genes, int64_t width, int64_t components,
                                    Progress& progress);

    int64_t genes() const { return m_unit.rows; }
    int64_t width() const { return m_unit.cols; }
    /// Unit rows [genes × width]; a gene whose vector equals the mean has a zero row, its cosines are 0.
    const DenseMatrix& unit() const { return m_unit; }
    const CosineNull& null() const { return m_null; }

    float cosine(int64_t a, int64_t b) const;
    /// Cosines of one gene with all, [genes].
    std::vector<float> cosines(int64_t gene) const;
    /// The k nearest other genes, best first; ties by index.
    std::vector<GeneNeighbor> nearest(int64_t gene, int64_t k) const;
    /// Cosines of rows with columns [rows × columns], e.g. a tile of the whole map.
    DenseMatrix tile(const std::vector<int64_t>& rows, const std::vector<int64_t>& columns) const;

private:
    GeneVectors(DenseMatrix unit);
    void sampleNull();

    DenseMatrix m_unit;
    PackedRows m_packed;
    CosineNull m_null;
};

/// A heat map: cosines of some genes with each other, rows and columns in the same order.
struct GeneHeatMap {
    std::vector<int64_t> genes;  ///< in display order
    DenseMatrix cosines;         ///< [genes × genes]
};

/// Cosines of `genes`; `clustered` orders them by average linkage on 1 − cosine, else they keep their order.
GeneHeatMap geneHeatMap(const GeneVectors& vectors, const std::vector<int64_t>& genes, bool clustered);

/// Order of the leaves of an average-linkage tree over a symmetric similarity matrix (nearest-neighbour chain; the more
/// similar neighbour is put next to its sibling). O(n²) memory, O(n²) to O(n³) time in bad cases.
std::vector<int64_t> clusteredOrder(const DenseMatrix& similarity);

}  // namespace txfm::analysis
