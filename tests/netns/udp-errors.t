#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# udp-errors.t - errors and time stamps of UDP: told, once, and all goes on.
#
#   phone: python on the stack               server: echo, at a port that is closed at first
#     wlan0  10.1.0.2 =====100mbit,2ms======== ap0  10.1.0.1
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

testbed_up --wlan 100mbit,2ms
server sysctl -qw net.ipv4.icmp_ratelimit=0

cat >"$TMP/echo.py" <<'END'
import os, socket, sys, time
while len(sys.argv) > 2 and not os.path.exists(sys.argv[2]):
    time.sleep(0.05)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
s.bind(('10.1.0.1', int(sys.argv[1])))
open(sys.argv[2] + '.ready' if len(sys.argv) > 2 else '/dev/null', 'w').close()
while True:
    data, peer = s.recvfrom(2000)
    s.sendto(data, peer)
END

# The peer comes back: calls without an address alone, which the supervisor does not see.
cat >"$TMP/back.py" <<'END'
import errno, os, select, socket, sys, time
port, start, recverr, way = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if recverr:
    s.setsockopt(socket.IPPROTO_IP, 11, 1)
s.setblocking(False)
e = select.epoll()
e.register(s, select.EPOLLIN | (select.EPOLLET if way == 'edge' else 0))
s.connect(('10.1.0.1', port))
if way == 'child':          # a copy in another process, and another number
    s = s.dup()
    if os.fork():
        os._exit(os.waitstatus_to_exitcode(os.wait()[1]))

def queue():
    n = 0
    while recverr:
        try:
            s.recvmsg(100, 500, socket.MSG_ERRQUEUE)
            n += 1
        except BlockingIOError:
            break
    return n

def step(text):
    told = []
    try:
        s.send(text)
    except ConnectionError:
        told.append('send')
        s.send(text)
    for wait in range(2):
        seen = dict(e.poll(0.4)).get(s.fileno() if way != 'child' else 3, 0)
        if seen & select.EPOLLERR:
            told.append('POLLERR')
        if way == 'queue' and seen & select.EPOLLERR:
            told.append('queue' if queue() else 'nothing')
        try:
            told.append(s.recv(100).decode())
            break
        except BlockingIOError:
            pass
        except ConnectionError:
            told.append('recv')
    return told

def until_there():
    time.sleep(0.2)         # the last question is refused first: its way takes 2 ms
    open(start, 'w').close()
    while not os.path.exists(start + '.ready'):
        time.sleep(0.05)

first = step(b'a') + step(b'b')
until_there()
if way != 'queue':
    queue()
step(b'c')
last = [step(b'%d' % i)[-1] for i in range(4)]
print('POLLERR' in first, 'recv' in first or 'queue' in first, *last)
END

port=7000
back() {
	local what=$1
	shift
	port=$((port + 1))
	background server "$PYTHON" "$TMP/echo.py" $port "$TMP/start$port"
	is "$MODE: $what" "$(on wlan -- timeout 20 "$PYTHON" "$TMP/back.py" $port "$TMP/start$port" "$@" 2>&1)" \
		"True True 0 1 2 3"
}

# Each error is told once, and each question gets its own answer, though the error queue is not
# read, or not wholly: "!" for each error that a call is told, then the answer, or "-".
cat >"$TMP/once.py" <<'END'
import os, socket, sys, time
port, start, way = int(sys.argv[1]), sys.argv[2], sys.argv[3]
s = socket.socket(socket.AF_INET6 if way == 'mapped' else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 11, 1)
peer = ('::ffff:10.1.0.1' if way == 'mapped' else '10.1.0.1', port)
s.connect(peer)
s.setblocking(False)

def call(f, *args):
    try:
        return f(*args)
    except ConnectionError:
        return '!'

def step(text):
    told = ''
    while call(s.sendto if way == 'sendto' else s.send, text,
               *((peer,) if way == 'sendto' else ())) == '!':
        told += '!'
    end = time.time() + 0.4
    while time.time() < end:
        try:
            got = call(s.recvfrom if way == 'sendto' else s.recv, 100)
        except BlockingIOError:
            time.sleep(0.02)
            continue
        if got != '!':
            return told + (got[0] if way == 'sendto' else got).decode()
        told += '!'
    return told + '-'

def read_one():
    try:
        s.recvmsg(100, 500, socket.MSG_ERRQUEUE)
        return 'read'
    except BlockingIOError:
        return 'empty'

seen = [step(b'a'), step(b'b')]
open(start, 'w').close()
while not os.path.exists(start + '.ready'):
    time.sleep(0.05)
if way == 'asked':          # calls that are told of errors, and of none that was told
    seen.append(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
seen += [step(b'%d' % i) for i in range(4)]
if way == 'queue':          # an error that follows in the queue is told again
    for i in range(3):
        seen += [read_one(), step(b'%d' % i), step(b'%d' % (i + 1))]
print(*seen)
END

once() {
	local what=$1 way=$2
	port=$((port + 1))
	background server "$PYTHON" "$TMP/echo.py" $port "$TMP/start$port"
	is "$MODE: $what" "$(on wlan -- timeout 20 "$PYTHON" "$TMP/once.py" $port "$TMP/start$port" "$way" 2>&1)" \
		"!- !- $3"
}

# A time stamp is told to plain calls here, once (docs/shadow.md), though it stays unread.
cat >"$TMP/unread.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 37, 2 | 16 | 128 | 2048)
s.connect(('10.1.0.1', int(sys.argv[1])))
s.settimeout(2)
seen = []
for i in range(5):
    s.send(b'%d' % i)
    told = ''
    while True:
        try:
            seen.append(told + s.recv(100).decode())
            break
        except ConnectionError:
            told += '!'
print(*seen)
END

# Time stamps of what was sent come by the error queue.
cat >"$TMP/stamp.py" <<'END'
import select, socket, struct, sys
way, port = sys.argv[1], int(sys.argv[2])
TX_SOFTWARE, SOFTWARE, OPT_ID, OPT_TSONLY = 2, 16, 128, 2048
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 37, TX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY)
if way != 'sendto':
    s.connect(('10.1.0.1', port))
p = select.epoll() if way == 'edge' else select.poll()
p.register(s, select.EPOLLET | select.EPOLLIN if way == 'edge' else 0)

def stamp():
    data, control, flags, peer = s.recvmsg(100, 500, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    kinds = [(level, kind) for level, kind, value in control]
    return (socket.SOL_SOCKET, 37) in kinds

seen = []
for i in range(3):
    s.sendto(b'ping', ('10.1.0.1', port)) if way == 'sendto' else s.send(b'ping')
    for j in range(10):
        events = dict(p.poll(1 if way == 'edge' else 1000)).get(s.fileno(), 0)
        if events & select.POLLERR:
            break
    seen.append(bool(events & select.POLLERR) and stamp())
    seen.append(dict(p.poll(0)).get(s.fileno(), 0) & select.POLLERR)
    s.settimeout(2)
    seen.append(s.recv(100).decode() if way != 'sendto' else s.recvfrom(100)[0].decode())
print(*seen)
END

# Nothing is lost while stamps are shown: each message that was taken arrives, in order.
cat >"$TMP/stream.py" <<'END'
import select, socket, sys, threading
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 37, 2 | 16 | 128 | 2048)
s.connect(('10.1.0.1', int(sys.argv[1])))
N, got = 2000, []
flow = threading.Semaphore(64)

def reader():
    while len(got) < N:
        try:
            got.append(int(s.recv(100)))
            flow.release()
        except ConnectionError:
            pass

t = threading.Thread(target=reader)
t.start()
for i in range(N):
    flow.acquire(timeout=3)
    while True:
        try:
            s.send(b'%d' % i)
            break
        except ConnectionError:
            pass
    try:
        s.recvmsg(100, 500, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except (BlockingIOError, ConnectionError):
        pass
t.join()
print(got == list(range(N)))
END

for MODE in shadow inline; do
	back "a refusal, then the peer is there: by recv" 0 level
	back "... with IP_RECVERR" 1 level
	back "... edge-triggered" 1 edge
	back "... the error queue is read" 1 queue
	[ "$MODE" = inline ] || back "... of a copy in a child" 1 child
	once "each error is told once, the error queue is not read" plain "0 1 2 3"
	once "... of an AF_INET6 socket" mapped "0 1 2 3"
	once "... SO_ERROR is asked for in between" asked "0 0 1 2 3"
	once "... by calls with an address" sendto "0 1 2 3"
	once "... and again for what follows in the queue" queue \
		"0 1 2 3 read !0 1 read 1 2 empty 2 3"
	port=$((port + 1))
	background server "$PYTHON" "$TMP/echo.py" $port
	wait_for 10 server sh -c "ss -Hlun sport = :$port | grep -q ."
	for way in send sendto edge; do
		is "$MODE: time stamps of sent messages, POLLERR ($way)" \
			"$(on wlan -- timeout 20 "$PYTHON" "$TMP/stamp.py" $way $port 2>&1)" \
			"True 0 ping True 0 ping True 0 ping"
	done
	[ "$MODE" = inline ] || is "$MODE: each is told once, unread" \
		"$(on wlan -- timeout 20 "$PYTHON" "$TMP/unread.py" $port 2>&1)" "!0 !1 !2 !3 !4"
	is "$MODE: no message is lost between them" \
		"$(on wlan -- timeout 60 "$PYTHON" "$TMP/stream.py" $port 2>&1)" True
done
done_testing
