// SPDX-License-Identifier: GPL-3.0-or-later
// CUDA versions of the operators of core/model/ops.h. Loading this library registers them; nothing is called by name.
// LibTorch's CUDA library is open by then (core/model/device.cpp), so none of it is linked.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/sum.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/library.h>

#include "plugins/cuda/launch.h"

namespace txfm::cuda {
namespace {

using MaybeTensor = std::optional<at::Tensor>;

void* streamOf(const at::Tensor& tensor) {
    return c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).getStream(tensor.device()).native_handle();
}

bool isHalf(const at::Tensor& tensor) {
    TORCH_CHECK(tensor.scalar_type() == at::kBFloat16 || tensor.scalar_type() == at::kFloat,
                "the fused operators take bf16 and float32, not ", tensor.scalar_type());
    return tensor.scalar_type() == at::kBFloat16;
}

Values valuesOf(const at::Tensor& tensor) { return {tensor.const_data_ptr(), isHalf(tensor)}; }

/// A dense float32 tensor of the expected number of values.
at::Tensor dense(const at::Tensor& tensor, int64_t values) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.numel() == values, "expected ", values, " float32 values");
    return tensor.contiguous();
}

ResidualShape shapeOf(const at::Tensor& u) { return {u.numel() / u.size(-1), u.size(-1), u.numel() / u.size(-1) / u.size(0)}; }

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> residualNormCuda(
    const at::Tensor& u, const at::Tensor& branch, const at::Tensor& scale, const MaybeTensor& keep, const at::Tensor& w,
    const at::Tensor& b, double eps, bool bfloat16) {
    const c10::DeviceGuard guard(u.device());
    const auto shape = shapeOf(u);
    const auto from = dense(u, u.numel()), added = branch.contiguous();
    const auto factors = keep ? dense(*keep, u.size(0)) : at::Tensor();
    auto out = at::empty_like(from), y = at::empty(u.sizes(), u.options().dtype(bfloat16 ? at::kBFloat16 : at::kFloat));
    auto mean = at::empty({shape.rows}, u.options()), rstd = at::empty({shape.rows}, u.options());
    residualNorm(shape, from.const_data_ptr<float>(), valuesOf(added), dense(scale, shape.d).const_data_ptr<float>(),
                 keep ? factors.const_data_ptr<float>() : nullptr, dense(w, shape.d).const_data_ptr<float>(),
                 dense(b, shape.d).const_data_ptr<float>(), static_cast<float>(eps), out.mutable_data_ptr<float>(),
                 {y.mutable_data_ptr(), isHalf(y)}, mean.mutable_data_ptr<float>(), rstd.mutable_data_ptr<float>(), streamOf(u));
    return {out, y, mean, rstd};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> residualNormBackwardCuda(
    const at::Tensor& dout, const at::Tensor& dy, const at::Tensor& out, const at::Tensor& mean, const at::Tensor& rstd,
    const at::Tensor& branch, const at::Tensor& scale, const MaybeTensor& keep, const at::Tensor& w) {
    const c10::DeviceGuard guard(out.device());
    const auto shape = shapeOf(out);
    const auto outer = dense(dout, out.numel()), normed = dy.contiguous(), added = branch.contiguous();
    const auto factors = keep ? dense(*keep, out.size(0)) : at::Tensor();
    auto du = at::empty_like(out), dbranch = at::empty_like(added);
    const int64_t parts = columnParts(shape.rows);
    auto partial = at::empty({parts, 3, shape.d}, out.options());
    residualNormBackward(shape, outer.const_data_ptr<float>(), valuesOf(normed), out.const_data_ptr<float>(),
                         mean.const_data_ptr<float>(), rstd.const_data_ptr<float>(), valuesOf(added),
                         dense(scale, shape.d).const_data_ptr<float>(), keep ? factors.const_data_ptr<float>() : nullptr,
                         dense(w, shape.d).const_data_ptr<float>(), du.mutable_data_ptr<float>(), dbranch.mutable_data_ptr(),
                         partial.mutable_data_ptr<float>(), streamOf(out));
    const auto sums = partial.sum(0);
    return {du, dbranch, sums[0], sums[1], sums[2]};
}

HeadShape headShape(const at::Tensor& qk, int64_t heads) {
    const int64_t width = qk.size(2) / 2 / heads;
    TORCH_CHECK(qk.stride(2) == 1 && fitsHead(width), "qk_norm takes dense rows and heads up to 256 wide");
    return {qk.size(0), qk.size(1), heads, width, qk.stride(0), qk.stride(1)};
}

std::tuple<at::Tensor, at::Tensor> qkNormCuda(const at::Tensor& qk, int64_t heads, const at::Tensor& weights, double eps) {
    const c10::DeviceGuard guard(qk.device());
    const HeadShape shape = headShape(qk, heads);
    auto q = at::empty({shape.samples, heads, shape.tokens, shape.width}, qk.options()), k = at::empty_like(q);
    qkNorm(shape, valuesOf(qk), dense(weights, 4 * shape.width).const_data_ptr<float>(), static_cast<float>(eps),
           q.mutable_data_ptr(), k.mutable_data_ptr(), streamOf(qk));
    return {q, k};
}

std::tuple<at::Tensor, at::Tensor> qkNormBackwardCuda(const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& qk,
                                                      const at::Tensor& weights, double eps) {
    const c10::DeviceGuard guard(qk.device());
    const HeadShape shape = headShape(qk, dq.size(1));
    TORCH_CHECK(dq.scalar_type() == qk.scalar_type() && dk.scalar_type() == qk.scalar_type(), "qk_norm: gradients of another type");
    const auto dqDense = dq.contiguous(), dkDense = dk.contiguous();
    auto dqk = at::empty(qk.sizes(), qk.options());
    auto partial = at::empty({2, headParts(shape), 2, shape.width}, weights.options());
    qkNormBackward(shape, dqDense.const_data_ptr(), dkDense.const_data_ptr(), valuesOf(qk),
                   dense(weights, 4 * shape.width).const_data_ptr<float>(), static_cast<float>(eps), dqk.mutable_data_ptr(),
                   partial.mutable_data_ptr<float>(), streamOf(qk));
    return {dqk, partial.sum(1).view({4, shape.width})};
}

std::tuple<at::Tensor, at::Tensor> poissonLossCuda(const at::Tensor& z, const at::Tensor& x, const at::Tensor& measured,
                                                   const at::Tensor& measuredRow, const at::Tensor& weights, double bound,
                                                   double width) {
    const c10::DeviceGuard guard(z.device());
    const int64_t samples = z.size(0), genes = z.size(1);
    const auto logits = dense(z, z.numel()), values = dense(x, z.numel()), masks = dense(measured, measured.size(0) * genes);
    const auto rows = measuredRow.contiguous();
    TORCH_CHECK(rows.scalar_type() == at::kLong && rows.numel() == samples, "poisson_loss takes one int64 row per sample");
    auto grad = at::empty_like(logits), sums = at::empty({samples}, z.options());
    poissonLoss(logits.const_data_ptr<float>(), values.const_data_ptr<float>(), masks.const_data_ptr<float>(),
                rows.const_data_ptr<int64_t>(), dense(weights, samples).const_data_ptr<float>(), static_cast<float>(bound),
                static_cast<float>(width), samples, genes, sums.mutable_data_ptr<float>(), grad.mutable_data_ptr<float>(),
                streamOf(z));
    return {sums, grad};
}

TORCH_LIBRARY_IMPL(txfm, CUDA, library) {
    library.impl("residual_norm", residualNormCuda);
    library.impl("residual_norm_backward", residualNormBackwardCuda);
    library.impl("qk_norm", qkNormCuda);
    library.impl("qk_norm_backward", qkNormBackwardCuda);
    library.impl("poisson_loss", poissonLossCuda);
}

}  // namespace
}  // namespace txfm::cuda
