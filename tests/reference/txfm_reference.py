# SPDX-License-Identifier: GPL-3.0-or-later
"""Independent PyTorch statement of the TxFM model, used to make test fixtures for the C++ program.

Covers tokens (concat, proj), blocks (parallel, standard), QK-norm, qkv bias, LayerScale, decoders of any depth
(double, single), four output activations and five losses with their reductions. Tensor names are those of a model
directory's model.safetensors. Everything is written with elementary operations, so that it shares nothing with the
code under test but the formulas. Shapes: N samples, K revealed genes, G vocabulary genes, d width, h heads.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

LN_EPS = 1e-6
NB_EPS = 1e-8

DEFAULTS = {
    "format_version": 1, "preset": "custom", "block": "parallel", "qk_norm": True, "qkv_bias": False,
    "mlp_ratio": 4, "layer_scale_init": 1e-4, "drop_path": 0.0, "token": "concat", "decoder_layers": 4,
    "decoder_layer": "double", "activation": "rectified_tanh", "unit_slope": False, "softmax_link": "log1p",
    "loss": "poisson", "loss_reduction": "mean", "masked_only": False, "nb_size_factor": "library_over_target",
    "nb_mean": "expm1", "library_size": 100000.0, "log1p": True, "mask_temperature": 0.0, "n_unmasked": 16,
}


def attention(q, k, v, padding):
    """Softmax attention; q, k, v [N, h, T, d/h]; padding [N, T] is true where a token is absent."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if padding is not None:
        scores = scores.masked_fill(padding[:, None, None, :], float("-inf"))
    return torch.softmax(scores, dim=-1) @ v


class HeadNorms(nn.Module):
    """Shared by both blocks: splits into heads, normalises q and k, attends, joins the heads again."""

    def add_head_norms(self, d, heads, qk_norm):
        self.heads = heads
        self.qk_norm = qk_norm
        if qk_norm:
            self.q_norm = nn.LayerNorm(d // heads, eps=LN_EPS)
            self.k_norm = nn.LayerNorm(d // heads, eps=LN_EPS)

    def attend(self, q, k, v, padding):
        n, t, d = q.shape
        q, k, v = (a.reshape(n, t, self.heads, d // self.heads).transpose(1, 2) for a in (q, k, v))
        if self.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        return attention(q, k, v, padding).transpose(1, 2).reshape(n, t, d)


class ParallelBlock(HeadNorms):
    def __init__(self, c):
        super().__init__()
        d, m = c["dim"], int(c["dim"] * c["mlp_ratio"])
        self.split = [m, d, d, d]
        self.norm = nn.LayerNorm(d, eps=LN_EPS)
        self.in_proj = nn.Linear(d, m + 3 * d, bias=False)
        self.mlp_bias = nn.Parameter(torch.zeros(m))
        if c["qkv_bias"]:
            self.qkv_bias = nn.Parameter(torch.zeros(3 * d))
        self.add_head_norms(d, c["n_heads"], c["qk_norm"])
        self.attn_out = nn.Linear(d, d)
        self.mlp_out = nn.Linear(m, d)
        self.layer_scale = nn.Parameter(torch.full((d,), float(c["layer_scale_init"])))

    def forward(self, u, padding=None):
        m, q, k, v = self.in_proj(self.norm(u)).split(self.split, dim=-1)
        if hasattr(self, "qkv_bias"):
            bq, bk, bv = self.qkv_bias.chunk(3)
            q, k, v = q + bq, k + bk, v + bv
        o = self.attn_out(self.attend(q, k, v, padding)) + self.mlp_out(F.gelu(m + self.mlp_bias))
        return u + self.layer_scale * o


class StandardBlock(HeadNorms):
    def __init__(self, c):
        super().__init__()
        d, m = c["dim"], int(c["dim"] * c["mlp_ratio"])
        self.norm1 = nn.LayerNorm(d, eps=LN_EPS)
        self.qkv = nn.Linear(d, 3 * d, bias=c["qkv_bias"])
        self.add_head_norms(d, c["n_heads"], c["qk_norm"])
        self.attn_out = nn.Linear(d, d)
        self.layer_scale1 = nn.Parameter(torch.full((d,), float(c["layer_scale_init"])))
        self.norm2 = nn.LayerNorm(d, eps=LN_EPS)
        self.mlp_in = nn.Linear(d, m)
        self.mlp_out = nn.Linear(m, d)
        self.layer_scale2 = nn.Parameter(torch.full((d,), float(c["layer_scale_init"])))

    def forward(self, u, padding=None):
        q, k, v = self.qkv(self.norm1(u)).chunk(3, dim=-1)
        u = u + self.layer_scale1 * self.attn_out(self.attend(q, k, v, padding))
        return u + self.layer_scale2 * self.mlp_out(F.gelu(self.mlp_in(self.norm2(u))))


class DecoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        d = c["dim"]
        self.norm = nn.LayerNorm(d, eps=LN_EPS)
        if c["decoder_layer"] == "double":
            self.linear1, self.linear2 = nn.Linear(d, d), nn.Linear(d, d)
        else:
            self.linear = nn.Linear(d, d)

    def forward(self, h):
        y = self.norm(h)
        if hasattr(self, "linear"):
            return h + F.gelu(self.linear(y))
        return h + self.linear2(F.gelu(self.linear1(y)))


class Decoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, g = c["dim"], c["n_genes"]
        self.layers = nn.ModuleList(DecoderLayer(c) for _ in range(c["decoder_layers"]))
        self.head = nn.Linear(d, g)
        if c["loss"] in ("nb", "zinb"):
            self.dispersion = nn.Parameter(torch.zeros(g))
        if c["loss"] == "zinb":
            self.zero_inflation = nn.Linear(d, g)

    def forward(self, cls):
        h = cls
        for layer in self.layers:
            h = layer(h)
        return self.head(h)


class TxFM(nn.Module):
    def __init__(self, config):
        super().__init__()
        c = self.config = {**DEFAULTS, **config}
        d, g = c["dim"], c["n_genes"]
        self.cls_token = nn.Parameter(torch.zeros(d))
        self.gene_embedding = nn.Embedding(g, d - 1 if c["token"] == "concat" else d)
        if c["token"] == "proj":
            self.token_proj = nn.Linear(d + 1, d)
        block = ParallelBlock if c["block"] == "parallel" else StandardBlock
        self.blocks = nn.ModuleList(block(c) for _ in range(c["n_blocks"]))
        self.norm = nn.LayerNorm(d, eps=LN_EPS)
        self.decoder = Decoder(c)

    def encode(self, genes, values):
        """genes [N, K] (-1 is padding), values [N, K] -> CLS [N, d], and the CLS row after every block."""
        padding = genes < 0
        e = self.gene_embedding(genes.clamp(min=0))
        tokens = torch.cat([e, values.unsqueeze(-1)], dim=-1)
        if self.config["token"] == "proj":
            tokens = self.token_proj(tokens)
        n = genes.shape[0]
        u = torch.cat([self.cls_token.expand(n, 1, -1), tokens], dim=1)
        padding = torch.cat([torch.zeros(n, 1, dtype=torch.bool), padding], dim=1)
        rows = []
        for block in self.blocks:
            u = block(u, padding)
            rows.append(u[:, 0])
        return self.norm(u[:, 0]), rows

    def activate(self, z, measured):
        """Logits [N, G] -> expected log1p expression [N, G] (specification 3.1)."""
        c = self.config
        bound = math.log(c["library_size"] + 1.0)
        kind = c["activation"]
        if c["loss"] in ("nb", "zinb") and c["nb_mean"] == "exp":
            return torch.log1p(torch.exp(z))
        if kind == "rectified_tanh":
            beta = bound if c["unit_slope"] else 4.0 * math.e
            return bound * torch.relu(torch.tanh(z / beta))
        if kind == "relu":
            return torch.relu(z)
        if kind == "clamped_relu":
            return torch.clamp(z, 0.0, bound)
        p = torch.softmax(z.masked_fill(~measured, float("-inf")), dim=-1)
        return torch.log1p(c["library_size"] * p) if c["softmax_link"] == "log1p" else bound * p


def negative_binomial_nll(c, mu, theta):
    e = NB_EPS
    t = torch.log(theta + mu + e)
    return -(torch.lgamma(c + theta) - torch.lgamma(theta) - torch.lgamma(c + 1.0)
             + theta * (torch.log(theta + e) - t) + c * (torch.log(mu + e) - t))


def zero_inflated_nll(c, mu, theta, rho):
    e = NB_EPS
    t = torch.log(theta + mu + e)
    a = -rho + theta * (torch.log(theta + e) - t)
    zero = F.softplus(a) - F.softplus(-rho)
    nonzero = (-F.softplus(-rho) + a + c * (torch.log(mu + e) - t)
               + torch.lgamma(c + theta) - torch.lgamma(theta) - torch.lgamma(c + 1.0))
    return -torch.where(c > 0, nonzero, zero)


def gene_losses(model, z, xhat, cls, x, counts, library, mean_library):
    """Loss of every (sample, gene) pair [N, G] (specification 3.2 and 3.3)."""
    c = model.config
    kind = c["loss"]
    if kind == "poisson":
        return torch.exp(xhat) - torch.exp(x) * xhat
    if kind == "mse":
        return (xhat - x) ** 2
    if kind == "smooth_l1":
        r = (xhat - x).abs()
        return torch.where(r < 1.0, 0.5 * r * r, r - 0.5)
    mu = torch.exp(z) if c["nb_mean"] == "exp" else torch.expm1(xhat)
    scale = c["library_size"] if c["nb_size_factor"] == "library_over_target" else mean_library
    mu = mu * (library / scale).unsqueeze(-1)
    theta = torch.exp(model.decoder.dispersion)
    if kind == "nb":
        return negative_binomial_nll(counts, mu, theta)
    return zero_inflated_nll(counts, mu, theta, model.decoder.zero_inflation(cls))


def reduce_losses(config, losses, measured, revealed):
    """[N, G] -> (scalar batch loss, [N] sample losses). revealed [N, G] marks the genes the encoder saw."""
    use = measured & ~revealed if config["masked_only"] else measured
    losses = torch.where(use, losses, torch.zeros_like(losses))
    total, count = losses.sum(1), use.sum(1)
    if config["loss_reduction"] == "sum":
        return total.mean(), total
    if config["loss_reduction"] == "mean_all_entries":
        return total.sum() / count.sum(), total / count
    return (total / count).mean(), total / count


def run(model, genes, values, x, measured, counts, library):
    """One forward pass: a dictionary with cls, layers, logits, xhat, sample_loss, loss."""
    cls, rows = model.encode(genes, values)
    z = model.decoder(cls)
    xhat = model.activate(z, measured)
    losses = gene_losses(model, z, xhat, cls, x, counts, library, library.mean())
    revealed = torch.zeros_like(measured)
    for n in range(genes.shape[0]):
        revealed[n, genes[n][genes[n] >= 0]] = True
    loss, sample = reduce_losses(model.config, losses, measured, revealed)
    return {"cls": cls, "layers": rows, "logits": z, "xhat": xhat, "sample_loss": sample, "loss": loss}
