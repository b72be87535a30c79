// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/cuda/launch.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "plugins/cuda/device_kernels.cuh"

namespace txfm::cuda {
namespace {

/// Enough blocks to fill a large GPU, few enough that the sums of the parts cost nothing.
constexpr int64_t kMostParts = 512;

unsigned blocksFor(int64_t warps) { return static_cast<unsigned>((warps + kWarpsPerBlock - 1) / kWarpsPerBlock); }
cudaStream_t on(void* stream) { return static_cast<cudaStream_t>(stream); }

void checkLaunch(const char* kernel) {
    if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess)
        throw std::runtime_error(std::string("The CUDA kernel ") + kernel + " failed: " + cudaGetErrorString(error));
}

template <class Body>
void withType(bool half, Body&& body) {
    if (half) body(bf16{});
    else body(float{});
}

}  // namespace

void residualNorm(const ResidualShape& s, const float* u, Values branch, const float* scale, const float* keep, const float* w,
                  const float* b, float eps, float* out, Target y, float* mean, float* rstd, void* stream) {
    if (s.rows == 0) return;
    withType(branch.half, [&](auto in) {
        withType(y.half, [&](auto normed) {
            residualNormForward<<<blocksFor(s.rows), kThreads, 0, on(stream)>>>(
                Rows{s.rows, s.d, s.rowsPerSample, keep}, u, static_cast<const decltype(in)*>(branch.data), scale, w, b, eps, out,
                static_cast<decltype(normed)*>(y.data), mean, rstd);
        });
    });
    checkLaunch("residual_norm");
}

int64_t columnParts(int64_t rows) { return std::clamp<int64_t>(rows / (kWarpsPerBlock * 16), 1, kMostParts); }

void residualNormBackward(const ResidualShape& s, const float* dout, Values dy, const float* out, const float* mean,
                          const float* rstd, Values branch, const float* scale, const float* keep, const float* w, float* du,
                          void* dbranch, float* partial, void* stream) {
    const Rows rows{s.rows, s.d, s.rowsPerSample, keep};
    withType(branch.half, [&](auto in) {
        withType(dy.half, [&](auto outer) {
            using Branch = decltype(in);
            using Grad = decltype(outer);
            if (s.rows > 0)
                residualNormBackward<<<blocksFor(s.rows), kThreads, 0, on(stream)>>>(
                    rows, dout, static_cast<const Grad*>(dy.data), out, mean, rstd, scale, w, du, static_cast<Branch*>(dbranch));
            const dim3 grid(static_cast<unsigned>((s.d + kWarp - 1) / kWarp), static_cast<unsigned>(columnParts(s.rows)));
            residualNormColumns<<<grid, kThreads, 0, on(stream)>>>(rows, du, static_cast<const Grad*>(dy.data), out, mean, rstd,
                                                                   static_cast<const Branch*>(branch.data), partial);
        });
    });
    checkLaunch("residual_norm_backward");
}

bool fitsHead(int64_t width) { return width <= kWidestHead; }

void qkNorm(const HeadShape& s, Values qk, const float* weights, float eps, void* q, void* k, void* stream) {
    const int64_t items = s.samples * s.tokens * s.heads * 2;
    if (items == 0) return;
    withType(qk.half, [&](auto value) {
        using Value = decltype(value);
        qkNormForward<<<blocksFor(items), kThreads, 0, on(stream)>>>(
            Heads{s.samples, s.tokens, s.heads, s.width, s.sampleStride, s.rowStride}, static_cast<const Value*>(qk.data), weights,
            eps, static_cast<Value*>(q), static_cast<Value*>(k));
    });
    checkLaunch("qk_norm");
}

int64_t headParts(const HeadShape& s) {
    const int64_t blocks = std::clamp<int64_t>(s.samples * s.tokens * s.heads / (kWarpsPerBlock * 16), 1, kMostParts);
    return blocks * kWarpsPerBlock / 2;
}

void qkNormBackward(const HeadShape& s, const void* dq, const void* dk, Values qk, const float* weights, float eps, void* dqk,
                    float* partial, void* stream) {
    withType(qk.half, [&](auto value) {
        using Value = decltype(value);
        qkNormBackward<<<static_cast<unsigned>(headParts(s) * 2 / kWarpsPerBlock), kThreads, 0, on(stream)>>>(
            Heads{s.samples, s.tokens, s.heads, s.width, s.sampleStride, s.rowStride}, static_cast<const Value*>(dq),
            static_cast<const Value*>(dk), static_cast<const Value*>(qk.data), weights, eps, static_cast<Value*>(dqk), partial);
    });
    checkLaunch("qk_norm_backward");
}

void poissonLoss(const float* z, const float* x, const float* measured, const int64_t* measuredRow, const float* weights,
                 float bound, float width, int64_t samples, int64_t genes, float* sums, float* grad, void* stream) {
    if (samples == 0) return;
    poissonLoss<<<static_cast<unsigned>(samples), kThreads, 0, on(stream)>>>(z, x, measured, measuredRow, weights, bound, width,
                                                                              genes, sums, grad);
    checkLaunch("poisson_loss");
}

}  // namespace txfm::cuda
