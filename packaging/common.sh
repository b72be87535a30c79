# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by run.sh and test.sh (sourced, not run): where things are, set-up and build with a stamp that
# lets a second start skip both.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=${0##*/}
export TXFM_DEPS=${TXFM_DEPS:-$root/build/deps}
mkdir -p "$TXFM_DEPS" 2>/dev/null && TXFM_DEPS=$(cd "$TXFM_DEPS" && pwd) || {
    printf 'packaging/%s: the dependency folder %s cannot be written; set TXFM_DEPS to one that can.\n' \
        "$script" "$TXFM_DEPS" >&2
    exit 1
}

fail() { printf 'packaging/%s: %s\n' "$script" "$*" >&2; exit 1; }
usage() { printf 'packaging/%s: %s; try --help.\n' "$script" "$*" >&2; exit 2; }

# The comment block at the head of the calling script is its help text.
showHelp() { awk 'NR > 3 && !/^#/ { exit } NR > 3 { sub(/^# ?/, ""); print }' "$0"; }

# upToDate STAMP: nothing that the build reads is newer than the stamp, and it is of these dependencies.
# A folder's own time changes when a file in it appears or goes, so removals count as well.
upToDate() {
    [ -f "$1" ] && [ "$(cat "$1")" = "$TXFM_DEPS" ] && [ -e "$TXFM_DEPS/site/torch" ] &&
        [ -d "$TXFM_DEPS/assorthead" ] || return 1
    local sources=() name
    for name in CMakeLists.txt CMakePresets.json app core plugins ui tests packaging resources; do
        [ ! -e "$root/$name" ] || sources+=("$root/$name")
    done
    [ -z "$(find "${sources[@]}" -newer "$1" -print -quit)" ]
}

# One compiler per core, but no more than memory allows: a file with LibTorch's headers takes up to 2 GB.
buildJobs() {
    local cores gigabytes
    cores=$(nproc)
    gigabytes=$(awk '/^MemAvailable/ { print int($2 / 2097152) }' /proc/meminfo)
    [ "$gigabytes" -ge 1 ] || gigabytes=1
    printf '%s\n' "$((cores < gigabytes ? cores : gigabytes))"
}

# Ninja's lines go to the file; of them one at every tenth of the way is shown.
showProgress() {
    local line tenth shown=0
    while IFS= read -r line; do
        printf '%s\n' "$line"
        if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
            tenth=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
            [ "$tenth" -le "$shown" ] || printf '[build] %d %%\n' "$((10 * tenth))" >&2
            shown=$tenth
        fi
    done >"$1"
}

# buildPreset PRESET [setup.sh options]: set-up and build where something changed since the last time.
buildPreset() {
    local preset=$1 folder=$root/build/$1 stamp=$root/build/$1/up-to-date log started
    shift
    upToDate "$stamp" && return 0
    "$root/packaging/setup.sh" "$@" || exit $?
    mkdir -p "$folder"
    started=$(mktemp "$folder/started.XXXXXX")
    log=$folder/build.log
    printf '[build] configuring %s\n' "${folder#"$root"/}"
    (cd "$root" && cmake --preset "$preset" -DTXFM_DEPS="$TXFM_DEPS") >"$folder/configure.log" 2>&1 || {
        tail -n 20 "$folder/configure.log" >&2
        fail "CMake could not configure the build; all of its messages are in $folder/configure.log."
    }
    printf '[build] building; a first build takes some minutes\n'
    (set -o pipefail && cmake --build "$folder" --parallel "$(buildJobs)" 2>&1 | showProgress "$log") || {
        grep -E -A 8 'error:|FAILED|undefined reference|cannot find' "$log" | head -n 40 >&2
        fail "the build failed; all of its messages are in $log."
    }
    # The stamp carries the time at which the build began, so that an edit made meanwhile still counts.
    printf '%s\n' "$TXFM_DEPS" >"$stamp.new"
    touch -r "$started" "$stamp.new"
    rm -f "$started"
    mv "$stamp.new" "$stamp"
}
