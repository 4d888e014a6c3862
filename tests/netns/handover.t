#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# handover.t - WiFi to cellular and back, ten times, under load, without a lost byte.
#
#   phone (-i wlan0 -i rmnet0: addresses taken over)          server (host kernel, MPTCP)
#   +----------------------------------+
#   | wlan0  10.1.0.2/24 gw 10.1.0.1   |--- 20 Mbit/s, 10 ms ---+
#   | rmnet0 10.2.0.2/24               |--- 15 Mbit/s, 25 ms ---+-- 10.1.0.1, 10.2.0.1
#   +----------------------------------+
#
# Three ways to lose the WiFi: its carrier, its address (with the routes), or nothing
# but the frames (nobody is told). While a download and an upload run for a minute,
# it goes and returns ten times. A stall is a silence of more than 0.1 s at the receiver;
# each change is charged with the longest that touches the time until the next.
#
# When nobody is told, the stack finds out by asking the first router (stack/watch.c), and
# tells the peer: else it is the sender's retransmission timer that decides, in a download the
# server's, with stalls of many seconds.
# PERSONA_HANDOVER=link,address,drop chooses among the three.
#
# runs: sleeps, long
. "$(dirname "$0")/lib.sh"
need nft
persona_only
program pattern || done_testing

KINDS=${PERSONA_HANDOVER:-link,address,drop}
ROUNDS=10
PAUSE=3
testbed_up --wlan 20mbit,10ms --rmnet 15mbit,25ms
in_phone() { ip netns exec "persona-phone-$ID" "$@"; }
bed() { "$TOP/testbed/phone" --id $ID "$@"; }

wlan_address() {
	in_phone ip address add 10.1.0.2/24 dev wlan0
	in_phone ip route add default via 10.1.0.1 dev wlan0 metric 100
}
wlan_address
in_phone ip address add 10.2.0.2/24 dev rmnet0
in_phone ip route add default dev rmnet0 metric 200

background server "$PROGRAM" serve 5001
SERVER_LOG=$TMP/background.out
wait_for 10 listens 5001 || note "the server did not start"

follow() {
	local args=()
	[ "$MODE" = shadow ] || args=(--inline)
	phone "$PERSONA" run "${args[@]}" -i wlan0 -i rmnet0 -- "$@"
}

link_down() { bed state wlan down; }
link_up() { bed state wlan up; }
address_down() { in_phone ip address del 10.1.0.2/24 dev wlan0; }
address_up() { wlan_address; }
drop_down() { bed state wlan drop; }
drop_up() { bed state wlan up; }

# sleep_until SECONDS: after START, in microseconds since the epoch. What a change takes does not add up.
sleep_until() {
	local left=$((START + $1 * 1000000 - ${EPOCHREALTIME/[.,]/}))
	[ $left -le 0 ] || sleep "$(printf '%d.%06d' $((left / 1000000)) $((left % 1000000)))"
}

change() {
	echo "$(date +%s.%N) $2" >>"$TMP/changes"
	"$1_$2"
	NEXT=$((NEXT + PAUSE))
	sleep_until $NEXT
}

# stalls DIRECTION: the changes with the longest stall of each; their medians
stalls() {
	grep -h "^gap $1 " "$TMP/client.out" "$SERVER_LOG" 2>/dev/null |
		"$PYTHON" -c '
import sys
changes = [(float(t), kind) for t, kind in (l.split() for l in open(sys.argv[1]))]
gaps = [(float(s), float(s) + float(d)) for _, _, s, d in (l.split() for l in sys.stdin)]
worst = {"down": [], "up": []}
for i, (t, kind) in enumerate(changes):
    end = changes[i + 1][0] if i + 1 < len(changes) else t + 3
    worst[kind].append(max([b - a for a, b in gaps if b > t and a < end], default=0))
def median(v): return sorted(v)[len(v) // 2]
print("%.2f" % max(median(worst["down"]), median(worst["up"])))
print("down median %.2f worst %.2f, up median %.2f worst %.2f" % (
    median(worst["down"]), max(worst["down"]), median(worst["up"]), max(worst["up"])))
print(" ".join("%.2f" % x for x in worst["down"]), "|", " ".join("%.2f" % x for x in worst["up"]))
' "$TMP/changes" >"$TMP/stalls"
}

# carried: bytes so far over wlan, both directions
carried() {
	bed status --json | "$PYTHON" -c '
import json, sys
w = json.load(sys.stdin)["emulator"]["links"]["wlan0"]
print(w["up"]["bytes"] + w["down"]["bytes"])'
}

# handover KIND
handover() {
	local kind=$1 before direction i client
	: >"$TMP/changes"
	: >"$SERVER_LOG"
	background follow "$PROGRAM" both 10.1.0.1 5001 $((2 * ROUNDS * PAUSE + 5))
	client=$LAST
	START=${EPOCHREALTIME/[.,]/}
	NEXT=1
	sleep_until $NEXT
	for ((i = 0; i < ROUNDS; i++)); do
		change "$kind" down
		change "$kind" up
		[ $i != $((ROUNDS - 2)) ] || before=$(carried)
	done
	sleep 3 # the last return has six seconds in all
	before=$(($(carried) - before))
	check "$MODE, $kind: the transfers end well" wait "$client"
	# What the client says goes to the same file as what the server says.
	cp "$SERVER_LOG" "$TMP/client.out"
	for direction in get put; do
		is "$MODE, $kind, $direction: no byte lost" \
			"$(grep -c "^done $direction" "$TMP/client.out")" 1
		stalls "$direction"
		note "$MODE, $kind, $direction: $(sed -n 2p "$TMP/stalls")"
		note "$MODE, $kind, $direction, each: $(sed -n 3p "$TMP/stalls")"
		at_most "$MODE, $kind, $direction: median stall in s" "$(head -n 1 "$TMP/stalls")" 1.5
		note "$(grep "^done $direction" "$TMP/client.out")"
	done
	grep -h "^FAILED\|^persona: " "$TMP/client.out" | grep -v 'own address' | sed 's/^/# | /'
	at_least "$MODE, $kind: wlan carries traffic after the last return, bytes" "$before" 1000000
}

for kind in ${KINDS//,/ }; do
	handover "$kind"
done
done_testing
