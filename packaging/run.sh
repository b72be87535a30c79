#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# From a count file to a map: sets up and builds what is missing, embeds FILE with the bundled model, makes
# neighbours, UMAP and Leiden clusters, draws the figure, and opens the window where a display exists.
#   packaging/run.sh [FILE] [--studio|--headless]
# FILE         .h5ad, 10x .h5 or 10x folder (default: the demo data)
# --studio     only open the window, on FILE if one is given
# --headless   never open the window
# Results: <name>.txfm.h5ad, <name>.txfm.svg and <name>.txfm.png beside FILE; for the demo data, or
# where that folder cannot be written, in build/results. TXFM_RESULTS names another folder.
# TXFM_MODEL names another model folder, TXFM_DEPS where dependencies are kept (default: build/deps).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

file=
mode=auto
for argument in "$@"; do
    case $argument in
        -h | --help) showHelp; exit 0 ;;
        --studio) mode=studio ;;
        --headless) mode=headless ;;
        -*) usage "unknown option \"$argument\"" ;;
        *) [ -z "$file" ] || usage "one FILE at a time, not \"$file\" and \"$argument\""; file=$argument ;;
    esac
done
[ -z "$file" ] || [ -e "$file" ] || { printf 'packaging/run.sh: there is no file "%s".\n' "$file" >&2; exit 3; }
# VTK of Debian 12 draws through X11; on a Wayland desktop that is XWayland, which sets DISPLAY too.
hasDisplay() { [ -n "${DISPLAY:-}" ]; }
[ "$mode" != studio ] || hasDisplay || fail "there is no display to open the window on (DISPLAY is empty)."

buildPreset release
programs=$root/build/release/bin

openStudio() {
    [ -z "${WAYLAND_DISPLAY:-}" ] || export QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-xcb}
    exec "$programs/txfm-studio" "$@"
}

[ "$mode" != studio ] || openStudio ${file:+"$file"}

demo=$root/resources/demo/pbmc_1k.h5ad
[ -n "$file" ] || file=$demo
base=$(basename "${file%/}")
for ending in .gz .h5ad .h5 .loom; do base=${base%"$ending"}; done

results=${TXFM_RESULTS:-$(dirname "$file")}
if [ -z "${TXFM_RESULTS:-}" ] && { [ "$file" = "$demo" ] || [ ! -w "$results" ]; }; then
    results=$root/build/results
fi
mkdir -p "$results" || fail "the folder $results cannot be made; name another one in TXFM_RESULTS."
results=$(cd "$results" && pwd)
output=$results/$base.txfm.h5ad
work=$results/.$base.txfm-work
mkdir -p "$work"
exec 8>"$work/lock"
flock -n 8 || fail "$output is being made by another run; wait for it, or name another folder in TXFM_RESULTS."
trap 'rm -rf "$work"' EXIT

# step NAME TITLE COMMAND arguments...: runs one txfm command and keeps its JSON for the summary.
step() {
    local name=$1
    printf '[run] %s\n' "$2"
    shift 2
    "$programs/txfm" "$@" --json >"$work/$name.json"
}

# add NAME TITLE COMMAND arguments...: the same, adding to the result file.
add() {
    step "$@" --data "$output" --out "$work/next.h5ad"
    mv "$work/next.h5ad" "$output"
}

step embed "embedding $base" embed --data "$file" --out "$output" ${TXFM_MODEL:+--model "$TXFM_MODEL"}
# The file holds one neighbour graph: that of the embedding comes last.
add expression "UMAP of expression, to compare with" project --rep X --method umap
add map "neighbours and UMAP" project --rep X_txfm --method umap
add clusters "Leiden clusters" cluster --rep X_txfm --method leiden
printf '[run] figure\n'
"$programs/txfm-studio" --export-figure "$output" --basis X_txfm_umap --color txfm_leiden \
    --out "${output%.h5ad}" >"$work/figures.txt"

python3 - "$work" "$output" <<'PYTHON'
import json, sys

work, output = sys.argv[1:]
step = {name: json.load(open(f"{work}/{name}.json")) for name in ("embed", "map", "clusters", "expression")}
embed, genes = step["embed"], step["embed"]["genes"]
used = genes["genes"] - genes["dropped"]
share = "" if genes["dropped_share"] is None else f" ({100 * (1 - genes['dropped_share']):.1f} % of the counts)"
seconds = {name: result["seconds"]["total"] for name, result in step.items()}
print(f"""
  cells      {embed['cells']:,}
  genes      {used:,} of {genes['genes']:,} matched{share}
  model      {embed['model']}, {embed['inference_genes']} genes, {embed['precision']} on {embed['device']}
  clusters   {step['clusters']['n_clusters']} (Leiden, resolution {step['clusters']['resolution']:g})
  time       {sum(seconds.values()):.1f} s: embedding {seconds['embed']:.1f}, neighbours and UMAP {seconds['map']:.1f}, """
      f"""clusters {seconds['clusters']:.1f}, UMAP of expression {seconds['expression']:.1f}
  data       {output}""")
for path in open(f"{work}/figures.txt").read().split("\n"):
    if path:
        print(f"  figure     {path}")
PYTHON
rm -rf "$work"
trap - EXIT

[ "$mode" = headless ] || ! hasDisplay || openStudio --page explore "$output"
