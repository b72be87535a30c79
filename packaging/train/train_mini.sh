#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Trains the bundled model txfm-mini: packaging/train/train_mini.sh TXFM DATA_FOLDER OUT_FOLDER [EPOCHS]
# TXFM is the program, DATA_FOLDER holds the training count files (*.h5ad). An interrupted run is continued by the
# same command. Vocabulary: genes with an approved HGNC symbol that at least 15 of the data sets measure.
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "Usage: $0 TXFM DATA_FOLDER OUT_FOLDER [EPOCHS]" >&2
    exit 2
fi
txfm=$1 data=$2 out=$3 epochs=${4:-11}
here=$(cd "$(dirname "$0")" && pwd)
resume=()
if [ -d "$out/.work" ]; then resume=(--resume); fi
# One thread: at this width a second one adds a fifth to the speed (62 samples/s instead of 52 with 128 genes).
exec "$txfm" pretrain --preset mini --data "$data"/*.h5ad --out "$out" --config "$here/train_mini.json" \
    --name txfm-mini --epochs "$epochs" --threads 1 --precision bf16 --seed 1 "${resume[@]}"
