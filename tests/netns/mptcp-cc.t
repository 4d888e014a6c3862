#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mptcp-cc.t - coupled congestion control: fills two paths, and takes one TCP's share of a link.
#
#   50 + 30:    phone wlan0 ===50mbit,10ms=== ap0 server        bench/mptcp draws the other
#                     rmnet0 ==30mbit,25ms=== cell0             testbeds: two subflows by one link
#
#   50 + 30 Mbit/s      each algorithm 90 % of the sum of the rates or more
#   0.5 % random loss   lia, balia 0.85 to 1.25 times TCP reno, olia 0.75 to 1.25; uncoupled reno
#                       1.8 or more, or the test measures something else
#   drop-tail, 5 + 5    lia, olia, balia, wvegas 38 to 55 % of the bytes; uncoupled reno 62 or more
#
# The figures and goals are bench/mptcp's. One round will do if it reaches all goals; else the
# medians of three more count. PERSONALITY=linux-6.1 tests the older series;
# PERSONA_TEST_NO_FIGURES=1 leaves the figures out.
#
# runs: alone
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

# ---- figures ----
# goals ROUNDS: names, values and verdicts into $TMP/goals
goals() {
	timeout 900 "$TOP/bench/mptcp" --only congestion,random,droptail --schedulers default --rounds "$1" \
		--personality "${PERSONALITY:-linux-6.12}" --congestions "reno,$(IFS=,; echo "${ALGORITHMS[*]}")" \
		--json "$TMP/rows" >"$TMP/bench.out" 2>&1 || { tail -n 5 "$TMP/bench.out" | sed 's/^/# /'; }
	jq -r 'select(.row == "goal") | "\(.reached) \(.experiment): \(.name): \(.value) (\(.goal))"' "$TMP/rows" >"$TMP/goals"
}
[ -z "${PERSONA_TEST_NO_FIGURES:-}" ] || done_testing
goals 1
if grep -q '^false' "$TMP/goals"; then
	grep '^false' "$TMP/goals" | sed 's/^false/# first round, missed:/'
	goals 3
fi
is "goals judged: two ways for each of five, four ratios, five shares" "$(grep -c . "$TMP/goals")" 19
while read -r reached text; do
	if [ "$reached" = true ]; then ok "$text"; else not_ok "$text"; fi
done <"$TMP/goals"
done_testing
