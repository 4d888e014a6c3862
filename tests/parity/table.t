#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The table in docs/inline.md is the call table.
cd "$(dirname "$0")/../.." || exit
make -s --no-print-directory test-parity-programs >&2 || exit
echo 1..1
if diff <(sed -n '/^| inline\/ |/,/^$/p' docs/inline.md | grep '^|') <(build/tests/parity/table) >&2; then
	echo "ok 1 - docs/inline.md has the table"
else
	echo "not ok 1 - docs/inline.md has the table (build/tests/parity/table prints it)"
	exit 1
fi
