#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shadow-dns.t - dns.t in shadow mode: names, loopback; its head draws the topology.
# runs: waits, quick
MODE=shadow exec "$(dirname "$0")/dns.t"
