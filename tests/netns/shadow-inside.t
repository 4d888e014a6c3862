#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-inside.t - in shadow mode the tools of the network look into the stack.
#
#   phone: ip, ss, ping, tcpdump ... on the stack    server: host kernel
#     wlan0  10.1.0.2 fd01::2 ===100mbit,2ms======== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===100mbit,2ms======== cell0  10.2.0.1 fd02::1
#
# In the same network namespace the phone's kernel has the interfaces without addresses.
#
# runs: shaped
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl nc ip ss ping
persona_only
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
httpd
random_file "$FILES/blob" 100000

inside() { on both -- timeout 20 "$@" 2>&1; }
script() { on both -- timeout 25 bash -c "$1" bash "${@:2}" 2>&1; }

# ---- ip ----

addresses() {
	local out a
	out=$(inside ip addr)
	for a in 10.1.0.2/24 fd01::2/64 10.2.0.2/24 fd02::2/64 127.0.0.1/8; do
		matches "ip addr shows $a" "$out" "$a "
	done
	is "ip link: two interfaces beside lo" "$(inside ip -br link | grep -cE '^(wlan0|rmnet0)')" 2
	matches "ip rule: one per interface" "$(inside ip rule)" "from 10.2.0.2"
	matches "ip route: default by the gateway" "$(inside ip route)" '^default via 10.1.0.1 dev wlan0'
	matches "ip route get" "$(inside ip route get 192.0.2.1)" '^192.0.2.1 via 10.1.0.1 dev wlan0 src 10.1.0.2'
	matches "ip -6 route" "$(inside ip -6 route)" '^fd01::/64 dev wlan0'
	matches "ip mptcp endpoint" "$(inside ip mptcp endpoint show)" '^10.2.0.2 .*subflow'
	matches "ip neigh knows the gateway" "$(script 'ping -qc 1 10.1.0.1 >/dev/null; ip neigh')" '^10.1.0.1 dev wlan0 lladdr'
	matches "ip -s link counts" "$(script 'curl -q -sS http://10.1.0.1/blob >/dev/null; ip -s -j link show wlan0')" \
		'"rx":\{"bytes":[1-9][0-9]{3}'
	matches "ip addr add changes the stack" \
		"$(script 'ip addr add 10.1.0.9/24 dev wlan0 && ip link set rmnet0 mtu 1400 && ip addr')" '10.1.0.9/24'
	is "and no more than that" "$(phone ip -4 addr show dev wlan0; phone cat /sys/class/net/rmnet0/mtu)" 1500
	is "ip route add, then it is used" "$(script '
		ip route add 198.51.100.0/24 via 10.2.0.1 dev rmnet0 && ip -j route get 198.51.100.1' | jq -r '.[0].dev')" rmnet0
	matches "ip monitor" "$(script 'timeout 2 ip monitor address & sleep 0.5
		ip addr add 10.9.9.9/32 dev wlan0; wait')" '10.9.9.9/32'
	matches "python: if_nameindex()" "$(inside "$PYTHON" -c 'import socket; print(socket.if_nameindex())')" \
		"'wlan0'.*'rmnet0'|'rmnet0'.*'wlan0'"
	if have ifconfig ifconfig; then
		matches "ifconfig" "$(inside ifconfig)" 'inet 10.1.0.2 '
	fi
	# All of that has left no trace in the next stack.
	is "the next stack is a fresh one" "$(inside ip -j addr | jq -r '.[].addr_info[].local' | grep -cE '^10\.(9|1\.0\.9)')" 0
}

# ---- ss ----

sockets() {
	local out
	# shellcheck disable=SC2016 # the inner shell's
	{
		background phone nc -l 127.0.0.1 7777
		out=$(script '
			nc -l 7000 & nc -lu 7001 & exec 3<>/dev/tcp/10.1.0.1/80
			for i in {1..50}; do ss -Hltn | grep -q :7000 && break; sleep 0.1; done
			ss -tlnH; ss -ulnH; ss -tnH; ss -tinH | tail -n 1; ss -MnH state established; ss -s; kill %1 %2')
		matches "ss: a listening socket of the same program tree" "$out" '^LISTEN.*0.0.0.0:7000'
		matches "ss: an UDP socket" "$out" '^UNCONN.*0.0.0.0:7001'
		matches "ss: a connection" "$out" '^ESTAB.*10\.1\.0\.2:[0-9]+ *10\.1\.0\.1:80'
		matches "ss -i: what TCP knows" "$out" 'cubic.*rtt:[0-9.]+/'
		matches "ss -M: it is MPTCP" "$out" '10\.1\.0\.2:[0-9]+ +10\.1\.0\.1:80 *$'
		matches "ss -s: a summary" "$out" '^TCP: +[1-9]'
		is "ss: none of the host's" "$(grep -c :7777 <<<"$out")" 0
	}
}

# ---- whose a socket is ----

cat >"$TMP/owner.py" <<'END'
import os, socket, subprocess, sys
keep = [socket.create_server(("", 8080)), socket.create_connection(("10.1.0.1", 80))]
six = socket.create_server(("::", 8081), family=socket.AF_INET6)
for family, port in (socket.AF_INET, 91), (socket.AF_INET6, 92):
    keep.append(socket.socket(family, socket.SOCK_DGRAM))
    keep[-1].bind(("", port))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 17)
keep.append(keep[0].dup())
accepted = socket.create_connection(("10.1.0.2", 8080)), keep[0].accept()
print("self", os.getpid(), flush=True)
for command in sys.argv[1:]:
    subprocess.run(command, shell=True)
END
owners() {
	local out self what
	out=$(inside "$PYTHON" "$TMP/owner.py" 'ss -Htulwnp' 'ss -Htnp' 'ss -HMnp state established')
	self=$(awk '$1 == "self" { print $2 }' <<<"$out")
	for what in 'LISTEN .*:8080' 'ESTAB .*10\.1\.0\.1:80' 'LISTEN .*:8081' 'udp .*:91' 'udp .*:92' '(\?\?\?|raw|p_raw|udp) .*:17'; do
		matches "ss -p: $what" "$out" "^.*$what .*pid=$self,"
	done
	is "ss -p: both ends of a connection of its own" "$(grep -cE "^ESTAB .*:8080 .*pid=$self," <<<"$out")" 2
	is "ss -p: the duplicate, too" "$(grep -E '^tcp +LISTEN .*:8080' <<<"$out" | grep -o 'fd=' | wc -l)" 2
	if have "netstat -p" netstat; then
		out=$(inside "$PYTHON" "$TMP/owner.py" 'netstat -tunap')
		self=$(awk '$1 == "self" { print $2 }' <<<"$out")
		is "netstat -p: sockets with their process" "$(grep -cE " $self/python3? *$" <<<"$out")" 7
	fi
	if have "lsof -i" lsof; then
		out=$(inside "$PYTHON" "$TMP/owner.py" 'lsof -nPi')
		matches "lsof: a server" "$out" 'IPv4 .* TCP \*:8080 \(LISTEN\)'
		matches "lsof: a connection" "$out" 'TCP 10\.1\.0\.2:[0-9]+->10\.1\.0\.1:80 \(ESTABLISHED\)'
		matches "lsof: UDP, IPv6" "$out" 'IPv6 .* UDP \*:92'
	fi
	# A socket without a process is nobody's: not that of a process of the host by chance.
	is "TIME-WAIT has no process" "$(script '
		exec 3<>/dev/tcp/10.1.0.1/80; exec 3<&-; sleep 0.5; cat /proc/net/tcp' | awk '$4 == "06" || $4 == "05" || $4 == "04" { print $10 }' | sort -u)" 0
	matches "the table is as wide as ever" "$(inside "$PYTHON" "$TMP/owner.py" 'cat /proc/net/tcp' |
		awk '/^ +[0-9]+:/ { print length($0) }' | sort -u | tr '\n' ' ')" '^149 $'
}

# ---- ping, traceroute ----

# The stack's own loopback, though this namespace lets nobody make a ping socket of the host.
pings_loopback() {
	local MODE to
	for MODE in shadow inline; do
		for to in 127.0.0.1 127.0.0.53 localhost ::1 "-I 127.0.0.1 127.0.0.1" "-I ::1 ::1" 10.1.0.2; do
			# shellcheck disable=SC2086 # options
			matches "$MODE: ping $to" "$(inside ping -c 1 -W 2 $to)" '1 received'
		done
	done
}

pings() {
	matches "ping" "$(inside ping -n -c 3 -i 0.2 10.1.0.1)" '3 received, 0% packet loss'
	matches "ping -6" "$(inside ping -n -c 3 -i 0.2 fd01::1)" '3 received, 0% packet loss'
	matches "ping -I rmnet0" "$(inside ping -n -c 2 -i 0.2 -I rmnet0 10.2.0.1)" '2 received, 0% packet loss'
	matches "ping, fragments" "$(inside ping -n -c 2 -i 0.2 -s 4000 10.1.0.1)" '4008 bytes from 10.1.0.1'
	matches "ping: nobody there" "$(inside ping -n -c 1 -W 1 10.1.0.77)" '100% packet loss'
	matches "ping itself" "$(inside ping -n -c 1 10.1.0.2)" '1 received'
	matches "ping, its time is the link's" "$(inside ping -n -q -c 5 -i 0.2 10.1.0.1)" 'mdev = [0-9]+\.[0-9]+/([4-9]|1[0-9])\.'
	have traceroute traceroute || return
	matches "traceroute" "$(inside traceroute -n -q 1 -m 3 10.1.0.1)" '^ 1  10.1.0.1  [0-9.]+ ms'
	matches "traceroute -6" "$(inside traceroute -n -q 1 -m 3 fd01::1)" '^ 1  fd01::1  [0-9.]+ ms'
	matches "traceroute -I" "$(inside traceroute -I -n -q 1 -m 3 10.1.0.1)" '^ 1  10.1.0.1  [0-9.]+ ms'
	matches "traceroute -T" "$(inside traceroute -T -p 80 -n -q 1 -m 3 10.1.0.1)" '^ 1  10.1.0.1  [0-9.]+ ms'
	have tracepath tracepath || return
	matches "tracepath, IPv6" "$(inside tracepath -n -m 3 fd01::1)" 'fd01::1 .*reached'
}

# ---- tcpdump ----

dumps() {
	have tcpdump tcpdump || return
	local out
	out=$(script 'tcpdump -Z root -nli wlan0 -c 4 icmp & sleep 1; ping -qn -c 2 -i 0.2 10.1.0.1 >/dev/null; wait')
	is "tcpdump sees requests and replies" "$(grep -c 'ICMP echo request' <<<"$out") $(grep -c 'ICMP echo reply' <<<"$out")" "2 2"
	out=$(script 'tcpdump -Z root -nli any -c 3 tcp port 80 & sleep 1
		curl -q -sS http://10.1.0.1/blob >/dev/null; wait')
	matches "tcpdump -i any: a connection begins" "$out" 'wlan0 +Out IP 10.1.0.2.* > 10.1.0.1.80: Flags \[S\].*mptcp'
	script "tcpdump -Z root -ni wlan0 -c 2 -w '$TMP/dump' icmp & sleep 1; ping -qn -c 1 10.1.0.1; wait" >"$TMP/out"
	is "tcpdump -w" "$(tcpdump -Z root -nr "$TMP/dump" 2>&1 | grep -c ICMP)" 2
	out=$(inside tcpdump -D)
	matches "tcpdump -D" "$out" '\.wlan0 '
	rm -f "$TMP/frames"
	check "--pcap" on wlan --pcap "$TMP/frames" -- timeout 20 curl -q -sS -o /dev/null http://10.1.0.1/blob
	matches "its packets" "$(tcpdump -Z root -nr "$TMP/frames" 2>&1)" '10.1.0.1.80: Flags'
}

# ---- /proc ----

files() {
	local out
	out=$(inside cat /proc/net/dev)
	matches "/proc/net/dev" "$out" '^ *rmnet0:'
	matches "/proc/net/route" "$(inside cat /proc/net/route)" '^wlan0	00000000	0100010A'
	matches "/proc/self/net/if_inet6" "$(inside cat /proc/self/net/if_inet6)" '^fd010000000000000000000000000002 '
	matches "/proc/net/tcp" "$(script 'exec 3<>/dev/tcp/10.1.0.1/80; cat /proc/net/tcp')" ' 0200010A:[0-9A-F]{4} 0100010A:0050 01 '
	matches "/proc/net/snmp counts" "$(script 'ping -qn -c 1 10.1.0.1 >/dev/null; grep ^Icmp: /proc/net/snmp')" '^Icmp: [1-9]'
	is "/proc/sys/net, with -o" \
		"$(on wlan -o net.ipv4.tcp_congestion_control=reno -- cat /proc/sys/net/ipv4/tcp_congestion_control 2>&1)" reno
	is "sysctl" "$(on wlan -o net.ipv4.ip_default_ttl=77 -- "$SYSCTL" -n net.ipv4.ip_default_ttl 2>&1)" 77
	is "sysctl -w, then it is so" "$(script "'$SYSCTL' -qw net.ipv4.ip_default_ttl=99; cat /proc/sys/net/ipv4/ip_default_ttl")" 99
	is "echo into it, then it is so, 50 times" "$(script 'f=/proc/sys/net/ipv4/ip_default_ttl
		for i in {1..50}; do echo $i >$f; [ "$(cat $f)" = $i ] && echo so; done | wc -l')" 50
	is "what the stack refuses is an error, or a line" "$(script '
		echo nonsense >/proc/sys/net/ipv4/ip_default_ttl; sleep 0.2' | grep -c 'Invalid argument')" 1
	# The server sees it in the packets, and the host's value is what it was.
	is "the host's is another" "$(phone cat /proc/sys/net/ipv4/ip_default_ttl)" "$(cat /proc/sys/net/ipv4/ip_default_ttl)"
	is "what is not of the network is the host's" "$(inside cat /proc/sys/kernel/hostname)" "$(cat /proc/sys/kernel/hostname)"
	is "/proc/net/unix is readable" "$(inside head -c 3 /proc/net/unix)" Num
}

SYSCTL=$(command -v sysctl || echo /sbin/sysctl)
addresses
sockets
owners
pings
pings_loopback
dumps
files
done_testing
