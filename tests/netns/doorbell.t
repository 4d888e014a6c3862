#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# doorbell.t - answers to several events leave together, and none waits for a slow program.
#
#   phone: server.py on the stack, inline         server: asker.py, host kernel
#     wlan0  10.1.0.2 :9000 ====================== ap0    10.1.0.1
#
# The asker has many connections and asks on all of them at once; the server waits by epoll and
# answers one after the other. How many system calls sent the frames is counted by strace.
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need strace
persona_only
testbed_up --unshaped
# shellcheck disable=SC2034 # lib.sh's
MODE=inline

# server.py SECONDS: lets questions gather, answers, and computes for so long between two answers
cat >"$TMP/server.py" <<'END'
import select, socket, sys, time
slow = float(sys.argv[1])
l = socket.socket()
l.bind(("", 9000))
l.listen(100)
e = select.epoll()
e.register(l, select.EPOLLIN)
conns = {}
while True:
    e.poll()
    time.sleep(0.005)
    events = e.poll()
    for i, (fd, _) in enumerate(events):
        if fd == l.fileno():
            c = l.accept()[0]
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conns[c.fileno()] = c
            e.register(c, select.EPOLLIN)
        elif data := conns[fd].recv(100):
            conns[fd].send(data)
            end = time.monotonic() + slow
            while i + 1 < len(events) and time.monotonic() < end:
                pass
        else:
            sys.exit()
END

# asker.py CONNECTIONS ROUNDS: prints the questions, the answers, and the longest wait for a
# round's first answer, in ms
cat >"$TMP/asker.py" <<'END'
import select, socket, sys, time
n, rounds = int(sys.argv[1]), int(sys.argv[2])
conns = [socket.create_connection(("10.1.0.2", 9000)) for _ in range(n)]
p = select.poll()
for c in conns:
    p.register(c, select.POLLIN)
time.sleep(0.3)
got, first = 0, 0
for r in range(rounds):
    for c in conns:
        c.send(b"%d" % r)
    start, left = time.monotonic(), n
    while left:
        for fd, _ in p.poll(5000):
            if left == n:
                first = max(first, time.monotonic() - start)
            c = next(c for c in conns if c.fileno() == fd)
            got += c.recv(100) == b"%d" % r
            left -= 1
print(n * rounds, got, round(first * 1000))
END
says() { "$@" >"$TMP/out" 2>&1; }

# ask SECONDS CONNECTIONS ROUNDS [PREFIX...]: $ASKED, $ANSWERED, $FIRST
ask() {
	local slow=$1 n=$2 rounds=$3 pid
	shift 3
	background on wlan --no-mptcp -- "$@" "$PYTHON" "$TMP/server.py" "$slow"
	pid=$LAST
	sleep 1
	read -r ASKED ANSWERED FIRST <<<"$(server timeout 40 "$PYTHON" "$TMP/asker.py" "$n" "$rounds" 2>&1 | tail -n 1)"
	wait "$pid"
}

ask 0 50 40 strace -f -qq -o "$TMP/calls" -e trace=sendmmsg
is "a turn of many events: answers" "$ANSWERED" "$ASKED"
at_most "... system calls that sent frames, for $ASKED answers" "$(grep -c 'sendmmsg(.*=' "$TMP/calls")" \
	$((ASKED * 3 / 4))

# The first of two answers leaves although the program makes no call for half a second. The server
# lets questions gather for 5 ms; the stack's own timers would send it within 20 ms.
best=999
for _ in 1 2 3 4 5; do
	ask 0.5 2 1
	[ "$ANSWERED" = "$ASKED" ] || note "$ANSWERED of $ASKED answers"
	[ "$FIRST" -ge "$best" ] || best=$FIRST
done
at_most "a program that computes between answers: ms until the first, best of 5" "$best" 12

# What is held back when the program ends, or becomes another, leaves, too.
cat >"$TMP/last.py" <<'END'
import os, select, socket, sys, time
socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
e = select.epoll()
for i, s in enumerate(socks):
    s.bind(("", 9100 + i))
    e.register(s, select.EPOLLIN)
print("ready", flush=True)
while len(e.poll()) < 4:
    time.sleep(0.001)
for s in socks:
    data, peer = s.recvfrom(100)
    s.sendto(data, peer)
if sys.argv[1] == "exec":
    os.execv("/bin/true", ["true"])
os._exit(0)
END
cat >"$TMP/four.py" <<'END'
import socket
socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
got = 0
for i, s in enumerate(socks):
    s.settimeout(2)
    s.sendto(b"x", ("10.1.0.2", 9100 + i))
for s in socks:
    try:
        got += s.recv(10) == b"x"
    except TimeoutError:
        s.settimeout(0.01)
print(got)
END
for end in _exit exec; do
	got=0
	for _ in 1 2 3 4 5; do
		rm -f "$TMP/out"
		background says on wlan --no-mptcp -- "$PYTHON" "$TMP/last.py" $end
		wait_for 10 grep -q ready "$TMP/out" || note "the server is not ready"
		got=$((got + $(server timeout 20 "$PYTHON" "$TMP/four.py")))
		wait "$LAST"
	done
	is "datagrams sent before $end: answers" $got 20
done
done_testing
