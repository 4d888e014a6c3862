#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# coalesce.t - small sends without a pause become few large frames, and the last of them leaves
# although the program makes no further call.
#
#   phone: sender.py on the stack               server: receiver.py, host kernel
#     wlan0  10.1.0.2 ========================== ap0    10.1.0.1 :9000
#
# The receiver says how many bytes came until it had heard nothing for a while: the
# sender computes meanwhile, its connection open.
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
testbed_up --unshaped

SENDS=20000 SIZE=64 PAUSE=3

cat >"$TMP/receiver.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)  # MPTCP, and TCP for who asks for it
s.bind(("10.1.0.1", 9000))
s.listen()
while True:
    c, _ = s.accept()
    got, last, quiet = 0, 0.0, False
    c.settimeout(1)
    try:
        while data := c.recv(1 << 20):
            got += len(data)
    except TimeoutError:
        quiet = True
    with open(sys.argv[1], "w") as f:
        f.write("%d %s\n" % (got, "open" if quiet else "closed"))
    c.close()
END
cat >"$TMP/sender.py" <<'END'
import socket, sys, time
sends, size, nodelay, pause = (int(a) for a in sys.argv[1:])
s = socket.create_connection(("10.1.0.1", 9000))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
time.sleep(0.1)
data, send = b"x" * size, s.send
for _ in range(sends):
    send(data)
end = time.monotonic() + pause
while time.monotonic() < end:
    pass
END
background server "$PYTHON" "$TMP/receiver.py" "$TMP/got"
wait_for 10 server ss -Hltn 'sport = :9000'

frames() { phone cat /sys/class/net/wlan0/statistics/tx_packets; }

# stream TEXT NODELAY OPTION...
stream() {
	local text=$1 nodelay=$2 before
	shift 2
	rm -f "$TMP/got"
	before=$(frames)
	check "$text: it sends" on wlan "$@" -- timeout 20 "$PYTHON" "$TMP/sender.py" $SENDS $SIZE "$nodelay" $PAUSE
	is "$text: all came while the program computed" "$(cat "$TMP/got")" "$((SENDS * SIZE)) open"
	at_most "$text: frames for $SENDS sends" $(($(frames) - before)) $((SENDS / 4))
}

for nodelay in 0 1; do
	stream "TCP, TCP_NODELAY $nodelay" $nodelay --no-mptcp
	stream "MPTCP, TCP_NODELAY $nodelay" $nodelay
done

# With a pause between them each is a frame of its own, at once.
cat >"$TMP/apart.py" <<'END'
import socket, time
s = socket.create_connection(("10.1.0.1", 9000))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for _ in range(100):
    s.send(b"x" * 64)
    time.sleep(0.002)
END
before=$(frames)
check "sends with pauses: it sends" on wlan --no-mptcp -- timeout 20 "$PYTHON" "$TMP/apart.py"
at_least "sends with pauses: frames for 100 of them" $(($(frames) - before)) 100
done_testing
