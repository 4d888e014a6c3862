#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stall.t - MPTCP over a path that stutters: out-of-order data fills the buffer, and nothing stands.
#
#   phone: client on the stack                server: bulk, small messages, bulk
#     wlan0  10.1.0.2 ======================= ap0    10.1.0.1
#     rmnet0 10.2.0.2 == stops, goes on ===== cell0  10.2.0.1
#
# The link emulator of rmnet0 is stopped for 150 ms and continued for 50 ms, again and again. What
# came by wlan0 meanwhile waits, out of order, for what is under way on rmnet0. With messages of
# 200 bytes it takes six times its size of memory, so that the receive buffer is full when the
# missing piece comes (arch/lkl/net/mptcp.c). Then bulk with eight pauses of 120 ms, where a window
# that shrinks makes the sender go beyond it.
#
# runs: alone, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
testbed_up --unshaped
EMULATOR=$(pgrep -f -- "-c /run/persona-testbed/$ID/ctl")

cat >"$TMP/server.py" <<'END'
import socket, threading

def serve(c):
    try:
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for count, size in eval(c.makefile().readline()):
            block = bytes(size)
            for _ in range(count):
                c.sendall(block)
        c.shutdown(socket.SHUT_WR)
        c.recv(1)
    except OSError as e:
        print(e, flush=True)
    c.close()

s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 8000))
s.listen(4)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
cat >"$TMP/client.py" <<'END'
import socket, sys, time
plan = eval(sys.argv[1])
c = socket.create_connection(("10.1.0.1", 8000), timeout=15)
c.sendall(repr(plan).encode() + b"\n")
n = worst = stood = 0
last = time.time()
while True:
    try:
        data = c.recv(1 << 16)
    except OSError as e:
        sys.exit("nothing came for 15 s after %d bytes: %s" % (n, e))
    gap = time.time() - last
    worst, last, stood = max(worst, gap), last + gap, stood + gap * (gap > 0.1)
    if not data:
        break
    n += len(data)
print("whole" if n == sum(a * b for a, b in plan) else "short", round(worst, 2), round(stood, 2))
END
background server "$PYTHON" "$TMP/server.py"
wait_for 10 listens 8000 || note "the server did not start"

# stutter PAUSE GO TIMES
stutter() {
	local i
	for ((i = 0; i < $3; i++)); do
		kill -STOP "$EMULATOR" && sleep "$1"
		kill -CONT "$EMULATOR" && sleep "$2"
	done
}

# round NAME PLAN PAUSE GO TIMES: FIGURES is "whole WORST-GAP TIME-IN-GAPS"
round() {
	local name=$1 plan=$2 beat
	shift 2
	background stutter "$@"
	beat=$LAST
	FIGURES=$(on both -o "net.ipv4.tcp_rmem=4096 131072 1048576" -- timeout 60 "$PYTHON" "$TMP/client.py" "$plan" 2>"$TMP/err")
	is "$name: status" $? 0
	sed 's/^/# | /' "$TMP/err" | tail -n 3
	stop "$beat"
	kill -CONT "$EMULATOR"
	note "$name: $FIGURES"
	is "$name: the stream is" "${FIGURES%% *}" whole
}

for MODE in shadow inline; do
	for i in 1 2 3; do
		round "$MODE, small messages $i" "[(512, 65536), (30000, 200), (256, 65536)]" 0.15 0.05 300
		at_most "$MODE, small messages $i: longest gap, s" "$(cut -d' ' -f2 <<<"$FIGURES")" 1
	done
	round "$MODE, bulk" "[(16384, 65536)]" 0.12 0.2 8
	at_most "$MODE, bulk: gaps together, s" "$(cut -d' ' -f3 <<<"$FIGURES")" 3
done
done_testing
