#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# crypto.t - WireGuard's cipher in both images, with each kind of instructions of this processor.
#
# The program of the test runs each image and calls its functions inside (tests/programs/ciphers.h).
# The log of a start says which kind was chosen.
#
# runs: loads, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
for name in linux-6.12 linux-6.1; do
	image=$TOP/build/personalities/$name.so
	if [ ! -e "$image" ]; then
		skip "$name" "this image is not built"
		continue
	fi
	"$TOP/build/tests/programs/crypto" "$image" >"$TMP/out" 2>&1
	status=$?
	while read -r line; do
		case $line in
		"ok "*) ok "$name: ${line#* - }" ;;
		"not ok "*) not_ok "$name: ${line#* - }" ;;
		1..*) ;;
		*) note "$line" ;;
		esac
	done <"$TMP/out"
	is "$name: the program's status" $status 0
done
done_testing
