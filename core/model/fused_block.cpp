// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/fused_block.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/model/attention_amx.h"
#include "core/model/block_evaluation.h"
#include "core/model/kernels.h"

namespace txfm::model {
namespace {

using kernels::bf16;

bf16* half(const at::Tensor& tensor) { return reinterpret_cast<bf16*>(tensor.mutable_data_ptr()); }
const bf16* constHalf(const at::Tensor& tensor) { return reinterpret_cast<const bf16*>(tensor.const_data_ptr()); }
const float* floats(const at::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }

struct Shape {
    int64_t samples, width, d, heads, head, mlp;
    std::vector<int64_t> rows, offset;  // rows (CLS included) of each sample, and where they begin without padding
    int64_t total = 0;
    int64_t inWidth() const { return mlp + 3 * d; }
    int64_t outWidth() const { return d + mlp; }
};

Shape shapeOf(const BlockWeights& w, const at::Tensor& u, const std::vector<int64_t>& lengths) {
    Shape s{u.size(0), u.size(1), u.size(2), w.heads, u.size(2) / w.heads, w.mlpBias.size(0), {}, {}, 0};
    for (int64_t b = 0; b < s.samples; ++b) {
        s.rows.push_back(lengths.empty() ? s.width : lengths[static_cast<size_t>(b)] + 1);
        s.offset.push_back(s.total);
        s.total += s.rows.back();
    }
    return s;
}

// What the backward pass needs, without padding; N = all rows of the batch.
struct Saved {
    at::Tensor y, mean, rstd;  // [N × d] bf16, [N] float
    at::Tensor p;              // [N × m+3d] bf16 input projection
    at::Tensor x;              // [N × d+m] bf16 attention output | GELU
    at::Tensor o;              // [N × d] bf16 branch before bias
    at::Tensor lse;            // [heads × N] float log-sum-exp per sample block: heads·rows values at heads·offset
};

struct Heads {
    at::Tensor q, k, v;  // [heads × padded × head]; q is scaled
};

/// Rows of the products over a sample's rows: the library is slow where sizes are odd. Rows of zeros change nothing.
int64_t padded(int64_t rows) { return (rows + 31) / 32 * 32; }

at::Tensor headRows(const Shape& s, int64_t rows, int64_t size) {
    auto heads = at::empty({s.heads, size, s.head}, at::TensorOptions().dtype(at::kBFloat16));
    if (size > rows) heads.narrow(1, rows, size - rows).zero_();
    return heads;
}

Heads headsOf(const Shape& s, const BlockWeights& w, const bf16* p, int64_t rows, int64_t size) {
    Heads h{headRows(s, rows, size), headRows(s, rows, size), headRows(s, rows, size)};
    const float* bias = floats(w.qkvBias);
    const float scale = 1.0f / std::sqrt(static_cast<float>(s.head));
    const auto split = [&](int64_t part, const at::Tensor& norm, const at::Tensor& normBias, float factor, const at::Tensor& to) {
        kernels::splitHeads(p + s.mlp + part * s.d, s.inWidth(), bias ? bias + part * s.d : nullptr, floats(norm), floats(normBias),
                            factor, half(to), size * s.head, rows, s.heads, s.head, static_cast<float>(kLayerNormEps));
    };
    split(0, w.qNorm, w.qNormBias, scale, h.q);
    split(1, w.kNorm, w.kNormBias, 1.0f, h.k);
    split(2, {}, {}, 1.0f, h.v);
    return h;
}

/// Attention of a sample into the first columns of x; log-sum-exp of each row into lse [heads × rows].
void attend(const Shape& s, const BlockWeights& w, const bf16* p, bf16* x, float* lse, int64_t rows) {
    const Heads h = headsOf(s, w, p, rows, rows);
    if (kernels::hasAmx() && kernels::fitsAmx(s.head)) {
        kernels::attentionAmx(half(h.q), half(h.k), half(h.v), x, s.outWidth(), lse, rows, rows, s.heads, s.head);
        return;
    }
    const auto [attention, logSum] = at::_scaled_dot_product_flash_attention_for_cpu(
        h.q.unsqueeze(0), h.k.unsqueeze(0), h.v.unsqueeze(0), 0.0, false, std::nullopt, 1.0);
    kernels::joinHeads(constHalf(attention), attention.stride(1), attention.stride(2), x, s.outWidth(), rows, s.heads, s.head);
    const auto sums = logSum.contiguous();  // [1 × heads × rows]
    std::copy_n(sums.const_data_ptr<float>(), s.heads * rows, lse);
}

void forwardSample(const Shape& s, const BlockWeights& w, const BlockMatrices& matrices, const float* outBias,
                   const float* u, float factor, Saved& saved, int64_t at, int64_t rows, float* lse, float* out) {
    const auto y = saved.y.narrow(0, at, rows);
    auto p = saved.p.narrow(0, at, rows), x = saved.x.narrow(0, at, rows), o = saved.o.narrow(0, at, rows);
    kernels::layerNorm(u, floats(w.norm), floats(w.normBias), half(y), saved.mean.mutable_data_ptr<float>() + at,
                       saved.rstd.mutable_data_ptr<float>() + at, rows, s.d, static_cast<float>(kLayerNormEps));
    at::mm_out(p, y, matrices.in.t());
    attend(s, w, constHalf(p), half(x), lse, rows);
    kernels::biasGelu(constHalf(p), s.inWidth(), floats(w.mlpBias), half(x) + s.d, s.outWidth(), rows, s.mlp);
    at::mm_out(o, x, matrices.out.t());
    kernels::addBranch(u, constHalf(o), outBias, floats(w.layerScale), factor, out, rows, s.d);
}

Saved allocate(const Shape& s, int64_t rows) {
    const auto options = at::TensorOptions().dtype(at::kBFloat16);
    return {at::empty({rows, s.d}, options), at::empty({rows}, at::kFloat), at::empty({rows}, at::kFloat),
            at::empty({rows, s.inWidth()}, options), at::empty({rows, s.outWidth()}, options),
            at::empty({rows, s.d}, options), {}};
}

void copyPadding(const Shape& s, int64_t b, const float* from, float* to) {
    const int64_t rows = s.rows[static_cast<size_t>(b)];
    std::copy_n(from + rows * s.d, (s.width - rows) * s.d, to + rows * s.d);
}

at::Tensor outputBias(const BlockWeights& w) { return (w.attnOutBias.to(at::kFloat) + w.mlpOutBias.to(at::kFloat)).detach().contiguous(); }

// Small gradients of one sample, in this order; summed over samples in a fixed order afterwards.
struct SmallGrads {
    int64_t norm = 0, normBias, mlpBias, qNorm, qNormBias, kNorm, kNormBias, qkvBias, outBias, scale, size;
    explicit SmallGrads(const Shape& s) {
        normBias = s.d, mlpBias = 2 * s.d, qNorm = mlpBias + s.mlp, qNormBias = qNorm + s.head, kNorm = qNormBias + s.head;
        kNormBias = kNorm + s.head, qkvBias = kNormBias + s.head, outBias = qkvBias + 3 * s.d, scale = outBias + s.d;
        size = scale + s.d;
    }
};

struct BackwardInput {
    const Shape& s;
    const BlockWeights& w;
    const BlockMatrices& matrices;
    const Saved& saved;
    const float* outBias;
    at::Tensor dp, dout;  // [N × m+3d], [N × d] bf16, kept for the weight gradients
};

void attentionGradients(const BackwardInput& in, const Heads& h, const at::Tensor& a, const at::Tensor& da, const float* lse,
                        const bf16* p, bf16* dp, float* small, const SmallGrads& at, int64_t rows) {
    const Shape& s = in.s;
    const int64_t size = padded(rows);
    auto weights = at::bmm(h.q, h.k.transpose(1, 2));
    auto dscores = at::bmm(da, h.v.transpose(1, 2));
    for (int64_t head = 0; head < s.heads; ++head) {
        const int64_t square = head * size * size, values = head * size * s.head;
        kernels::attentionWeights(half(weights) + square, lse + head * rows, rows, size);
        for (int64_t row = 0; row < rows; ++row) std::fill_n(half(weights) + square + row * size + rows, size - rows, bf16{0});
        kernels::attentionBackward(constHalf(weights) + square, half(dscores) + square, constHalf(a) + values,
                                   constHalf(da) + values, s.head, rows, size, s.head);
    }
    const auto dv = at::bmm(weights.transpose(1, 2), da);
    const auto dq = at::bmm(dscores, h.k), dk = at::bmm(dscores.transpose(1, 2), h.q);
    const float* bias = floats(in.w.qkvBias);
    float* dbias = bias ? small + at.qkvBias : nullptr;
    const float scale = 1.0f / std::sqrt(static_cast<float>(s.head));
    const auto eps = static_cast<float>(kLayerNormEps);
    const auto back = [&](const at::Tensor& grad, int64_t part, const at::Tensor& norm, float factor, float* dw, float* db) {
        const auto dense = grad.contiguous();
        const int64_t shift = s.mlp + part * s.d;
        kernels::splitHeadsBackward(constHalf(dense), size * s.head, p + shift, s.inWidth(), bias ? bias + part * s.d : nullptr, floats(norm), factor,
                                    dp + shift, dw, db, dbias ? dbias + part * s.d : nullptr, rows, s.heads, s.head, eps);
    };
    back(dq, 0, in.w.qNorm, scale, small + at.qNorm, small + at.qNormBias);
    back(dk, 1, in.w.kNorm, 1.0f, small + at.kNorm, small + at.kNormBias);
    back(dv, 2, {}, 1.0f, nullptr, nullptr);
}

void backwardSample(const BackwardInput& in, const float* u, const float* dout, float factor, int64_t at, int64_t rows,
                    const float* lse, float* small, const SmallGrads& grads, float* du) {
    const Shape& s = in.s;
    const auto p = in.saved.p.narrow(0, at, rows), x = in.saved.x.narrow(0, at, rows);
    auto dp = in.dp.narrow(0, at, rows), dbranch = in.dout.narrow(0, at, rows);
    kernels::addBranchBackward(dout, constHalf(in.saved.o) + at * s.d, in.outBias, floats(in.w.layerScale), factor, half(dbranch),
                               small + grads.scale, small + grads.outBias, rows, s.d);
    const auto dx = at::mm(dbranch, in.matrices.out);
    const int64_t size = padded(rows);
    const auto a = headRows(s, rows, size), da = headRows(s, rows, size);
    kernels::splitHeads(constHalf(x), s.outWidth(), nullptr, nullptr, nullptr, 1.0f, half(a), size * s.head, rows, s.heads, s.head, 0);
    kernels::splitHeads(constHalf(dx), s.outWidth(), nullptr, nullptr, nullptr, 1.0f, half(da), size * s.head, rows, s.heads, s.head, 0);
    attentionGradients(in, headsOf(s, in.w, constHalf(p), rows, size), a, da, lse, constHalf(p), half(dp), small, grads, rows);
    kernels::biasGeluBackward(constHalf(dx) + s.d, s.outWidth(), constHalf(p), s.inWidth(), floats(in.w.mlpBias), half(dp),
                              s.inWidth(), small + grads.mlpBias, rows, s.mlp);
    const auto dy = at::mm(dp, in.matrices.in);
    std::copy_n(dout, rows * s.d, du);
    kernels::layerNormBackward(constHalf(dy), u, in.saved.mean.const_data_ptr<float>() + at,
                               in.saved.rstd.const_data_ptr<float>() + at, floats(in.w.norm), du, small + grads.norm,
                               small + grads.normBias, rows, s.d);
}

struct CallHolder : torch::CustomClassHolder {
    BlockWeights weights;
    BlockCall call;
    BlockMatrices matrices;
};

class FusedBlock : public torch::autograd::Function<FusedBlock> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                              c10::intrusive_ptr<CallHolder> holder, const at::Tensor& norm, const at::Tensor& normBias,
                              const at::Tensor& inProj, const at::Tensor& mlpBias, const at::Tensor& attnOut,
                              const at::Tensor& attnOutBias, const at::Tensor& mlpOut, const at::Tensor& mlpOutBias,
                              const at::Tensor& layerScale, const at::Tensor& qNorm, const at::Tensor& qNormBias,
                              const at::Tensor& kNorm, const at::Tensor& kNormBias, const at::Tensor& qkvBias);
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list outer);
};

std::vector<float> factorsOf(const BlockCall& call, int64_t samples) {
    std::vector<float> factors(static_cast<size_t>(samples), 1.0f);
    if (call.keep.defined()) std::copy_n(call.keep.const_data_ptr<float>(), samples, factors.begin());
    return factors;
}

at::Tensor FusedBlock::forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                               c10::intrusive_ptr<CallHolder> holder, const at::Tensor&, const at::Tensor&,
                               const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                               const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                               const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&) {
    const BlockWeights& w = holder->weights;
    const auto u = input.contiguous();
    const Shape s = shapeOf(w, u, holder->call.lengths);
    Saved saved = allocate(s, s.total);
    saved.lse = at::empty({s.heads * s.total}, at::kFloat);
    auto out = at::empty_like(u);
    const auto bias = outputBias(w);
    const auto factors = factorsOf(holder->call, s.samples);
    const float* from = u.const_data_ptr<float>();
    float* to = out.mutable_data_ptr<float>();
    at::parallel_for(0, s.samples, 1, [&](int64_t begin, int64_t end) {
        const at::NoGradGuard noGrad;
        for (int64_t b = begin; b < end; ++b) {
            const int64_t at = s.offset[b], plane = b * s.width * s.d;
            forwardSample(s, w, holder->matrices, floats(bias), from + plane, factors[b], saved, at, s.rows[b],
                          saved.lse.mutable_data_ptr<float>() + s.heads * at, to + plane);
            copyPadding(s, b, from + plane, to + plane);
        }
    });
    context->save_for_backward({u, saved.y, saved.mean, saved.rstd, saved.p, saved.x, saved.o, saved.lse, bias});
    context->saved_data["call"] = c10::IValue::make_capsule(holder);
    return out;
}

torch::autograd::variable_list FusedBlock::backward(torch::autograd::AutogradContext* context,
                                                    torch::autograd::variable_list outer) {
    const auto holder = c10::static_intrusive_pointer_cast<CallHolder>(context->saved_data["call"].toCapsule());
    const auto kept = context->get_saved_variables();
    const BlockWeights& w = holder->weights;
    const Saved saved{kept[1], kept[2], kept[3], kept[4], kept[5], kept[6], kept[7]};
    const auto u = kept[0], dout = outer[0].contiguous();
    const Shape s = shapeOf(w, u, holder->call.lengths);
    const SmallGrads grads(s);
    const auto options = at::TensorOptions().dtype(at::kBFloat16);
    const BackwardInput in{s, w, holder->matrices, saved, floats(kept[8]), at::empty({s.total, s.inWidth()}, options),
                           at::empty({s.total, s.d}, options)};
    auto small = at::zeros({s.samples, grads.size}, at::kFloat);
    auto du = at::empty_like(u);
    const auto factors = factorsOf(holder->call, s.samples);
    at::parallel_for(0, s.samples, 1, [&](int64_t begin, int64_t end) {
        const at::NoGradGuard noGrad;
        for (int64_t b = begin; b < end; ++b) {
            const int64_t at = s.offset[b], plane = b * s.width * s.d;
            backwardSample(in, u.const_data_ptr<float>() + plane, dout.const_data_ptr<float>() + plane, factors[b], at,
                           s.rows[b], saved.lse.const_data_ptr<float>() + s.heads * at,
                           small.mutable_data_ptr<float>() + b * grads.size, grads, du.mutable_data_ptr<float>() + plane);
            copyPadding(s, b, dout.const_data_ptr<float>() + plane, du.mutable_data_ptr<float>() + plane);
        }
    });
    const auto sums = small.sum(0);
    const auto part = [&](int64_t from, int64_t size) { return sums.narrow(0, from, size).clone(); };
    const auto dIn = at::mm(in.dp.t(), saved.y).to(at::kFloat);
    const auto dOut = at::mm(in.dout.t(), saved.x).to(at::kFloat);
    const auto outBias = part(grads.outBias, s.d);
    const auto optional = [&](const at::Tensor& weight, int64_t from, int64_t size) {
        return weight.defined() ? part(from, size) : at::Tensor();
    };
    return {du, {}, part(grads.norm, s.d), part(grads.normBias, s.d), dIn, part(grads.mlpBias, s.mlp),
            dOut.narrow(1, 0, s.d).contiguous(), outBias, dOut.narrow(1, s.d, s.mlp).contiguous(), outBias.clone(),
            part(grads.scale, s.d), optional(w.qNorm, grads.qNorm, s.head), optional(w.qNorm, grads.qNormBias, s.head),
            optional(w.kNorm, grads.kNorm, s.head), optional(w.kNorm, grads.kNormBias, s.head),
            optional(w.qkvBias, grads.qkvBias, 3 * s.d)};
}

bool differentiates(const BlockWeights& w, const at::Tensor& u) {
    return at::GradMode::is_enabled() && (u.requires_grad() || w.inProj.requires_grad());
}

}  // namespace

bool canFuse(const BlockWeights& w, const at::Tensor& u, const BlockCall& call, bool clsOnly) {
    if (w.standard || !u.is_cpu() || u.scalar_type() != at::kFloat || u.size(2) / w.heads > 512) return false;
    if ((clsOnly || !call.bfloat16) && differentiates(w, u)) return false;
    // In float32 a training run keeps to one way of computing, so that a pass computed twice gives the same bits.
    return call.bfloat16 || (w.packed.in.defined() && w.packed.in.scalar_type() == at::kFloat);
}

BlockMatrices packMatrices(const BlockWeights& w, bool bfloat16) {
    const at::NoGradGuard noGrad;
    const auto type = bfloat16 ? at::kBFloat16 : at::kFloat;
    return {w.inProj.detach().to(type).contiguous(), at::cat({w.attnOut.detach().to(type), w.mlpOut.detach().to(type)}, 1)};
}

at::Tensor runFusedBlock(const BlockWeights& weights, const at::Tensor& u, const BlockCall& call, bool clsOnly) {
    const BlockMatrices matrices = weights.packed.in.defined() ? weights.packed : packMatrices(weights, call.bfloat16);
    if (!differentiates(weights, u)) return evaluateBlock(weights, matrices, u, call, clsOnly);
    auto holder = c10::make_intrusive<CallHolder>();
    holder->weights = weights;
    holder->call = call;
    holder->matrices = matrices;
    const BlockWeights& w = weights;
    // Autograd takes no undefined inputs; an empty tensor stands for a weight that this configuration lacks.
    const at::Tensor none = at::empty({0});
    const auto given = [&](const at::Tensor& weight) { return weight.defined() ? weight : none; };
    return FusedBlock::apply(u, holder, w.norm, w.normBias, w.inProj, w.mlpBias, w.attnOut, w.attnOutBias, w.mlpOut,
                             w.mlpOutBias, w.layerScale, given(w.qNorm), given(w.qNormBias), given(w.kNorm),
                             given(w.kNormBias), given(w.qkvBias));
}

}  // namespace txfm::model
