#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-rekey.t - WireGuard's keys are renewed every two minutes, and nobody notices: a download of
# 140 s by each mode at a time, no half second of which is below half of its rate.
#
#   phone: a reader on the stack, user 65534            server: wireguard-go, 4 Mbit/s to each
#     shadow: wlan0  10.7.0.2 ==tunnel, 50mbit,10ms==== 10.7.0.1
#     inline: rmnet0 10.7.0.3 ==tunnel, 30mbit,25ms====
#
# runs: waits, long
# limit: 400
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need setpriv

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up --psk
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf

SECONDS_LONG=140
# Every 20 ms 10 KB
cat >"$TMP/pace.py" <<'END'
import socket, threading, time
def serve(s):
    begin, n = time.monotonic(), 0
    try:
        while True:
            s.sendall(bytes(10000))
            n += 1
            time.sleep(max(0, begin + n * 0.02 - time.monotonic()))
    except OSError:
        pass
l = socket.create_server(("10.7.0.1", 9000))
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
cat >"$TMP/read.py" <<'END'
import socket, sys, time
s = socket.create_connection(("10.7.0.1", 9000), 20)
begin, halves = time.monotonic(), {}
while (now := time.monotonic()) < begin + int(sys.argv[1]):
    halves[int((now - begin) * 2)] = halves.get(int((now - begin) * 2), 0) + len(s.recv(65536))
counts = [halves.get(i, 0) for i in range(1, 2 * int(sys.argv[1]) - 1)]
usual = sorted(counts)[len(counts) // 2]
def worst(first):
    at = min(range(first, len(counts)), key=counts.__getitem__)
    return counts[at] * 100 // usual, at / 2
# Keys are renewed after 120 s; what tests beside this one do can stop it at other times.
print("usual %d worst %d at %.1f s (of all %d at %.1f s)" % (usual, *worst(2 * 110), *worst(0)))
END
chmod 644 "$TMP"/*.py
background server "$PYTHON" "$TMP/pace.py"
wait_for 10 listens 9000

reader() { # MODE SPEC
	phone timeout 200 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
		"$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$1" -i "$2" -- "$PYTHON" "$TMP/read.py" $SECONDS_LONG
}
began=$(date +%s)
reader shadow "wg:wlan0,conf=$WG/wlan.conf" >"$TMP/shadow.out" 2>&1 &
shadow=$!
reader inline "wg:rmnet0,conf=$WG/rmnet.conf" >"$TMP/inline.out" 2>&1 &
inline=$!
wait $shadow $inline
for MODE in shadow inline; do
	path=wlan
	[ $MODE = shadow ] || path=rmnet
	note "$MODE: $(cat "$TMP/$MODE.out")"
	at_least "$MODE: bytes of a usual half second" "$(sed -n 's/^usual \([0-9]*\) .*/\1/p' "$TMP/$MODE.out")" 200000
	at_least "$MODE: the worst half second, % of it" "$(sed -n 's/^usual [0-9]* worst \([0-9]*\) .*/\1/p' "$TMP/$MODE.out")" 50
	at_least "$MODE: the keys were renewed, s after the first" $(($(wg_peer $path latest-handshakes) - began)) 100
done
done_testing
