#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mptcp-fallback.t - MPTCP where the server speaks it, plain TCP where it does not.
#
#   phone: curl on the stack                        server: httpd on the host kernel
#     wlan0  10.1.0.2 fd01::2 ===20mbit,5ms======== ap0    net.mptcp.enabled = 1, then 0
#     rmnet0 10.2.0.2 fd02::2 ===20mbit,5ms======== cell0
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl jq
testbed_up --wlan 20mbit,5ms --rmnet 20mbit,5ms
httpd
random_file "$FILES/blob" 4000000
BLOB=$(sum "$FILES/blob")

get() { # NAME URL OPTION...
	local name=$1 url=$2 paths=both
	shift 2
	rm -f "$TMP/out"
	check "$name" on $paths "$@" -- timeout 30 curl -q -sS --fail -o "$TMP/out" "$url"
	is "its data" "$(sum "$TMP/out")" "$BLOB"
	wait_for 5 logged
	LAST_RECORD=$(tail -n 1 "$HTTP_LOG")
	SEEN=$(wc -l <"$HTTP_LOG")
}
SEEN=0
logged() { [ "$(wc -l <"$HTTP_LOG")" -gt "$SEEN" ]; }
field() { jq -c "$1" <<<"$LAST_RECORD"; }

get "MPTCP server, IPv4" http://10.1.0.1/blob
is "two subflows" "$(field '[.mptcp, (.subflows | length)]')" "[true,2]"
get "MPTCP server, IPv6" "http://[fd01::1]/blob"
is "two subflows" "$(field '[.mptcp, (.subflows | length)]')" "[true,2]"
if [ -z "$NATIVE" ]; then
	get "--no-mptcp" http://10.1.0.1/blob --no-mptcp
	is "plain TCP, one flow" "$(field '[.mptcp, (.subflows | length)]')" "[false,1]"
fi

server sysctl -qw net.mptcp.enabled=0
# The server's MPTCP sockets exist already and go on to answer; new ones are plain TCP.
stop "$LAST"
httpd
SEEN=0
get "server without MPTCP, IPv4" http://10.1.0.1/blob
is "plain TCP, one flow" "$(field '[.mptcp, (.subflows | length)]')" "[false,1]"
get "server without MPTCP, IPv6" "http://[fd01::1]/blob"
is "plain TCP, one flow" "$(field '[.mptcp, (.subflows | length)]')" "[false,1]"
done_testing
