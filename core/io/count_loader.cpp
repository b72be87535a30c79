// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/count_loader.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>
#include <tuple>

#include "core/base/large_pages.h"
#include "core/base/parallel.h"

namespace txfm::io {
namespace {

using hdf5::Node;

/// Values per step of progress and cancellation: some 50 ms of unpacking.
constexpr int64_t kSegment = int64_t{4} << 20;
constexpr int64_t kDenseBlock = int64_t{8} << 20;
constexpr size_t kRowsPerTask = 256;
constexpr const char* kStage = "read";

Error damaged(const Node& node, const std::string& problem) {
    return badInput(node.where() + " " + problem + "; the file is damaged.", "Download or export the file again.");
}

Result<void> checkParts(const Node& data, const Node& indices, const std::vector<int64_t>& pointers) {
    TXFM_CHECK(data.checkReadable());
    TXFM_CHECK(indices.checkReadable());
    if (!data.type().isNumeric()) return badInput(data.where() + " does not hold numbers.");
    if (!indices.type().isInteger()) return badInput(indices.where() + " does not hold whole numbers.");
    if (data.elements() < pointers.back() || indices.elements() < pointers.back())
        return damaged(data, "and its indices are shorter than the row pointers say");
    return {};
}

}  // namespace

void ValueSummary::add(float v, int64_t atRow, int64_t atCol) {
    const bool finite = std::isfinite(v), below = v < 0, broken = finite && v != std::floor(v);
    if (finite && !below && !broken) {
        largest = std::max(largest, v);
        return;
    }
    // The gravest problem is the one to show: not a number, then negative, then fractional.
    const int old = nonFinite ? 3 : negative ? 2 : fractional ? 1 : 0;
    const int grade = !finite ? 3 : below ? 2 : 1;
    if (grade > old) {
        row = atRow;
        col = atCol;
        value = v;
    }
    nonFinite |= !finite;
    negative |= finite && below;
    fractional |= broken;
    if (finite) largest = std::max(largest, v);
}

void ValueSummary::merge(const ValueSummary& other) {
    const auto grade = [](const ValueSummary& s) { return s.nonFinite ? 3 : s.negative ? 2 : s.fractional ? 1 : 0; };
    const int mine = grade(*this), theirs = grade(other);
    if (theirs > mine || (theirs == mine && theirs > 0 && other.row < row)) {
        row = other.row;
        col = other.col;
        value = other.value;
    }
    nonFinite |= other.nonFinite;
    negative |= other.negative;
    fractional |= other.fractional;
    largest = std::max(largest, other.largest);
}

ValueKind ValueSummary::kind() const {
    if (nonFinite) return ValueKind::Unknown;
    if (negative) return ValueKind::Scaled;
    if (!fractional) return ValueKind::Counts;
    const float sample[] = {largest, 0.5f};  // fractional values up to the largest
    return classifyValues(sample);
}

Result<std::vector<int64_t>> readPointers(const Node& node, int64_t outer, int64_t stored) {
    if (outer < 0 || node.elements() != outer + 1)
        return damaged(node, "has " + std::to_string(node.elements()) + " entries where " + std::to_string(outer + 1) +
                                 " belong");
    if (!node.type().isInteger()) return badInput(node.where() + " does not hold whole numbers.");
    TXFM_TRY(std::vector<int64_t> pointers, node.readAll<int64_t>());
    if (pointers.front() != 0) return damaged(node, "does not begin with 0");
    for (size_t i = 1; i < pointers.size(); ++i)
        if (pointers[i] < pointers[i - 1]) return damaged(node, "falls at entry " + std::to_string(i));
    if (pointers.back() > stored)
        return damaged(node, "ends at " + std::to_string(pointers.back()) + ", but only " + std::to_string(stored) +
                                 " values are stored");
    return pointers;
}

ValueSummary summarise(const CsrMatrix& matrix, const RowFacts& facts, int64_t firstRow) {
    ValueSummary total;
    total.largest = facts.largest;
    if (!facts.suspicious) return total;
    for (int64_t row = 0; row < matrix.rows; ++row)
        for (int64_t i = matrix.indptr[row]; i < matrix.indptr[row + 1]; ++i)
            total.add(matrix.values[i], firstRow + row, matrix.indices[i]);
    return total;
}

Result<void> checkIndices(const CsrMatrix& matrix, const RowFacts& facts, int64_t firstRow, const std::string& where) {
    if (!facts.outside) return {};
    int64_t wrong = 0;
    while (std::ranges::all_of(matrix.rowIndices(wrong), [&](int32_t i) { return i >= 0 && i < matrix.cols; })) ++wrong;
    return badInput(where + " has a column index outside 0 to " + std::to_string(matrix.cols - 1) + " in row " +
                        std::to_string(firstRow + wrong + 1) + "; the file is damaged.",
                    "Download or export the file again.");
}

bool makeCanonical(CsrMatrix& matrix, const RowFacts& facts, std::vector<std::string>& notes, bool dropZeros) {
    if (!facts.disordered && !(facts.zeros && dropZeros)) return false;
    bool unsorted = false, duplicated = false;
    for (int64_t row = 0; row < matrix.rows; ++row)
        for (int64_t i = matrix.indptr[row] + 1; i < matrix.indptr[row + 1]; ++i) {
            unsorted |= matrix.indices[i] < matrix.indices[i - 1];
            duplicated |= matrix.indices[i] == matrix.indices[i - 1];
        }
    if (unsorted) {
        std::atomic<bool> repeats{false};
        parallelFor(static_cast<size_t>(matrix.rows), kRowsPerTask, [&](size_t begin, size_t end) {
            std::vector<std::pair<int32_t, float>> row;
            for (size_t r = begin; r < end; ++r) {
                const int64_t from = matrix.indptr[r], to = matrix.indptr[r + 1];
                row.clear();
                for (int64_t i = from; i < to; ++i) row.emplace_back(matrix.indices[i], matrix.values[i]);
                std::stable_sort(row.begin(), row.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
                for (int64_t i = from; i < to; ++i) {
                    std::tie(matrix.indices[i], matrix.values[i]) = row[i - from];
                    if (i > from && matrix.indices[i] == matrix.indices[i - 1]) repeats = true;
                }
            }
        });
        if (repeats) duplicated = true;
        notes.push_back("The genes of a cell were not stored in order; they were sorted.");
    }
    if (duplicated) notes.push_back("Some values were stored twice for the same cell and gene; they were summed.");
    // Compaction in place; only an explicitly stored zero or a repeated column leaves something out.
    int64_t to = 0, begin = 0;
    for (int64_t row = 0; row < matrix.rows; ++row) {
        const int64_t end = matrix.indptr[row + 1], rowBegin = to;
        for (int64_t i = begin; i < end; ++i) {
            if (to > rowBegin && matrix.indices[to - 1] == matrix.indices[i]) {
                matrix.values[to - 1] += matrix.values[i];
            } else if (matrix.values[i] != 0 || !dropZeros) {
                matrix.indices[to] = matrix.indices[i];
                matrix.values[to++] = matrix.values[i];
            }
        }
        begin = end;
        matrix.indptr[row + 1] = to;
    }
    matrix.indices.resize(static_cast<size_t>(to));
    matrix.values.resize(static_cast<size_t>(to));
    return true;
}

Result<LoadedCounts> loadCompressedRows(const Node& data, const Node& indices, std::vector<int64_t> pointers,
                                        int64_t cells, int64_t genes, Progress& progress, bool dropZeros) {
    TXFM_CHECK(checkParts(data, indices, pointers));
    LoadedCounts loaded;
    CsrMatrix& matrix = loaded.matrix;
    matrix.rows = cells;
    matrix.cols = genes;
    matrix.indptr = std::move(pointers);
    const int64_t stored = matrix.indptr.back();
    StageProgress stage(progress, kStage, static_cast<double>(stored), "values");
    resizeLarge(matrix.values, static_cast<size_t>(stored));
    resizeLarge(matrix.indices, static_cast<size_t>(stored));
    RowInspector inspector(matrix);
    std::mutex mutex;
    const auto arrived = [&](int64_t count) {
        const std::lock_guard guard(mutex);
        stage.advance(0.5 * static_cast<double>(count));  // a value is there when its column is, too
        return !progress.cancelled();
    };
    TXFM_CHECK(data.readRange(0, stored, matrix.values.data(), [&](int64_t begin, int64_t count) {
        inspector.values(begin, begin + count);
        return arrived(count);
    }));
    TXFM_CHECK(indices.readRange(0, stored, matrix.indices.data(), [&](int64_t begin, int64_t count) {
        inspector.indices(begin, begin + count);
        return arrived(count);
    }));
    const RowFacts facts = inspector.facts();
    TXFM_CHECK(checkIndices(matrix, facts, 0, indices.where()));
    makeCanonical(matrix, facts, loaded.notes, dropZeros);
    loaded.values = summarise(matrix, facts, 0);
    return loaded;
}

Result<LoadedCounts> loadCompressedColumns(const Node& data, const Node& indices, const std::vector<int64_t>& pointers,
                                           int64_t cells, int64_t genes, Progress& progress, bool dropZeros) {
    TXFM_CHECK(checkParts(data, indices, pointers));
    const int64_t stored = pointers.back();
    StageProgress stage(progress, kStage, 2.0 * static_cast<double>(stored), "values");
    std::vector<int32_t> cellOf(static_cast<size_t>(stored));
    LoadedCounts loaded;
    CsrMatrix& matrix = loaded.matrix;
    matrix.rows = cells;
    matrix.cols = genes;
    matrix.indptr.assign(static_cast<size_t>(cells) + 1, 0);
    for (int64_t begin = 0; begin < stored; begin += kSegment) {
        if (progress.cancelled()) return cancelledError();
        const int64_t count = std::min(kSegment, stored - begin);
        TXFM_CHECK(indices.readRange(begin, count, cellOf.data() + begin));
        for (int64_t i = begin; i < begin + count; ++i) {
            if (cellOf[i] < 0 || cellOf[i] >= cells)
                return damaged(indices, "has a row index outside 0 to " + std::to_string(cells - 1));
            ++matrix.indptr[cellOf[i] + 1];
        }
        stage.set(static_cast<double>(begin + count));
    }
    std::partial_sum(matrix.indptr.begin(), matrix.indptr.end(), matrix.indptr.begin());
    resizeLarge(matrix.indices, static_cast<size_t>(stored));
    resizeLarge(matrix.values, static_cast<size_t>(stored));
    std::vector<int64_t> next(matrix.indptr.begin(), matrix.indptr.end() - 1);
    std::vector<float> segment(static_cast<size_t>(std::min(kSegment, stored)));
    int64_t gene = 0;
    for (int64_t begin = 0; begin < stored; begin += kSegment) {
        if (progress.cancelled()) return cancelledError();
        const int64_t count = std::min(kSegment, stored - begin);
        TXFM_CHECK(data.readRange(begin, count, segment.data()));
        for (int64_t i = begin; i < begin + count; ++i) {
            while (pointers[gene + 1] <= i) ++gene;
            const int64_t at = next[cellOf[i]]++;
            matrix.indices[at] = static_cast<int32_t>(gene);
            matrix.values[at] = segment[i - begin];
        }
        stage.set(static_cast<double>(stored + begin + count));
    }
    const RowFacts facts = inspectRows(matrix);
    makeCanonical(matrix, facts, loaded.notes, dropZeros);
    loaded.values = summarise(matrix, facts, 0);
    return loaded;
}

void appendDenseRows(CsrMatrix& matrix, const float* values, int64_t count) {
    for (int64_t row = 0; row < count; ++row, values += matrix.cols) {
        for (int64_t col = 0; col < matrix.cols; ++col) {
            if (values[col] == 0) continue;  // NaN is not 0 and stays visible to the checks
            matrix.indices.push_back(static_cast<int32_t>(col));
            matrix.values.push_back(values[col]);
        }
        matrix.indptr.push_back(static_cast<int64_t>(matrix.indices.size()));
    }
}

CsrMatrix transposed(const CsrMatrix& matrix) {
    CsrMatrix result;
    result.rows = matrix.cols;
    result.cols = matrix.rows;
    result.indptr.assign(static_cast<size_t>(result.rows) + 1, 0);
    for (const int32_t col : matrix.indices) ++result.indptr[col + 1];
    std::partial_sum(result.indptr.begin(), result.indptr.end(), result.indptr.begin());
    result.indices.resize(matrix.indices.size());
    result.values.resize(matrix.values.size());
    std::vector<int64_t> next(result.indptr.begin(), result.indptr.end() - 1);
    for (int64_t row = 0; row < matrix.rows; ++row)
        for (int64_t i = matrix.indptr[row]; i < matrix.indptr[row + 1]; ++i) {
            const int64_t at = next[matrix.indices[i]]++;
            result.indices[at] = static_cast<int32_t>(row);
            result.values[at] = matrix.values[i];
        }
    return result;
}

Result<LoadedCounts> loadDense(const Node& data, bool genesFirst, Progress& progress) {
    TXFM_CHECK(data.checkReadable());
    const std::vector<int64_t> shape = data.shape();
    if (shape.size() != 2 || !data.type().isNumeric()) return badInput(data.where() + " is not a table of numbers.");
    if (shape[0] > INT32_MAX || shape[1] > INT32_MAX) return damaged(data, "claims more than 2^31 rows or columns");
    LoadedCounts loaded;
    CsrMatrix& matrix = loaded.matrix;
    matrix.rows = shape[0];
    matrix.cols = shape[1];
    const int64_t step = std::clamp<int64_t>(kDenseBlock / std::max<int64_t>(1, shape[1]), 1, std::max<int64_t>(1, shape[0]));
    StageProgress stage(progress, kStage, static_cast<double>(shape[0]), genesFirst ? "genes" : "cells");
    std::vector<float> block(static_cast<size_t>(step * shape[1]));
    for (int64_t row = 0; row < shape[0]; row += step) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(row + step, shape[0]);
        TXFM_CHECK(data.readRows(row, end, block.data()));
        appendDenseRows(matrix, block.data(), end - row);
        stage.set(static_cast<double>(end));
    }
    if (genesFirst) matrix = transposed(matrix);
    loaded.values = summarise(matrix, inspectRows(matrix), 0);
    return loaded;
}

Result<std::vector<float>> sampleValues(const Node& data) {
    constexpr int64_t kPart = 33'000;
    TXFM_CHECK(data.checkReadable());
    if (!data.type().isNumeric()) return badInput(data.where() + " does not hold numbers.");
    const std::vector<int64_t> shape = data.shape();
    std::vector<float> sample;
    if (shape.size() == 1) {
        for (const int64_t begin : {int64_t{0}, shape[0] / 2, shape[0] - kPart}) {
            const int64_t from = std::clamp<int64_t>(begin, 0, shape[0]);
            const int64_t count = std::min(kPart, shape[0] - from);
            sample.resize(sample.size() + static_cast<size_t>(count));
            TXFM_CHECK(data.readRange(from, count, sample.data() + sample.size() - count));
        }
    } else if (shape.size() == 2 && shape[1] > 0) {
        const int64_t rows = std::max<int64_t>(1, kPart / shape[1]);
        for (const int64_t begin : {int64_t{0}, shape[0] / 2, shape[0] - rows}) {
            const int64_t from = std::clamp<int64_t>(begin, 0, shape[0]), to = std::min(from + rows, shape[0]);
            std::vector<float> part(static_cast<size_t>((to - from) * shape[1]));
            TXFM_CHECK(data.readRows(from, to, part.data()));
            sample.insert(sample.end(), part.begin(), part.end());
        }
    }
    return sample;
}

}  // namespace txfm::io
