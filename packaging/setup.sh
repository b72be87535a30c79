#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Brings in everything that building TxFM Studio needs and does nothing where it is there already.
#   packaging/setup.sh [--test] [--cuda|--no-cuda]
# --test      also what the tests need (a virtual X server)
# --cuda      also the CUDA libraries of LibTorch, default where an NVIDIA GPU answers
# --no-cuda   never the CUDA libraries
# Dependencies that are not Debian packages go to $TXFM_DEPS (default: build/deps in the source folder).
# Every download is pinned by version and sha256 in packaging/requirements/. A stamp is written after each
# finished step, so an interrupted set-up goes on where it stopped, and a finished one needs no network.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
deps=${TXFM_DEPS:-$root/build/deps}
stamps=$deps/stamps

say() { printf '[set-up] %s\n' "$*"; }
die() { printf 'packaging/setup.sh: %s\n' "$*" >&2; exit 1; }

wantTest=0
wantCuda=auto
for argument in "$@"; do
    case $argument in
        --test) wantTest=1 ;;
        --cuda) wantCuda=yes ;;
        --no-cuda) wantCuda=no ;;
        -h | --help) sed -n '4,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) printf 'packaging/setup.sh: unknown option "%s"; try --help.\n' "$argument" >&2; exit 2 ;;
    esac
done

# --- Debian packages -------------------------------------------------------------------------------

wantedPackages() {
    awk -v test="$wantTest" '/^\[test\]/ { if (!test) exit; next } /^[^#]/ { print $1 }' \
        "$here/debian-packages.txt"
}

missingPackages() {
    local wanted installed
    mapfile -t wanted < <(wantedPackages)
    installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null |
        awk '$1 == "ii" { print $2 }') || true
    printf '%s\n' "${wanted[@]}" | grep -vxF -e "${installed:-<none>}" || true
}

installPackages() {
    command -v dpkg-query >/dev/null || die "this is no Debian system: install what" \
        "packaging/debian-packages.txt lists by other means and build with CMake (see README.md)."
    local missing asRoot=()
    mapfile -t missing < <(missingPackages)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        # Without a terminal sudo must not ask for a password: nobody could answer.
        local sudoOptions=()
        [ -t 0 ] || sudoOptions=(-n)
        if ! command -v sudo >/dev/null || ! sudo "${sudoOptions[@]}" -v 2>/dev/null; then
            die "these Debian packages are missing and only root can install them: ${missing[*]};" \
                "ask an administrator for \"apt-get install --no-install-recommends ${missing[*]}\"" \
                "and start again."
        fi
        asRoot=(sudo "${sudoOptions[@]}")
    fi
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    local log=$deps/apt.log apt
    apt=("${asRoot[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
    {
        "${asRoot[@]}" dpkg --configure -a &&
            "${apt[@]}" update &&
            "${apt[@]}" install --no-install-recommends "${missing[@]}"
    } </dev/null >"$log" 2>&1 || {
        tail -n 15 "$log" >&2
        die "apt-get could not install ${missing[*]}; its messages are in $log."
    }
}

# --- Pinned downloads ------------------------------------------------------------------------------

findPip() {
    local candidate
    for candidate in /usr/bin/python3 python3; do
        if "$candidate" -m pip --version >/dev/null 2>&1; then
            python=$candidate
            return
        fi
    done
    die "python3 has no pip; install the Debian package python3-pip and start again."
}

# download REQUIREMENT-LINE FOLDER [pip options]: one pinned file into FOLDER, checked by its sha256.
download() {
    local line=$1 folder=$2 list log=$deps/pip.log
    shift 2
    say "fetching ${line%% *}"
    list=$folder/requirement.txt
    mkdir -p "$folder"
    printf '%s\n' "$line" >"$list"
    "$python" -m pip download --disable-pip-version-check --no-deps --no-cache-dir --retries 2 \
        --progress-bar off --require-hashes --dest "$folder" --requirement "$list" "$@" >"$log" 2>&1 || {
        if grep -q 'DO NOT MATCH THE HASHES' "$log"; then
            die "the download of ${line%% *} does not have the pinned sha256 and was thrown away; try" \
                "again from another network, and report it if that does not help (see $log)."
        fi
        die "${line%% *} could not be downloaded; check the network and start again, what is" \
            "finished is kept (pip's messages are in $log)."
    }
    rm -f "$list"
}

# The tags are spelled out, so that any python3 fetches the same files.
wheelOptions=(--only-binary :all: --implementation cp --python-version 3.11 --abi cp311 --abi none
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64
    --platform manylinux_2_25_x86_64 --platform manylinux_2_18_x86_64 --platform manylinux_2_17_x86_64
    --platform manylinux2014_x86_64 --platform any)

# unpackWheels REQUIREMENTS-FILE TARGET: unpacks each wheel that has no stamp yet into TARGET.
unpackWheels() {
    local requirements=$1 target=$2 line name stamp folder
    while read -r line; do
        name=${line%% *}
        stamp=$stamps/${name}-${line##*:}
        [ ! -e "$stamp" ] || continue
        [ -n "${python:-}" ] || findPip
        folder=$deps/downloads/$name
        download "$line" "$folder" "${wheelOptions[@]}"
        mkdir -p "$target"
        "$python" -m zipfile -e "$folder"/*.whl "$target" 2>"$deps/unpack.log" ||
            die "$name could not be unpacked into $target; make room there and start again."
        rm -rf "$folder"
        : >"$stamp"
    done < <(grep -v '^#' "$requirements")
}

# A stamp that no requirement names comes from an older pin: everything is unpacked anew, since files of
# two versions must not mix.
dropOutdated() {
    local stamp name
    for stamp in "$stamps"/*; do
        [ -e "$stamp" ] || return 0
        name=${stamp##*/}
        if ! grep -qxF -e "${name%-*} --hash=sha256:${name##*-}" "$here"/requirements/*.txt; then
            say "${name%-*} is no longer what is pinned; unpacking everything again"
            rm -rf "$stamps" "$deps/site" "$deps/sdist-tools" "$deps/assorthead"
            mkdir -p "$stamps"
            return 0
        fi
    done
}

unpackHeaders() {
    local line name stamp folder
    line=$(grep -v '^#' "$here/requirements/headers.txt")
    name=${line%% *}
    stamp=$stamps/${name}-${line##*:}
    [ ! -e "$stamp" ] || return 0
    [ -n "${python:-}" ] || findPip
    unpackWheels "$here/requirements/sdist-tools.txt" "$deps/sdist-tools"
    folder=$deps/downloads/$name
    PYTHONPATH=$deps/sdist-tools download "$line" "$folder" --no-binary :all: --no-build-isolation
    rm -rf "$deps/assorthead" "$folder/unpacked"
    mkdir -p "$folder/unpacked"
    tar -xzf "$folder"/*.tar.gz -C "$folder/unpacked" --strip-components=1
    mv "$folder/unpacked" "$deps/assorthead"
    rm -rf "$folder"
    : >"$stamp"
}

gpuAnswers() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }

main() {
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
        die "the pinned LibTorch is for Linux on x86-64, this machine is $(uname -s) on $(uname -m)."
    mkdir -p "$stamps" 2>/dev/null ||
        die "the dependency folder $deps cannot be written; set TXFM_DEPS to a folder that can."
    exec 9>"$deps/lock"
    if ! flock -n 9; then
        say "waiting for another set-up that works in $deps"
        flock 9
    fi
    trap 'printf "\\n[set-up] interrupted; start again and it goes on from here\\n" >&2; exit 130' INT TERM
    installPackages
    dropOutdated
    unpackWheels "$here/requirements/runtime.txt" "$deps/site"
    unpackHeaders
    if [ "$wantCuda" = yes ] || { [ "$wantCuda" = auto ] && gpuAnswers; }; then
        unpackWheels "$here/requirements/cuda.txt" "$deps/site"
    fi
    rm -rf "$deps/downloads"
}

main
