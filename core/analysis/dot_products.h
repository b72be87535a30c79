// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace txfm::analysis {

/// Rows of a float matrix [rows × width] laid out in panels for dotTile(). The kernel behind exact neighbours,
/// Gram matrices and gene maps; it uses AVX-512, AVX2 or plain vectors, whichever the processor has.
class PackedRows {
public:
    static constexpr int64_t kPanel = 48;  ///< rows per panel

    /// `data` is row-major with `stride` floats from row to row.
    PackedRows(const float* data, int64_t rows, int64_t width, int64_t stride);
    int64_t rows() const { return m_rows; }
    int64_t width() const { return m_width; }
    int64_t panels() const { return (m_rows + kPanel - 1) / kPanel; }
    const float* panel(int64_t p) const { return m_values.data() + p * kPanel * m_width; }

private:
    int64_t m_rows, m_width;
    std::vector<float> m_values;
};

/// Rows of the left operand that dotTile() takes at once.
constexpr int64_t kTileRows = 8;

/// out[i * PackedRows::kPanel + j] = Σ_k a[i * stride + k] · (row j of the panel)[k] for i < rows <= kTileRows.
/// Rows of the panel beyond the matrix give 0.
void dotTile(const float* a, int64_t rows, int64_t stride, const float* panel, int64_t width, float* out);

/// out [rowsA × packed.rows()], `outStride` floats from row to row: all dot products of the rows of a with those of
/// packed. Uses threadCount() threads; every element is computed the same way whatever the split.
void dotProducts(const float* a, int64_t rowsA, int64_t strideA, const PackedRows& packed, float* out, int64_t outStride);

/// Σ_k a[k] · b[k], rounded exactly as an element of dotTile().
float dotProduct(const float* a, const float* b, int64_t width);

/// Σ_k a[k] · b[k] in double precision, in seventeen partial sums.
double dotProduct(const double* a, const double* b, int64_t width);

/// Σ_k (a[k] − b[k])² in seventeen partial sums.
float squaredDistance(const float* a, const float* b, int64_t width);

/// Name of the instruction set in use: "avx512", "avx2" or "baseline".
const char* dotInstructionSet();

}  // namespace txfm::analysis
