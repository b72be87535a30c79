// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/gene_relations.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/pca.h"
#include "core/base/random.h"

namespace txfm::analysis {
namespace {

constexpr int64_t kNullGenes = 2000;
constexpr uint64_t kNullSeed = 42;

void toUnitRows(DenseMatrix& m) {
    for (int64_t i = 0; i < m.rows; ++i) {
        double norm = 0;
        for (int64_t j = 0; j < m.cols; ++j) norm += static_cast<double>(m(i, j)) * m(i, j);
        const double scale = norm > 0 ? 1.0 / std::sqrt(norm) : 0.0;
        for (int64_t j = 0; j < m.cols; ++j) m(i, j) = static_cast<float>(m(i, j) * scale);
    }
}

DenseMatrix rowsOf(const DenseMatrix& m, const std::vector<int64_t>& rows) {
    DenseMatrix out(static_cast<int64_t>(rows.size()), m.cols);
    for (size_t i = 0; i < rows.size(); ++i) std::copy_n(m.row(rows[i]), m.cols, out.row(static_cast<int64_t>(i)));
    return out;
}

}  // namespace

int64_t CosineNull::bin(float cosine) {
    return std::clamp<int64_t>(static_cast<int64_t>(std::floor((static_cast<double>(cosine) + 1.0) * 1e4)), 0, kBins - 1);
}

void CosineNull::add(float cosine) { ++m_below[static_cast<size_t>(bin(cosine)) + 1]; }

void CosineNull::finish() { std::partial_sum(m_below.begin(), m_below.end(), m_below.begin()); }

double CosineNull::percentile(float cosine) const {
    return size() > 0 ? 100.0 * static_cast<double>(m_below[static_cast<size_t>(bin(cosine))]) / static_cast<double>(size()) : 0.0;
}

GeneVectors::GeneVectors(DenseMatrix unit)
    : m_unit(std::move(unit)), m_packed(m_unit.values.data(), m_unit.rows, m_unit.cols, m_unit.cols) {}

Result<GeneVectors> GeneVectors::make(const std::vector<float>& values, int64_t genes, int64_t width, int64_t components,
                                      Progress& progress) {
    if (genes < 2 || width < 1 || static_cast<int64_t>(values.size()) != genes * width)
        return badInput("The model has no gene vectors for at least two genes.");
    if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
        return badInput("The gene vectors of the model are not all finite numbers.", "The training run may have diverged; choose another model.");
    DenseMatrix centred(genes, width);
    std::vector<double> mean(static_cast<size_t>(width), 0.0);
    for (int64_t i = 0; i < genes; ++i) {
        for (int64_t j = 0; j < width; ++j) mean[static_cast<size_t>(j)] += values[static_cast<size_t>(i * width + j)];
    }
    for (double& m : mean) m /= static_cast<double>(genes);
    for (int64_t i = 0; i < genes; ++i) {
        for (int64_t j = 0; j < width; ++j)
            centred(i, j) = static_cast<float>(values[static_cast<size_t>(i * width + j)] - mean[static_cast<size_t>(j)]);
    }
    if (components > 0 && components < width) {
        TXFM_TRY(Pca pca, principalComponents(centred, components, progress));
        centred = std::move(pca.scores);
    }
    toUnitRows(centred);
    GeneVectors made(std::move(centred));
    made.sampleNull();
    return made;
}

void GeneVectors::sampleNull() {
    RandomStream random(kNullSeed);
    const int64_t n = std::min(kNullGenes, genes());
    std::vector<int64_t> left(static_cast<size_t>(n)), right(left.size());
    for (int64_t& g : left) g = static_cast<int64_t>(random.below(static_cast<uint64_t>(genes())));
    for (int64_t& g : right) g = static_cast<int64_t>(random.below(static_cast<uint64_t>(genes())));
    const DenseMatrix sample = tile(left, right);
    for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) {
            if (left[static_cast<size_t>(i)] != right[static_cast<size_t>(j)]) m_null.add(sample(i, j));
        }
    }
    m_null.finish();
}

float GeneVectors::cosine(int64_t a, int64_t b) const { return dotProduct(m_unit.row(a), m_unit.row(b), width()); }

std::vector<float> GeneVectors::cosines(int64_t gene) const {
    std::vector<float> out(static_cast<size_t>(genes()));
    float row[PackedRows::kPanel];
    for (int64_t p = 0; p < m_packed.panels(); ++p) {
        dotTile(m_unit.row(gene), 1, width(), m_packed.panel(p), width(), row);
        const int64_t first = p * PackedRows::kPanel;
        std::copy_n(row, std::min(PackedRows::kPanel, genes() - first), out.begin() + first);
    }
    return out;
}

std::vector<GeneNeighbor> GeneVectors::nearest(int64_t gene, int64_t k) const {
    const std::vector<float> all = cosines(gene);
    std::vector<int64_t> order;
    order.reserve(all.size());
    for (int64_t g = 0; g < genes(); ++g) {
        if (g != gene) order.push_back(g);
    }
    k = std::clamp<int64_t>(k, 0, static_cast<int64_t>(order.size()));
    const auto closer = [&](int64_t a, int64_t b) {
        const float x = all[static_cast<size_t>(a)], y = all[static_cast<size_t>(b)];
        return x > y || (x == y && a < b);
    };
    std::partial_sort(order.begin(), order.begin() + k, order.end(), closer);
    std::vector<GeneNeighbor> out;
    for (int64_t i = 0; i < k; ++i) {
        const int64_t g = order[static_cast<size_t>(i)];
        const float value = all[static_cast<size_t>(g)];
        out.push_back({g, value, m_null.percentile(value)});
    }
    return out;
}

DenseMatrix GeneVectors::tile(const std::vector<int64_t>& rows, const std::vector<int64_t>& columns) const {
    DenseMatrix out(static_cast<int64_t>(rows.size()), static_cast<int64_t>(columns.size()));
    const DenseMatrix a = rowsOf(m_unit, rows), b = rowsOf(m_unit, columns);
    const PackedRows packed(b.values.data(), b.rows, b.cols, b.cols);
    dotProducts(a.values.data(), a.rows, a.cols, packed, out.values.data(), out.cols);
    return out;
}

GeneHeatMap geneHeatMap(const GeneVectors& vectors, const std::vector<int64_t>& genes, bool clustered) {
    GeneHeatMap map;
    map.genes = genes;
    map.cosines = vectors.tile(genes, genes);
    if (!clustered || genes.size() < 3) return map;
    const std::vector<int64_t> order = clusteredOrder(map.cosines);
    DenseMatrix sorted(map.cosines.rows, map.cosines.cols);
    for (size_t i = 0; i < order.size(); ++i) {
        map.genes[i] = genes[static_cast<size_t>(order[i])];
        for (size_t j = 0; j < order.size(); ++j)
            sorted(static_cast<int64_t>(i), static_cast<int64_t>(j)) = map.cosines(order[i], order[j]);
    }
    map.cosines = std::move(sorted);
    return map;
}

}  // namespace txfm::analysis
