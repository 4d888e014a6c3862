#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-ip6.t - tunnels of the stack's own whose outer packets are IPv6: both families inside, silent
# loss of a path, another address of the host.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go, MPTCP
#     wlan0  10.7.0.2 fd07::2 ==tunnel=========== 10.7.0.1 fd07::1
#     rmnet0 10.7.0.3 fd07::3 ==tunnel===========
#   outside: fd01::3 - fd01::1, fd02::3 - fd02::1 (wg.sh)
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need setpriv

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up --psk --ip6
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf

cat >"$TMP/serve.py" <<'END'
import socket, threading
def serve(s):
    try:
        n = int(s.recv(100))
        while n > 0:
            n -= s.send(bytes(min(n, 1 << 16)))
    except (OSError, ValueError):
        pass
    s.close()
l = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
l.bind(("::", 8000))
l.listen(20)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
cat >"$TMP/fetch.py" <<'END'
import socket, sys, time
host, n = sys.argv[1], int(sys.argv[2])
s = socket.create_connection((host, 8000), 20)
s.sendall(b"%d" % n)
s.settimeout(30)
got, silence, last = 0, 0, 0
while data := s.recv(1 << 16):
    now = time.time()
    silence, last, got = max(silence, now - last if last else 0), now, got + len(data)
print("bytes %d silence %d ms" % (got, silence * 1000))
END
chmod 644 "$TMP"/*.py
background server "$PYTHON" "$TMP/serve.py"
wait_for 10 listens 8000

fetch() { # MODE HOST BYTES
	phone timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
		"$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$1" -i "wg:wlan0,conf=$WG/wlan.conf" \
		-i "wg:rmnet0,conf=$WG/rmnet.conf" -- "$PYTHON" "$TMP/fetch.py" "$2" "$3" 2>&1
}
received() { wg_peer "$1" transfer | cut -d' ' -f2; } # PATH: bytes that the server has sent by it
silence() { sed -n 's/.*silence \([0-9]*\).*/\1/p' "$TMP/fetch.out"; }

for MODE in shadow inline; do
	for host in 10.7.0.1 fd07::1; do
		wlan=$(received wlan) rmnet=$(received rmnet)
		out=$(fetch $MODE $host 15000000)
		matches "$MODE: a download of 15 MB from $host" "$out" '^bytes 15000000 silence'
		at_least "$MODE: of it by wlan's tunnel, bytes" $(($(received wlan) - wlan)) 3000000
		at_least "$MODE: of it by rmnet's tunnel, bytes" $(($(received rmnet) - rmnet)) 3000000
	done
	matches "$MODE: the server is asked by IPv6" "$(wg_peer wlan endpoints) $(wg_peer rmnet endpoints)" \
		'^\[fd01::3\]:[0-9]+ \[fd02::3\]:[0-9]+$'

	fetch $MODE fd07::1 40000000 >"$TMP/fetch.out" &
	pid=$!
	sleep 2
	"$TOP/testbed/phone" --id "$ID" state wlan drop
	sleep 3
	wlan=$(received wlan)
	"$TOP/testbed/phone" --id "$ID" state wlan up
	sleep 2
	at_least "$MODE: a path that was dead is used 2 s after its return, bytes" $(($(received wlan) - wlan)) 100000
	wait $pid
	matches "$MODE: a silent loss" "$(cat "$TMP/fetch.out")" '^bytes 40000000 silence'
	at_most "$MODE: silence after it, ms" "$(silence)" 1500

	fetch $MODE fd07::1 30000000 >"$TMP/fetch.out" &
	pid=$!
	sleep 2
	phone ip address add fd01::9/64 dev wlan0 nodad
	phone ip address del fd01::3/64 dev wlan0
	wait $pid
	matches "$MODE: the host's address changes" "$(cat "$TMP/fetch.out")" '^bytes 30000000 silence'
	at_most "$MODE: silence after that, ms" "$(silence)" 1500
	matches "$MODE: the server hears the new address" "$(wg_peer wlan endpoints)" '^\[fd01::9\]:'
	phone ip address add fd01::3/64 dev wlan0 nodad
	phone ip address del fd01::9/64 dev wlan0
done
done_testing
