// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/dot_products.h"

#include <algorithm>
#include <cstring>

#include "core/base/parallel.h"

namespace txfm::analysis {
namespace {

template <int Floats>
struct Vector {
    typedef float Type __attribute__((vector_size(Floats * sizeof(float)), aligned(4)));
};
typedef double FourDoubles __attribute__((vector_size(4 * sizeof(double)), aligned(8)));

/// Rows × (Vectors · Floats) products held in registers; `panel` points at the first of these columns.
template <int Floats, int Rows, int Vectors>
[[gnu::always_inline]] inline void microKernel(const float* a, int64_t stride, const float* panel, int64_t width, float* out) {
    using V = typename Vector<Floats>::Type;
    V sum[Rows][Vectors] = {};
    for (int64_t k = 0; k < width; ++k) {
        V b[Vectors];
        for (int v = 0; v < Vectors; ++v) std::memcpy(&b[v], panel + k * PackedRows::kPanel + v * Floats, sizeof(V));
        for (int r = 0; r < Rows; ++r) {
            for (int v = 0; v < Vectors; ++v) sum[r][v] += a[r * stride + k] * b[v];
        }
    }
    for (int r = 0; r < Rows; ++r) {
        for (int v = 0; v < Vectors; ++v) std::memcpy(out + r * PackedRows::kPanel + v * Floats, &sum[r][v], sizeof(V));
    }
}

/// A whole tile from pieces of Rows × (Vectors · Floats); the last rows one at a time.
template <int Floats, int Rows, int Vectors>
[[gnu::always_inline]] inline void tile(const float* a, int64_t rows, int64_t stride, const float* panel, int64_t width, float* out) {
    constexpr int kColumns = Floats * Vectors;
    static_assert(PackedRows::kPanel % kColumns == 0);
    int64_t r = 0;
    for (; r + Rows <= rows; r += Rows) {
        for (int64_t c = 0; c < PackedRows::kPanel; c += kColumns)
            microKernel<Floats, Rows, Vectors>(a + r * stride, stride, panel + c, width, out + r * PackedRows::kPanel + c);
    }
    for (; r < rows; ++r) {
        for (int64_t c = 0; c < PackedRows::kPanel; c += kColumns)
            microKernel<Floats, 1, Vectors>(a + r * stride, stride, panel + c, width, out + r * PackedRows::kPanel + c);
    }
}

/// In the order of dotTile() and, where the target has it, with the same fused multiply-add.
[[gnu::always_inline]] inline float sequentialDot(const float* a, const float* b, int64_t width) {
    float sum = 0;
    for (int64_t k = 0; k < width; ++k) sum += a[k] * b[k];
    return sum;
}

[[gnu::always_inline]] inline float squaredDifferences(const float* a, const float* b, int64_t width) {
    using V = Vector<8>::Type;
    V sum[2] = {};
    int64_t k = 0;
    const auto add = [&](V& to) {
        V x, y;
        std::memcpy(&x, a + k, sizeof(V));
        std::memcpy(&y, b + k, sizeof(V));
        to += (x - y) * (x - y);
        k += 8;
    };
    while (k + 16 <= width) {
        add(sum[0]);
        add(sum[1]);
    }
    if (k + 8 <= width) add(sum[0]);
    float rest = 0;
    for (; k < width; ++k) rest += (a[k] - b[k]) * (a[k] - b[k]);
    const V all = sum[0] + sum[1];
    return ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7])) + rest;
}

[[gnu::always_inline]] inline double doubleDot(const double* a, const double* b, int64_t width) {
    constexpr int kSums = 4;
    FourDoubles sum[kSums] = {};
    int64_t k = 0;
    for (; k + 4 * kSums <= width; k += 4 * kSums) {
        for (int s = 0; s < kSums; ++s) {
            FourDoubles x, y;
            std::memcpy(&x, a + k + 4 * s, sizeof x);
            std::memcpy(&y, b + k + 4 * s, sizeof y);
            sum[s] += x * y;
        }
    }
    double rest = 0;
    for (; k < width; ++k) rest += a[k] * b[k];
    const FourDoubles all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    return ((all[0] + all[2]) + (all[1] + all[3])) + rest;
}

using DoubleDotFunction = double (*)(const double*, const double*, int64_t);
using DotFunction = float (*)(const float*, const float*, int64_t);
using TileFunction = void (*)(const float*, int64_t, int64_t, const float*, int64_t, float*);

float dotBaseline(const float* a, const float* b, int64_t width) { return sequentialDot(a, b, width); }
double doubleDotBaseline(const double* a, const double* b, int64_t width) { return doubleDot(a, b, width); }
float distanceBaseline(const float* a, const float* b, int64_t width) { return squaredDifferences(a, b, width); }
void tileBaseline(const float* a, int64_t rows, int64_t stride, const float* panel, int64_t width, float* out) {
    tile<4, 4, 3>(a, rows, stride, panel, width, out);
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] float dotFused(const float* a, const float* b, int64_t width) { return sequentialDot(a, b, width); }
[[gnu::target("avx2,fma")]] double doubleDotFused(const double* a, const double* b, int64_t width) { return doubleDot(a, b, width); }
[[gnu::target("avx2,fma")]] float distanceFused(const float* a, const float* b, int64_t width) { return squaredDifferences(a, b, width); }
[[gnu::target("avx2,fma")]] void tileAvx2(const float* a, int64_t rows, int64_t stride, const float* panel, int64_t width, float* out) {
    tile<8, 4, 3>(a, rows, stride, panel, width, out);
}
[[gnu::target("avx512f")]] void tileAvx512(const float* a, int64_t rows, int64_t stride, const float* panel, int64_t width, float* out) {
    tile<16, 8, 3>(a, rows, stride, panel, width, out);
}
#endif

struct Choice {
    TileFunction function;
    DotFunction dot, distance;
    DoubleDotFunction doubleDot;
    const char* name;
};

Choice choose() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return {tileAvx512, dotFused, distanceFused, doubleDotFused, "avx512"};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {tileAvx2, dotFused, distanceFused, doubleDotFused, "avx2"};
#endif
    return {tileBaseline, dotBaseline, distanceBaseline, doubleDotBaseline, "baseline"};
}

const Choice kChoice = choose();

}  // namespace

PackedRows::PackedRows(const float* data, int64_t rows, int64_t width, int64_t stride)
    : m_rows(rows), m_width(width), m_values(static_cast<size_t>(panels() * kPanel * width), 0.0f) {
    parallelFor(static_cast<size_t>(panels()), 16, [&](size_t begin, size_t end) {
        for (size_t p = begin; p < end; ++p) {
            float* to = m_values.data() + static_cast<int64_t>(p) * kPanel * width;
            const int64_t first = static_cast<int64_t>(p) * kPanel, used = std::min(kPanel, rows - first);
            for (int64_t j = 0; j < used; ++j) {
                for (int64_t k = 0; k < width; ++k) to[k * kPanel + j] = data[(first + j) * stride + k];
            }
        }
    });
}

void dotTile(const float* a, int64_t rows, int64_t stride, const float* panel, int64_t width, float* out) {
    kChoice.function(a, rows, stride, panel, width, out);
}

float dotProduct(const float* a, const float* b, int64_t width) { return kChoice.dot(a, b, width); }

double dotProduct(const double* a, const double* b, int64_t width) { return kChoice.doubleDot(a, b, width); }

float squaredDistance(const float* a, const float* b, int64_t width) { return kChoice.distance(a, b, width); }

void dotProducts(const float* a, int64_t rowsA, int64_t strideA, const PackedRows& packed, float* out, int64_t outStride) {
    const int64_t tiles = (rowsA + kTileRows - 1) / kTileRows;
    parallelFor(static_cast<size_t>(tiles), 4, [&](size_t begin, size_t end) {
        float buffer[kTileRows * PackedRows::kPanel];
        for (int64_t p = 0; p < packed.panels(); ++p) {
            const int64_t first = p * PackedRows::kPanel, used = std::min(PackedRows::kPanel, packed.rows() - first);
            for (size_t t = begin; t < end; ++t) {
                const int64_t row = static_cast<int64_t>(t) * kTileRows, rows = std::min(kTileRows, rowsA - row);
                dotTile(a + row * strideA, rows, strideA, packed.panel(p), packed.width(), buffer);
                for (int64_t i = 0; i < rows; ++i)
                    std::memcpy(out + (row + i) * outStride + first, buffer + i * PackedRows::kPanel,
                                static_cast<size_t>(used) * sizeof(float));
            }
        }
    });
}

const char* dotInstructionSet() { return kChoice.name; }

}  // namespace txfm::analysis
