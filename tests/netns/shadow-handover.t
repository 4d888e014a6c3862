#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shadow-handover.t - handover.t in shadow mode; its head draws the topology.
# runs: sleeps, long
MODE=shadow exec "$(dirname "$0")/handover.t"
