#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# announce.t - a server that announces a second address: what endpoints `subflow` and
# `subflow fullmesh` make of it. The interfaces' own are `subflow`.
#
#   phone: curl on the stack                    server: httpd, host kernel
#     wlan0  10.1.0.2 ===50mbit,10ms============= ap0    10.1.0.1
#     rmnet0 10.2.0.2 ===30mbit,25ms============= cell0  10.2.0.1, which it announces
#
# The program inside is a shell, so shadow mode: `ip mptcp` and curl see one stack.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only
need curl jq
export MODE=shadow

testbed_up --wlan 50mbit,10ms --rmnet 30mbit,25ms --signal
httpd
random_file "$FILES/blob" 30000000
SUM=$(sum "$FILES/blob")

# The way of each subflow that has carried a segment: our address > the server's
ways() { tail -n 1 "$HTTP_LOG" | jq -r '.subflows[] | (.remote | sub(":.*"; "")) + ">" + (.local | sub(":.*"; ""))' | sort | tr '\n' ' '; }

# download NAME COMMAND WAYS: three times; a command before curl changes the endpoints
download() {
	local i
	for i in 1 2 3; do
		TIMEFORMAT='%U %S'
		{ time on both -- sh -c "$2"'; exec curl -q -sS -o "$1" -w "%{speed_download}" http://10.1.0.1/blob' sh "$TMP/got" >"$TMP/rate"; } 2>"$TMP/time"
		is "$1, run $i" "$(sum "$TMP/got")" "$SUM"
		note "$1: $(awk '{ printf "%.1f Mbit/s", $1 * 8 / 1e6 }' "$TMP/rate"), $(tail -n 1 "$TMP/time" | awk '{ print $1 + $2 }') s of processor time"
	done
	sleep 0.5
	is "$1: subflows" "$(ways)" "$3"
}

# The announced address is in rmnet0's network, so the routes lead there by rmnet0
download "as ever" : "10.1.0.2>10.1.0.1 10.2.0.2>10.1.0.1 10.2.0.2>10.2.0.1 "
download "with fullmesh" 'for id in $(ip mptcp endpoint show | awk "{ print \$3 }"); do ip mptcp endpoint change id $id fullmesh; done' \
	"10.1.0.2>10.1.0.1 10.1.0.2>10.2.0.1 10.2.0.2>10.1.0.1 10.2.0.2>10.2.0.1 "
done_testing
