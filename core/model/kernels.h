// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

/// Element-wise CPU kernels of the fused blocks: plain loops that the compiler vectorises for the machine it meets at run
/// time. bf16 values travel as uint16_t (round to nearest even); arithmetic is float32. Rows are contiguous unless a
/// stride (in elements) is given. None allocates; all are thread-safe. What evaluation alone needs exists for float32
/// values as well.
namespace txfm::model::kernels {

using bf16 = uint16_t;

/// y = (u - mean)·rstd·w + b per row [rows × d]; keeps mean and rstd for the backward pass.
void layerNorm(const float* u, const float* w, const float* b, bf16* y, float* mean, float* rstd, int64_t rows,
               int64_t d, float eps);
void layerNorm(const float* u, const float* w, const float* b, float* y, float* mean, float* rstd, int64_t rows,
               int64_t d, float eps);
/// du += gradient through layerNorm; dw, db [d] are accumulated.
void layerNormBackward(const bf16* dy, const float* u, const float* mean, const float* rstd, const float* w, float* du,
                       float* dw, float* db, int64_t rows, int64_t d);

/// Splits [rows × heads·width] (row stride `stride`, plus `bias` [heads·width] unless null) into [heads × rows × width],
/// normalised over width when w is not null, times `scale`; `headStride` elements lie between the heads of `out`.
void splitHeads(const bf16* in, int64_t stride, const float* bias, const float* w, const float* b, float scale, bf16* out,
                int64_t headStride, int64_t rows, int64_t heads, int64_t width, float eps);
void splitHeads(const float* in, int64_t stride, const float* bias, const float* w, const float* b, float scale, float* out,
                int64_t headStride, int64_t rows, int64_t heads, int64_t width, float eps);
/// Gradient of splitHeads (heads of `dout` lie headStride apart) into the rows of `din` (stride); dw, db [width] and dbias [heads·width] are accumulated where
/// not null.
void splitHeadsBackward(const bf16* dout, int64_t headStride, const bf16* in, int64_t stride, const float* bias, const float* w, float scale,
                        bf16* din, float* dw, float* db, float* dbias, int64_t rows, int64_t heads, int64_t width,
                        float eps);
/// [heads × rows × width] with the given strides -> rows [rows × heads·width] of stride outStride.
void joinHeads(const bf16* in, int64_t headStride, int64_t rowStride, bf16* out, int64_t outStride, int64_t rows,
               int64_t heads, int64_t width);

/// out = GELU(in + bias), exact (erf) form; the erf is good to 1.5e-7.
void biasGelu(const bf16* in, int64_t inStride, const float* bias, bf16* out, int64_t outStride, int64_t rows, int64_t width);
void biasGelu(const float* in, int64_t inStride, const float* bias, float* out, int64_t outStride, int64_t rows, int64_t width);
/// din = dout·GELU'(in + bias); dbias [width] is accumulated.
void biasGeluBackward(const bf16* dout, int64_t outStride, const bf16* in, int64_t inStride, const float* bias, bf16* din,
                      int64_t dinStride, float* dbias, int64_t rows, int64_t width);

/// scores [rows × cols] <- exp(scores - largest of the row); inverse[row] = 1 / their sum. Together the softmax.
void expRows(float* scores, float* inverse, int64_t rows, int64_t cols);
/// out [rows × width] of stride outStride = in·factor[row].
void scaleRows(const float* in, const float* factor, float* out, int64_t outStride, int64_t rows, int64_t width);
/// scores [rows × cols] <- exp(scores - lse[row]): attention weights from the log-sum-exp of the forward pass.
void attentionWeights(bf16* scores, const float* lse, int64_t rows, int64_t cols);
/// dweights <- weights·(dweights - Σ_j da_j·a_j): gradient of the scores. a, da are rows of `width` with stride aStride.
void attentionBackward(const bf16* weights, bf16* dweights, const bf16* a, const bf16* da, int64_t aStride, int64_t rows,
                       int64_t cols, int64_t width);

/// out = u + factor·scale·(branch + bias).
void addBranch(const float* u, const bf16* branch, const float* bias, const float* scale, float factor, float* out,
               int64_t rows, int64_t d);
void addBranch(const float* u, const float* branch, const float* bias, const float* scale, float factor, float* out,
               int64_t rows, int64_t d);
/// dbranch = factor·scale·dout; dscale += factor·dout·(branch + bias), dbias += dbranch.
void addBranchBackward(const float* dout, const bf16* branch, const float* bias, const float* scale, float factor,
                       bf16* dbranch, float* dscale, float* dbias, int64_t rows, int64_t d);

/// Σ_g measured·(e^φ - e^x·φ)·weight for one sample, φ = bound·max(0, tanh(z/width)); grad = its derivative by z.
double poissonLoss(const float* z, const float* x, const float* measured, float* grad, int64_t genes, float weight,
                   float bound, float width);

}  // namespace txfm::model::kernels
