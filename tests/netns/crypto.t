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
	built $name || continue
	retell $name "$TOP/build/tests/programs/crypto" "$IMAGE"
done
done_testing
