#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Training and embedding speed on one GPU beside PyTorch eager and torch.compile, S, B and L at 2,048 tokens:
# samples/s, TFLOP/s and share of the peak, written to packaging/bench/results/gpu-*.json.
#
#     packaging/bench/gpu.sh [PYTHON]      PYTHON has torch (CUDA), safetensors, h5py; default python3
#
# TXFM_PEAK sets the peak in TFLOP/s (989.4 = bf16 of an H100 or H200).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
python="${1:-python3}"
peak="${TXFM_PEAK:-989.4}"
program=""
for candidate in "$root"/build/release/bin/txfm "$root"/build/ci/bin/txfm "$root"/build/dev/bin/txfm; do
    if [ -z "$program" ] && [ -x "$candidate" ]; then program="$candidate"; fi
done
if [ -z "$program" ]; then echo "gpu.sh: build txfm first (packaging/run.sh)." >&2; exit 1; fi
if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L; then echo "gpu.sh: no NVIDIA GPU answers." >&2; exit 1; fi
if [ ! -e "$(dirname "$program")/../lib/txfm/plugins/cuda_operators.so" ]; then
    echo "gpu.sh: the CUDA operators were not built; install the CUDA toolkit and build again." >&2; exit 1
fi
results="$here/results"
mkdir -p "$results"
status=0
measure() {  # name, arguments
    local name="$1"; shift
    "$python" "$here/model_speed.py" "$@" --program "$program" --device cuda --precisions bf16 --peak "$peak" \
        --out "$results/gpu-$name.json" || status=1
}
measure train-S train --presets S --unmasked 2048 --genes 8192 --batch 512 --micro 256 --steps 30
measure train-B train --presets B --unmasked 2048 --genes 8192 --batch 256 --micro 128 --steps 30
measure train-L train --presets L --unmasked 2048 --genes 8192 --batch 128 --micro 64 --steps 20
measure train-B-compiled train --presets B --unmasked 2048 --genes 8192 --batch 256 --micro 128 --steps 30 --compile
measure embed-2048 embed --presets S B L --genes 2048 --cells 4096 --batch 64
measure embed-8248 embed --presets B --genes 8248 --cells 512 --batch 16
exit $status
