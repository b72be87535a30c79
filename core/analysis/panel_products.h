// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/data/matrix.h"

namespace txfm::analysis {

/// Columns that are worked on together: a row of a panel is one AVX-512 register of doubles.
constexpr int64_t kPanelColumns = 8;

/// Products of panels [n × 8], row-major doubles, in the widest vectors of this processor. The sums run over the rows
/// in order, so results depend on neither threads nor (but for fused multiply-adds) the instruction set.
/// out [8 × 8] = aᵀ b.
void panelProducts(const double* a, const double* b, int64_t n, double* out);
/// b −= a · factors [8 × 8].
void subtractPanel(const double* a, const double* factors, int64_t n, double* b);
/// out [rows × 8] = m [rows × n] · b [n × 8].
void matrixTimesPanel(const double* m, int64_t rows, int64_t n, const double* b, double* out);

/// Rows [begin, end) of out [n × 8] = m · b for a sparse square m.
void sparseTimesPanel(const CsrMatrix& m, int64_t begin, int64_t end, const double* b, double* out);

/// A sparse row (`count` columns and values) in the product XᵀX·b of its matrix: out += x (xᵀ b − shift), where `shift` [8]
/// is the mean row's share and `total` [8] collects the factors.
void addSparseRow(const int32_t* columns, const float* values, int64_t count, const double* b, const double* shift, double* out,
                  double* total);

}  // namespace txfm::analysis
