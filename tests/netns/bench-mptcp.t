#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench-mptcp.t - the benchmark of MPTCP's schedulers and congestion controls works, and leaves nothing.
#
#   phone: a stack of ours          server: a stack of ours, or the host's kernel
#     wlan0 === link emulator === ap0
#     rmnet0 == link emulator === cell0    (bench/mptcp makes its own testbeds)
#
# Half a second each; no figure is judged. What the two ends do is: both directions, two subflows by
# one link, messages in order, the sender's congestion control.
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
[ "$(id -u)" = 0 ] || skip_all "must be root"
need jq gnuplot mptcpize setpriv

rows() { jq -s "$@" "$TMP/rows"; }

bench() { # ARG...
	"$TOP/bench/mptcp" --rounds 1 --seconds 0.5 --skip 0.5 --schedulers default "$@" &
	IDS+=("$!")
	wait $!
}

# left: what the runs so far have not taken down
left() { ip netns list | grep -E "^persona-[a-z]*-bench($(IFS='|' && echo "${IDS[*]}"))\."; }

IDS=()
mkdir "$TMP/docs"
for name in conditions goals schedulers random latency; do
	printf '%s\n' "<!-- $name -->" old "<!-- end $name -->" after
done >"$TMP/docs/mptcp.md"

check "rates, fairness and latency are measured" bench --congestions cubic,reno --only schedulers,random,latency \
	--json "$TMP/rows" --figures "$TMP/svg" --docs "$TMP/docs"
is "each arm has its series" "$(rows -r '[.[] | select(.row == "run") | .arm + " " + .series] | sort | join(", ")')" \
	"TCP, WiFi p50, TCP, WiFi p99, WiFi alone rx, WiFi alone tx, cubic ratio, default p50, default p99, default rx, default tx,\
 host's kernel p50, host's kernel p99, host's kernel rx, host's kernel tx, reno ratio"
is "both paths carry, both ways" "$(rows '[.[] | select(.row == "run" and .arm == "default" and .wlan) | .wlan > 0.3 and .wlan < 0.9] |
	length == 2 and all')" true
is "WiFi alone carries alone" "$(rows '[.[] | select(.row == "run" and .arm == "WiFi alone") | .wlan == 1] | length == 2 and all')" true
is "messages take the time of the path and no less" "$(rows '[.[] | select(.row == "run" and .series == "p50") | .value >= 10 and
	.value < 1000] | length == 3 and all')" true
is "a repetition has what it needs" "$(rows '.[0] | .row == "conditions" and .kernel != "" and .commit != "" and
	.scheduler != ""')" true
check "a figure has both ways" sh -c "grep -q '<svg' '$TMP/svg/mptcp-schedulers.svg' &&
	grep -q 'the phone sends' '$TMP/svg/mptcp-schedulers.svg' && grep -q 'the phone receives' '$TMP/svg/mptcp-schedulers.svg'"
check "tables go between the markers" sh -c "cd '$TMP/docs' && grep -q '^| default ' mptcp.md && grep -q '^| reno ' mptcp.md &&
	! grep -q '^old' mptcp.md && [ \$(grep -c '^after' mptcp.md) = 5 ] && [ -s mptcp.jsonl ] && [ -s mptcp-random.svg ]"

bench --congestions nosuch --only congestion >"$TMP/out" 2>&1
is "a congestion control that the image lacks fails the run" $? 1
matches "and is named" "$(cat "$TMP/out")" "failed: .*nosuch"
is "no testbed is left" "$(left)" ""
done_testing
