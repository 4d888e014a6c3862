#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# follow.t - the host's interfaces change while a program runs: the stack follows.
#
#   phone (-i wlan0 -i rmnet0: addresses taken over)         server
#   +----------------------------------------+
#   | wlan0  10.1.0.2/24 gw 10.1.0.1         |==== veth ====  ap0 10.1.0.1, 10.1.0.254, fd01::1
#   |        fd01::2/64  gw fd01::1          |                lo  192.0.2.1
#   | rmnet0 10.2.0.2/24                     |==== TUN  ====  cell0 10.2.0.1
#   +----------------------------------------+
#
# One program connects again and again and says which address the server has seen;
# it keeps one connection and uses it meanwhile. Another, after that,
# prints what changes in the stack (`ip monitor`).
#
# runs: loads
. "$(dirname "$0")/lib.sh"
need ip
persona_only
program pattern || done_testing
testbed_up --unshaped
in_phone() { ip netns exec "persona-phone-$ID" "$@"; }

server ip address add 192.0.2.1/32 dev lo
server ip address add 10.1.0.254/24 dev ap0

wlan_address() {
	in_phone ip address add "$1/24" dev wlan0
	in_phone ip route add default via 10.1.0.1 dev wlan0 metric 100
}
wlan_address 10.1.0.2
in_phone ip address add fd01::2/64 dev wlan0 nodad
in_phone ip address add fe80::1234/64 dev wlan0 nodad
in_phone ip -6 route add default via fd01::1 dev wlan0 metric 100
in_phone ip route add 198.51.100.0/24 via 10.1.0.1 dev wlan0
in_phone ip address add 10.2.0.2/24 dev rmnet0
in_phone ip route add default dev rmnet0 metric 200

follow() {
	local args=()
	[ "$MODE" = shadow ] || args=(--inline)
	phone "$PERSONA" run "${args[@]}" "$@"
}

cat >"$TMP/whoami.py" <<-'END'
	import socket, socketserver
	class Handler(socketserver.StreamRequestHandler):
	    def handle(self):
	        for line in self.rfile:
	            self.wfile.write((self.client_address[0].replace("::ffff:", "") + "\n").encode())
	class Server(socketserver.ThreadingTCPServer):
	    address_family = socket.AF_INET6
	    daemon_threads = True
	    allow_reuse_address = True
	Server(("::", 5002), Handler).serve_forever()
END
cat >"$TMP/client.py" <<-'END'
	import socket, sys, time
	def ask(s):
	    s.sendall(b"?\n")
	    return s.makefile().readline().strip()
	kept = socket.create_connection(("fd01::1", 5002), 5)
	while True:
	    for to in ("192.0.2.1", "fd01::1"):
	        try:
	            with socket.create_connection((to, 5002), 2) as s:
	                print("new", to, ask(s), flush=True)
	        except OSError as e:
	            print("new", to, e, flush=True)
	    try:
	        print("kept", ask(kept), flush=True)
	    except OSError as e:
	        print("kept", e, flush=True)
	    time.sleep(0.2)
END
background server "$PYTHON" "$TMP/whoami.py"
wait_for 10 listens 5002 || note "the server did not start"

# said FILE PATTERN: within some seconds, in what came after mark FILE
mark() { wc -l <"$1" >"$1.mark"; }
since() { tail -n +$(($(cat "$1.mark") + 1)) "$1"; }
grep_since() { since "$1" | grep -qE -- "$2"; }
said() {
	if wait_for 10 grep_since "$2" "$3"; then ok "$MODE: $1"; else
		not_ok "$MODE: $1"
		note "wanted: $3"
		since "$2" | tail -n 20 | sed 's/^/# | /'
	fi
}

talk() { follow -i wlan0 -i rmnet0 -- "$PYTHON" "$TMP/client.py" >"$TMP/talk" 2>&1; }
: >"$TMP/talk"
mark "$TMP/talk"
background talk
said "takes over the host's address" "$TMP/talk" "new 192.0.2.1 10.1.0.2"
said "and its IPv6 address" "$TMP/talk" "new fd01::1 fd01::2"

mark "$TMP/talk"
in_phone ip address del 10.1.0.2/24 dev wlan0
wlan_address 10.1.0.77
said "another address by DHCP: new connections use it" "$TMP/talk" "new 192.0.2.1 10.1.0.77"

in_phone ip route replace default via 10.1.0.254 dev wlan0 metric 100
sleep 0.5
mark "$TMP/talk"
said "another gateway: new connections use it" "$TMP/talk" "new 192.0.2.1 10.1.0.77"

mark "$TMP/talk"
in_phone ip address add fd01::abcd/64 dev wlan0 nodad
in_phone ip address change fd01::2/64 dev wlan0 preferred_lft 0
said "IPv6 address deprecated: new connections use the other" "$TMP/talk" "new fd01::1 fd01::abcd"
mark "$TMP/talk"
said "an old connection stays" "$TMP/talk" "^kept fd01::2"

mark "$TMP/talk"
server ip link set ap0 down
said "no carrier: new connections go by the other interface" "$TMP/talk" "new 192.0.2.1 10.2.0.2"
server ip link set ap0 up
server ip address add fd01::1/64 dev ap0 nodad
mark "$TMP/talk"
said "carrier: back again" "$TMP/talk" "new 192.0.2.1 10.1.0.77"
said "the old connection, too" "$TMP/talk" "^kept fd01::2"
stop "$LAST"

# The same again, seen from the inside: one stack at a time has these addresses.
see() { follow "$@" -- ip monitor address route link >"$TMP/monitor" 2>&1; }
: >"$TMP/monitor"
background see -i wlan0 -i rmnet0
sleep 1
mark "$TMP/monitor"
in_phone ip address del 10.1.0.77/24 dev wlan0
wlan_address 10.1.0.2
said "inside: the old address is gone" "$TMP/monitor" "Deleted.*10.1.0.77/24"
in_phone ip route replace default via 10.1.0.254 dev wlan0 metric 100
said "inside: another gateway" "$TMP/monitor" "default via 10.1.0.254 dev wlan0"
mark "$TMP/monitor"
in_phone ip route replace default metric 100 nexthop dev rmnet0 nexthop via 10.1.0.1 dev wlan0
said "inside: one of several next hops" "$TMP/monitor" "^default via 10.1.0.1 dev wlan0"
in_phone ip route replace default via 10.1.0.254 dev wlan0 metric 100
in_phone ip route add 203.0.113.0/24 via 10.1.0.254 dev wlan0
said "inside: a route" "$TMP/monitor" "203.0.113.0/24 via 10.1.0.254 dev wlan0"
in_phone ip link set wlan0 mtu 1400
said "inside: another MTU" "$TMP/monitor" "wlan0.*mtu 1400"
server ip link set ap0 down
said "inside: no carrier" "$TMP/monitor" "wlan0.*NO-CARRIER|NO-CARRIER.*wlan0"
stop "$LAST"
server ip link set ap0 up

# What comes up later, with another MAC, while a download uses the other path
new_wlan() {
	ip -n "persona-phone-$ID" link add wlan0 type veth peer ap0 netns "persona-server-$ID"
	server sysctl -qw net.ipv6.conf.ap0.accept_dad=0
	server ip link set ap0 up
	server ip address add 10.1.0.1/24 dev ap0
	in_phone ip link set wlan0 addrgenmode none
	in_phone ip link set wlan0 up
	wlan_address 10.1.0.2
}
# Bytes of both directions: which one a path carries is the schedulers' business, of both ends.
carried() { in_phone sh -c 'echo $(($(cat /sys/class/net/wlan0/statistics/tx_bytes) + $(cat /sys/class/net/wlan0/statistics/rx_bytes)))'; }
background server "$PROGRAM" serve 5001
wait_for 10 listens 5001
pattern() { follow -i wlan0 -i rmnet0 -- "$PROGRAM" both 10.2.0.1 5001 7; }
background pattern
client=$LAST
sleep 2
in_phone ip link del wlan0
sleep 2
new_wlan
sleep 1
first=$(carried)
sleep 1
at_least "$MODE: interface removed and made again: bytes in the second after" "$(($(carried) - first))" 1000000
check "$MODE: the transfers over both end well" wait "$client"
is "$MODE: without a lost byte" "$(grep -c '^done' "$TMP/background.out")" 2
grep -h "^FAILED\|^persona: " "$TMP/background.out" "$TMP/talk" "$TMP/monitor" | grep -v 'own address' | sed 's/^/# | /'

# Addresses that were given are not the host's business, the link is
: >"$TMP/monitor"
background see -i packet:wlan0,ip=10.1.0.99/24
sleep 1
mark "$TMP/monitor"
in_phone ip address add 10.1.0.88/24 dev wlan0
server ip link set ap0 down
said "given addresses: the link is followed" "$TMP/monitor" "wlan0.*NO-CARRIER|NO-CARRIER.*wlan0"
is "$MODE: given addresses: the host's are not" "$(grep -c 10.1.0.88 "$TMP/monitor")" 0
done_testing
