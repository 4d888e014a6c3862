#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mptcp-cc.t - coupled congestion control: who has it, and that a group takes no more than one TCP.
#
#   phone wlan0 ===50mbit,10ms=== ap0 server        bench/mptcp draws the other testbed:
#         rmnet0 ==30mbit,25ms=== cell0             two subflows by one link
#
# What a group of subflows takes beside others shows at one link with random loss: coupled, little
# more than one TCP; uncoupled reno, nearly two. `make bench-mptcp` has the figures, and judges
# them: medians of five, 50 + 30 Mbit/s and drop-tail as well. PERSONALITY=linux-6.1 tests the older
# series.
#
# runs: shaped
export MODE=shadow
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
need jq mptcpize iperf3 curl
ALGORITHMS=(lia olia balia wvegas)
testbed_up --wlan 50mbit,10ms --rmnet 30mbit,25ms

# ---- which sockets have it ----
background server mptcpize run iperf3 -s -p 5201
background server iperf3 -s -p 5202
wait_for 10 listens 5201
wait_for 10 listens 5202

# algorithms CONGESTION PORT [OPTION]: of the subflows of one connection under way, in $found
algorithms() {
	on both --congestion "$1" "${@:3}" -- sh -c '
		iperf3 -c 10.1.0.1 -p '"$2"' -t 2 >/dev/null & sleep 1
		"$0" -Htin state established "dport = :'"$2"'"; wait' "$(command -v ss)" >"$TMP/ss" 2>"$TMP/err"
	found=$(grep -ow 'cubic\|reno\|lia\|olia\|balia\|wvegas' "$TMP/ss" | sort | uniq -c | xargs)
}
for name in "${ALGORITHMS[@]}"; do
	algorithms "$name" 5201
	matches "$name: both subflows have it" "$found" "(^| )[3-9] $name$"
	algorithms "$name" 5201 --no-mptcp
	matches "$name: plain TCP has cubic" "$found" '^[0-9]+ cubic$'
	algorithms "$name" 5202
	matches "$name: a peer without MPTCP: cubic" "$found" '^[0-9]+ cubic$'
done

# Connections come and go under all of them, and the groups with them.
httpd
random_file "$FILES/file" 200000
for name in "${ALGORITHMS[@]}"; do
	on both --congestion "$name" -v -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do
		curl -q -sS -m 20 -o "$0" http://10.1.0.1/file || exit; done' "$TMP/got" >"$TMP/log" 2>&1
	is "$name: ten connections, one after another" $? 0
	is "$name: the last one's sum" "$(sum "$TMP/got")" "$(sum "$FILES/file")"
	is "$name: nothing to complain of" "$(grep -E 'WARNING|BUG:|refcount' "$TMP/log")" ""
done

# ---- one bottleneck ----
timeout 200 "$TOP/bench/mptcp" --only random --rounds 1 --personality "${PERSONALITY:-linux-6.12}" \
	--congestions "reno,$(IFS=,; echo "${ALGORITHMS[*]}")" --json "$TMP/rows" >"$TMP/bench.out" 2>&1 ||
	sed 's/^/# /' "$TMP/bench.out" | tail -n 5
ratio() { jq -rs "map(select(.row == \"goal\" and (.name | startswith(\"$1,\")))) | .[0].value // 0" "$TMP/rows"; }
at_least "uncoupled reno: rate by that of TCP" "$(ratio reno)" 1.5
for name in lia olia balia; do
	at_least "$name: rate by that of TCP" "$(ratio $name)" 0.5
	at_most "$name: rate by that of TCP" "$(ratio $name)" 1.45
done
done_testing
