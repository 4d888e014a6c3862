#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# macvtap.t - back end macvtap: a station of its own on the host's interface.
#
#   phone namespace                                    server namespace
#   +--------------------------------------+          +------------------------+
#   | stack    10.1.0.2 fd01::2, own MAC   |          |                        |
#   |    pmtPID (macvtap)                  |          |                        |
#   |         \                            |   veth   |                        |
#   |          wlan0 ==========================ap0    | 10.1.0.1 fd01::1       |
#   | kernel   10.1.0.3 fd01::3            |          |                        |
#   +--------------------------------------+          +------------------------+
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/carries.sh
. "$(dirname "$0")/carries.sh"

need curl ping nc iperf3 jq
persona_only
testbed_up --unshaped --host-ip
phone ip link add link wlan0 name probe type macvtap 2>/dev/null ||
	skip_all "the host kernel has no macvtap"
phone ip link del probe
carries_up

ADDRESSES=ip=10.1.0.2/24,gw=10.1.0.1,ip=fd01::2/64,gw=fd01::1
MACVTAP_IF=macvtap:wlan0,$ADDRESSES
links() { phone ip -br link show type macvtap; }
no_links() { [ -z "$(links)" ]; }
run() { phone "$PERSONA" run "$@"; }

# ---- it carries everything ----
carries macvtap "$MACVTAP_IF" server 4 10.1.0.1 10.1.0.2
carries macvtap "$MACVTAP_IF" server 6 fd01::1 fd01::2
goodput "$MACVTAP_IF" 10.1.0.1
at_least "goodput, Mbit/s" "$SENT" 500
at_least "goodput back, Mbit/s" "$RECEIVED" 500
check "in shadow mode, too" run -i "$MACVTAP_IF" -- ping -n -c 2 -i 0.2 -W 2 fd01::1
is "nothing is left" "$(links)" ""

# ---- the Ethernet address ----
server ip neigh flush dev ap0
EXEC="exec" run --inline -i "$MACVTAP_IF,mac=02:00:00:00:00:77" -- nc -l -p 7008 </dev/null >/dev/null 2>&1 &
pid=$!
STARTED+=("$pid")
wait_for 5 server ping -n -c 1 -W 1 10.1.0.2
matches "mac= is used" "$(server ip neigh show 10.1.0.2)" "02:00:00:00:00:77"

# ---- the host is not disturbed, nor sees ours ----
matches "the host's own traffic goes on" \
	"$(phone ping -q -n -c 20 -i 0.05 -I 10.1.0.3 10.1.0.1)" " 0% packet loss"
background phone nc -l -s 10.1.0.3 -p 7100
check "and its servers are reached" wait_for 5 server nc -z -w 1 10.1.0.3 7100
segments() { phone awk '/^(Tcp|Icmp): [0-9]/ { n += $1 == "Tcp:" ? $11 : $2 } END { print n + 0 }' /proc/net/snmp; }
settled() { local n; n=$(segments) && sleep 0.3 && [ "$(segments)" = "$n" ]; }
wait_for 5 settled # the end of that connection
before=$(segments)
server ping -n -q -c 5 -i 0.05 10.1.0.2 >/dev/null
server nc -z -w 1 10.1.0.2 7999
is "the host's stack does not see ours" "$(segments)" "$before"
is "the host has no address on the link" \
	"$(phone ip -br addr show type macvtap | awk '{ print $3 }')" ""
matches "the link names its maker" "$(phone ip link show type macvtap)" "alias persona pid:"

# ---- what is left, and when it goes ----
stop "$pid"
check "ended by a signal: the link is deleted" wait_for 5 no_links
EXEC="exec" run -i "$MACVTAP_IF" -- sleep 60 &
pid=$!
STARTED+=("$pid")
wait_for 5 sh -c "ip -n persona-phone-$ID link show type macvtap | grep -q pmt"
left=$(links | cut -d@ -f1)
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "the next start after kill -9" run -i "$MACVTAP_IF" -- ping -n -c 1 -W 2 10.1.0.1
is "deletes what that left ($left)" "$(links)" ""

# ---- two of them, in one run and beside each other ----
phone ip link add wlan1 type veth peer name wlan2
phone ip link set wlan1 up
phone ip link set wlan2 up
check "two interfaces in one run" run -i "$MACVTAP_IF" -i macvtap:wlan1,ip=10.9.0.2/24 -- \
	ping -n -c 1 -W 2 10.1.0.1
EXEC="exec" run --inline -i "$MACVTAP_IF" -- nc -l -p 7008 </dev/null >/dev/null 2>&1 &
pid=$!
STARTED+=("$pid")
wait_for 5 server ping -n -c 1 -W 1 10.1.0.2
check "two stacks on one interface reach each other" \
	run -i macvtap:wlan0,ip=10.1.0.5/24 -- ping -n -c 2 -i 0.2 -W 2 10.1.0.2
stop "$pid"

# ---- refusals ----
refused() { # NAME PATTERN SPEC
	local out
	out=$(run -i "$3" -- true 2>&1)
	is "$1: status" $? 125
	matches "$1" "$out" "^persona: $2"
	is "$1: one line" "$(wc -l <<<"$out")" 1
}
refused "no address" "macvtap:wlan0: the stack needs an address of its own" macvtap:wlan0
refused "the host's address" "macvtap:wlan0: 10.1.0.3 is the host's own" macvtap:wlan0,ip=10.1.0.3/24
refused "no such interface" "no such interface 'nope'" macvtap:nope,ip=10.1.0.2/24
refused "no Ethernet" "interface 'rmnet0' is no Ethernet" macvtap:rmnet0,ip=10.2.0.2/24
refused "MTU" "mtu=9000 is more than the 1500" macvtap:wlan0,ip=10.1.0.2/24,mtu=9000
out=$(phone setpriv --bounding-set -net_admin --inh-caps -net_admin "$PERSONA" run -i "$MACVTAP_IF" -- true 2>&1)
matches "without privilege" "$out" "^persona: interface 'wlan0': a macvtap link on it needs CAP_NET_ADMIN"
is "and nothing is left" "$(links)" ""
done_testing
