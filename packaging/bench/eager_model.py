# SPDX-License-Identifier: GPL-3.0-or-later
"""TxFM as somebody would write it in PyTorch: nn.Linear, F.layer_norm and F.scaled_dot_product_attention, autocast for
bf16. The peer that model_speed.py measures txfm beside; the last block is computed for all rows, as such code does.

    eager_model.py embed MODEL COUNTS.h5ad --cells N --precision fp32|bf16 --device cpu|cuda --threads N --out X.npy
    eager_model.py train MODEL COUNTS.h5ad --steps N --batch N --unmasked K ... [--compile]

Prints one JSON object: rate per second after warming up, losses of the steps.
"""
import argparse
import json
import math
import time

import h5py
import numpy
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

EPS = 1e-6


class Eager(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.config = json.load(open(folder + "/config.json"))
        if self.config["block"] != "parallel" or self.config["token"] != "concat":
            raise SystemExit("The peer has the parallel block and concatenated tokens only.")
        self.names = {}
        for name, value in load_file(folder + "/model.safetensors").items():
            self.names[name] = name.replace(".", "_")
            self.register_parameter(self.names[name], torch.nn.Parameter(value.float()))

    def w(self, name):
        return getattr(self, self.names[name])

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.w(name + ".weight"), self.w(name + ".bias"), EPS)

    def block(self, i, u):
        c, p = self.config, f"blocks.{i}."
        n, t, d = u.shape
        heads, m = c["n_heads"], int(d * c["mlp_ratio"])
        hidden, q, k, v = F.linear(self.norm(u, p + "norm"), self.w(p + "in_proj.weight")).split([m, d, d, d], -1)
        q, k, v = (a.reshape(n, t, heads, d // heads).transpose(1, 2) for a in (q, k, v))
        if c["qk_norm"]:
            q, k = self.norm(q, p + "q_norm").to(v.dtype), self.norm(k, p + "k_norm").to(v.dtype)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, d)
        o = (F.linear(a, self.w(p + "attn_out.weight"), self.w(p + "attn_out.bias"))
             + F.linear(F.gelu(hidden + self.w(p + "mlp_bias")), self.w(p + "mlp_out.weight"), self.w(p + "mlp_out.bias")))
        return u + o * self.w(p + "layer_scale")

    def encode(self, genes, values):
        tokens = torch.cat([F.embedding(genes, self.w("gene_embedding.weight")), values.unsqueeze(-1)], -1)
        u = torch.cat([self.w("cls_token").expand(len(genes), 1, -1), tokens], 1)
        for i in range(self.config["n_blocks"]):
            u = self.block(i, u)
        return self.norm(u[:, 0], "norm")

    def loss(self, genes, values, x):
        h = self.encode(genes, values)
        for j in range(self.config["decoder_layers"]):
            p = f"decoder.layers.{j}."
            y = F.gelu(F.linear(self.norm(h, p + "norm"), self.w(p + "linear1.weight"), self.w(p + "linear1.bias")))
            h = h + F.linear(y, self.w(p + "linear2.weight"), self.w(p + "linear2.bias"))
        z = F.linear(h, self.w("decoder.head.weight"), self.w("decoder.head.bias")).float()
        bound = math.log(self.config["library_size"] + 1)
        phi = bound * torch.relu(torch.tanh(z / (4 * math.e)))
        return (torch.exp(phi) - torch.exp(x) * phi).mean()


def read_counts(path, library_size):
    with h5py.File(path) as file:
        group = file["X"]
        shape = group.attrs["shape"]
        dense = numpy.zeros(shape, numpy.float32)
        pointers, columns, values = (group[key][:] for key in ("indptr", "indices", "data"))
    for row in range(shape[0]):
        part = slice(pointers[row], pointers[row + 1])
        dense[row, columns[part]] = values[part]
    return torch.from_numpy(numpy.log1p(library_size * dense / dense.sum(1, keepdims=True)))


def synchronise(device):
    if device == "cuda":
        torch.cuda.synchronize()


def embed(model, x, options, autocast):
    rows, genes = [], torch.arange(x.shape[1], device=options.device).expand(options.batch, -1)
    with torch.inference_mode(), autocast():
        for begin in range(0, options.cells, options.batch):
            if begin == options.batch or options.cells <= options.batch:
                synchronise(options.device)
                start, counted = time.perf_counter(), options.cells - begin
            part = x[begin:begin + options.batch].to(options.device)
            rows.append(model.encode(genes[:len(part)], part).float().cpu())
    synchronise(options.device)
    rate = counted / (time.perf_counter() - start)
    if options.out:
        numpy.save(options.out, torch.cat(rows).numpy())
    return {"per_second": rate}


def train(model, x, options, autocast):
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr, eps=1e-6, weight_decay=1 / (options.lr * options.steps),
                                  fused=options.device == "cuda")
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, options.steps, pct_start=0.1, cycle_momentum=False)
    loss_of = torch.compile(model.loss) if options.compile else model.loss
    generator = torch.Generator().manual_seed(1)
    losses = []
    for step in range(options.steps):
        if step == max(1, options.steps // 5):
            synchronise(options.device)
            start, counted = time.perf_counter(), options.steps - step
        rows = torch.randint(len(x), (options.batch,), generator=generator)
        total = 0.0
        for piece in rows.split(options.micro):
            target = x[piece].to(options.device)
            genes = torch.rand(target.shape, device=options.device).topk(options.unmasked).indices
            with autocast():
                loss = loss_of(genes, target.gather(1, genes), target) * (len(piece) / options.batch)
            loss.backward()
            total += loss.detach()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        losses.append(total)
    synchronise(options.device)
    return {"per_second": counted * options.batch / (time.perf_counter() - start), "losses": [float(v) for v in losses]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["embed", "train"])
    parser.add_argument("model")
    parser.add_argument("counts")
    for name, default in (("cells", 0), ("batch", 8), ("micro", 8), ("steps", 20), ("unmasked", 2048), ("threads", 1)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = Eager(options.model).to(options.device)
    x = read_counts(options.counts, model.config["library_size"])
    options.cells = min(options.cells or len(x), len(x))

    def autocast():
        return torch.autocast(options.device, torch.bfloat16, enabled=options.precision == "bf16")
    result = (embed if options.task == "embed" else train)(model, x, options, autocast)
    if options.device == "cuda":
        result["memory_mb"] = torch.cuda.max_memory_allocated() / 2**20
    result["torch"] = torch.__version__
    print(json.dumps(result))


if __name__ == "__main__":
    main()
