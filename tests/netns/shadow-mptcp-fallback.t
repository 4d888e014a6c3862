#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shadow-mptcp-fallback.t - mptcp-fallback.t in shadow mode; its head draws the topology.
# runs: waits, quick
MODE=shadow exec "$(dirname "$0")/mptcp-fallback.t"
