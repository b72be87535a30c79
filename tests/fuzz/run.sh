#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the fuzz targets one after the other, each on the small files of tests/data as a start.
#   tests/fuzz/run.sh BUILD-FOLDER SECONDS [target...]
# The corpus grows in BUILD-FOLDER/corpus/TARGET; what ends a target is kept in BUILD-FOLDER/findings. The exit
# status is 1 when there is a finding.
set -euo pipefail
build=$(cd "$1" && pwd)
seconds=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
data=$here/../data
mkdir -p "$build/findings"
export LSAN_OPTIONS=suppressions=$here/leaks.supp:print_suppressions=0
# The HDF5 library asks for impossible amounts of memory on some damaged files; outside a sanitizer it gets none and goes on.
export ASAN_OPTIONS=allocator_may_return_null=1

seeds() {
    case $1 in
        h5ad) ls "$data"/h5ad/*.h5ad ;;
        tenx_h5) ls "$data"/hdf5/*.h5 ;;
        loom) ls "$data"/hdf5/*.loom ;;
        mtx) ls "$data"/text/*/*matrix.mtx* ;;
        features) ls "$data"/text/*/*genes.tsv "$data"/text/*/*features.tsv.gz ;;
        delimited) ls "$data"/text/*.csv "$data"/text/*.txt "$data"/text/*.tsv.gz "$data"/text/*/*.sf "$data"/text/*/*.tab ;;
        gct) ls "$data"/text/*.gct ;;
        bundle) ls "$data"/text/*.zip "$data"/text/*.tar.gz ;;
        safetensors) ls "$data"/model_variants/*/model.safetensors ;;
        config) ls "$data"/model_variants/*/config.json ;;
        vocabulary) ls "$data"/model_variants/*/genes.tsv ;;
    esac
}

targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd "$build/bin" && ls fuzz_* | sed 's/^fuzz_//')
status=0
for target in "${targets[@]}"; do
    corpus=$build/corpus/$target
    mkdir -p "$corpus"
    number=0
    for seed in $(seeds "$target") $(ls "$data"/hostile/"$target"-* 2>/dev/null || true); do
        number=$((number + 1))
        cp -n "$seed" "$corpus/seed-$number"
    done
    printf '== %s: %s s\n' "$target" "$seconds"
    "$build/bin/fuzz_$target" -max_total_time="$seconds" -timeout=120 -rss_limit_mb=3072 -malloc_limit_mb=1536 -close_fd_mask=1 \
        -print_final_stats=1 -artifact_prefix="$build/findings/$target-" "$corpus" >"$build/findings/$target.log" 2>&1 || status=1
    grep -E '^(SUMMARY|stat::number_of_executed_units|.*runtime error)|DONE' "$build/findings/$target.log" || true
done
exit $status
