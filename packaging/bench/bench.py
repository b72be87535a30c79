#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures our steps beside those of well-known packages: same input, same number of threads, taking turns.

    bench.py WHAT... --program build/ci/bin/txfm-bench --file COUNTS.h5ad [--threads N] [--rounds N] [--out FILE.json]

WHAT: load preprocess random_rows pca knn knn_approximate umap leiden, or all. For leiden igraph is measured as a third
side, from Python. All sides run in processes of their own; start-up and preparation are not timed. Prints one line each
with both times, their ratio and the quality of the results, and writes everything as JSON. The exit status is 1 when a
result is not as good as it has to be; times are never judged.
"""
import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile

import checks

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = {"load": "anndata", "preprocess": "scanpy", "random_rows": "h5py", "pca": "scanpy", "knn": "pynndescent",
         "knn_approximate": "pynndescent", "umap": "umap-learn", "leiden": "leidenalg"}


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"processor": names[0] if names else platform.processor(), "cores": os.cpu_count(),
            "load_before": os.getloadavg()[0], "system": platform.platform(terse=True)}


def versions():
    names = sorted(set(PEERS.values()) | {"numpy", "scipy", "scikit-learn", "numba", "igraph"})
    return {name: importlib.metadata.version(name) for name in names} | {"python": platform.python_version()}


def call(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(what, options, folder):
    environment = dict(os.environ)
    environment.setdefault("TXFM_MEMORY_FOR_COUNTS", "1000000")
    environment["XDG_CACHE_HOME"] = os.path.join(folder, "cache")
    os.environ.update(environment)
    sides = {"ours": [], "peer": []}
    for turn in range(options.rounds):
        ours = [options.program, what, options.file, str(options.threads), "1"] + ([folder] if turn == 0 else [])
        peer = [sys.executable, os.path.join(HERE, "peers.py"), what, options.file, str(options.threads), folder] + (["--write"] if turn == 0 else [])
        sides["ours"].append(call(ours))
        sides["peer"].append(call(peer))
    result = {"peer": PEERS[what]}
    for side, turns in sides.items():
        scale = 1 / turns[0]["rows"] if "rows" in turns[0] else 1
        result[side + "_seconds"] = [round(t["seconds"][0] * scale, 9) for t in turns]
        result[side + "_cpu_seconds"] = [round(t["cpu_seconds"][0] * scale, 9) for t in turns]
        for key in turns[0]:
            if key not in ("seconds", "cpu_seconds"):
                result[f"{side}_{key}"] = turns[0][key]
    for unit in ("seconds", "cpu_seconds"):
        result["ratio_" + unit] = round(min(result["peer_" + unit]) / max(min(result["ours_" + unit]), 1e-9), 2)
    if what == "leiden":
        best = max(result["peer_modularity"], result["peer_igraph_modularity"])
        result["ratio_igraph_seconds"] = round(min(result["peer_igraph_seconds"]) / min(result["ours_seconds"]), 2)
        result["quality"] = {"modularity": result["ours_modularity"], "peer_modularity": best, "ok": result["ours_modularity"] >= best - 1e-3}
    else:
        result["quality"] = getattr(checks, "knn" if what.startswith("knn") else what)(checks.Arrays(folder), options.file)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=[*PEERS, "all"])
    parser.add_argument("--program", required=True, help="our side, txfm-bench")
    parser.add_argument("--file", required=True, help="counts as .h5ad, compressed rows")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", help="results as JSON; what the file holds of other steps stays")
    options = parser.parse_args()
    options.file = os.path.abspath(options.file)
    report = {"date": datetime.date.today().isoformat(), "machine": machine(), "versions": versions(), "threads": options.threads,
              "input": {"file": os.path.basename(options.file), "bytes": os.path.getsize(options.file)}, "steps": {}}
    if options.out and os.path.exists(options.out):
        with open(options.out) as file:
            report["steps"] = json.load(file)["steps"]
    print(f"{report['machine']['processor']}, {options.threads} threads, load {report['machine']['load_before']:.1f}; {report['versions']}")
    good = True
    for what in PEERS if "all" in options.what else options.what:
        with tempfile.TemporaryDirectory(prefix="txfm-bench-") as folder:
            result = measure(what, options, folder)
        report["steps"][what] = result
        good = good and result["quality"]["ok"]
        print(f"{what}: ours {min(result['ours_seconds']):.4g} s, {result['peer']} {min(result['peer_seconds']):.4g} s, "
              f"{result['ratio_seconds']} x ({result['ratio_cpu_seconds']} x by CPU time); {result['quality']}", flush=True)
        if options.out:
            with open(options.out, "w") as file:
                json.dump(report, file, indent=1)
                file.write("\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
