#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# TCP sockets that became MPTCP: as the host does TCP, or as it does MPTCP; else known-mptcp says why.
# runs: alone, long
cd "$(dirname "$0")/../.." || exit
export SECOND=mptcp
export KNOWN_inline="tests/parity/known-tcp tests/parity/known-mptcp ${KNOWN_more:-}"
export KNOWN_shadow="tests/parity/known-shadow tests/parity/known-mptcp tests/parity/known-shadow-mptcp"
exec tests/parity/compare
