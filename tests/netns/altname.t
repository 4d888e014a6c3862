#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# altname.t - -i with another name of an interface, as systemd gives them.
#
#   phone: curl on the stack, with the host's address   server: httpd
#     wlan0, altname wlp3s0  10.1.0.3 ================= ap0  10.1.0.1
#
# The addresses are shared with the host: rules and ports part the two, and rules know names only.
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
need curl nft
testbed_up --wlan 100mbit,2ms --host-ip
httpd
echo "by another name" >"$FILES/page"
phone ip link property add dev wlan0 altname wlp3s0
phone ip link property add dev wlan0 altname enx00000000000000001

for mode in shadow inline; do
	is "$mode: curl, the interface by its altname" "$(phone timeout 30 "$PERSONA" run --mode $mode -v \
		-i wlp3s0 -- curl -q -sS http://10.1.0.1/page 2>"$TMP/err")" "by another name"
	matches "$mode: -v tells its name" "$(cat "$TMP/err")" "wlp3s0: another name of interface 'wlan0'"
done
phone "$PERSONA" run -i wlp3s0 -- sh -c 'sleep 2' &
STARTED+=($!)
wait_for 5 sh -c "ip netns exec persona-phone-$ID nft list ruleset | grep -q persona"
matches "the rules name the interface" "$(phone nft list ruleset)" '(device|iifname|iif) "wlan0"'
is "... and not its altname" "$(phone nft list ruleset | grep -c wlp3s0)" 0
wait "${STARTED[-1]}"
phone "$PERSONA" run -i enx00000000000000001 -- true 2>"$TMP/err"
is "an altname longer than a name is refused: status" $? 125
matches "... with a line" "$(cat "$TMP/err")" "no interface name: 1 to 15 letters \\(ip link shows"
done_testing
