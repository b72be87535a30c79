// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/panel_products.h"

#include <cstring>

namespace txfm::analysis {
namespace {

typedef double Row __attribute__((vector_size(kPanelColumns * sizeof(double)), aligned(8)));

[[gnu::always_inline]] inline Row load(const double* from) {
    Row row;
    std::memcpy(&row, from, sizeof row);
    return row;
}
[[gnu::always_inline]] inline void store(double* to, const Row& row) { std::memcpy(to, &row, sizeof row); }

[[gnu::always_inline]] inline void productsBody(const double* a, const double* b, int64_t n, double* out) {
    Row sum[kPanelColumns] = {};
    for (int64_t i = 0; i < n; ++i) {
        const Row row = load(b + i * kPanelColumns);
        for (int64_t c = 0; c < kPanelColumns; ++c) sum[c] += a[i * kPanelColumns + c] * row;
    }
    for (int64_t c = 0; c < kPanelColumns; ++c) store(out + c * kPanelColumns, sum[c]);
}

[[gnu::always_inline]] inline void subtractBody(const double* a, const double* factors, int64_t n, double* b) {
    Row factor[kPanelColumns];
    for (int64_t c = 0; c < kPanelColumns; ++c) factor[c] = load(factors + c * kPanelColumns);
    for (int64_t i = 0; i < n; ++i) {
        Row row = load(b + i * kPanelColumns);
        for (int64_t c = 0; c < kPanelColumns; ++c) row -= a[i * kPanelColumns + c] * factor[c];
        store(b + i * kPanelColumns, row);
    }
}

[[gnu::always_inline]] inline void matrixBody(const double* m, int64_t rows, int64_t n, const double* b, double* out) {
    constexpr int64_t kTogether = 4;
    int64_t r = 0;
    for (; r + kTogether <= rows; r += kTogether) {
        Row sum[kTogether] = {};
        for (int64_t i = 0; i < n; ++i) {
            const Row row = load(b + i * kPanelColumns);
            for (int64_t k = 0; k < kTogether; ++k) sum[k] += m[(r + k) * n + i] * row;
        }
        for (int64_t k = 0; k < kTogether; ++k) store(out + (r + k) * kPanelColumns, sum[k]);
    }
    for (; r < rows; ++r) {
        Row sum = {};
        for (int64_t i = 0; i < n; ++i) sum += m[r * n + i] * load(b + i * kPanelColumns);
        store(out + r * kPanelColumns, sum);
    }
}

[[gnu::always_inline]] inline void sparseBody(const int32_t* columns, const float* values, int64_t count, const double* b,
                                              const double* shift, double* out, double* total) {
    Row even = -load(shift), odd = {};
    int64_t i = 0;
    for (; i + 2 <= count; i += 2) {
        even += static_cast<double>(values[i]) * load(b + static_cast<int64_t>(columns[i]) * kPanelColumns);
        odd += static_cast<double>(values[i + 1]) * load(b + static_cast<int64_t>(columns[i + 1]) * kPanelColumns);
    }
    if (i < count) even += static_cast<double>(values[i]) * load(b + static_cast<int64_t>(columns[i]) * kPanelColumns);
    const Row factor = even + odd;
    store(total, load(total) + factor);
    for (i = 0; i < count; ++i) {
        double* to = out + static_cast<int64_t>(columns[i]) * kPanelColumns;
        store(to, load(to) + static_cast<double>(values[i]) * factor);
    }
}

[[gnu::always_inline]] inline void graphBody(const int64_t* pointers, const int32_t* indices, const float* values, int64_t begin,
                                             int64_t end, const double* b, double* out) {
    for (int64_t row = begin; row < end; ++row) {
        Row sum = {};
        for (int64_t e = pointers[row]; e < pointers[row + 1]; ++e)
            sum += static_cast<double>(values[e]) * load(b + static_cast<int64_t>(indices[e]) * kPanelColumns);
        store(out + row * kPanelColumns, sum);
    }
}

using GraphFunction = void (*)(const int64_t*, const int32_t*, const float*, int64_t, int64_t, const double*, double*);

struct Functions {
    decltype(&panelProducts) products;
    decltype(&subtractPanel) subtract;
    decltype(&matrixTimesPanel) matrix;
    decltype(&addSparseRow) sparse;
    GraphFunction graph;
};

#define TXFM_PANEL_FUNCTIONS(suffix, attribute)                                                                                     \
    attribute void products##suffix(const double* a, const double* b, int64_t n, double* out) { productsBody(a, b, n, out); }       \
    attribute void subtract##suffix(const double* a, const double* factors, int64_t n, double* b) { subtractBody(a, factors, n, b); } \
    attribute void matrix##suffix(const double* m, int64_t rows, int64_t n, const double* b, double* out) { matrixBody(m, rows, n, b, out); } \
    attribute void sparse##suffix(const int32_t* columns, const float* values, int64_t count, const double* b, const double* shift, \
                                  double* out, double* total) {                                                                     \
        sparseBody(columns, values, count, b, shift, out, total);                                                                   \
    }                                                                                                                               \
    attribute void graph##suffix(const int64_t* pointers, const int32_t* indices, const float* values, int64_t begin, int64_t end,  \
                                 const double* b, double* out) {                                                                    \
        graphBody(pointers, indices, values, begin, end, b, out);                                                                   \
    }
TXFM_PANEL_FUNCTIONS(Baseline, )
#if defined(__x86_64__)
TXFM_PANEL_FUNCTIONS(Avx2, [[gnu::target("avx2,fma")]])
TXFM_PANEL_FUNCTIONS(Avx512, [[gnu::target("avx512f")]])
#endif
#undef TXFM_PANEL_FUNCTIONS

Functions choose() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return {productsAvx512, subtractAvx512, matrixAvx512, sparseAvx512, graphAvx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {productsAvx2, subtractAvx2, matrixAvx2, sparseAvx2, graphAvx2};
#endif
    return {productsBaseline, subtractBaseline, matrixBaseline, sparseBaseline, graphBaseline};
}

const Functions kFunctions = choose();

}  // namespace

void panelProducts(const double* a, const double* b, int64_t n, double* out) { kFunctions.products(a, b, n, out); }
void subtractPanel(const double* a, const double* factors, int64_t n, double* b) { kFunctions.subtract(a, factors, n, b); }
void matrixTimesPanel(const double* m, int64_t rows, int64_t n, const double* b, double* out) { kFunctions.matrix(m, rows, n, b, out); }
void sparseTimesPanel(const CsrMatrix& m, int64_t begin, int64_t end, const double* b, double* out) {
    kFunctions.graph(m.indptr.data(), m.indices.data(), m.values.data(), begin, end, b, out);
}
void addSparseRow(const int32_t* columns, const float* values, int64_t count, const double* b, const double* shift, double* out,
                  double* total) {
    kFunctions.sparse(columns, values, count, b, shift, out, total);
}

}  // namespace txfm::analysis
