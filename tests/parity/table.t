#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tables in docs/calls.md are the call table (on x86-64, which has the older calls, too).
cd "$(dirname "$0")/../.." || exit
make -s --no-print-directory test-parity-programs >&2 || exit
echo 1..1
if diff <(grep '^|' docs/calls.md) <(build/tests/parity/table | grep '^|') >&2; then
	echo "ok 1 - docs/calls.md has the tables"
else
	echo "not ok 1 - docs/calls.md has the tables (build/tests/parity/table prints them)"
	exit 1
fi
