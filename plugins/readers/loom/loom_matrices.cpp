// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/loom/loom_matrices.h"

#include <algorithm>

#include "core/io/count_loader.h"
#include "core/io/describe_values.h"

namespace txfm::readers {
namespace {

using io::hdf5::Node;

constexpr int64_t kLargestSide = int64_t{1} << 31;
constexpr int64_t kCellsPerSample = 32;
constexpr const char* kPreferred = "layers/counts";

/// Some whole cells from the beginning, middle and end: their sums tell more than values from anywhere.
Result<CsrMatrix> sampleCells(const Node& matrix, const LoomShape& shape) {
    constexpr int64_t kMostValues = int64_t{1} << 22;
    const int64_t count = std::clamp<int64_t>(kMostValues / shape.genes, 1, std::min(kCellsPerSample, shape.cells));
    CsrMatrix sample;
    sample.cols = shape.genes;
    std::vector<float> columns(static_cast<size_t>(shape.genes * count)), rows(columns.size());
    for (const int64_t part : {0, 1, 2}) {
        const int64_t begin = part * (shape.cells - count) / 2;
        TXFM_CHECK(matrix.readColumns(begin, begin + count, columns.data()));
        for (int64_t gene = 0; gene < shape.genes; ++gene)
            for (int64_t cell = 0; cell < count; ++cell) rows[cell * shape.genes + gene] = columns[gene * count + cell];
        io::appendDenseRows(sample, rows.data(), count);
        sample.rows += count;
    }
    return sample;
}

Result<LoomMatrix> describe(std::string name, std::string option, Node node, const LoomShape& shape) {
    TXFM_CHECK(node.checkReadable());
    LoomMatrix matrix{std::move(name), std::move(option), std::move(node), ValueKind::Unknown, {}};
    TXFM_TRY(CsrMatrix sample, sampleCells(matrix.node, shape));
    matrix.kind = io::summarise(sample, io::inspectRows(sample), 0).kind();
    TXFM_TRY(const io::ValueDescription values, io::describeValues(MemoryCounts(std::move(sample)), matrix.kind));
    matrix.values = values.text;
    return matrix;
}

bool fits(const Node& node, const LoomShape& shape) {
    return node.isDataset() && node.type().isNumeric() && node.shape() == std::vector<int64_t>{shape.genes, shape.cells};
}

}  // namespace

Result<LoomShape> loomShape(const Node& root) {
    TXFM_TRY(const Node matrix, root.child("matrix"));
    const std::vector<int64_t> shape = matrix.shape();
    if (!matrix.isDataset() || shape.size() != 2 || !matrix.type().isNumeric())
        return badInput("The matrix " + matrix.where() + " is not a table of numbers.");
    if (shape[0] >= kLargestSide || shape[1] >= kLargestSide) return badInput("The shape of the matrix " + matrix.where() + " is not possible.");
    if (shape[0] == 0 || shape[1] == 0) return badInput("'" + root.file() + "' is an empty matrix.");
    return LoomShape{shape[0], shape[1]};
}

Result<std::vector<LoomMatrix>> findLoomMatrices(const Node& root, const LoomShape& shape) {
    std::vector<LoomMatrix> matrices;
    TXFM_TRY(Node main, root.child("matrix"));
    TXFM_TRY(LoomMatrix described, describe("matrix", "matrix", std::move(main), shape));
    matrices.push_back(std::move(described));
    if (!root.has("layers")) return matrices;
    TXFM_TRY(const Node layers, root.child("layers"));
    for (const std::string& name : layers.children()) {
        auto layer = layers.child(name);
        if (!layer || !fits(*layer, shape)) continue;
        auto matrix = describe("layers['" + name + "']", "layers/" + name, std::move(*layer), shape);
        if (matrix) matrices.push_back(std::move(*matrix));
    }
    return matrices;
}

Result<const LoomMatrix*> chooseLoomMatrix(const std::vector<LoomMatrix>& matrices, const std::string& wanted, const std::string& file) {
    const auto named = [&](const std::string& option) -> const LoomMatrix* {
        const auto found = std::ranges::find(matrices, option, &LoomMatrix::option);
        return found == matrices.end() ? nullptr : &*found;
    };
    if (wanted.empty()) {
        const LoomMatrix* preferred = named(kPreferred);
        return preferred && preferred->kind == ValueKind::Counts ? preferred : &matrices.front();
    }
    if (const LoomMatrix* matrix = named(wanted == "X" ? "matrix" : wanted)) return matrix;
    std::string known;
    for (const LoomMatrix& matrix : matrices) known += (known.empty() ? "" : ", ") + matrix.option;
    return badInput("'" + file + "' has no matrix '" + wanted + "'; it has " + known + ".", "Name one of these with --counts-in.");
}

std::string otherCounts(const std::vector<LoomMatrix>& matrices, const LoomMatrix& chosen) {
    for (const LoomMatrix& matrix : matrices)
        if (&matrix != &chosen && matrix.kind == ValueKind::Counts)
            return matrix.name + " holds whole numbers; if these are the counts, add --counts-in " + matrix.option + ".";
    return {};
}

}  // namespace txfm::readers
