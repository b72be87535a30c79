// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "core/data/matrix.h"

namespace txfm::io {

/// What one pass over rows shows; everything else looks again only where this asks for it.
struct RowFacts {
    bool outside = false;     ///< an index outside [0, cols)
    bool disordered = false;  ///< indices of a row that do not ascend strictly
    bool zeros = false;       ///< stored zeros
    bool suspicious = false;  ///< values that are no counts
    float largest = 0;        ///< of the parts without suspicious values
};

/// Collects the facts of a matrix whose arrays fill part by part, so that each part is looked at while it is in the
/// processor's cache. Thread: values() and indices() may be called from several threads, in any order.
class RowInspector {
public:
    /// `matrix` has its row pointers and the final size of its arrays.
    explicit RowInspector(const CsrMatrix& matrix) : m_matrix(matrix) {}
    /// Looks at the values [from, to), which are in place.
    void values(int64_t from, int64_t to);
    /// Looks at the column indices [from, to), which are in place.
    void indices(int64_t from, int64_t to);
    /// Of all parts; looks at the places where two parts meet.
    RowFacts facts() const;

private:
    const CsrMatrix& m_matrix;
    std::mutex m_mutex;
    RowFacts m_facts;
    std::vector<int64_t> m_seams;  ///< where parts of the indices begin
};

/// The facts of a whole matrix, on all threads.
RowFacts inspectRows(const CsrMatrix& matrix);

}  // namespace txfm::io
