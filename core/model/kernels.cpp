// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// Vector code needs comparisons and sums that may be reordered within a row; the order is fixed at compile time, so
// that results stay the same from call to call.
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math", "associative-math", "no-signed-zeros", "fp-contract=fast")
#define TXFM_VECTOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define TXFM_INLINE static inline __attribute__((always_inline))
// Bodies that serve bf16 and float32; each is inlined into the vectorised function of either.
#define TXFM_BODY(T) template <class T> static inline __attribute__((always_inline))

namespace txfm::model::kernels {

TXFM_INLINE float widen(bf16 value) {
    const uint32_t bits = static_cast<uint32_t>(value) << 16;
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

TXFM_INLINE bf16 narrow(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return static_cast<bf16>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

TXFM_INLINE float widen(float value) { return value; }
TXFM_INLINE void put(bf16& to, float value) { to = narrow(value); }
TXFM_INLINE void put(float& to, float value) { to = value; }

// e^v as 2^n·p(f); relative error below 2e-7 on [-87, 88].
TXFM_INLINE float fastExp(float v) {
    v = v < -87.0f ? -87.0f : v;
    v = v > 88.0f ? 88.0f : v;
    // Adding 1.5·2^23 rounds to the nearest integer and leaves it in the low bits.
    const float shifted = v * 1.44269504088896341f + 12582912.0f;
    int32_t n;
    __builtin_memcpy(&n, &shifted, sizeof n);
    n -= 0x4B400000;
    const float whole = static_cast<float>(n);
    const float f = __builtin_fmaf(whole, -1.42860682030941723212e-6f, __builtin_fmaf(whole, -0.693145751953125f, v));
    float p = 1.0f / 5040;
    p = p * f + 1.0f / 720;
    p = p * f + 1.0f / 120;
    p = p * f + 1.0f / 24;
    p = p * f + 1.0f / 6;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    const int32_t bits = (n + 127) << 23;
    float scale;
    __builtin_memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

// erf and e^(-v²) together (Abramowitz and Stegun 7.1.26, absolute error 1.5e-7, far below a bf16 step).
struct ErfParts {
    float erf, gauss;
};
TXFM_INLINE ErfParts erfParts(float v) {
    const float a = v < 0 ? -v : v;
    const float t = 1.0f / (1.0f + 0.3275911f * a);
    const float gauss = fastExp(-a * a);
    const float poly = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    const float positive = 1.0f - poly * gauss;
    return {v < 0 ? -positive : positive, gauss};
}

TXFM_BODY(T) void layerNormRows(const float* u, const float* w, const float* b, T* y, float* mean, float* rstd,
                                int64_t rows, int64_t d, float eps) {
    for (int64_t r = 0; r < rows; ++r, u += d, y += d) {
        float sum = 0, square = 0;
        for (int64_t i = 0; i < d; ++i) sum += u[i];
        const float centre = sum / static_cast<float>(d);
        for (int64_t i = 0; i < d; ++i) square += (u[i] - centre) * (u[i] - centre);
        const float scale = 1.0f / std::sqrt(square / static_cast<float>(d) + eps);
        mean[r] = centre;
        rstd[r] = scale;
        for (int64_t i = 0; i < d; ++i) put(y[i], (u[i] - centre) * scale * w[i] + b[i]);
    }
}
TXFM_VECTOR void layerNorm(const float* u, const float* w, const float* b, bf16* y, float* mean, float* rstd,
                           int64_t rows, int64_t d, float eps) {
    layerNormRows(u, w, b, y, mean, rstd, rows, d, eps);
}
TXFM_VECTOR void layerNorm(const float* u, const float* w, const float* b, float* y, float* mean, float* rstd,
                           int64_t rows, int64_t d, float eps) {
    layerNormRows(u, w, b, y, mean, rstd, rows, d, eps);
}

TXFM_VECTOR void layerNormBackward(const bf16* dy, const float* u, const float* mean, const float* rstd, const float* w,
                                   float* du, float* dw, float* db, int64_t rows, int64_t d) {
    for (int64_t r = 0; r < rows; ++r, u += d, dy += d, du += d) {
        const float centre = mean[r], scale = rstd[r];
        float sum = 0, dot = 0;
        for (int64_t i = 0; i < d; ++i) {
            const float g = widen(dy[i]), n = (u[i] - centre) * scale;
            dw[i] += g * n;
            db[i] += g;
            sum += g * w[i];
            dot += g * w[i] * n;
        }
        sum /= static_cast<float>(d);
        dot /= static_cast<float>(d);
        for (int64_t i = 0; i < d; ++i)
            du[i] += scale * (widen(dy[i]) * w[i] - sum - (u[i] - centre) * scale * dot);
    }
}

TXFM_BODY(T) void splitHeadRows(const T* in, int64_t stride, const float* bias, const float* w, const float* b, float scale,
                                T* to, int64_t headStride, int64_t rows, int64_t heads, int64_t width, float eps) {
    for (int64_t h = 0; h < heads; ++h)
        for (int64_t r = 0; r < rows; ++r) {
            const T* row = in + r * stride + h * width;
            T* out = to + h * headStride + r * width;
            if (!w && !bias && scale == 1.0f) {
                std::memcpy(out, row, static_cast<size_t>(width) * sizeof(T));
                continue;
            }
            float values[512];
            for (int64_t i = 0; i < width; ++i) values[i] = widen(row[i]);
            if (bias)
                for (int64_t i = 0; i < width; ++i) values[i] += bias[h * width + i];
            if (!w) {
                for (int64_t i = 0; i < width; ++i) put(out[i], values[i] * scale);
                continue;
            }
            float sum = 0, square = 0;
            for (int64_t i = 0; i < width; ++i) sum += values[i];
            const float centre = sum / static_cast<float>(width);
            for (int64_t i = 0; i < width; ++i) square += (values[i] - centre) * (values[i] - centre);
            const float inverse = 1.0f / std::sqrt(square / static_cast<float>(width) + eps);
            for (int64_t i = 0; i < width; ++i) put(out[i], ((values[i] - centre) * inverse * w[i] + b[i]) * scale);
        }
}
TXFM_VECTOR void splitHeads(const bf16* in, int64_t stride, const float* bias, const float* w, const float* b, float scale,
                            bf16* to, int64_t headStride, int64_t rows, int64_t heads, int64_t width, float eps) {
    splitHeadRows(in, stride, bias, w, b, scale, to, headStride, rows, heads, width, eps);
}
TXFM_VECTOR void splitHeads(const float* in, int64_t stride, const float* bias, const float* w, const float* b, float scale,
                            float* to, int64_t headStride, int64_t rows, int64_t heads, int64_t width, float eps) {
    splitHeadRows(in, stride, bias, w, b, scale, to, headStride, rows, heads, width, eps);
}

TXFM_VECTOR void splitHeadsBackward(const bf16* gradients, int64_t headStride, const bf16* in, int64_t stride,
                                    const float* bias, const float* w, float scale, bf16* din, float* dw, float* db, float* dbias, int64_t rows,
                                    int64_t heads, int64_t width, float eps) {
    for (int64_t h = 0; h < heads; ++h)
        for (int64_t r = 0; r < rows; ++r) {
            const bf16* dout = gradients + h * headStride + r * width;
            const bf16* row = in + r * stride + h * width;
            bf16* target = din + r * stride + h * width;
            float values[512], grads[512];
            for (int64_t i = 0; i < width; ++i) grads[i] = widen(dout[i]) * scale;
            if (w) {
                for (int64_t i = 0; i < width; ++i) values[i] = widen(row[i]);
                if (bias)
                    for (int64_t i = 0; i < width; ++i) values[i] += bias[h * width + i];
                float sum = 0, square = 0;
                for (int64_t i = 0; i < width; ++i) sum += values[i];
                const float centre = sum / static_cast<float>(width);
                for (int64_t i = 0; i < width; ++i) square += (values[i] - centre) * (values[i] - centre);
                const float inverse = 1.0f / std::sqrt(square / static_cast<float>(width) + eps);
                float mean = 0, dot = 0;
                for (int64_t i = 0; i < width; ++i) {
                    const float n = (values[i] - centre) * inverse;
                    dw[i] += grads[i] * n;
                    db[i] += grads[i];
                    mean += grads[i] * w[i];
                    dot += grads[i] * w[i] * n;
                    values[i] = n;
                }
                mean /= static_cast<float>(width);
                dot /= static_cast<float>(width);
                for (int64_t i = 0; i < width; ++i) grads[i] = inverse * (grads[i] * w[i] - mean - values[i] * dot);
            }
            for (int64_t i = 0; i < width; ++i) target[i] = narrow(grads[i]);
            if (dbias)
                for (int64_t i = 0; i < width; ++i) dbias[h * width + i] += grads[i];
        }
}

void joinHeads(const bf16* in, int64_t headStride, int64_t rowStride, bf16* out, int64_t outStride, int64_t rows,
               int64_t heads, int64_t width) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t h = 0; h < heads; ++h)
            std::memcpy(out + r * outStride + h * width, in + h * headStride + r * rowStride,
                        static_cast<size_t>(width) * sizeof(bf16));
}

TXFM_BODY(T) void biasGeluRows(const T* in, int64_t inStride, const float* bias, T* out, int64_t outStride, int64_t rows,
                               int64_t width) {
    for (int64_t r = 0; r < rows; ++r, in += inStride, out += outStride)
        for (int64_t i = 0; i < width; ++i) {
            const float v = widen(in[i]) + bias[i];
            put(out[i], 0.5f * v * (1.0f + erfParts(v * 0.70710678118654752f).erf));
        }
}
TXFM_VECTOR void biasGelu(const bf16* in, int64_t inStride, const float* bias, bf16* out, int64_t outStride,
                          int64_t rows, int64_t width) {
    biasGeluRows(in, inStride, bias, out, outStride, rows, width);
}
TXFM_VECTOR void biasGelu(const float* in, int64_t inStride, const float* bias, float* out, int64_t outStride,
                          int64_t rows, int64_t width) {
    biasGeluRows(in, inStride, bias, out, outStride, rows, width);
}

TXFM_VECTOR void biasGeluBackward(const bf16* dout, int64_t outStride, const bf16* in, int64_t inStride,
                                  const float* bias, bf16* din, int64_t dinStride, float* dbias, int64_t rows,
                                  int64_t width) {
    for (int64_t r = 0; r < rows; ++r, dout += outStride, in += inStride, din += dinStride)
        for (int64_t i = 0; i < width; ++i) {
            const float v = widen(in[i]) + bias[i];
            const ErfParts parts = erfParts(v * 0.70710678118654752f);
            const float slope = 0.5f * (1.0f + parts.erf) + v * 0.39894228040143268f * parts.gauss;
            const float grad = widen(dout[i]) * slope;
            dbias[i] += grad;
            din[i] = narrow(grad);
        }
}

TXFM_VECTOR void expRows(float* scores, float* inverse, int64_t rows, int64_t cols) {
    constexpr int64_t kLanes = 32;
    for (int64_t r = 0; r < rows; ++r, scores += cols) {
        float lanes[kLanes];
        for (int64_t k = 0; k < kLanes; ++k) lanes[k] = scores[0];
        int64_t i = 0;
        for (; i + kLanes <= cols; i += kLanes)
            for (int64_t k = 0; k < kLanes; ++k) lanes[k] = scores[i + k] > lanes[k] ? scores[i + k] : lanes[k];
        for (; i < cols; ++i) lanes[0] = scores[i] > lanes[0] ? scores[i] : lanes[0];
        float largest = lanes[0];
        for (int64_t k = 1; k < kLanes; ++k) largest = lanes[k] > largest ? lanes[k] : largest;
        float sum = 0;
        for (i = 0; i < cols; ++i) {
            const float e = fastExp(scores[i] - largest);
            scores[i] = e;
            sum += e;
        }
        inverse[r] = 1.0f / sum;
    }
}

TXFM_VECTOR void scaleRows(const float* in, const float* factor, float* out, int64_t outStride, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; ++r, in += width, out += outStride)
        for (int64_t i = 0; i < width; ++i) out[i] = in[i] * factor[r];
}

TXFM_VECTOR void attentionWeights(bf16* scores, const float* lse, int64_t rows, int64_t cols) {
    for (int64_t r = 0; r < rows; ++r, scores += cols)
        for (int64_t i = 0; i < cols; ++i) scores[i] = narrow(fastExp(widen(scores[i]) - lse[r]));
}

TXFM_VECTOR void attentionBackward(const bf16* weights, bf16* dweights, const bf16* a, const bf16* da, int64_t aStride,
                                   int64_t rows, int64_t cols, int64_t width) {
    for (int64_t r = 0; r < rows; ++r, weights += cols, dweights += cols, a += aStride, da += aStride) {
        float dot = 0;
        for (int64_t i = 0; i < width; ++i) dot += widen(a[i]) * widen(da[i]);
        for (int64_t i = 0; i < cols; ++i) dweights[i] = narrow(widen(weights[i]) * (widen(dweights[i]) - dot));
    }
}

TXFM_BODY(T) void addBranchRows(const float* u, const T* branch, const float* bias, const float* scale, float factor, float* out,
                                int64_t rows, int64_t d) {
    for (int64_t r = 0; r < rows; ++r, u += d, branch += d, out += d)
        for (int64_t i = 0; i < d; ++i) out[i] = u[i] + factor * scale[i] * (widen(branch[i]) + bias[i]);
}
TXFM_VECTOR void addBranch(const float* u, const bf16* branch, const float* bias, const float* scale, float factor,
                           float* out, int64_t rows, int64_t d) {
    addBranchRows(u, branch, bias, scale, factor, out, rows, d);
}
TXFM_VECTOR void addBranch(const float* u, const float* branch, const float* bias, const float* scale, float factor,
                           float* out, int64_t rows, int64_t d) {
    addBranchRows(u, branch, bias, scale, factor, out, rows, d);
}

TXFM_VECTOR void addBranchBackward(const float* dout, const bf16* branch, const float* bias, const float* scale,
                                   float factor, bf16* dbranch, float* dscale, float* dbias, int64_t rows, int64_t d) {
    for (int64_t r = 0; r < rows; ++r, dout += d, branch += d, dbranch += d)
        for (int64_t i = 0; i < d; ++i) {
            const float grad = factor * dout[i];
            dscale[i] += grad * (widen(branch[i]) + bias[i]);
            dbias[i] += grad * scale[i];
            dbranch[i] = narrow(grad * scale[i]);
        }
}

TXFM_VECTOR double poissonLoss(const float* z, const float* x, const float* measured, float* grad, int64_t genes,
                               float weight, float bound, float width) {
    constexpr int64_t kBlock = 1024;
    const float inverse = 1.0f / width, slope = bound / width;
    double total = 0;
    for (int64_t begin = 0; begin < genes; begin += kBlock) {
        const int64_t end = std::min(begin + kBlock, genes);
        float sum = 0;
        for (int64_t g = begin; g < end; ++g) {
            const float v = z[g] > 0 ? z[g] * inverse : 0.0f;
            // tanh: the series below 0.1 keeps the relative accuracy that the exponential form loses there.
            const float q = v * v;
            const float series = v * (q * (q * (q * (-17.0f / 315) + 2.0f / 15) - 1.0f / 3) + 1.0f);
            const float large = 1.0f - 2.0f / (fastExp(2.0f * v) + 1.0f);
            const float t = v < 0.1f ? series : large;
            const float phi = bound * t;
            const float rate = fastExp(phi), k = fastExp(x[g]);
            const float derivative = z[g] > 0 ? slope * (1.0f - t * t) : 0.0f;
            grad[g] = weight * measured[g] * derivative * (rate - k);
            sum += measured[g] * (rate - k * phi);
        }
        total += sum;
    }
    return total * weight;
}

}  // namespace txfm::model::kernels
