#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Plain TCP and UDP: every behaviour as on the host, but for known-tcp and known-shadow.
# runs: alone, long
cd "$(dirname "$0")/../.." || exit
export KNOWN_inline="tests/parity/known-tcp ${KNOWN_more:-}" KNOWN_shadow=tests/parity/known-shadow
exec tests/parity/compare --no-mptcp
