#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shadow-follow.t - follow.t in shadow mode; its head draws the topology.
# runs: loads
MODE=shadow exec "$(dirname "$0")/follow.t"
