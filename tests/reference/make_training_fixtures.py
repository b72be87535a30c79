# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tests/data/training/adamw.json: 25 steps of torch.optim.AdamW under torch's OneCycleLR.

Weights and gradients come from formulas that the test repeats, so that only results are stored.
Run: python make_training_fixtures.py ../data/training/adamw.json
"""
import json
import math
import sys

import torch

STEPS = 25


def start(shape, offset):
    n = math.prod(shape)
    return torch.tensor([math.sin(0.7 * i + offset) for i in range(n)], dtype=torch.float32).reshape(shape)


def gradient(shape, step, offset):
    n = math.prod(shape)
    return torch.tensor([math.cos(0.37 * i + 1.3 * step + offset) * (1 + 0.1 * step) for i in range(n)],
                        dtype=torch.float32).reshape(shape)


def run(cycle_momentum, no_decay_1d, clip):
    a, b = torch.nn.Parameter(start((5, 7), 0.2)), torch.nn.Parameter(start((11,), 1.1))
    wd = 1.0 / (1e-2 * STEPS)
    groups = [{"params": [a], "weight_decay": wd}, {"params": [b], "weight_decay": 0.0 if no_decay_1d else wd}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.999), eps=1e-6)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=STEPS, pct_start=0.1,
                                                   anneal_strategy="cos", cycle_momentum=cycle_momentum)
    norms = []
    for step in range(STEPS):
        a.grad, b.grad = gradient(a.shape, step, 0.0), gradient(b.shape, step, 0.5)
        norm = torch.nn.utils.clip_grad_norm_([a, b], clip if clip else 1e9)
        norms.append(float(norm))
        optimizer.step()
        if step + 1 < STEPS:
            schedule.step()
    return {"cycle_momentum": cycle_momentum, "no_decay_1d": no_decay_1d, "clip": clip, "weight_decay": wd,
            "norms": norms, "a": a.detach().flatten().tolist(), "b": b.detach().tolist()}


if __name__ == "__main__":
    cases = [run(False, False, 0.0), run(True, False, 0.0), run(False, True, 2.0)]
    json.dump({"torch": torch.__version__, "steps": STEPS, "max_lr": 1e-2, "cases": cases}, open(sys.argv[1], "w"),
              indent=1)
