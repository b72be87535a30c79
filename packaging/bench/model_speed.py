#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Embedding and training speed of txfm beside PyTorch eager (eager_model.py): same weights, same cells, same number of
threads, taking turns.

    model_speed.py embed|train --program build/ci/bin/txfm [--device cpu|cuda] [--presets mini S B L]
                   [--precisions fp32 bf16] [--threads N] [--genes 2048] [--cells N] [--steps N] [--batch N] [--micro N]
                   [--rounds N] [--compile] [--out FILE.json]

Makes an untrained model of each preset and cells of synthetic counts of which every gene counts, so that a cell has as
many tokens as there are genes. Prints one line per setting with both rates, their ratio and the quality: the lowest
cosine between embeddings, or the mean loss of the last steps on both sides. Rates leave start-up and the first batch
out. On a GPU it adds TFLOP/s and the share of the peak (--peak TFLOP/s). The exit status is 1 when a quality is too
low; times are never judged.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile

import h5py
import numpy
import torch
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
LOWEST_COSINE = {"fp32": 0.9999, "bf16": 0.999}
LARGEST_LOSS_DIFFERENCE = 0.05  # of the fall of the loss; the sides draw other samples and masks


def write_counts(path, cells, genes):
    """An h5ad in which every gene of every cell has a count of at least one."""
    random = numpy.random.default_rng(7)
    programmes = random.gamma(0.4, 4.0, (4, genes))
    counts = 1 + random.poisson(programmes[random.integers(4, size=cells)]).astype(numpy.float32)
    names = [f"GENE{i}" for i in range(genes)]
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (cells, genes)})
        group["data"] = counts.ravel()
        group["indices"] = numpy.tile(numpy.arange(genes, dtype=numpy.int32), cells)
        group["indptr"] = numpy.arange(cells + 1, dtype=numpy.int64) * genes
        for axis, index in (("obs", [f"cell{i}" for i in range(cells)]), ("var", names)):
            table = file.create_group(axis)
            table.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
            table.attrs.create("column-order", [], dtype=h5py.string_dtype())
            column = table.create_dataset("_index", data=index, dtype=h5py.string_dtype())
            column.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    return names


def open_branches(model):
    """Untrained blocks hardly change their input (LayerScale 1e-4); with 0.5 a wrong block shows in the embedding."""
    path = model + "/model.safetensors"
    weights = load_file(path)
    for name in weights:
        if name.endswith("layer_scale"):
            weights[name] = torch.full_like(weights[name], 0.5)
    save_file(weights, path, {"format": "txfm", "format_version": "1"})


def call(command, events=False):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True)
    if events:
        return [json.loads(line) for line in done.stdout.splitlines()]
    return json.loads(done.stdout)


def flops_per_sample(config, tokens):
    """Forward pass: products of the blocks and attention, the head."""
    d, t = config["dim"], tokens + 1
    block = 2 * t * d * d * (4 + 2 * config["mlp_ratio"]) + 4 * t * t * d
    return config["n_blocks"] * block + 2 * d * config["n_genes"]


def ours(options, folder, model, counts, precision):
    common = ["--device", options.device, "--threads", options.threads, "--precision", precision]
    if options.task == "embed":
        result = call([options.program, "embed", "--model", model, "--data", counts, "--out", folder + "/ours.h5ad",
                       "--inference-genes", "all", "--json", "--progress", "none", *common])
        return {"per_second": result["cells_per_second"]}
    out = tempfile.mkdtemp(dir=folder)
    lines = call([options.program, "finetune", "--model", model, "--data", counts, "--out", out + "/m", "--progress", "jsonl",
                  "--batch", options.batch, "--unmasked", options.unmasked, "--epochs", options.steps, "--val-fraction", 0,
                  "--lr", options.lr, "--checkpoint-minutes", 1e5, *common], events=True)
    steps = [line for line in lines if line["type"] == "step"][:options.steps]
    return {"per_second": float(numpy.median([step["samples_per_s"] for step in steps[len(steps) // 2:]])),
            "losses": [step["loss"] for step in steps]}


def peer(options, folder, model, counts, precision):
    command = [sys.executable, HERE + "/eager_model.py", options.task, model, counts, "--device", options.device, "--threads",
               options.threads, "--precision", precision, "--batch", options.batch, "--micro", options.micro, "--steps",
               options.steps, "--unmasked", options.unmasked, "--lr", options.lr, "--out", folder + "/peer.npy"]
    return call(command + (["--compile"] if options.compile else []))


def quality(options, folder, mine, other, precision):
    if options.task == "embed":
        with h5py.File(folder + "/ours.h5ad") as file:
            a = file["obsm/X_txfm"][:].astype(float)
        b = numpy.load(folder + "/peer.npy").astype(float)
        a = a[:len(b)]
        lowest = float(((a * b).sum(1) / numpy.linalg.norm(a, axis=1) / numpy.linalg.norm(b, axis=1)).min())
        return {"lowest_cosine": round(lowest, 6)}, lowest >= LOWEST_COSINE[precision]
    last = max(1, options.steps // 5)
    ends = [float(numpy.mean(side["losses"][-last:])) for side in (mine, other)]
    fall = max(1e-9, abs(other["losses"][0] - ends[1]))
    return {"loss": round(ends[0], 4), "peer_loss": round(ends[1], 4)}, abs(ends[0] - ends[1]) <= LARGEST_LOSS_DIFFERENCE * fall


def measure(options, preset, precision, folder):
    counts, model = f"{folder}/counts.h5ad", f"{folder}/{preset}"
    if not os.path.exists(model):
        subprocess.run([options.program, "init", "--preset", preset, "--genes", counts, "--out", model], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        open_branches(model)
    config = json.load(open(model + "/config.json"))
    sides = {"ours": [], "peer": []}
    for _ in range(options.rounds):
        sides["ours"].append(ours(options, folder, model, counts, precision))
        sides["peer"].append(peer(options, folder, model, counts, precision))
    best = {side: max(turns, key=lambda turn: turn["per_second"]) for side, turns in sides.items()}
    result = {"task": options.task, "preset": preset, "precision": precision, "tokens": options.tokens,
              "rounds": {side: [turn["per_second"] for turn in turns] for side, turns in sides.items()},
              "ours_per_second": best["ours"]["per_second"], "peer_per_second": best["peer"]["per_second"],
              "ratio": round(best["ours"]["per_second"] / best["peer"]["per_second"], 3)}
    work = flops_per_sample(config, options.tokens) * (3 if options.task == "train" else 1)
    result["tflops"] = round(work * result["ours_per_second"] / 1e12, 3)
    if options.peak:
        result["share_of_peak"] = round(result["tflops"] / options.peak, 4)
    found, good = quality(options, folder, best["ours"], best["peer"], precision)
    return {**result, **found, "good": good}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["embed", "train"])
    parser.add_argument("--program", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--presets", nargs="+", default=["mini", "S"])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    for name, default in (("threads", 1), ("genes", 2048), ("unmasked", 0), ("cells", 16), ("steps", 20), ("batch", 8), ("micro", 8),
                          ("rounds", 2)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--peak", type=float, default=0, help="peak of the device in TFLOP/s, e.g. 989.4")
    parser.add_argument("--compile", action="store_true", help="the peer uses torch.compile")
    parser.add_argument("--out")
    options = parser.parse_args()
    options.unmasked = options.unmasked or options.genes
    options.tokens = options.genes if options.task == "embed" else options.unmasked
    cells = options.cells if options.task == "embed" else options.batch
    report = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "device": options.device,
              "threads": options.threads, "cells": cells, "batch": options.batch, "compile": options.compile,
              "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load_before": os.getloadavg()[0]},
              "results": []}
    with open("/proc/cpuinfo") as file:
        report["machine"]["processor"] = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    with tempfile.TemporaryDirectory() as folder:
        write_counts(folder + "/counts.h5ad", cells, options.genes)
        for preset in options.presets:
            for precision in options.precisions:
                result = measure(options, preset, precision, folder)
                report["results"].append(result)
                print(json.dumps({key: value for key, value in result.items() if key != "rounds"}), flush=True)
    if options.out:
        os.makedirs(os.path.dirname(os.path.abspath(options.out)), exist_ok=True)
        with open(options.out, "w") as file:
            json.dump(report, file, indent=1)
            file.write("\n")
    return 0 if all(result["good"] for result in report["results"]) else 1


if __name__ == "__main__":
    sys.exit(main())
