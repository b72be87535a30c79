#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Measures our steps beside those of anndata, scanpy, h5py, pynndescent, umap-learn, leidenalg, igraph and the libscran family.
#   packaging/bench/run.sh [--cells N] [--from FILE.h5ad] [--out FOLDER] [STEP...]
# --cells  size of the input, which is tiled from a real file (default 20000)
# --from   that file (default: the demo data)
# --out    where the JSON goes (default packaging/bench/results)
# STEP     load preprocess random_rows pca knn knn_approximate umap leiden (default: all)
# Builds the release preset and a Python environment with pinned packages (both under build/). Leave the machine alone
# while it runs; the load average before the start stands in the results.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

cells=20000 source=$root/resources/demo/pbmc_1k.h5ad out=$root/packaging/bench/results steps=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) showHelp; exit 0 ;;
        --cells | --from | --out)
            [ $# -ge 2 ] || usage "$1 needs a value"
            case $1 in --cells) cells=$2 ;; --from) source=$2 ;; --out) out=$2 ;; esac
            shift ;;
        -*) usage "unknown option $1" ;;
        *) steps+=("$1") ;;
    esac
    shift
done
[ ${#steps[@]} -gt 0 ] || steps=(all)

environment=$root/build/bench-python requirements=$root/packaging/requirements/bench.txt
if ! cmp -s "$requirements" "$environment/requirements.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment" || fail "Python's venv module is missing; install python3-venv."
    "$environment/bin/pip" install --quiet --no-deps --require-hashes -r "$requirements" ||
        fail "the pinned Python packages could not be installed."
    cp "$requirements" "$environment/requirements.txt"
fi
buildPreset release
cmake --build "$root/build/release" --target txfm-bench --parallel "$(buildJobs)" >/dev/null

input=$root/build/bench-$(basename "$source" .h5ad)-$cells.h5ad
[ -e "$input" ] || "$environment/bin/python" "$root/packaging/bench/make_large.py" "$input" --cells "$cells" --from "$source"
mkdir -p "$out"
exec "$environment/bin/python" "$root/packaging/bench/bench.py" "${steps[@]}" --program "$root/build/release/bin/txfm-bench" \
    --file "$input" --out "$out/$(date +%F)-$(basename "$input" .h5ad).json"
