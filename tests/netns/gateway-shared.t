#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gateway-shared.t - a gateway whose paths have the host's addresses: what comes back for its clients
# reaches them, and the host's kernel answers none of it.
#
#   phone: programs on the host's kernel            server: 10.9.0.1 fd09::1 behind it
#     persona gateway: the stack
#     wlan0  10.1.0.3 fd01::3 ====================== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.3 fd02::3 ====================== cell0  10.2.0.1 fd02::1
#            the host's, and shared
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only
need dnsmasq

testbed_up --unshaped --host-ip
server ip address add 10.9.0.1/32 dev lo
server ip address add fd09::1/128 dev lo

# An echo, with the address and port that it came from
cat >"$TMP/echo.py" <<'END'
import select, socket
both = []
for family, host in (socket.AF_INET, "10.9.0.1"), (socket.AF_INET6, "fd09::1"):
    both.append(socket.socket(family, socket.SOCK_DGRAM))
    both[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    both[-1].bind((host, 7000))
print("echo is up", flush=True)
while True:
    for s in select.select(both, [], [])[0]:
        data, who = s.recvfrom(65536)
        s.sendto(b"%s %d %s" % (who[0].encode(), who[1], data), who)
END
# ask.py WHAT HOST [N]
cat >"$TMP/ask.py" <<'END'
import socket, struct, sys, time
what, host = sys.argv[1:3]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
def answers(n, port=0):                 # of N sockets, as the kernel binds them, or from PORT on
    socks = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(n)]
    got = []
    for i, s in enumerate(socks):
        s.settimeout(3)
        if port:
            s.bind(("", port + i))
        s.sendto(b"%d" % i, (host, 7000))
        if i % 50 == 49:
            time.sleep(0.05)
    for i, s in enumerate(socks):
        try:
            who, at, told = s.recv(100).decode().split()
            got.append((who, int(at), told == str(i)))
        except TimeoutError:
            s.settimeout(0.01)
    return got
if what == "udp":
    got = answers(int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    print(*{who for who, _, _ in got}, sum(mine for _, _, mine in got), "answers by",
          len({at for _, at, _ in got}), "ports")
elif what == "again":                   # one socket, many datagrams: one port
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(3)
    ports = set()
    for i in range(20):
        s.sendto(b"%d" % i, (host, 7000))
        ports.add(s.recv(100).split()[1])
    print(len(ports), "port")
elif what == "large":                   # fragments, there and back
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(3)
    s.sendto(b"x" * 4000, (host, 7000))
    print(len(s.recv(65536).split()[2]))
elif what == "name":
    ask = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\4name\4test\0" + struct.pack(">HH", 1, 1)
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(3)
    s.sendto(ask, (host, 53))
    print(socket.inet_ntoa(s.recv(512)[-4:]))
END
chmod 644 "$TMP"/*.py
background server "$PYTHON" "$TMP/echo.py"
background server dnsmasq -k -C /dev/null -p 53 --no-resolv --address=/name.test/10.9.0.7 --pid-file
wait_for 10 grep -q "echo is up" "$TMP/background.out"
wait_for 10 listens 53

# through COMMAND...: it is a client of a gateway by $PATHS
through() { phone "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} "${PATHS[@]}" -- "$@" 2>&1; }
ask() { through "$PYTHON" "$TMP/ask.py" "$@"; }
# unreachable: how often the server was told that nobody has a port or protocol
unreachable() {
	server awk '$1 == "IcmpMsg:" && !n { n = split($0, name); next }
		$1 == "IcmpMsg:" { for (i = 2; i <= n; i++) if (name[i] == "InType3") v4 = $i }
		END { print v4 + 0 }' /proc/net/snmp
	server awk '$1 == "Icmp6InDestUnreachs" { print $2 }' /proc/net/snmp6
}
BEFORE=$(unreachable)

# both_versions WHAT: with $PATHS, of addresses 10.1.0.3 and fd01::3
both_versions() {
	local host own
	for host in 10.9.0.1 fd09::1; do
		own=10.1.0.3
		[ $host = 10.9.0.1 ] || own=fd01::3
		is "$1: UDP to $host" "$(ask udp $host 1)" "$own 1 answers by 1 ports"
		is "$1: UDP to $host from 300 sockets" "$(ask udp $host 300)" "$own 300 answers by 300 ports"
		is "$1: UDP to $host from bound ports" "$(ask udp $host 20 50000)" "$own 20 answers by 20 ports"
		is "$1: UDP to $host keeps its port" "$(ask again $host)" "1 port"
		is "$1: UDP to $host in fragments" "$(ask large $host)" 4000
		is "$1: a name from $host" "$(ask name $host)" 10.9.0.7
		check "$1: ping $host" through ping -n -c 3 -i 0.2 -W 3 $host
	done
}
PATHS=(-i packet:wlan0)
both_versions "one path"
PATHS=(-i "packet:wlan0,ip=10.1.0.3/24,gw=10.1.0.1,ip=fd01::3/64,gw=fd01::1" -i rawip:rmnet0)
both_versions "two paths, one of given addresses"

# ---- the phone's own programs ----
PATHS=(-i packet:wlan0 -i rawip:rmnet0)
(
	# shellcheck disable=SC2034 # of phone()
	EXEC="exec"
	phone "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} --in tun:gw0 "${PATHS[@]}"
) </dev/null >"$TMP/gateway.log" 2>&1 &
STARTED+=($!)
wait_for 10 grep -q "goes out by" "$TMP/gateway.log" || sed 's/^/# /' "$TMP/gateway.log"
for host in 10.9.0.1 fd09::1; do
	matches "by a TUN device: UDP to $host" "$(phone "$PYTHON" "$TMP/ask.py" udp $host 300)" \
		' 300 answers by 300 ports$'
	is "by a TUN device: a name from $host" "$(phone "$PYTHON" "$TMP/ask.py" name $host)" 10.9.0.7
	check "by a TUN device: ping $host" phone ping -n -c 3 -i 0.2 -W 3 $host
done
stop "${STARTED[-1]}"
is "the host's kernel has refused nothing" "$(unreachable)" "$BEFORE"

# ---- an address of its own ----
PATHS=(-i "packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1")
is "on an address of its own: UDP" "$(ask udp 10.9.0.1 300)" "10.1.0.2 300 answers by 300 ports"
done_testing
