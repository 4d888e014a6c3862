#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# pmtu.t - UDP beyond a hop with a smaller MTU: unconnected sockets learn the path MTU, as others do.
#
#   phone: clients on the stack        server: a router       far: echoes UDP
#     wlan0  10.1.0.2 fd01::2 ======== ap0    pmtu0 ===1280=== 10.9.0.2 fd09::2
#     rmnet0 10.2.0.2 fd02::2 ======== cell0
#
# The first datagram of 1400 bytes with "do not fragment" is answered by the router with an ICMP
# error. The stack then knows the path MTU, whether the socket is connected, bound or neither, and
# sends the next ones in fragments. Linux as it comes learns it for look-ups with a source address
# alone, since each address has a routing table.
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only
testbed_up
FAR=persona-far-$ID
in_server() { ip netns exec "persona-server-$ID" "$@"; }
ip netns add "$FAR"
trap 'cleanup; ip netns del "$FAR" 2>/dev/null' EXIT
ip -n "persona-server-$ID" link add pmtu0 mtu 1280 type veth peer far0 netns "$FAR"
ip -n "persona-server-$ID" -batch - <<'END'
link set pmtu0 up
address add 10.9.0.1/24 dev pmtu0
address add fd09::1/64 dev pmtu0 nodad
END
ip -n "$FAR" -batch - <<'END'
link set lo up
link set far0 mtu 1280 up
address add 10.9.0.2/24 dev far0
address add fd09::2/64 dev far0 nodad
route add default via 10.9.0.1
route add ::/0 via fd09::1
END
in_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0

cat >"$TMP/echo.py" <<'END'
import socket, threading
def serve(family, address):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, 7007))
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(data, peer)
for family, address in (socket.AF_INET, "10.9.0.2"), (socket.AF_INET6, "fd09::2"):
    threading.Thread(target=serve, args=(family, address)).start()
END
# HOW ADDRESS OWN: six datagrams of 1400 bytes; how many came back, of the last three
cat >"$TMP/ask.py" <<'END'
import socket, sys
how, peer, own = sys.argv[1], (sys.argv[2], 7007), sys.argv[3]
s = socket.socket(socket.AF_INET6 if ":" in own else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.4)
if how == "bound":
    s.bind((own, 0))
if how == "connected":
    s.connect(peer)
back = 0
for i in range(6):
    try:
        if how == "connected":
            s.send(bytes(1400))
        else:
            s.sendto(bytes(1400), peer)
        back += len(s.recv(2000)) == 1400 and i > 2
    except OSError:
        pass
print(back)
END
(exec ip netns exec "$FAR" "$PYTHON" "$TMP/echo.py") &
STARTED+=("$!")
wait_for 10 ip netns exec "$FAR" sh -c 'ss -Hlun sport = :7007 | grep -q fd09'

for MODE in inline shadow; do
	for paths in wlan rmnet both; do
		own4=10.1.0.2 own6=fd01::2
		[ $paths != rmnet ] || own4=10.2.0.2 own6=fd02::2
		for how in unconnected bound connected; do
			is "$MODE, $paths, $how, IPv4: echoes of three" \
				"$(on $paths -- "$PYTHON" "$TMP/ask.py" $how 10.9.0.2 $own4 2>&1)" 3
			is "$MODE, $paths, $how, IPv6: echoes of three" \
				"$(on $paths -- "$PYTHON" "$TMP/ask.py" $how fd09::2 $own6 2>&1)" 3
		done
	done
done

# A connected socket that forbids fragments: what it is told, and whether it goes on
cat >"$TMP/forbid.py" <<'END'
import errno, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 2)                  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
s.connect(("10.9.0.2", 7007))
s.settimeout(2)
told = []
for i in range(3):
    try:
        s.send(bytes(1400))
    except OSError as e:
        told.append(errno.errorcode[e.errno])
    time.sleep(0.2)
try:
    s.send(bytes(1000))
except OSError:                 # what the first one's ICMP message has left, as on the host
    s.send(bytes(1000))
print("EMSGSIZE" in told, s.getsockopt(socket.IPPROTO_IP, 14), len(s.recv(2000)))        # IP_MTU
END
MODE=inline
is "inline: a message beyond the path MTU is refused, the next one comes back" \
	"$(on wlan -- "$PYTHON" "$TMP/forbid.py" 2>&1)" "True 1280 1000"
MODE=shadow
is "shadow: it is lost with a line, the next one comes back" "$(on wlan -- "$PYTHON" "$TMP/forbid.py" 2>&1)" \
	"persona: a message of 1400 bytes was longer than its path takes, and is lost: send() and write() cannot tell \
in this mode, sendto() with an address and --inline can
False 1280 1000"
done_testing
