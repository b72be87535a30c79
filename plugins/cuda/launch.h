// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

/// Starts the kernels of device_kernels.cuh. Pointers are device memory; `half` pointers hold bf16, otherwise float32;
/// `stream` is a cudaStream_t. Throws std::runtime_error when CUDA refuses the launch.
namespace txfm::cuda {

struct ResidualShape {
    int64_t rows, d, rowsPerSample;
};
struct Values {
    const void* data;
    bool half;
};
struct Target {
    void* data;
    bool half;
};

void residualNorm(const ResidualShape& shape, const float* u, Values branch, const float* scale, const float* keep,
                  const float* w, const float* b, float eps, float* out, Target y, float* mean, float* rstd, void* stream);

/// Partial sums that residualNormBackward() writes: [columnParts() × 3 × d] for scale, w, b.
int64_t columnParts(int64_t rows);
void residualNormBackward(const ResidualShape& shape, const float* dout, Values dy, const float* out, const float* mean,
                          const float* rstd, Values branch, const float* scale, const float* keep, const float* w, float* du,
                          void* dbranch, float* partial, void* stream);

struct HeadShape {
    int64_t samples, tokens, heads, width, sampleStride, rowStride;
};
bool fitsHead(int64_t width);
void qkNorm(const HeadShape& shape, Values qk, const float* weights, float eps, void* q, void* k, void* stream);
/// Partial sums that qkNormBackward() writes: [2 × headParts() × 2 × width].
int64_t headParts(const HeadShape& shape);
void qkNormBackward(const HeadShape& shape, const void* dq, const void* dk, Values qk, const float* weights, float eps,
                    void* dqk, float* partial, void* stream);

void poissonLoss(const float* z, const float* x, const float* measured, const int64_t* measuredRow, const float* weights,
                 float bound, float width, int64_t samples, int64_t genes, float* sums, float* grad, void* stream);

}  // namespace txfm::cuda
