// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/block.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>

#include "core/model/fused_block.h"
#include "core/model/ops.h"

namespace txfm::model {
namespace {

at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    return at::layer_norm(x, {x.size(-1)}, weight, bias, kLayerNormEps);
}

// Statistics of the head norms stay in fp32; the result returns to the precision of the products.
at::Tensor headNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    if (!weight.defined()) return x;
    if (x.scalar_type() == weight.scalar_type()) return layerNorm(x, weight, bias);
    return layerNorm(x.to(weight.scalar_type()), weight, bias).to(x.scalar_type());
}

at::Tensor splitHeads(const at::Tensor& x, int64_t heads) {
    return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

// softmax(q·kᵀ/sqrt(width))·v of heads [B × heads × rows × width] -> [B × rows × d].
at::Tensor attendHeads(const at::Tensor& qh, const at::Tensor& kh, const at::Tensor& vh, const BlockCall& call) {
    std::optional<at::Tensor> mask;
    if (call.padding.defined()) mask = call.padding.to(qh.scalar_type());
    if (c10::GradMode::is_enabled() && qh.device().is_cpu()) {
        // The backward pass of LibTorch's CPU flash attention costs six times its forward pass; plain products do not.
        const double scale = 1.0 / std::sqrt(static_cast<double>(qh.size(-1)));
        auto scores = at::matmul(qh * scale, kh.transpose(-2, -1));
        if (mask) scores = scores + *mask;
        return at::matmul(at::softmax(scores, -1), vh).transpose(1, 2).flatten(2);
    }
    return at::scaled_dot_product_attention(qh, kh, vh, mask).transpose(1, 2).flatten(2);
}

// Full bidirectional attention (spec §2.2); q [B × Tq × d], k and v [B × T × d].
at::Tensor attend(const BlockWeights& w, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const BlockCall& call) {
    return attendHeads(headNorm(splitHeads(q, w.heads), w.qNorm, w.qNormBias),
                       headNorm(splitHeads(k, w.heads), w.kNorm, w.kNormBias), splitHeads(v, w.heads), call);
}

at::Tensor addBranch(const at::Tensor& u, at::Tensor branch, const at::Tensor& scale,
                        const BlockCall& call) {
    branch = branch.to(u.scalar_type()) * scale;
    if (call.keep.defined()) branch = branch * call.keep;
    return u + branch;
}

at::Tensor withBias(const at::Tensor& x, const at::Tensor& bias) {
    return bias.defined() ? x + bias.to(x.scalar_type()) : x;
}

at::Tensor parallelBlock(const BlockWeights& w, const at::Tensor& u, const BlockCall& call, bool clsOnly) {
    const auto branch = parallelBranch(w, layerNorm(u, w.norm, w.normBias), call, clsOnly);
    return addBranch(clsOnly ? u.narrow(1, 0, 1) : u, branch, w.layerScale, call);
}

at::Tensor standardBlock(const BlockWeights& w, at::Tensor u, const BlockCall& call, bool clsOnly) {
    const int64_t d = u.size(2);
    const auto y = layerNorm(u, w.norm, w.normBias);
    const auto bias = [&](int64_t from, int64_t rows) {
        return w.qkvBias.defined() ? w.qkvBias.narrow(0, from, rows) : at::Tensor();
    };
    at::Tensor q, k, v;
    if (clsOnly) {
        q = linear(y.narrow(1, 0, 1), w.qkv.narrow(0, 0, d), bias(0, d), call.bfloat16);
        const auto kv = linear(y, w.qkv.narrow(0, d, 2 * d), bias(d, 2 * d), call.bfloat16);
        k = kv.narrow(2, 0, d), v = kv.narrow(2, d, d);
        u = u.narrow(1, 0, 1);
    } else {
        const auto parts = linear(y, w.qkv, bias(0, 3 * d), call.bfloat16).chunk(3, 2);
        q = parts[0], k = parts[1], v = parts[2];
    }
    u = addBranch(u, linear(attend(w, q, k, v, call), w.attnOut, w.attnOutBias, call.bfloat16), w.layerScale, call);
    const auto hidden = at::gelu(linear(layerNorm(u, w.norm2, w.norm2Bias), w.mlpIn, w.mlpInBias, call.bfloat16));
    return addBranch(u, linear(hidden, w.mlpOut, w.mlpOutBias, call.bfloat16), w.layerScale2, call);
}

}  // namespace

at::Tensor parallelBranch(const BlockWeights& w, const at::Tensor& y, const BlockCall& call, bool clsOnly) {
    const int64_t d = y.size(2), mlp = w.inProj.size(0) - 3 * d;
    at::Tensor m, attended;
    if (!clsOnly && w.qNorm.defined() && !w.qkvBias.defined() && y.is_cuda()) {
        const auto parts = linear(y, w.inProj, {}, call.bfloat16).split_with_sizes({mlp, 2 * d, d}, 2);
        const auto heads = ops::qkNorm(parts[1], w.heads, w.qNorm, w.qNormBias, w.kNorm, w.kNormBias, kLayerNormEps);
        m = parts[0];
        attended = attendHeads(heads.q, heads.k, splitHeads(parts[2], w.heads), call);
    } else {
        at::Tensor q, k, v;
        if (clsOnly) {
            const auto mq = linear(y.narrow(1, 0, 1), w.inProj.narrow(0, 0, mlp + d), {}, call.bfloat16);
            const auto kv = linear(y, w.inProj.narrow(0, mlp + d, 2 * d), {}, call.bfloat16);
            m = mq.narrow(2, 0, mlp), q = mq.narrow(2, mlp, d);
            k = kv.narrow(2, 0, d), v = kv.narrow(2, d, d);
        } else {
            const auto parts = linear(y, w.inProj, {}, call.bfloat16).split_with_sizes({mlp, d, d, d}, 2);
            m = parts[0], q = parts[1], k = parts[2], v = parts[3];
        }
        if (w.qkvBias.defined()) {
            q = withBias(q, w.qkvBias.narrow(0, 0, d));
            k = withBias(k, w.qkvBias.narrow(0, d, d));
            v = withBias(v, w.qkvBias.narrow(0, 2 * d, d));
        }
        attended = attend(w, q, k, v, call);
    }
    const auto hidden = at::gelu(withBias(m, w.mlpBias));
    return linear(attended, w.attnOut, w.attnOutBias, call.bfloat16) + linear(hidden, w.mlpOut, w.mlpOutBias, call.bfloat16);
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool bfloat16) {
    const auto type = bfloat16 ? at::kBFloat16 : weight.scalar_type();
    return at::linear(x.to(type), weight.to(type), bias.defined() ? bias.to(type) : bias);
}

BlockWeights bindBlock(const io::ModelConfig& config, int64_t index,
                       const std::function<at::Tensor(const std::string&)>& parameter) {
    const std::string prefix = "blocks." + std::to_string(index) + ".";
    const auto get = [&](const char* name) { return parameter(prefix + name); };
    BlockWeights w;
    w.standard = config.block == "standard";
    w.heads = config.nHeads;
    w.norm = get(w.standard ? "norm1.weight" : "norm.weight");
    w.normBias = get(w.standard ? "norm1.bias" : "norm.bias");
    if (config.qkNorm) {
        w.qNorm = get("q_norm.weight"), w.qNormBias = get("q_norm.bias");
        w.kNorm = get("k_norm.weight"), w.kNormBias = get("k_norm.bias");
    }
    w.attnOut = get("attn_out.weight"), w.attnOutBias = get("attn_out.bias");
    w.mlpOut = get("mlp_out.weight"), w.mlpOutBias = get("mlp_out.bias");
    if (w.standard) {
        w.qkv = get("qkv.weight");
        if (config.qkvBias) w.qkvBias = get("qkv.bias");
        w.layerScale = get("layer_scale1"), w.layerScale2 = get("layer_scale2");
        w.norm2 = get("norm2.weight"), w.norm2Bias = get("norm2.bias");
        w.mlpIn = get("mlp_in.weight"), w.mlpInBias = get("mlp_in.bias");
    } else {
        w.inProj = get("in_proj.weight"), w.mlpBias = get("mlp_bias");
        if (config.qkvBias) w.qkvBias = get("qkv_bias");
        w.layerScale = get("layer_scale");
    }
    return w;
}

at::Tensor runBlock(const BlockWeights& weights, const at::Tensor& u, const BlockCall& call, bool clsOnly) {
    if (canFuse(weights, u, call, clsOnly)) return runFusedBlock(weights, u, call, clsOnly);
    return weights.standard ? standardBlock(weights, u, call, clsOnly) : parallelBlock(weights, u, call, clsOnly);
}

}  // namespace txfm::model
