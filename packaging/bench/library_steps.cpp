// SPDX-License-Identifier: GPL-3.0-or-later
#include "packaging/bench/library_steps.h"

#include <memory>
#include <optional>  // a header of the family uses it without including it

#include <knncolle/knncolle.hpp>
#include <knncolle_kmknn/knncolle_kmknn.hpp>
#include <scran_pca/scran_pca.hpp>
#include <tatami/tatami.hpp>
#include <umappp/umappp.hpp>

namespace txfm::bench {

analysis::Neighbors knncolleNeighbors(const DenseMatrix& data, int64_t k, int threads) {
    const knncolle_kmknn::KmknnBuilder<int32_t, float, float> builder(std::make_shared<knncolle::EuclideanDistance<float, float>>());
    const auto index = builder.build_unique(
        knncolle::SimpleMatrix<int32_t, float>(static_cast<size_t>(data.cols), static_cast<int32_t>(data.rows), data.values.data()));
    const auto lists = knncolle::find_nearest_neighbors(*index, static_cast<int>(k), threads);
    analysis::Neighbors found;
    found.rows = data.rows;
    found.k = k;
    for (const auto& list : lists) {
        for (const auto& [neighbor, distance] : list) {
            found.indices.push_back(neighbor);
            found.distances.push_back(distance);
        }
    }
    return found;
}

DenseMatrix umapppLayout(const analysis::Neighbors& neighbors, double minDist, int epochs, int threads) {
    umappp::NeighborList<int32_t, float> lists(static_cast<size_t>(neighbors.rows));
    for (size_t i = 0, at = 0; i < lists.size(); ++i) {
        for (int64_t j = 0; j < neighbors.k; ++j, ++at) lists[i].emplace_back(neighbors.indices[at], neighbors.distances[at]);
    }
    umappp::Options options;
    options.min_dist = minDist;
    options.num_epochs = epochs;
    options.num_threads = threads;
    options.parallel_optimization = threads > 1;
    DenseMatrix layout(neighbors.rows, 2);
    auto status = umappp::initialize(std::move(lists), 2, layout.values.data(), options);
    status.run(layout.values.data());
    return layout;
}

DenseMatrix scranComponents(const CsrMatrix& data, int64_t k, int threads) {
    // A row of cells × genes is a column of genes × cells, which is how these libraries see counts.
    using Values = tatami::ArrayView<float>;
    using Indices = tatami::ArrayView<int32_t>;
    using Pointers = tatami::ArrayView<int64_t>;
    const tatami::CompressedSparseColumnMatrix<double, int32_t, Values, Indices, Pointers> genes(
        static_cast<int32_t>(data.cols), static_cast<int32_t>(data.rows), Values(data.values.data(), data.values.size()),
        Indices(data.indices.data(), data.indices.size()), Pointers(data.indptr.data(), data.indptr.size()), false);
    scran_pca::SimplePcaOptions options;
    options.number = static_cast<int>(k);
    options.num_threads = threads;
    const auto found = scran_pca::simple_pca(genes, options);
    DenseMatrix components(found.rotation.cols(), found.rotation.rows());
    for (int64_t c = 0; c < components.rows; ++c) {
        for (int64_t gene = 0; gene < components.cols; ++gene) components(c, gene) = static_cast<float>(found.rotation(gene, c));
    }
    return components;
}

}  // namespace txfm::bench
