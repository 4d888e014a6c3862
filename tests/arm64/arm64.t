#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# arm64.t - all tests of the emulated arm64 machine (vm), as one TAP stream.
#
# The machine runs `inside`, which says "# ==== NAME" before each test program. Its
# numbers are made anew, its names get NAME in front. A machine that dies gives no plan, which
# is a failure. Building is the caller's: make ARCH=arm64 host personality test-arm64-programs.
#
# runs: alone
# limit: 700 s
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit

for tool in qemu-system-aarch64 cpio; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP $tool is not installed: tests/deps"; exit 0; }
done
[ -x build/arm64/persona ] && [ -e build/arm64/personalities/linux-6.12.so ] ||
	{ echo "Bail out! not built: make ARCH=arm64 host personality test-arm64-programs"; exit 1; }

nice -n 5 tests/arm64/vm -t "${ARM64_SECONDS:-600}" -- tests/arm64/inside "$@" | awk '
	/^# ==== / { name = $3 ": "; print; next }
	/^# all has run$/ { all = 1; next }
	/^1\.\.[0-9]+/ { planned += substr($1, 4); next }
	/^(not )?ok [0-9]+/ {
		n++
		if ($1 == "not" && toupper($0) !~ /# *TODO/)
			failed++
		sub(/ok [0-9]+ -/, "ok " n " - " name)
		print
		fflush()
		next
	}
	/^#/ { print; fflush(); next }
	{ print "# " $0 }
	END {
		if (!all || planned != n) {
			print "not ok " ++n " - the machine ran all tests to their ends"
			failed++
		}
		print "1.." n
		exit failed > 0
	}'
