#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# beside.t - the stack and the host share interfaces and addresses, and do not meet.
#
#   phone: PROGRAM on the stack, and the phone's own kernel, both at      server: host kernel
#     wlan0   10.1.0.3 fd01::3  ==== Ethernet (veth) ====  ap0    10.1.0.1 fd01::1
#     rmnet0  10.2.0.3 fd02::3  ==== raw IP (TUN)    ====  cell0  10.2.0.1 fd02::1
#
# What the host's kernel has seen is its own counters' word (nstat); what was on
# the wire is tcpdump's, at the server.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl ping nc tcpdump nft nstat
persona_only
testbed_up --unshaped --host-ip
httpd
random_file "$FILES/blob" 20000000
BLOB=$(sum "$FILES/blob")
RESERVED=/proc/sys/net/ipv4/ip_local_reserved_ports
run() { phone "$PERSONA" run "$@"; }
counter() { phone nstat -asz "$1" | awk -v n="$1" '$1 == n { print $2 }'; }
reserved() { phone cat $RESERVED; }
tables() { phone nft list tables; }
nothing_left() { [ -z "$(tables)" ] && [ -z "$(reserved)" ]; }
# The range of the run whose stack a command asks
SLICE=/proc/sys/net/ipv4/ip_local_port_range

background server tcpdump -n -U --immediate-mode -s 256 -i ap0 -w "$TMP/ap0.pcap"
background server tcpdump -n -U --immediate-mode -s 256 -i cell0 -w "$TMP/cell0.pcap"
wait_for 5 test -s "$TMP/cell0.pcap"
# wire DEVICE FILTER: frames that tcpdump has seen; it may be some behind
wire() {
	local i
	for ((i = 0; i < 20; i++)); do
		tcpdump -n -r "$TMP/$1.pcap" "$2" 2>/dev/null | grep -q . && break
		sleep 0.1
	done
	sleep 0.2
	tcpdump -n -r "$TMP/$1.pcap" "$2" 2>/dev/null | wc -l
}

# ---- downloads over shared addresses: the host's kernel sees none of it ----

download() { # NAME INTERFACE SERVER [OPTION...]
	local name=$1 ifname=$2 server=$3 out=$TMP/out segs rsts
	shift 3
	rm -f "$out"
	segs=$(counter TcpInSegs) rsts=$(counter TcpOutRsts)
	check "$name: 20 MB in" run "$@" -i "$ifname" -- timeout 30 curl -q -sS --fail -o "$out" "http://$(bracket "$server")/blob"
	is "$name: same data" "$(sum "$out")" "$BLOB"
	is "$name: 20 MB out, same data" "$BLOB" \
		"$(run "$@" -i "$ifname" -- timeout 30 curl -q -sS -T "$FILES/blob" "http://$(bracket "$server")/up" 2>&1)"
	is "$name: segments that the host's kernel has seen" $(($(counter TcpInSegs) - segs)) 0
	is "$name: resets that it has sent" $(($(counter TcpOutRsts) - rsts)) 0
}

for mode in "" --inline; do
	what="shadow"
	[ -z "$mode" ] || what="inline"
	download "$what, Ethernet, IPv4" wlan0 10.1.0.1 $mode
	download "$what, Ethernet, IPv6" wlan0 fd01::1 $mode
	download "$what, raw IP, IPv4" rmnet0 10.2.0.1 $mode
	download "$what, raw IP, IPv6" rmnet0 fd02::1 $mode
done
check "nothing is left" wait_for 5 nothing_left
is "resets of the phone's on Ethernet" "$(wire ap0 'src host 10.1.0.3 and tcp[tcpflags] & tcp-rst != 0')" 0
is "resets of the phone's on raw IP" "$(wire cell0 'src host 10.2.0.3 and tcp[tcpflags] & tcp-rst != 0')" 0
is "ICMP errors of the phone's" "$(wire ap0 'src host 10.1.0.3 and icmp[icmptype] == icmp-unreach')" 0

# ---- a run that stays, beside which the host lives on ----

cat >"$TMP/stay.sh" <<'END'
cat /proc/sys/net/ipv4/ip_local_port_range >"$1/range"
while [ ! -e "$1/stop" ]; do
	curl -q -sS --fail -o "$1/mine" http://10.1.0.1/blob || echo "mine failed" >>"$1/trouble"
	cmp -s "$1/mine" "$1/files/blob" || echo "mine differs" >>"$1/trouble"
	echo >>"$1/rounds"
done
END
background run -i wlan0 -i rmnet0 -- sh "$TMP/stay.sh" "$TMP"
stay=$LAST
wait_for 10 test -s "$TMP/rounds"
read -r first last <"$TMP/range"
note "range $first to $last, reserved $(reserved)"
is "the range is reserved on the host" "$(reserved)" "$first-$last"

check "the host's own TCP, beside" phone timeout 30 curl -q -sS --fail -o "$TMP/hosts" http://10.1.0.1/blob
is "same data" "$(sum "$TMP/hosts")" "$BLOB"
check "the host's own TCP over raw IP, IPv6" phone timeout 30 curl -q -sS --fail -o "$TMP/hosts" "http://[fd02::1]/blob"
is "same data over raw IP" "$(sum "$TMP/hosts")" "$BLOB"

cat >"$TMP/udp.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[1] == "serve":
    s.bind((sys.argv[2], 7007))
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(data, peer)
s.settimeout(2)
s.connect((sys.argv[2], 7007))
for n in list(range(1, 1400, 70)) + [4000, 20000]:
    s.send(bytes([n % 251]) * n)
    assert s.recv(65536) == bytes([n % 251]) * n, n
END
background server "$PYTHON" "$TMP/udp.py" serve 10.1.0.1
sleep 0.3
check "the host's own UDP, fragments too" phone "$PYTHON" "$TMP/udp.py" ask 10.1.0.1
check "a second run's UDP, fragments too" run -i wlan0 -- "$PYTHON" "$TMP/udp.py" ask 10.1.0.1

refused() { server nc -n -w 2 -v "$@" </dev/null 2>&1; }
before=$(counter TcpOutRsts)
matches "a closed port of the host's is refused" "$(refused 10.1.0.3 4000)" refused
is "by a reset of the host's kernel" $(($(counter TcpOutRsts) - before)) 1
is "once on the wire" "$(wire ap0 'src host 10.1.0.3 and src port 4000 and tcp[tcpflags] & tcp-rst != 0')" 1
background phone nc -n -l -p 4001
wait_for 5 phone sh -c 'ss -Hltn "sport = :4001" | grep -q .'
check "a server of the host's is reached" server nc -n -w 2 -z 10.1.0.3 4001
server sh -c 'echo x | nc -n -u -w 1 10.1.0.3 4002' >/dev/null 2>&1
is "an ICMP error for a closed UDP port, once" \
	"$(wire ap0 'src host 10.1.0.3 and icmp[icmptype] == icmp-unreach')" 1

# ---- questions are answered once ----

for peer in 10.1.0.3 fd01::3; do
	server ip neigh flush dev ap0
	out=$(server ping -n -c 4 -i 0.2 -W 2 "$peer" 2>&1)
	matches "ping $peer from the server" "$out" "4 packets transmitted, 4 received"
	is "ping $peer: no duplicates" "$(grep -c DUP <<<"$out")" 0
done
# The download that runs may make the server ask once more: each question is to have one answer.
answers() { # NAME ADDRESS QUESTIONS ANSWERS
	local asked answered
	asked=$(wire ap0 "$3") answered=$(wire ap0 "$4")
	server ip neigh flush dev ap0
	server ping -n -c 1 -W 2 "$2" >/dev/null
	sleep 1
	asked=$(($(wire ap0 "$3") - asked)) answered=$(($(wire ap0 "$4") - answered))
	at_least "$1: questions" "$asked" 1
	is "$1: each is answered once" "$answered" "$asked"
}
answers ARP 10.1.0.3 'arp[6:2] == 1 and arp dst host 10.1.0.3' 'arp[6:2] == 2 and arp src host 10.1.0.3'
answers "neighbour solicitation" fd01::3 'icmp6 and ip6[40] == 135 and ip6[48:4] == 0xfd010000 and ip6[60:4] == 3' \
	'icmp6 and ip6[40] == 136 and src net fd01::3/128'
matches "ping by the stack" "$(run -i wlan0 -- ping -n -c 3 -i 0.2 -W 2 10.1.0.1 2>&1)" "3 packets transmitted, 3 received"
matches "ping by the stack, IPv6" "$(run -i wlan0 -- ping -n -c 3 -i 0.2 -W 2 fd01::1 2>&1)" "3 packets transmitted, 3 received"
matches "ping by the host" "$(phone ping -n -c 3 -i 0.2 -W 2 10.1.0.1 2>&1)" "3 packets transmitted, 3 received"
matches "an ICMP error reaches the stack" \
	"$(run -i wlan0 -- "$PYTHON" -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect(("10.1.0.1", 4003))
s.send(b"x")
try:
    s.recvfrom(1)
except ConnectionRefusedError:
    print("refused")' 2>&1)" refused

# ---- servers on shared addresses ----

serves() { # [--inline]
	local what=${1:-shadow} pid
	EXEC="exec" run ${1:+"$1"} -i wlan0 -- sh -c 'echo hello | nc -n -l -p 4080; echo again | nc -n -l -p 4080' \
		</dev/null >/dev/null 2>>"$TMP/background.out" &
	pid=$!
	STARTED+=("$pid")
	wait_for 5 sh -c "ip netns exec persona-phone-$ID nft list ruleset | grep -q 4080"
	is "$what: the host cannot have the port meanwhile" "$(phone timeout 2 nc -n -l -p 4080 2>&1 </dev/null | grep -o 'already in use')" "already in use"
	sleep 0.2
	is "$what: a server of the stack's is reached" "$(server nc -n -w 3 10.1.0.3 4080 </dev/null)" hello
	sleep 0.5
	is "$what: and again" "$(server nc -n -w 3 10.1.0.3 4080 </dev/null)" again
	wait $pid
}
serves ""
serves --inline
background phone nc -n -k -l -p 4005
wait_for 5 phone sh -c 'ss -Hltn "sport = :4005" | grep -q .'
is "a port that the host serves cannot be had" \
	"$(run -i wlan0 -- "$PYTHON" -c '
import errno, socket
s = socket.socket()
try:
    s.bind(("", 4004))
    print("bound")
    s.close()
    s = socket.socket()
    s.bind(("", 4005))
except OSError as e:
    print(errno.errorcode[e.errno])' 2>&1 | tr '\n' ' ')" "bound EADDRINUSE "

# The host's own server: its shared address is the stack itself, which does not have that port. Its
# loopback is the way (docs/beside.md, limits).
for mode in "" --inline; do
	# shellcheck disable=SC2086 # no word, or one
	is "${mode:-shadow}: the host's server, by the shared address and by loopback" "$(run $mode -i wlan0 -- "$PYTHON" -c '
import errno, socket
for at in "10.1.0.3", "fd01::3", "127.0.0.1":
    try:
        socket.create_connection((at, 4005), 3)
        print("reached")
    except OSError as e:
        print(errno.errorcode[e.errno])' 2>&1 | tr '\n' ' ')" "ECONNREFUSED ECONNREFUSED reached "
done
is "and a server of the stack's, by the host" "$(phone nc -n -v -w 2 10.1.0.3 "$first" </dev/null 2>&1 | grep -o refused)" refused

# ---- two at once, and the end ----

check "two runs at once" run -i wlan0 -- timeout 30 curl -q -sS --fail -o "$TMP/second" http://10.1.0.1/blob
is "two runs: same data" "$(sum "$TMP/second")" "$BLOB"
other=$(run -i wlan0 -- cat $SLICE)
check "their ranges are apart" awk -v a="$first" -v b="$last" "BEGIN { split(\"$other\", o); exit !(o[2] < a || o[1] > b) }"
# The first may have grown meanwhile: it has many connections in TIME-WAIT.
matches "the other's is given back" "$(reserved)" '^[0-9]+-[0-9]+$'
check "and not the first's" awk -v a="$first" -v b="$last" "BEGIN { split(\"$(reserved)\", r, \"-\"); exit !(r[1] <= a && r[2] >= b) }"
# shellcheck disable=SC2016 # nft's
matches "each drops its own" "$(tables)" "^table netdev persona-[0-9]+$"

touch "$TMP/stop"
wait $stay
is "status of the run that stayed" $? 0
is "what went wrong in it" "$(cat "$TMP/trouble" 2>/dev/null)" ""
note "$(wc -l <"$TMP/rounds") downloads"
check "nothing is left at the end" wait_for 5 nothing_left
is "no history of nft's" "$(find /.nft.history ~/.nft.history -newer "$TMP/hosts" 2>/dev/null)" ""
rsts=$(tcpdump -n -r "$TMP/ap0.pcap" 'src host 10.1.0.3 and tcp[tcpflags] & tcp-rst != 0 and not src port 4000' 2>/dev/null)
is "resets of the phone's, but the one asked for" "$rsts" ""

out=$(run -o net.ipv4.ip_local_port_range="20000 30000" -i wlan0 -- true 2>&1)
matches "a port range of the user's own is refused" "$out" '^persona: -o net.ipv4.ip_local_port_range: on addresses that the host has too'
done_testing
