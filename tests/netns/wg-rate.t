#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-rate.t - what two WireGuard tunnels of the stack's own carry together, both ways, without any
# privilege, to wireguard-go and to the stack itself as the server.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go and the kernel's MPTCP;
#     wlan0  10.7.0.2 ==tunnel=== 50mbit,10ms ===   then PROGRAM on the stack, user 65534
#     rmnet0 10.7.0.3 ==tunnel=== 30mbit,25ms ===   10.7.0.1
#
# Of 80 Mbit/s 72.5 are left to a program: tunnels have 1420 of 1500 bytes, MPTCP's segments 1368.
# Medians of three transfers (no third one if two are good): what arrives after the first second (slow start), as in dualpath.t,
# and the whole from connect() on. What waits for its turn at the end of the first second counts as
# arriving later, so the former may exceed 72.5 by a few percent.
#
# limit: 400
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need setpriv

SIZE=32000000
GOAL=68 WHOLE=65

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up --psk
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf

# Whoever receives says what is missing, and Mbit/s of the whole and after the first second
cat >"$TMP/receive.py" <<'END'
import time
def receive(s, n, start):
    left, chunk, late, since = n, bytearray(1 << 16), 0, 0
    while left > 0:
        got = s.recv_into(chunk)
        if not got:
            break
        now = time.time()
        left -= got
        if since:
            late += got
        elif now - start >= 1:
            since = now
    end = time.time()
    return b"%d %.1f %.1f" % (left, n * 8e-6 / (end - start), late * 8e-6 / (end - (since or start)))
END
# "down N": N bytes to the client; "up N": N bytes from it
cat "$TMP/receive.py" - >"$TMP/serve.py" <<'END'
import socket, threading, time
def serve(s):
    try:
        way, n = s.recv(100).split()
        n, chunk = int(n), bytearray(1 << 16)
        while way == b"down" and n > 0:
            n -= s.send(chunk[:n])
        if way == b"up":
            start = time.time()
            s.sendall(b"go")
            s.sendall(receive(s, n, start))
    except (OSError, ValueError):
        pass
    s.close()
l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("10.7.0.1", 8000))
l.listen(20)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
cat "$TMP/receive.py" - >"$TMP/transfer.py" <<'END'
import socket, sys, time
way, n = sys.argv[1], int(sys.argv[2])
start = time.time()
s = socket.create_connection(("10.7.0.1", 8000), 20)
s.settimeout(30)
s.sendall(b"%s %d" % (way.encode(), n))
if way == "down":
    answer = receive(s, n, start)
else:
    chunk, left = bytearray(1 << 16), n
    s.recv(2)
    while left > 0:
        left -= s.send(chunk[:left])
    answer = s.recv(100)
left, whole, late = answer.split()
if left != b"0":
    sys.exit("%s bytes are missing" % left.decode())
print(late.decode(), whole.decode())
END
chmod 644 "$TMP"/*.py

ROOTLESS="setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs"

# rate MODE up|down: Mbit/s after the first second, and of the whole, by $TUNNELS
rate() {
	# shellcheck disable=SC2086 # words
	phone timeout 60 $ROOTLESS ${SOCKETS[@]+"${SOCKETS[@]}"} "$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} \
		--mode "$1" "${TUNNELS[@]}" -- "$PYTHON" "$TMP/transfer.py" "$2" $SIZE 2>&1
}

# second COLUMN: of that column, the second figure from the top: of three the median; of two that are good,
# what a third cannot bring below the goal
second() { awk -v n="$1" '{ print $n }' | sort -rn | sed -n 2p; }
# enough: are both rates of all these transfers good?
enough() { awk -v goal=$GOAL -v whole=$WHOLE '$1 + 0 < goal || $2 + 0 < whole { bad = 1 } END { exit bad }'; }

# rates NAME: medians of three, and the smaller share of all transfers of a mode
rates() {
	local name=$1 way all before after
	for MODE in shadow inline; do
		before=$(transfer)
		for way in down up; do
			all=$(for _ in 1 2; do rate $MODE $way; done)
			enough <<<"$all" || all+=$'\n'$(rate $MODE $way)
			note "$name, $MODE, $way: $(awk '{ printf "%s (whole %s) ", $1, $2 }' <<<"$all")Mbit/s"
			at_least "$name, $MODE, $way, Mbit/s" "$(second 1 <<<"$all")" $GOAL
			at_least "$name, $MODE, $way, Mbit/s of the whole" \
				"$(second 2 <<<"$all")" $WHOLE
		done
		after=$(transfer)
		at_least "$name, $MODE, smaller share" \
			"$(awk '{ a = $3 - $1; b = $4 - $2; print int(100 * (a < b ? a : b) / (a + b)) }' <<<"$before $after")" 30
	done
}

# Bytes that the emulator has carried for each path, both ways
transfer() {
	"$TOP/testbed/phone" --id $ID status --json |
		jq -r '.emulator.links | [.[] | .up.bytes + .down.bytes] | @tsv'
}

SOCKETS=()
TUNNELS=(-i "wg:wlan0,conf=$WG/wlan.conf" -i "wg:rmnet0,conf=$WG/rmnet.conf")
background server "$PYTHON" "$TMP/serve.py"
SERVE=$LAST
wait_for 10 listens 8000
rates "to wireguard-go"
stop "$SERVE"
wg_stop

# Both ends by sockets of the parent's, since each must know the other's port: 8 and 9, bound to
# the addresses that are given
cat >"$TMP/sockets.py" <<'END'
import os, socket, sys
for n, address in (8, sys.argv[1]), (9, sys.argv[2]):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 51821))
    os.dup2(s.fileno(), n)
os.execvp(sys.argv[3], sys.argv[3:])
END
chmod 644 "$TMP/sockets.py"
# end NAME KEY ADDRESS PEER ALLOWED ENDPOINT: a file
end() {
	(umask 077 && cat >"$WG/$1.conf") <<-END
	[Interface]
	PrivateKey = $(cat "$WG/$2.key")
	Address = $3
	[Peer]
	PublicKey = $(cat "$WG/$4.pub")
	AllowedIPs = $5
	Endpoint = $6:51821
	END
	chown 65534 "$WG/$1.conf"
}
(umask 077 && wg genkey >"$WG/server2.key")
wg pubkey <"$WG/server2.key" >"$WG/server2.pub"
end c1 wlan 10.7.0.2/32 server 0.0.0.0/0 10.1.0.1
end c2 rmnet 10.7.0.3/32 server2 0.0.0.0/0 10.2.0.1
end s1 server 10.7.0.1/32 wlan 10.7.0.2/32 10.1.0.3
end s2 server2 10.7.0.4/32 rmnet 10.7.0.3/32 10.2.0.3
SOCKETS=("$PYTHON" "$TMP/sockets.py" 10.1.0.3 10.2.0.3)
TUNNELS=(-i "wg:fd=8,conf=$WG/c1.conf" -i "wg:fd=9,conf=$WG/c2.conf")
: >"$TMP/background.out"
# shellcheck disable=SC2086 # words
background server $ROOTLESS "$PYTHON" "$TMP/sockets.py" 10.1.0.1 10.2.0.1 "$PERSONA" run \
	${PERSONALITY:+-p "$PERSONALITY"} -i "wg:fd=8,conf=$WG/s1.conf" -i "wg:fd=9,conf=$WG/s2.conf" -- \
	"$PYTHON" "$TMP/serve.py"
if wait_for 20 grep -q ready "$TMP/background.out"; then
	rates "to the image"
else
	not_ok "the image as the server"
fi
sed 's/^/# | /' "$TMP/background.out"
done_testing
