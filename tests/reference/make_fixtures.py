# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the model variants under tests/data/model_variants: 12 small random models, their inputs, outputs and gradients.

Usage: python make_fixtures.py [OUTPUT_FOLDER]     (needs torch, numpy, safetensors; see README.md)
Values are computed in float64 from weights and inputs that are exact in float32, then stored as float32.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

from txfm_reference import DEFAULTS, TxFM, run

VARIANTS = {
    "parallel_poisson": {},
    "standard_mse": {"block": "standard", "loss": "mse"},
    "proj_relu_smooth_l1": {"token": "proj", "qk_norm": False, "qkv_bias": True, "decoder_layers": 1,
                            "decoder_layer": "single", "activation": "relu", "loss": "smooth_l1"},
    "standard_proj_clamped": {"block": "standard", "token": "proj", "qk_norm": False, "qkv_bias": True,
                              "decoder_layers": 8, "decoder_layer": "single", "activation": "clamped_relu"},
    "parallel_nb": {"loss": "nb", "decoder_layers": 1},
    "linear_zinb": {"loss": "zinb", "decoder_layers": 0},
    "softmax_poisson": {"activation": "softmax", "decoder_layers": 1, "library_size": 10000.0},
    "softmax_scaled_mse": {"block": "standard", "activation": "softmax", "softmax_link": "scaled", "loss": "mse",
                           "decoder_layers": 1, "qkv_bias": True},
    "unit_slope_masked_only": {"unit_slope": True, "library_size": 10000.0, "masked_only": True},
    "proj_sum_smooth_l1": {"block": "standard", "token": "proj", "loss": "smooth_l1", "loss_reduction": "sum",
                           "decoder_layers": 1},
    "ratio2_all_entries": {"mlp_ratio": 2, "loss_reduction": "mean_all_entries", "qkv_bias": True,
                           "decoder_layers": 8},
    "zinb_exp_mean": {"block": "standard", "token": "proj", "loss": "zinb", "nb_mean": "exp",
                      "nb_size_factor": "library_over_mean", "masked_only": True, "decoder_layers": 1},
}
SHAPES = [(16, 2, 30), (24, 4, 40), (32, 4, 50), (20, 2, 36)]  # width, heads, vocabulary genes; cycled
N_SAMPLES = 5


def randomise(model, generator):
    """Weights large enough that every parameter has a gradient worth comparing; exact in float32."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            r = torch.randn(p.shape, generator=generator)
            if "norm" in name and name.endswith("weight"):
                r = 1.0 + 0.1 * r
            elif "layer_scale" in name:
                r = 0.5 + 0.1 * r
            elif name == "gene_embedding.weight":
                pass
            elif name == "decoder.head.bias":
                r = 2.0 + r
            elif p.dim() == 2:
                r = r / p.shape[1] ** 0.5
            else:
                r = 0.2 * r
            p.copy_(r.float())


def make_inputs(config, generator):
    g, target = config["n_genes"], config["library_size"]
    measured = torch.rand(N_SAMPLES, g, generator=generator) < 0.8
    measured[:, 0] = True
    counts = torch.floor(torch.exp(2.0 * torch.randn(N_SAMPLES, g, generator=generator)) * 3.0)
    counts = torch.where(measured, counts, torch.zeros(()))
    library = counts.sum(1)
    x = torch.log1p(target * counts.double() / library.double().unsqueeze(1)).float()
    n_revealed = [8, 13, 16, 5, 1]
    width = max(n_revealed)
    genes = torch.full((N_SAMPLES, width), -1, dtype=torch.int64)
    for n, k in enumerate(n_revealed):
        candidates = measured[n].nonzero().flatten()
        pick = candidates[torch.randperm(len(candidates), generator=generator)][:k]
        genes[n, :len(pick)] = pick
    values = torch.where(genes >= 0, x.gather(1, genes.clamp(min=0)), torch.zeros(()))
    return genes, values, x, measured, counts, library


def save(path, tensors):
    save_file({k: v.detach().float().contiguous() for k, v in tensors.items()}, str(path),
              metadata={"format": "txfm", "format_version": "1"})


def write_variant(folder, index, name, options):
    dim, heads, genes_n = SHAPES[index % len(SHAPES)]
    config = {**DEFAULTS, "name": name, "n_genes": genes_n, "dim": dim, "n_blocks": 2, "n_heads": heads, **options}
    generator = torch.Generator().manual_seed(1000 + index)
    model = TxFM(config)
    randomise(model, generator)
    genes, values, x, measured, counts, library = make_inputs(config, generator)
    model.double()
    out = run(model, genes, values.double(), x.double(), measured, counts.double(), library.double())
    out["loss"].backward()

    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "model.safetensors", dict(model.named_parameters()))
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    rows = [f"VAR{i + 1:03d}\tENSG9{i + 1:010d}" for i in range(genes_n)]
    (folder / "genes.tsv").write_text("symbol\tensembl_id\n" + "\n".join(rows) + "\n")
    (folder / "model_card.md").write_text(
        f"# {name}\n\nRandomly initialised test model, made by tests/reference/make_fixtures.py. Public domain (CC0).\n")
    tensors = {
        "input.genes": genes, "input.values": values, "input.x": x, "input.measured": measured,
        "input.counts": counts, "input.library": library,
        "output.cls": out["cls"], "output.logits": out["logits"], "output.xhat": out["xhat"],
        "output.sample_loss": out["sample_loss"], "output.loss": out["loss"].reshape(1),
    }
    for i, row in enumerate(out["layers"]):
        tensors[f"output.layer.{i + 1}"] = row
    for parameter, p in model.named_parameters():
        tensors["grad." + parameter] = p.grad
        if not torch.isfinite(p.grad).all():
            raise SystemExit(f"{name}: gradient of {parameter} is not finite")
    save(folder / "fixture.safetensors", tensors)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "data" / "model_variants"
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for index, (name, options) in enumerate(VARIANTS.items()):
        write_variant(root / name, index, name, options)
        print(name)


if __name__ == "__main__":
    main()
