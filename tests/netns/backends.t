#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# backends.t - each back end carries ping, UDP and TCP, IPv4 and IPv6, at full speed.
#
#   phone namespace, on the stack          peer: host kernel
#     packet:wlan0   10.1.0.2 fd01::2 ==== ap0    10.1.0.1 fd01::1  server (veth, offloads)
#     rawip:rmnet0   10.2.0.2 fd02::2 ==== cell0  10.2.0.1 fd02::1  server (TUN pair, offloads)
#     tap:tap0       10.3.0.2 fd03::2 ==== tap0   10.3.0.1 fd03::1  phone's own kernel
#     tun:tun0       10.4.0.2 fd04::2 ==== tun0   10.4.0.1 fd04::1  phone's own kernel
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl ping nc
persona_only
testbed_up --unshaped
FILES=$TMP/files
mkdir "$FILES"
random_file "$FILES/blob" 20000000
BLOB=$(sum "$FILES/blob")

# UDP: datagrams of all sizes up to beyond the MTU, echoed, compared.
cat >"$TMP/echo.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 7007))
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
END
cat >"$TMP/ask.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect((sys.argv[1], 7007))
sizes = list(range(1, 1500, 13)) + [1472, 1473, 4000, 9000, 30000]
for n in sizes:
    data = os.urandom(n)
    for attempt in range(3):
        s.send(data)
        try:
            assert s.recv(65536) == data, "datagram of %d bytes came back changed" % n
            break
        except socket.timeout:
            continue
    else:
        sys.exit("datagram of %d bytes got no echo" % n)
print("echoed", len(sizes))
END

stack() { phone "$PERSONA" run --inline -i "$SPEC" "$@"; }

carries() { # NAME SPEC PEER VERSION PEER-ADDRESS OWN-ADDRESS
	local what="$1, IPv$4" out=$TMP/out url pid
	SPEC=$2
	url=http://$(bracket "$5")/
	check "$what: ping from the stack" stack -- ping -n -c 3 -i 0.2 -W 2 "$5"
	background "$3" "$PYTHON" "$TMP/echo.py" "$5"
	pid=$LAST
	sleep 0.3
	check "$what: UDP, 1 to 30000 bytes" stack --no-mptcp -- "$PYTHON" "$TMP/ask.py" "$5"
	stop "$pid"
	background "$3" "$PYTHON" "$TOP/testbed/httpd.py" "$FILES"
	pid=$LAST
	wait_for 10 "$3" nc -z "$5" 80
	rm -f "$out"
	check "$what: TCP, 20 MB in" stack -- timeout 30 curl -q -sS --fail -o "$out" "${url}blob"
	is "$what: same data" "$(sum "$out")" "$BLOB"
	is "$what: TCP, 20 MB out, same data" \
		"$(stack -- timeout 30 curl -q -sS -T "$FILES/blob" "${url}up" 2>&1)" "$BLOB"
	check "$what: TCP without MPTCP" stack --no-mptcp -- timeout 30 curl -q -sS --fail -o "$out" "${url}blob"
	is "$what: same data" "$(sum "$out")" "$BLOB"
	stop "$pid"
	# A program that just waits is a host that answers.
	EXEC="exec" stack -- nc "-$4" -l -p 7008 </dev/null >/dev/null 2>"$TMP/err" &
	pid=$!
	STARTED+=("$pid")
	check "$what: ping to the stack" wait_for 5 "$3" ping -n -c 1 -W 1 "$6"
	check "$what: ping to the stack, fragments" "$3" ping -n -c 3 -i 0.2 -s 6000 -W 2 "$6"
	stop $pid
}

for dev in tap0:3:tap tun0:4:tun; do
	IFS=: read -r name net mode <<<"$dev"
	phone ip tuntap add "$name" mode "$mode"
	phone ip link set "$name" up
	phone ip addr add "10.$net.0.1/24" dev "$name"
	phone ip addr add "fd0$net::1/64" dev "$name" nodad
done

carries packet "$WLAN_IF" server 4 10.1.0.1 10.1.0.2
carries packet "$WLAN_IF" server 6 fd01::1 fd01::2
carries rawip "$RMNET_IF" server 4 10.2.0.1 10.2.0.2
carries rawip "$RMNET_IF" server 6 fd02::1 fd02::2
TAP_IF=tap:tap0,ip=10.3.0.2/24,ip=fd03::2/64
TUN_IF=tun:tun0,ip=10.4.0.2/24,ip=fd04::2/64
carries tap $TAP_IF phone 4 10.3.0.1 10.3.0.2
carries tap $TAP_IF phone 6 fd03::1 fd03::2
carries tun $TUN_IF phone 4 10.4.0.1 10.4.0.2
carries tun $TUN_IF phone 6 fd04::1 fd04::2

for kind in tap tun; do
	background phone "$PERSONA" run --inline -i "$kind:new$kind,ip=10.5.0.2/24" -- nc -l -p 7009
	pid=$LAST
	check "$kind: an interface that is not there is made" wait_for 5 phone ip link show "new$kind"
	stop "$pid"
	wait_for 5 sh -c "! ip -n persona-phone-$ID link show new$kind"
	is "$kind: and goes with the program" "$(phone ip link show "new$kind" 2>/dev/null)" ""
done
done_testing
