#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every name of the call table is hooked.
cd "$(dirname "$0")/../.." || exit
make -s --no-print-directory host test-parity-programs >&2 || exit
lib=$PWD/build/libpersona-hijack.so
exec env LD_PRELOAD="$lib" build/tests/parity/coverage "$lib"
