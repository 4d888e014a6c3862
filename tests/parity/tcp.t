#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Plain TCP and UDP: every behaviour as on the host, but for known-tcp.
KNOWN=tests/parity/known-tcp exec "$(dirname "$0")/compare" --no-mptcp
