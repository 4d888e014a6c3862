#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# TCP sockets that became MPTCP: as on the host but for what MPTCP is (known-mptcp).
KNOWN=tests/parity/known-mptcp exec "$(dirname "$0")/compare"
