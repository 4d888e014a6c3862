#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shadow-dualpath.t - dualpath.t in shadow mode: both paths, one that fails; its head draws the topology.
# runs: alone
MODE=shadow exec "$(dirname "$0")/dualpath.t"
