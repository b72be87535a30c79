// SPDX-License-Identifier: GPL-3.0-or-later
// Fused norms: reference versions of plain LibTorch operations, for any device and precision, and their derivatives.
// plugins/cuda registers kernels of one pass for CUDA in front of them.
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "core/model/ops.h"

namespace txfm::model::ops {
namespace {

using MaybeTensor = std::optional<at::Tensor>;

at::ScalarType productType(const at::Tensor& like, bool bfloat16) { return bfloat16 ? at::kBFloat16 : like.scalar_type(); }

/// Sums over every axis but the last.
at::Tensor columnSums(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}).sum(0); }

/// Gradient through n = (x - mean)·rstd from that of n.
at::Tensor normBackward(const at::Tensor& dn, const at::Tensor& n, const at::Tensor& rstd) {
    return rstd * (dn - dn.mean(-1, true) - n * (dn * n).mean(-1, true));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> residualNormReference(
    const at::Tensor& u, const at::Tensor& branch, const at::Tensor& scale, const MaybeTensor& keep, const at::Tensor& w,
    const at::Tensor& b, double eps, bool bfloat16) {
    auto added = branch.to(u.scalar_type()) * scale;
    if (keep) added = added * *keep;
    const auto out = u + added;
    const auto mean = out.mean(-1, true);
    const auto centred = out - mean;
    const auto rstd = at::rsqrt(centred.square().mean(-1, true) + eps);
    return {out, (centred * rstd * w + b).to(productType(u, bfloat16)), mean.reshape({-1}), rstd.reshape({-1})};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> residualNormBackwardReference(
    const at::Tensor& dout, const at::Tensor& dy, const at::Tensor& out, const at::Tensor& mean, const at::Tensor& rstd,
    const at::Tensor& branch, const at::Tensor& scale, const MaybeTensor& keep, const at::Tensor& w) {
    auto shape = out.sizes().vec();
    shape.back() = 1;
    const auto inverse = rstd.view(shape), n = (out - mean.view(shape)) * inverse;
    const auto grad = dy.to(out.scalar_type());
    const auto du = dout + normBackward(grad * w, n, inverse);
    const auto kept = keep ? du * *keep : du;
    return {du, (kept * scale).to(branch.scalar_type()), columnSums(kept * branch), columnSums(grad * n), columnSums(grad)};
}

/// [B × T × heads·width] -> [B × heads × T × width].
at::Tensor byHead(const at::Tensor& x, int64_t heads) {
    return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

struct Normed {
    at::Tensor n, rstd;
};
Normed normOf(const at::Tensor& x, double eps) {
    const auto centred = x - x.mean(-1, true);
    const auto rstd = at::rsqrt(centred.square().mean(-1, true) + eps);
    return {centred * rstd, rstd};
}

std::tuple<at::Tensor, at::Tensor> qkNormReference(const at::Tensor& qk, int64_t heads, const at::Tensor& weights, double eps) {
    const int64_t d = qk.size(2) / 2;
    const auto part = [&](int64_t which) {
        const auto x = byHead(qk.narrow(2, which * d, d), heads).to(weights.scalar_type());
        return (normOf(x, eps).n * weights[2 * which] + weights[2 * which + 1]).to(qk.scalar_type()).contiguous();
    };
    return {part(0), part(1)};
}

std::tuple<at::Tensor, at::Tensor> qkNormBackwardReference(const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& qk,
                                                           const at::Tensor& weights, double eps) {
    const int64_t heads = dq.size(1), d = qk.size(2) / 2;
    auto dqk = at::empty_like(qk, at::MemoryFormat::Contiguous);
    std::vector<at::Tensor> dweights;
    for (int64_t which : {0, 1}) {
        const auto grad = (which == 0 ? dq : dk).to(weights.scalar_type());
        const auto x = normOf(byHead(qk.narrow(2, which * d, d), heads).to(weights.scalar_type()), eps);
        dqk.narrow(2, which * d, d).copy_(normBackward(grad * weights[2 * which], x.n, x.rstd).transpose(1, 2).reshape({qk.size(0), qk.size(1), d}));
        dweights.push_back(columnSums(grad * x.n));
        dweights.push_back(columnSums(grad));
    }
    return {dqk, at::stack(dweights)};
}

TORCH_LIBRARY_FRAGMENT(txfm, library) {
    library.def("residual_norm(Tensor u, Tensor branch, Tensor scale, Tensor? keep, Tensor w, Tensor b, float eps, bool bfloat16)"
                " -> (Tensor out, Tensor y, Tensor mean, Tensor rstd)");
    library.def("residual_norm_backward(Tensor dout, Tensor dy, Tensor out, Tensor mean, Tensor rstd, Tensor branch, "
                "Tensor scale, Tensor? keep, Tensor w) -> (Tensor du, Tensor dbranch, Tensor dscale, Tensor dw, Tensor db)");
    library.def("qk_norm(Tensor qk, int heads, Tensor weights, float eps) -> (Tensor q, Tensor k)");
    library.def("qk_norm_backward(Tensor dq, Tensor dk, Tensor qk, Tensor weights, float eps) -> (Tensor dqk, Tensor dweights)");
}
TORCH_LIBRARY_IMPL(txfm, CompositeExplicitAutograd, library) {
    library.impl("residual_norm", residualNormReference);
    library.impl("residual_norm_backward", residualNormBackwardReference);
    library.impl("qk_norm", qkNormReference);
    library.impl("qk_norm_backward", qkNormBackwardReference);
}

template <class Signature>
auto operatorNamed(const char* name) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

class ResidualNormFunction : public torch::autograd::Function<ResidualNormFunction> {
public:
    static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& u,
                                                  const at::Tensor& branch, const at::Tensor& scale, const at::Tensor& keep,
                                                  const at::Tensor& w, const at::Tensor& b, double eps, bool bfloat16) {
        static const auto op = operatorNamed<decltype(residualNormReference)>("txfm::residual_norm");
        const MaybeTensor kept = keep.numel() > 0 ? MaybeTensor(keep) : std::nullopt;
        const auto [out, y, mean, rstd] = op.call(u.contiguous(), branch.contiguous(), scale, kept, w, b, eps, bfloat16);
        context->save_for_backward({out, mean, rstd, branch, scale, keep, w});
        return {out, y};
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list outer) {
        static const auto op = operatorNamed<decltype(residualNormBackwardReference)>("txfm::residual_norm_backward");
        const auto saved = context->get_saved_variables();
        const MaybeTensor kept = saved[5].numel() > 0 ? MaybeTensor(saved[5]) : std::nullopt;
        const auto dout = outer[0].defined() ? outer[0].contiguous() : at::zeros_like(saved[0]);
        const auto dy = outer[1].defined() ? outer[1].contiguous() : at::zeros_like(saved[0]);
        auto [du, dbranch, dscale, dw, db] =
            op.call(dout, dy, saved[0], saved[1], saved[2], saved[3].contiguous(), saved[4], kept, saved[6]);
        return {du, dbranch, dscale, {}, dw, db, {}, {}};
    }
};

class QkNormFunction : public torch::autograd::Function<QkNormFunction> {
public:
    static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& qk,
                                                  int64_t heads, const at::Tensor& weights, double eps) {
        static const auto op = operatorNamed<decltype(qkNormReference)>("txfm::qk_norm");
        const auto [q, k] = op.call(qk, heads, weights, eps);
        context->save_for_backward({qk, weights});
        context->saved_data["eps"] = eps;
        return {q, k};
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list outer) {
        static const auto op = operatorNamed<decltype(qkNormBackwardReference)>("txfm::qk_norm_backward");
        const auto saved = context->get_saved_variables();
        auto [dqk, dweights] = op.call(outer[0].contiguous(), outer[1].contiguous(), saved[0], saved[1],
                                       context->saved_data["eps"].toDouble());
        return {dqk, {}, dweights, {}};
    }
};

}  // namespace

ResidualNorm residualNorm(const at::Tensor& u, const at::Tensor& branch, const at::Tensor& scale, const at::Tensor& keep,
                          const at::Tensor& w, const at::Tensor& b, double eps, bool bfloat16) {
    // Autograd takes no undefined inputs; an empty tensor stands for no stochastic depth.
    const auto parts = ResidualNormFunction::apply(u, branch, scale, keep.defined() ? keep : at::empty({0}, scale.options().requires_grad(false)),
                                                   w, b, eps, bfloat16);
    return {parts[0], parts[1]};
}

QueriesKeys qkNorm(const at::Tensor& qk, int64_t heads, const at::Tensor& qw, const at::Tensor& qb, const at::Tensor& kw,
                   const at::Tensor& kb, double eps) {
    const auto parts = QkNormFunction::apply(qk, heads, at::stack({qw, qb, kw, kb}), eps);
    return {parts[0], parts[1]};
}

}  // namespace txfm::model::ops
