# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures embeddings of labelled count files beside random weights and two PCAs; writes the numbers of the model card.

    python evaluate_mini.py --txfm TXFM --networks txfm=MODEL start=START --train FOLDER --eval FOLDER \
        --modes expressed top:256 ... --out RESULTS.json

MODEL is the trained model, START (may be left out) the weights before the first step. Random weights are models of
MODEL's configuration and genes that `txfm init` makes with the seeds 0 to --random-seeds - 1; their row holds the mean
and the standard deviation of each score, since one draw says little about a set of few cells. All are applied with
`txfm embed` in the mode that MODEL names; deeply sequenced sets (DEEP) in `top:1024`. On MODE_SETS the trained model is
also measured in each of --modes, with the cells per second that `txfm embed` reports. --train and --eval are the folders
of the training and the labelled h5ad files. Results that RESULTS.json already holds are kept, so an interrupted
measurement goes on. Needs numpy, scipy, scikit-learn, anndata, scanpy and igraph. Nothing of this ships with the program.

Scores, on all labelled cells of a file (at most --cells, drawn with seed 0):
  knn     accuracy of a 15-nearest-neighbour vote, leave one out, cosine distance after centring (5 neighbours below 100 cells)
  probe   accuracy of logistic regression (C = 0.1) on standardised features, 5-fold stratified cross-validation
  ari/nmi Leiden clusters (scanpy neighbours, 15, Euclidean; resolution 1; igraph flavour, 2 iterations) against labels
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import warnings

import anndata
import numpy as np
import scanpy
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.extmath import randomized_svd

warnings.filterwarnings("ignore")
SETS = {  # file -> label column
    "pbmc3k": "cell_type", "zheng_pbmc_facs": "cell_type", "onek1k_1000g": "cell_type",
    "chcl_hashing_2000g": "hash_maxID", "sc_mixology_cellmix": "mix", "sc_mixology_RNAmix": "mix",
    "blakeley_embryo": "sample_alias",
}
NO_LABEL = {"", "nan", "unlabelled", "Doublet", "Negative"}
DEEP = ("blakeley_embryo", "sc_mixology_cellmix", "sc_mixology_RNAmix")  # thousands of genes a cell
DEEP_MODE = "top:1024"
MODE_SETS = ("pbmc3k", "zheng_pbmc_facs")
SCORES = ("knn", "probe", "ari", "nmi")
COMPONENTS = 50
TARGET = 1e4


def labels_of(name, obs):
    values = obs[SETS[name]].astype(str)
    if name == "chcl_hashing_2000g":  # the cell line; hashes A, B, C are replicates; doublets are left out
        values = values.str.split("_").str[0].where(obs["hto_classification_global"].astype(str) == "Singlet", "nan")
    return values.values


def knn_accuracy(z, y):
    k = 15 if len(y) >= 100 else 5
    z = z - z.mean(0)
    z = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
    classes, codes = np.unique(y, return_inverse=True)
    right = 0
    for start in range(0, len(y), 512):
        similarity = z[start:start + 512] @ z.T
        similarity[np.arange(len(similarity)), np.arange(start, start + len(similarity))] = -np.inf
        near = np.argpartition(-similarity, k, axis=1)[:, :k]
        votes = np.stack([np.bincount(codes[row], minlength=len(classes)) for row in near])
        right += (votes.argmax(1) == codes[start:start + 512]).sum()
    return right / len(y)


def probe_accuracy(z, y):
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    return cross_val_score(model, z, y, cv=folds).mean()


def leiden_scores(z, y):
    a = anndata.AnnData(np.zeros((len(y), 1), np.float32), obsm={"z": np.ascontiguousarray(z, np.float32)})
    scanpy.pp.neighbors(a, n_neighbors=min(15, len(y) - 1), use_rep="z", random_state=0)
    scanpy.tl.leiden(a, resolution=1.0, flavor="igraph", n_iterations=2, directed=False, random_state=0)
    clusters = a.obs["leiden"].astype(str).values
    return adjusted_rand_score(y, clusters), normalized_mutual_info_score(y, clusters)


def score(z, y):
    ari, nmi = leiden_scores(z, y)
    return {"knn": knn_accuracy(z, y), "probe": probe_accuracy(z, y), "ari": ari, "nmi": nmi}


def vocabulary_of(model):
    lines = (pathlib.Path(model) / "genes.tsv").read_text().splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    names = {}
    for i, row in enumerate(rows):
        for key in row:
            if key:
                names[key.upper()] = i
    return names, len(rows)


def to_vocabulary(a, names, size):
    """Counts in vocabulary order by symbol or Ensembl id (no aliases: a plain baseline)."""
    columns = [a.var[c].astype(str) for c in ("ensembl_id", "gene_id", "symbol", "gene_symbol") if c in a.var]
    columns.append(a.var_names.astype(str).to_series())
    rows, cols = [], []
    for j in range(a.n_vars):
        for column in columns:
            key = column.iloc[j].upper()
            key = key.split(".")[0] if key.startswith("ENSG") else key
            if key in names:
                rows.append(j)
                cols.append(names[key])
                break
    return sp.csr_matrix(a.X) @ sp.csr_matrix((np.ones(len(rows), np.float32), (rows, cols)), (a.n_vars, size))


def log_normalised(x):
    x = sp.csr_matrix(x, dtype=np.float32)
    x = sp.diags(TARGET / np.maximum(np.asarray(x.sum(1)).ravel(), 1)) @ x
    return x.log1p().tocsr()


def centred_svd(x):
    """Mean and loadings of a PCA without making x dense."""
    mean = np.asarray(x.mean(0)).ravel()
    centred = sp.linalg.aslinearoperator(x) - sp.linalg.aslinearoperator(np.ones((x.shape[0], 1))) @ \
        sp.linalg.aslinearoperator(mean[None])
    components = min(COMPONENTS, min(x.shape) - 1)
    _, _, v = sp.linalg.svds(centred, components, random_state=0)
    return mean, v[::-1].T


def training_pca(folder, names, size):
    parts = [log_normalised(to_vocabulary(anndata.read_h5ad(f), names, size)) for f in sorted(folder.glob("*.h5ad"))]
    _, _, v = randomized_svd(sp.vstack(parts).tocsr(), COMPONENTS, random_state=0)
    return v.T


def embed(txfm, model, path, mode, threads, work):
    """Embedding [cells x d] and cells per second, reading and writing left out."""
    out = work / "out.h5ad"
    command = [txfm, "embed", "--model", str(model), "--data", str(path), "--out", str(out), "--threads", str(threads),
               "--progress", "none", "--json"] + (["--inference-genes", mode] if mode else [])
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    z = anndata.read_h5ad(out).obsm["X_txfm"]
    out.unlink()
    return np.asarray(z, np.float64), result["cells_per_second"]


def random_model(txfm, model, seed, work):
    """A model of the same configuration and genes with random initial weights; made once per seed."""
    folder = work / f"random-{seed}"
    if not folder.exists():
        config = json.loads((pathlib.Path(model) / "config.json").read_text())
        for key in ("training", "name", "n_genes", "gene_frequency"):
            config.pop(key, None)
        preset = config.pop("preset")
        (work / "random.json").write_text(json.dumps(config))
        subprocess.run([txfm, "init", "--preset", preset, "--genes", str(pathlib.Path(model) / "genes.tsv"), "--config",
                        str(work / "random.json"), "--seed", str(seed), "--out", str(folder), "--progress", "none", "--json"],
                       check=True, stdout=subprocess.DEVNULL)
    return folder


def random_row(draws):
    """Mean and standard deviation (of the sample) of every score over the seeds, and the scores themselves."""
    row = {"seeds": len(draws)}
    for name in draws[0]:
        values = [draw[name] for draw in draws]
        row[name] = float(np.mean(values))
        if name in SCORES:
            row[name + "_std"] = float(np.std(values, ddof=1))
    return {**row, "each": draws}


def labelled_part(path, name, cells):
    a = anndata.read_h5ad(path)
    y = labels_of(name, a.obs)
    keep = np.where(~np.isin(y, list(NO_LABEL)))[0]
    counts = dict(zip(*np.unique(y[keep], return_counts=True)))
    keep = np.array([i for i in keep if counts[y[i]] >= 5])
    keep = np.sort(np.random.default_rng(0).permutation(keep)[:cells])
    return a[keep].copy(), y[keep]


def main():
    parser = argparse.ArgumentParser()
    for name in ("txfm", "train", "eval", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--networks", nargs="+", required=True, metavar="KEY=MODEL")
    parser.add_argument("--modes", nargs="*", default=[])
    parser.add_argument("--random-seeds", type=int, default=5)
    parser.add_argument("--cells", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    args = parser.parse_args()
    if args.random_seeds < 2:
        parser.error("--random-seeds must be at least 2: one draw has no standard deviation")
    networks = dict(item.split("=", 1) for item in args.networks)
    names, size = vocabulary_of(networks["txfm"])
    own_mode = json.loads((pathlib.Path(networks["txfm"]) / "config.json").read_text())["inference_genes"]
    loadings = None
    out = pathlib.Path(args.out)
    results = json.loads(out.read_text()) if out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for name in args.sets:
            part, y = labelled_part(pathlib.Path(args.eval) / f"{name}.h5ad", name, args.cells)
            part.write_h5ad(work / "in.h5ad")
            row = results.setdefault(name, {"cells": len(y), "labels": len(set(y))})
            mode = DEEP_MODE if name in DEEP else own_mode
            for key, model in networks.items():
                if key not in row:
                    z, speed = embed(args.txfm, model, work / "in.h5ad", mode, args.threads, work)
                    row[key] = {**score(z, y), "cells_per_second": speed}
            if row.get("random", {}).get("seeds") != args.random_seeds:
                draws = []
                for seed in range(args.random_seeds):
                    model = random_model(args.txfm, networks["txfm"], seed, work)
                    z, speed = embed(args.txfm, model, work / "in.h5ad", mode, args.threads, work)
                    draws.append({**score(z, y), "cells_per_second": speed})
                row["random"] = random_row(draws)
            if "pca_train" not in row:
                if loadings is None:
                    loadings = training_pca(pathlib.Path(args.train), names, size)
                row["pca_train"] = score(log_normalised(to_vocabulary(part, names, size)) @ loadings, y)
            if "pca_own" not in row:
                x = log_normalised(part.X)
                mean, v = centred_svd(x)
                row["pca_own"] = score(x @ v - mean @ v, y)
            measured = row.setdefault("modes", {})
            for mode in args.modes if name in MODE_SETS else []:
                if mode not in measured:
                    z, speed = embed(args.txfm, networks["txfm"], work / "in.h5ad", mode, args.threads, work)
                    measured[mode] = {"knn": knn_accuracy(z, y), "probe": probe_accuracy(z, y), "cells_per_second": speed}
            out.write_text(json.dumps(results, indent=2) + "\n")
            print(name, json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
