#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Trains the bundled model txfm-mini: packaging/train/train_mini.sh TXFM DATA_FOLDER OUT_FOLDER [MINUTES]
# TXFM is the program, DATA_FOLDER holds the training count files (*.h5ad). An interrupted run is continued by the
# same command. Vocabulary: genes with an approved HGNC symbol that at least 15 of the data sets measure.
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "Usage: $0 TXFM DATA_FOLDER OUT_FOLDER [MINUTES]" >&2
    exit 2
fi
txfm=$1 data=$2 out=$3 minutes=${4:-60}
here=$(cd "$(dirname "$0")" && pwd)
resume=()
if [ -d "$out/.work" ]; then resume=(--resume); fi
exec "$txfm" pretrain --preset mini --data "$data"/*.h5ad --out "$out" --config "$here/train_mini.json" \
    --minutes "$minutes" --precision bf16 --seed 1 "${resume[@]}"
