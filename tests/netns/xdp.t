#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# xdp.t - back end xdp: chosen addresses of the host's interface, by AF_XDP.
#
#   phone namespace                                    server namespace
#   +--------------------------------------+          +------------------------+
#   | stack    10.1.0.2 fd01::2            |          |                        |
#   |    AF_XDP <-- yes                    |   veth   |                        |
#   |                  \                   |          |                        |
#   |          wlan0: XDP program ============ap0     | 10.1.0.1 fd01::1       |
#   |                  /                   |          |                        |
#   | kernel <------- no                   |          |                        |
#   |          10.1.0.3 fd01::3            |          |                        |
#   +--------------------------------------+          +------------------------+
#
# AF_XDP carries no checksum metadata: a veth's peer must make checksums itself
# (tx off), as a wire's would.
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/carries.sh
. "$(dirname "$0")/carries.sh"

need curl ping nc iperf3 jq ethtool
persona_only
[ -x "$TOP/build/persona-xdp" ] || skip_all "persona-xdp is not built: libbpf-dev, clang, make host"
testbed_up --unshaped --host-ip
server ethtool -K ap0 tx off >/dev/null
carries_up

ADDRESSES=ip=10.1.0.2/24,gw=10.1.0.1,ip=fd01::2/64,gw=fd01::1
XDP_IF=xdp:wlan0,$ADDRESSES
run() { phone "$PERSONA" run "$@"; }
attached() { ip -n "persona-phone-$ID" link show wlan0 | grep -q xdp; }
detached() { ! attached; }

# ---- it carries everything ----
carries xdp "$XDP_IF" server 4 10.1.0.1 10.1.0.2
carries xdp "$XDP_IF" server 6 fd01::1 fd01::2
goodput "$XDP_IF" 10.1.0.1
at_least "goodput, Mbit/s" "$SENT" 100
at_least "goodput back, Mbit/s" "$RECEIVED" 100
check "in shadow mode, too" run -i "$XDP_IF" -- ping -n -c 2 -i 0.2 -W 2 fd01::1
check "the program is detached at once" detached

# ---- the host is not disturbed, nor sees ours ----
EXEC="exec" run --inline -i "$XDP_IF" -- nc -l -p 7008 </dev/null >/dev/null 2>&1 &
pid=$!
STARTED+=("$pid")
check "the stack answers" wait_for 5 server ping -n -c 1 -W 1 10.1.0.2
check "the program is attached" attached
phone ip neigh flush dev wlan0
server ip neigh flush dev ap0
matches "the host's own traffic goes on" \
	"$(phone ping -q -n -c 20 -i 0.05 -I 10.1.0.3 10.1.0.1)" " 0% packet loss"
matches "over IPv6, too" "$(phone ping -q -n -c 20 -i 0.05 -I fd01::3 fd01::1)" " 0% packet loss"
background phone nc -l -s 10.1.0.3 -p 7100
check "and its servers are reached" wait_for 5 server nc -z -w 1 10.1.0.3 7100
received() { phone awk '/^(Tcp|Icmp): [0-9]/ { n += $1 == "Tcp:" ? $11 : $2 } END { print n + 0 }' /proc/net/snmp; }
before=$(received)
server ping -n -q -c 5 -i 0.05 10.1.0.2 >/dev/null
server nc -z -w 1 10.1.0.2 7999
is "the host's stack does not see ours" "$(received)" "$before"
out=$(run -i "xdp:wlan0,ip=10.1.0.5/24" -- true 2>&1)
matches "a second one is refused" "$out" \
	"^persona: xdp on interface 'wlan0': another XDP program is on it already"

# ---- what is left, and when it goes ----
stop "$pid"
check "ended by a signal: detached" wait_for 5 detached
EXEC="exec" run -i "$XDP_IF" -- sleep 60 &
pid=$!
STARTED+=("$pid")
check "attached again" wait_for 5 attached
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "kill -9: detached" wait_for 5 detached

# ---- refusals ----
refused() { # NAME PATTERN SPEC
	local out
	out=$(run -i "$3" -- true 2>&1)
	is "$1: status" $? 125
	matches "$1" "$out" "^persona: $2"
	is "$1: one line" "$(wc -l <<<"$out")" 1
}
background server "$PYTHON" "$TOP/testbed/httpd.py" "$FILES"
shared_httpd=$LAST
wait_for 10 server nc -z 10.1.0.1 80
rm -f "$TMP/out"
check "the host's own addresses, shared: TCP, 20 MB in" \
	run -i xdp:wlan0 -- timeout 60 curl -q -sS --fail -o "$TMP/out" http://10.1.0.1/blob
is "shared: same data" "$(sum "$TMP/out")" "$BLOB"
stop "$shared_httpd"
refused "mac=" "-i .*mac=: back end xdp has the host interface's own" "$XDP_IF,mac=02:00:00:00:00:77"
refused "no such interface" "no such interface 'nope'" xdp:nope,ip=10.1.0.2/24
refused "no Ethernet" "interface 'rmnet0' is no Ethernet" xdp:rmnet0,ip=10.2.0.2/24
server ip link set ap0 mtu 9000
phone ip link set wlan0 mtu 9000
refused "MTU" "interface 'wlan0' has MTU 9000, xdp serves up to 3500" "$XDP_IF"
phone ip link set wlan0 mtu 1500
if phone ethtool -L wlan0 rx 2 >/dev/null 2>&1; then
	refused "queues" "interface 'wlan0' has 2 receive queues, xdp serves one: ethtool -L" "$XDP_IF"
	phone ethtool -L wlan0 rx 1
else
	skip "queues" "this veth has one queue"
fi
out=$(phone setpriv --bounding-set -net_raw --inh-caps -net_raw "$PERSONA" run -i "$XDP_IF" -- true 2>&1)
matches "without CAP_NET_RAW" "$out" "^persona: interface 'wlan0': an AF_XDP socket needs CAP_NET_RAW"
out=$(phone setpriv --bounding-set -net_admin,-bpf,-sys_admin --inh-caps -net_admin,-bpf,-sys_admin \
	"$PERSONA" run -i "$XDP_IF" -- true 2>&1)
matches "without CAP_BPF" "$out" "^persona: xdp on interface 'wlan0': cannot load .*: needs CAP_BPF"
is "without CAP_BPF: one line" "$(wc -l <<<"$out")" 1
out=$(phone setpriv --bounding-set -ipc_lock --inh-caps -ipc_lock \
	prlimit --memlock=1048576 "$PERSONA" run -i "$XDP_IF" -- true 2>&1)
matches "locked memory" "$out" "^persona: xdp on interface 'wlan0' needs 6 MB of locked memory"
is "locked memory: one line" "$(wc -l <<<"$out")" 1
check "and nothing is left" wait_for 5 detached
cp "$PERSONA" "$TOP/build/persona-opener" "$TMP/"
mkdir "$TMP/personalities"
ln -s "$TOP"/build/personalities/*.so "$TMP/personalities/"
out=$(phone "$TMP/persona" run -i "$XDP_IF" -- true 2>&1)
matches "not built" "$out" "^persona: xdp on interface 'wlan0': persona-xdp is not there: .*libbpf-dev"
done_testing
