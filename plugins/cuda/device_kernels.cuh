// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The kernels themselves. They use warps of 32, shuffles, barriers and static shared memory alone, so that
// tests/cuda runs this very source on the CPU, thread by thread, where no GPU answers.
#include <cstdint>

namespace txfm::cuda {

constexpr int kWarp = 32;
constexpr int kWarpsPerBlock = 8;
constexpr int kThreads = kWarp * kWarpsPerBlock;
/// Widest attention head: each lane of a warp holds kHeadPerLane values.
constexpr int kHeadPerLane = 8;
constexpr int kWidestHead = kWarp * kHeadPerLane;

using bf16 = uint16_t;

__device__ inline float load(const float* at, int64_t i) { return at[i]; }
__device__ inline float load(const bf16* at, int64_t i) {
    union {
        uint32_t bits;
        float value;
    } wide;
    wide.bits = static_cast<uint32_t>(at[i]) << 16;
    return wide.value;
}
__device__ inline void store(float* at, int64_t i, float value) { at[i] = value; }
/// Round to nearest even, NaN kept.
__device__ inline void store(bf16* at, int64_t i, float value) {
    union {
        float value;
        uint32_t bits;
    } wide;
    wide.value = value;
    at[i] = value != value ? static_cast<bf16>(0x7fc0)
                           : static_cast<bf16>((wide.bits + 0x7fffu + ((wide.bits >> 16) & 1u)) >> 16);
}

__device__ inline float warpSum(float value) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
    return value;
}

/// Rows of a residual [rows × d]; `keep` holds one factor per sample of `rowsPerSample` rows, or is null.
struct Rows {
    int64_t rows, d, rowsPerSample;
    const float* keep;
};

__device__ inline float keepOf(const Rows& r, int64_t row) { return r.keep ? r.keep[row / r.rowsPerSample] : 1.0f; }

/// One warp per row: out = u + keep·scale·branch, y = norm(out)·w + b.
template <class Branch, class Normed>
__global__ void residualNormForward(Rows r, const float* u, const Branch* branch, const float* scale, const float* w,
                                    const float* b, float eps, float* out, Normed* y, float* mean, float* rstd) {
    const int64_t row = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp;
    const int lane = threadIdx.x % kWarp;
    if (row >= r.rows) return;
    const int64_t at = row * r.d;
    const float keep = keepOf(r, row), size = static_cast<float>(r.d);
    float sum = 0;
    for (int64_t i = lane; i < r.d; i += kWarp) {
        const float value = u[at + i] + keep * scale[i] * load(branch, at + i);
        out[at + i] = value;
        sum += value;
    }
    const float centre = warpSum(sum) / size;
    float square = 0;
    for (int64_t i = lane; i < r.d; i += kWarp) square += (out[at + i] - centre) * (out[at + i] - centre);
    const float inverse = 1.0f / sqrtf(warpSum(square) / size + eps);
    for (int64_t i = lane; i < r.d; i += kWarp) store(y, at + i, (out[at + i] - centre) * inverse * w[i] + b[i]);
    if (lane == 0) {
        mean[row] = centre;
        rstd[row] = inverse;
    }
}

/// One warp per row: du = dout + gradient through the norm; dbranch = keep·scale·du.
template <class Branch, class Grad>
__global__ void residualNormBackward(Rows r, const float* dout, const Grad* dy, const float* out, const float* mean,
                                     const float* rstd, const float* scale, const float* w, float* du, Branch* dbranch) {
    const int64_t row = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp;
    const int lane = threadIdx.x % kWarp;
    if (row >= r.rows) return;
    const int64_t at = row * r.d;
    const float keep = keepOf(r, row), centre = mean[row], inverse = rstd[row], size = static_cast<float>(r.d);
    float sum = 0, dot = 0;
    for (int64_t i = lane; i < r.d; i += kWarp) {
        const float grad = load(dy, at + i) * w[i];
        sum += grad;
        dot += grad * (out[at + i] - centre) * inverse;
    }
    sum = warpSum(sum) / size;
    dot = warpSum(dot) / size;
    for (int64_t i = lane; i < r.d; i += kWarp) {
        const float n = (out[at + i] - centre) * inverse;
        const float grad = dout[at + i] + inverse * (load(dy, at + i) * w[i] - sum - n * dot);
        du[at + i] = grad;
        store(dbranch, at + i, keep * scale[i] * grad);
    }
}

/// Gradients of scale, w and b: blocks of 32 columns × 8 rows at a time over every gridDim.y-th group of rows; `partial`
/// [gridDim.y × 3 × d] is summed by the caller in a fixed order.
template <class Branch, class Grad>
__global__ void residualNormColumns(Rows r, const float* du, const Grad* dy, const float* out, const float* mean,
                                    const float* rstd, const Branch* branch, float* partial) {
    __shared__ float shared[3][kWarpsPerBlock][kWarp];
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
    const int64_t column = static_cast<int64_t>(blockIdx.x) * kWarp + lane;
    float dscale = 0, dw = 0, db = 0;
    if (column < r.d) {
        for (int64_t row = static_cast<int64_t>(blockIdx.y) * kWarpsPerBlock + warp; row < r.rows;
             row += static_cast<int64_t>(gridDim.y) * kWarpsPerBlock) {
            const int64_t at = row * r.d + column;
            const float grad = load(dy, at);
            dscale += keepOf(r, row) * du[at] * load(branch, at);
            dw += grad * (out[at] - mean[row]) * rstd[row];
            db += grad;
        }
    }
    shared[0][warp][lane] = dscale;
    shared[1][warp][lane] = dw;
    shared[2][warp][lane] = db;
    __syncthreads();
    if (warp < 3 && column < r.d) {
        float sum = 0;
        for (int i = 0; i < kWarpsPerBlock; ++i) sum += shared[warp][i][lane];
        partial[(static_cast<int64_t>(blockIdx.y) * 3 + warp) * r.d + column] = sum;
    }
}

/// Queries and keys in the input projection: row t of sample b begins at b·sampleStride + t·rowStride; queries first, keys
/// heads·width further.
struct Heads {
    int64_t samples, tokens, heads, width, sampleStride, rowStride;
};

/// Item -> (which of q and k, token row, head); neighbouring warps take neighbouring heads of one row.
__device__ inline int64_t headOffset(const Heads& h, int64_t row, int64_t head, int64_t which) {
    return row / h.tokens * h.sampleStride + row % h.tokens * h.rowStride + (which * h.heads + head) * h.width;
}
__device__ inline int64_t byHeadOffset(const Heads& h, int64_t row, int64_t head) {
    return ((row / h.tokens * h.heads + head) * h.tokens + row % h.tokens) * h.width;
}

struct HeadRow {
    float n[kHeadPerLane];
    float rstd;
};

template <class Value>
__device__ inline HeadRow normalisedHead(const Value* x, int64_t width, int lane, float eps) {
    HeadRow row;
    float sum = 0, square = 0;
    for (int j = 0; j < kHeadPerLane; ++j) {
        row.n[j] = lane + j * kWarp < width ? load(x, lane + j * kWarp) : 0.0f;
        sum += row.n[j];
    }
    const float centre = warpSum(sum) / static_cast<float>(width);
    for (int j = 0; j < kHeadPerLane; ++j) {
        row.n[j] = lane + j * kWarp < width ? row.n[j] - centre : 0.0f;
        square += row.n[j] * row.n[j];
    }
    row.rstd = 1.0f / sqrtf(warpSum(square) / static_cast<float>(width) + eps);
    for (int j = 0; j < kHeadPerLane; ++j) row.n[j] *= row.rstd;
    return row;
}

/// One warp per head of a row. weights [4 × width]: q weight, q bias, k weight, k bias.
template <class Value>
__global__ void qkNormForward(Heads h, const Value* qk, const float* weights, float eps, Value* q, Value* k) {
    const int64_t item = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp;
    const int lane = threadIdx.x % kWarp;
    if (item >= h.samples * h.tokens * h.heads * 2) return;
    const int64_t which = item / h.heads % 2, head = item % h.heads, row = item / h.heads / 2;
    const HeadRow x = normalisedHead(qk + headOffset(h, row, head, which), h.width, lane, eps);
    const float* w = weights + 2 * which * h.width;
    Value* to = (which == 0 ? q : k) + byHeadOffset(h, row, head);
    for (int j = 0; j < kHeadPerLane; ++j) {
        const int64_t i = lane + j * kWarp;
        if (i < h.width) store(to, i, x.n[j] * w[i] + w[h.width + i]);
    }
}

/// Every warp takes each (warps per kind)-th head of its kind (q or k) and keeps the sums for the weights in registers:
/// partial [2 × warps per kind × 2 × width]. dqk [B × T × 2·heads·width] is dense.
template <class Value>
__global__ void qkNormBackward(Heads h, const Value* dq, const Value* dk, const Value* qk, const float* weights, float eps,
                               Value* dqk, float* partial) {
    const int64_t warp = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp;
    const int64_t perKind = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock / 2, which = warp % 2;
    const int lane = threadIdx.x % kWarp;
    const float* w = weights + 2 * which * h.width;
    float dw[kHeadPerLane] = {}, db[kHeadPerLane] = {};
    for (int64_t item = warp / 2; item < h.samples * h.tokens * h.heads; item += perKind) {
        const int64_t head = item % h.heads, row = item / h.heads;
        const HeadRow x = normalisedHead(qk + headOffset(h, row, head, which), h.width, lane, eps);
        const Value* from = (which == 0 ? dq : dk) + byHeadOffset(h, row, head);
        float grad[kHeadPerLane];
        float sum = 0, dot = 0;
        for (int j = 0; j < kHeadPerLane; ++j) {
            const int64_t i = lane + j * kWarp;
            const float outer = i < h.width ? load(from, i) : 0.0f;
            dw[j] += outer * x.n[j];
            db[j] += outer;
            grad[j] = i < h.width ? outer * w[i] : 0.0f;
            sum += grad[j];
            dot += grad[j] * x.n[j];
        }
        sum = warpSum(sum) / static_cast<float>(h.width);
        dot = warpSum(dot) / static_cast<float>(h.width);
        Value* to = dqk + (row * 2 + which) * h.heads * h.width + head * h.width;
        for (int j = 0; j < kHeadPerLane; ++j) {
            const int64_t i = lane + j * kWarp;
            if (i < h.width) store(to, i, x.rstd * (grad[j] - sum - x.n[j] * dot));
        }
    }
    float* sums = partial + (which * perKind + warp / 2) * 2 * h.width;
    for (int j = 0; j < kHeadPerLane; ++j) {
        const int64_t i = lane + j * kWarp;
        if (i >= h.width) continue;
        sums[i] = dw[j];
        sums[h.width + i] = db[j];
    }
}

/// One block per sample: weight·Σ_g measured·(e^φ - e^x·φ), φ = bound·max(0, tanh(z/width)) (spec §3.1, §3.2), and its
/// derivative by z. z, x, grad [B × G]; measured [D × G] with the row of each sample.
__global__ void poissonLoss(const float* z, const float* x, const float* measured, const int64_t* measuredRow,
                            const float* weights, float bound, float width, int64_t genes, float* sums, float* grad) {
    __shared__ float shared[kWarpsPerBlock];
    const int64_t sample = blockIdx.x, at = sample * genes, mask = measuredRow[sample] * genes;
    const float weight = weights[sample], slope = bound / width;
    float sum = 0, lost = 0;  // Kahan: 44,000 terms of up to 1e6
    for (int64_t g = threadIdx.x; g < genes; g += kThreads) {
        const float t = z[at + g] > 0 ? tanhf(z[at + g] / width) : 0.0f;
        const float phi = bound * t, rate = expf(phi), k = expf(x[at + g]), use = measured[mask + g];
        const float derivative = z[at + g] > 0 ? slope * (1.0f - t * t) : 0.0f;
        grad[at + g] = weight * use * derivative * (rate - k);
        const float term = use * (rate - k * phi) - lost, next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    const float ofWarp = warpSum(sum);
    if (threadIdx.x % kWarp == 0) shared[threadIdx.x / kWarp] = ofWarp;
    __syncthreads();
    if (threadIdx.x == 0) {
        float total = 0;
        for (int i = 0; i < kWarpsPerBlock; ++i) total += shared[i];
        sums[sample] = weight * total;
    }
}

}  // namespace txfm::cuda
