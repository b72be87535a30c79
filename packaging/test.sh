#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sets up what is missing, builds and runs all tests; the last lines and the exit status are ctest's own.
#   packaging/test.sh [--slow] [ctest options]
# --slow   also the tests that take minutes (label "slow")
# Further options go to ctest, for instance: packaging/test.sh -R readers
# Tests that read the large optional data sets run where TXFM_TEST_DATA names their folder.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

options=(--output-on-failure --no-tests=error)
slow=(-LE slow)
for argument in "$@"; do
    case $argument in
        -h | --help) showHelp; exit 0 ;;
        --slow) slow=() ;;
        *) options+=("$argument") ;;
    esac
done

buildPreset ci --test
cd "$root/build/ci"
exec ctest "${options[@]}" "${slow[@]}"
