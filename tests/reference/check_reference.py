# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks txfm_reference.py itself against the golden values (tests/golden/txfm-golden.json). Exits 1 on a mismatch."""
import json
import pathlib

import torch

import txfm_reference as R

GOLDEN = json.loads((pathlib.Path(__file__).resolve().parent.parent / "golden" / "txfm-golden.json").read_text())
RENAME = {
    "attn.qkv": "qkv", "attn.proj": "attn_out", "attn.q_norm": "q_norm", "attn.k_norm": "k_norm", "ls1.gamma": "layer_scale1",
    "ls2.gamma": "layer_scale2", "mlp.fc1": "mlp_in", "mlp.fc2": "mlp_out", "in_norm": "norm", "attn_out_proj": "attn_out",
    "mlp_out_proj": "mlp_out", "ls.gamma": "layer_scale",
}


def pattern(n, d, a=0.9, b=1.7, c=0.13):
    i = torch.arange(1, n + 1, dtype=torch.float64).unsqueeze(1)
    j = torch.arange(1, d + 1, dtype=torch.float64).unsqueeze(0)
    return torch.sin(a * i + b * j + c * i * j)


def expect(what, got, want, tolerance):
    error = (torch.as_tensor(got, dtype=torch.float64) - torch.as_tensor(want, dtype=torch.float64)).abs().max().item()
    print(f"{what}: largest difference {error:.2e}")
    if not error <= tolerance:
        raise SystemExit(f"{what} differs by {error}")


def config(**options):
    return {**R.DEFAULTS, "n_genes": 10, "dim": 8, "n_blocks": 2, "n_heads": 2, "decoder_layers": 2, **options}


def check_blocks():
    kinds = {"standard": (R.StandardBlock, True, False), "standard_qknorm_nobias": (R.StandardBlock, False, True),
             "parallel": (R.ParallelBlock, False, True)}
    for kind, (block, bias, norm) in kinds.items():
        golden = GOLDEN["vit_block_timm"][kind]
        module = block(config(qkv_bias=bias, qk_norm=norm)).double()
        parameters = dict(module.named_parameters())
        with torch.no_grad():
            for k, name, shape in golden["params(order k)"]:
                rows, cols = (shape if len(shape) == 2 else (1, shape[0]))
                w = 0.3 * pattern(rows, cols, a=0.9 + 0.01 * k).reshape(shape)
                if "gamma" in name:
                    w = 0.5 + 0.1 * w
                elif "norm" in name and name.endswith("weight"):
                    w = 1 + w
                for old, new in RENAME.items():
                    if name.startswith(old):
                        name = name.replace(old, new, 1)
                        break
                parameters.pop(name).copy_(w)
        if parameters:
            raise SystemExit(f"{kind}: no golden values for {sorted(parameters)}")
        y = module(pattern(6, 8).reshape(2, 3, 8)).reshape(6, 8)
        expect(f"block {kind}", y.detach(), golden["y"], 1e-8)


def check_counts():
    golden = GOLDEN["param_counts"]["tiny d=8 L=2 h=2 G=10 n_dec=2"]
    for token in ("concat", "proj"):
        for short, block in (("par", "parallel"), ("std", "standard")):
            c = config(token=token, block=block, qkv_bias=block == "standard", qk_norm=block == "parallel")
            n = sum(p.numel() for p in R.TxFM(c).parameters())
            expect(f"parameters {token} {block}", n, golden[f"{token} {short}"], 0)


def check_losses():
    model = R.TxFM(config()).double()
    measured = torch.ones(1, 1, dtype=torch.bool)
    for row in GOLDEN["rectified_tanh_L1e5"]["table"]:
        z = torch.tensor([[row["z"]]], dtype=torch.float64, requires_grad=True)
        y = model.activate(z, measured)
        expect("activation", y.detach(), row["phi"], 1e-11)
        expect("its slope", torch.autograd.grad(y.sum(), z)[0], row["dphi"], 1e-11)
    for row in GOLDEN["poisson_log_space"]:
        z = torch.tensor([[row["z"]]], dtype=torch.float64, requires_grad=True)
        x = torch.tensor([[row["x_log1p"]]], dtype=torch.float64)
        xhat = model.activate(z, measured)
        loss = R.gene_losses(model, z, xhat, None, x, None, None, None)
        expect("poisson", loss.detach(), row["loss"], 1e-8)
        expect("its gradient", torch.autograd.grad(loss.sum(), z)[0], row["dloss_dz"], 1e-8)
    golden = GOLDEN["mse_smoothl1"]
    p, t = (torch.tensor([golden[k]], dtype=torch.float64) for k in ("pred", "target"))
    for kind, key in (("mse", "mse"), ("smooth_l1", "smooth_l1_beta1")):
        model.config["loss"] = kind
        expect(kind, R.gene_losses(model, p, p, None, t, None, None, None).mean(), golden[key], 1e-6)


def check_negative_binomial():
    for row in GOLDEN["nb_zinb"]:
        c, theta = (torch.tensor(row[k], dtype=torch.float64) for k in ("c", "theta"))
        mu = torch.tensor(row["mu"], dtype=torch.float64, requires_grad=True)
        nll = R.negative_binomial_nll(c, mu, theta)
        expect("nb", nll.detach(), row["scvi_nb_nll_eps1e-8"], 1e-9)
        expect("nb gradient", torch.autograd.grad(nll, mu)[0], row["nb_grad_mu"], 1e-6)
        for rho, (value, slope) in zip((-2.0, 0.0, 2.0), row["zinb(pi_logit=-2,0,2)[nll,grad_mu]"]):
            nll = R.zero_inflated_nll(c, mu, theta, torch.tensor(rho, dtype=torch.float64))
            expect("zinb", nll.detach(), value, 1e-7)
            expect("zinb gradient", torch.autograd.grad(nll, mu)[0], slope, 1e-6)


if __name__ == "__main__":
    check_blocks()
    check_counts()
    check_losses()
    check_negative_binomial()
