# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the model card of the bundled model from its config.json, training.jsonl and the results of evaluate_mini.py.

    python write_card.py MODEL RESULTS.json > MODEL/model_card.md

Sources and licences of the training sets stand in training_sets.tsv beside this script.
"""
import csv
import json
import pathlib
import statistics
import sys

NAMES = {"txfm": "txfm-mini", "start": "its start (singular vectors, no step)", "random": "random weights", "pca_train": "PCA(50) of the training sets",
         "pca_own": "PCA(50) of the set itself"}
DEEP = ("blakeley_embryo", "sc_mixology_cellmix", "sc_mixology_RNAmix")


def shown(scores, name):
    """A score, with its standard deviation where the row is the mean of several draws."""
    deviation = scores.get(name + "_std")
    return f"{scores[name]:.3f}" + (f" ± {deviation:.3f}" if deviation is not None else "")


def loss_curve(lines, points=12):
    rows = []
    for i in range(points):
        part = lines[len(lines) * i // points:len(lines) * (i + 1) // points]
        rows.append((part[-1]["step"], statistics.mean(p["loss"] for p in part), part[-1]["lr"]))
    return rows


def main():
    folder = pathlib.Path(sys.argv[1])
    config = json.loads((folder / "config.json").read_text())
    results = json.loads(pathlib.Path(sys.argv[2]).read_text())
    lines = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    lines = [line for line in lines if "loss" in line]
    training = config["training"]
    recipe = json.loads(pathlib.Path(__file__).with_name("train_mini.json").read_text())["training"]
    sources = {row["file"]: row for row in csv.DictReader(
        open(pathlib.Path(__file__).with_name("training_sets.tsv")), delimiter="\t")}
    out = []
    out.append("# txfm-mini\n")
    out.append(
        f"A small TxFM for trying the program on an ordinary computer: width {config['dim']}, {config['n_blocks']} blocks, "
        f"{config['n_genes']:,} genes, target library size {config['library_size']:,.0f}. Trained by "
        "`packaging/train/train_mini.sh` on the data sets below. The weights come under the licence of the program.\n")
    out.append("**Read this first.** The training was short (see below) and its codebook did not start from random "
               "numbers: 50 of its columns are the singular vectors of the training data. Much of what the table shows "
               "comes from that start. Where PCA is better, PCA is better.\n")
    out.append("## Measured\n")
    out.append("A random part of the labelled cells of each file (seed 0); none of these files was trained on, but pbmc3k and "
               "zheng_pbmc_facs were looked at when the recipe was chosen. kNN: 15 neighbours (5 below 100 cells), leave one out, cosine "
               "after centring. Probe: logistic regression, 5-fold. Leiden at resolution 1 against the labels: ARI / NMI. Random weights: mean "
               f"and standard deviation over {next(iter(results.values()))['random']['seeds']} seeds of `txfm init`. All networks were "
               "applied with `txfm embed`; `packaging/train/evaluate_mini.py` repeats the table. Genes shown: those with a count "
               f"(`expressed`); for the deeply sequenced sets ({', '.join(DEEP)}) the 1,024 highest (`top:1024`). sc_mixology labels are "
               "mixtures of three cell lines in steps, hard for every method here.\n")
    out.append("| data (cells, labels) | embedding | kNN | probe | ARI | NMI |\n|---|---|---|---|---|---|")
    for name, row in results.items():
        first = f"{name} ({row['cells']:,}, {row['labels']})"
        for key, title in NAMES.items():
            if key not in row:
                continue
            s = row[key]
            out.append(f"| {first} | {title} | " + " | ".join(shown(s, score) for score in ("knn", "probe", "ari", "nmi")) + " |")
            first = ""
    wins = [n for n, r in results.items() if r["txfm"]["knn"] > max(r["pca_train"]["knn"], r["pca_own"]["knn"])]
    loses = [n for n, r in results.items() if r["txfm"]["knn"] < min(r["pca_train"]["knn"], r["pca_own"]["knn"])]
    below = [n for n, r in results.items() if r["txfm"]["knn"] <= r["random"]["knn"]]
    best = [n for n, r in results.items() if r["txfm"]["knn"] > max(draw["knn"] for draw in r["random"]["each"])]
    out.append(f"\nBy kNN accuracy txfm-mini beats the mean of the random weights on "
               f"{len(results) - len(below)} of {len(results)} sets{' (not on ' + ', '.join(below) + ')' if below else ''} and the best of their "
               f"draws on {len(best)}, both PCAs on "
               f"{len(wins)}{': ' + ', '.join(wins) if wins else ''}, and loses to both on {len(loses)}{': ' + ', '.join(loses) if loses else ''}.\n")
    gains = [r["txfm"]["knn"] - r["start"]["knn"] for r in results.values() if "start" in r]
    if gains:
        out.append(f"What the training itself added: kNN accuracy above that of its start on {sum(g > 0 for g in gains)} of {len(gains)} "
                   f"sets, by {statistics.mean(gains):+.3f} on average.\n")
    own = [max(r["modes"], key=lambda mode: r["modes"][mode]["knn"]) == config["inference_genes"] for r in results.values() if r["modes"]]
    out.append(f"The model's own mode is `{config['inference_genes']}`: the most accurate one on {sum(own)} of {len(own)} sets here. "
               "`top:256` is several times faster and loses some accuracy.\n")
    out.append("Inference modes, cells per second on the machine that measured (two cores, shared with other work):\n")
    out.append("| mode | data (cells) | kNN | probe | cells/s |\n|---|---|---|---|---|")
    for name, row in results.items():
        out += [f"| `{mode}` | {name} ({row['cells']}) | {m['knn']:.3f} | {m['probe']:.3f} | {m['cells_per_second']:.1f} |"
                for mode, m in row["modes"].items()]
    out.append("\n## Training\n")
    out.append(
        f"`txfm pretrain`, {lines[-1]['step']:,} steps of {training['batch']} samples "
        f"({lines[-1]['step'] * training['batch']:,} sample passes, {lines[-1]['epoch']:.1f} epochs) in "
        f"{lines[-1]['seconds'] / 60:.0f} minutes on {training['device']}, shared with other work; bf16 products, fp32 weights. "
        f"Poisson loss in log space; {config['n_unmasked']} genes revealed per sample, drawn from those with a count; loss on all "
        f"measured genes. Samples drawn by the square root of the size of each data set. AdamW, one-cycle, highest rate "
        f"{recipe['lr']:g} (decoder {recipe['lr'] * recipe['decoder_lr_scale']:g}). Start: codebook columns 0–49 = right singular vectors of the training expression (standard "
        "deviation 3), the rest N(0,1); LayerScale 0.1; head bias at each gene's mean. All options: "
        "`packaging/train/train_mini.json`.\n")
    out.append("Vocabulary rule: genes with an approved HGNC symbol that at least 15 of the 29 data sets measure.\n")
    out.append("Training loss, mean of each twelfth of the run (a batch mixes bulk and droplets, so single steps vary; the "
               "smallest possible value is negative and depends on the data):\n")
    out.append("| to step | loss | learning rate |\n|---|---|---|")
    out += [f"| {step} | {loss:.3f} | {lr:.1e} |" for step, loss, lr in loss_curve(lines)]
    measured = [line for line in lines if line.get("val_loss") is not None]
    if measured:
        out.append("\nValidation loss (1 % of each data set held out): " +
                   ", ".join(f"{m['val_loss']:.3f} at step {m['step']}" for m in measured) + ".")
    out.append("\n## Data\n")
    out.append("Raw counts as their repositories publish them; only weights derived from them are part of this model.\n")
    out.append("| data set | cells or samples | vocabulary genes | source | licence of the repository |\n|---|---|---|---|---|")
    for s in training["data_sets"]:
        source = sources.get(s["name"], {"source": "", "licence": ""})
        out.append(f"| {s['name']} | {s['cells']:,} | {s['genes']:,} | {source['source']} | {source['licence']} |")
    out.append("\n## Limits\n")
    out.append("- Human only. Mostly blood, some tumours, heart, pancreas and bulk tissues; other tissues were never seen.\n"
               "- A demonstration of the method at the smallest useful size, not a substitute for a model trained on millions of "
               "samples. Gene-gene relationships from codebook and decoder were not measured.\n"
               "- No batch correction.\n"
               "- Files with a selected gene list (e.g. 1,000 genes) are seen through those genes alone.\n"
               "- Not for clinical use.")
    print("\n".join(out))


if __name__ == "__main__":
    main()
