// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/uninitialised.h"

namespace txfm {

/// Compressed sparse rows [rows × cols]. Within a row the column indices ascend and are unique.
/// `values` holds raw counts (float32 represents every count up to 2^24 exactly).
struct CsrMatrix {
    int64_t rows = 0;
    int64_t cols = 0;
    std::vector<int64_t> indptr{0};  ///< rows + 1
    LargeVector<int32_t> indices;    ///< nnz, column of each value
    LargeVector<float> values;       ///< nnz

    int64_t nnz() const { return indptr.back(); }
    std::span<const int32_t> rowIndices(int64_t row) const {
        return {indices.data() + indptr[row], static_cast<size_t>(indptr[row + 1] - indptr[row])};
    }
    std::span<const float> rowValues(int64_t row) const {
        return {values.data() + indptr[row], static_cast<size_t>(indptr[row + 1] - indptr[row])};
    }
    bool operator==(const CsrMatrix&) const = default;
};

/// Dense float32 [rows × cols], row-major.
struct DenseMatrix {
    int64_t rows = 0;
    int64_t cols = 0;
    std::vector<float> values;

    DenseMatrix() = default;
    DenseMatrix(int64_t r, int64_t c) : rows(r), cols(c), values(static_cast<size_t>(r * c)) {}
    float* row(int64_t i) { return values.data() + i * cols; }
    const float* row(int64_t i) const { return values.data() + i * cols; }
    float& operator()(int64_t i, int64_t j) { return values[static_cast<size_t>(i * cols + j)]; }
    float operator()(int64_t i, int64_t j) const { return values[static_cast<size_t>(i * cols + j)]; }
    bool operator==(const DenseMatrix&) const = default;
};

}  // namespace txfm
