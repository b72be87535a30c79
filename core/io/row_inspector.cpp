// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/row_inspector.h"

#include <algorithm>
#include <bit>

#include "core/base/parallel.h"

namespace txfm::io {
namespace {

constexpr size_t kRowsPerTask = 256;

struct ValueFacts {
    int32_t odd = 0, zero = 0;
    int32_t largest = 0;  ///< bits of the largest value, where none is odd
};
struct IndexFacts {
    uint32_t outside = 0, steps = 0;
};

// Branch-free and without regard to rows, so that the compiler vectorises them.
[[gnu::always_inline]] inline ValueFacts valueFacts(const float* values, int64_t count) {
    // Added and taken away again, it rounds what is below it to whole numbers. A count above it may pass for odd, which
    // only means a second look.
    constexpr float kRounding = 0x1p23f;
    constexpr float kFinite = 3e38f;
    int32_t odd = 0, zero = 0, largest = 0;
    for (int64_t i = 0; i < count; ++i) {
        const float v = values[i];
        odd |= (v + kRounding) - kRounding == v ? 0 : 1;
        odd |= v >= 0 ? 0 : 1;
        odd |= v <= kFinite ? 0 : 1;
        zero |= v == 0 ? 1 : 0;
        // Numbers from 0 on are in the order of their bits; a maximum of floats would not be vectorised.
        largest = std::max(largest, std::bit_cast<int32_t>(v));
    }
    return {odd, zero, largest};
}

/// `steps` counts the indices after the first that are not above the one before.
[[gnu::always_inline]] inline IndexFacts indexFacts(const int32_t* indices, int64_t count, uint32_t cols) {
    IndexFacts facts;
    for (int64_t i = 0; i < count; ++i) facts.outside |= static_cast<uint32_t>(indices[i]) >= cols;
    for (int64_t i = 1; i < count; ++i) facts.steps += indices[i] <= indices[i - 1];
    return facts;
}

using InspectValues = ValueFacts (*)(const float*, int64_t);
using InspectIndices = IndexFacts (*)(const int32_t*, int64_t, uint32_t);
ValueFacts valuesBaseline(const float* values, int64_t count) { return valueFacts(values, count); }
IndexFacts indicesBaseline(const int32_t* indices, int64_t count, uint32_t cols) { return indexFacts(indices, count, cols); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] ValueFacts valuesAvx2(const float* values, int64_t count) { return valueFacts(values, count); }
[[gnu::target("avx2")]] IndexFacts indicesAvx2(const int32_t* indices, int64_t count, uint32_t cols) {
    return indexFacts(indices, count, cols);
}
const InspectValues kInspectValues = __builtin_cpu_supports("avx2") ? valuesAvx2 : valuesBaseline;
const InspectIndices kInspectIndices = __builtin_cpu_supports("avx2") ? indicesAvx2 : indicesBaseline;
#else
const InspectValues kInspectValues = valuesBaseline;
const InspectIndices kInspectIndices = indicesBaseline;
#endif

}  // namespace

void RowInspector::values(int64_t from, int64_t to) {
    const ValueFacts facts = kInspectValues(m_matrix.values.data() + from, to - from);
    const std::lock_guard guard(m_mutex);
    m_facts.zeros |= facts.zero != 0;
    m_facts.suspicious |= facts.odd != 0;
    if (!facts.odd) m_facts.largest = std::max(m_facts.largest, std::bit_cast<float>(facts.largest));
}

void RowInspector::indices(int64_t from, int64_t to) {
    const int32_t* indices = m_matrix.indices.data();
    IndexFacts facts = kInspectIndices(indices + from, to - from, static_cast<uint32_t>(m_matrix.cols));
    // Between rows the indices may fall. Empty rows begin where the next one does.
    int64_t last = from;
    for (auto start = std::ranges::upper_bound(m_matrix.indptr, from); start != m_matrix.indptr.end() && *start < to; ++start) {
        if (*start > last) facts.steps -= indices[*start] <= indices[*start - 1];
        last = *start;
    }
    const std::lock_guard guard(m_mutex);
    m_facts.outside |= facts.outside != 0;
    m_facts.disordered |= facts.steps != 0;
    m_seams.push_back(from);
}

RowFacts RowInspector::facts() const {
    RowFacts facts = m_facts;
    const LargeVector<int32_t>& indices = m_matrix.indices;
    for (const int64_t seam : m_seams) {
        if (seam == 0 || std::ranges::binary_search(m_matrix.indptr, seam)) continue;
        facts.disordered |= indices[static_cast<size_t>(seam)] <= indices[static_cast<size_t>(seam) - 1];
    }
    return facts;
}

RowFacts inspectRows(const CsrMatrix& matrix) {
    RowInspector inspector(matrix);
    parallelFor(static_cast<size_t>(matrix.rows), kRowsPerTask, [&](size_t begin, size_t end) {
        const int64_t from = matrix.indptr[begin], to = matrix.indptr[end];
        if (from == to) return;
        inspector.values(from, to);
        inspector.indices(from, to);
    });
    return inspector.facts();
}

}  // namespace txfm::io
