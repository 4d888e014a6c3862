#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# start.t - 100 runs one after another, and two at a time, leave nothing; the benchmark of the start.
#
#   phone: `true` on the stack            server: nobody
#     wlan0  ======= Ethernet (veth) ======= ap0
#     10.1.0.2, 10.1.0.4: stacks' own; 10.1.0.3: the phone's, shared
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need nft jq
persona_only
testbed_up --unshaped --host-ip
OWN=packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1
ALSO=packet:wlan0,ip=10.1.0.4/24,gw=10.1.0.1
NS=$(stat -Lc %i "/run/netns/persona-phone-$ID")

# Rules, ports, links, name spaces of runs, and processes that still have anything of the phone.
left() {
	phone sh -c 'nft list tables; cat /proc/sys/net/ipv4/ip_local_reserved_ports; ip -o link | grep -c .'
	find /run/persona -name "$NS-*" 2>/dev/null
	ip netns pids "persona-phone-$ID"
}
BEFORE=$(left)
same() { [ "$(left)" = "$BEFORE" ]; }

# runs COUNT OPTION...: that many, one after the other, in one mount namespace; those that failed
runs() {
	# shellcheck disable=SC2016
	phone sh -c 'n=$1 bad=0; shift
		while [ $n -gt 0 ]; do
			"$@" -- true || bad=$((bad + 1))
			n=$((n - 1))
		done
		echo $bad' sh "$1" "$PERSONA" run "${@:2}" 2>&1
}

for mode in inline shadow; do
	is "$mode: 25 runs on an address of their own" "$(runs 25 --mode $mode -i $OWN)" 0
	check "$mode: leave nothing" wait_for 2 same
	is "$mode: 25 runs on the phone's address" "$(runs 25 --mode $mode -i wlan0)" 0
	check "$mode: leave nothing" wait_for 2 same
done

runs 15 --mode shadow -i $OWN >"$TMP/one" &
one=$!
runs 15 --mode inline -i $ALSO >"$TMP/two" &
two=$!
runs 15 -i wlan0 >"$TMP/three"
wait $one $two
is "three at a time, 15 times" "$(cat "$TMP/one" "$TMP/two" "$TMP/three" | tr '\n' ' ')" "0 0 0 "
check "leave nothing" wait_for 2 same

phone "$PERSONA" run -i wlan0 -- true
is "no port is reserved right after a run" "$(phone cat /proc/sys/net/ipv4/ip_local_reserved_ports)" ""

check "the benchmark" timeout 120 "$TOP/bench/start" --rounds 1 --series 3 --json "$TMP/rows"
is "it has a figure for each way" "$(jq -s '[.[] | select(.row == "start" and .ms > 0)] | length' "$TMP/rows")" 8
is "and found nothing left" "$(jq -s '[.[] | select(.row == "series") | .left[]] | length' "$TMP/rows")" 0
done_testing
