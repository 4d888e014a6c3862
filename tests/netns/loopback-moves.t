#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# loopback-moves.t - what a socket had before it moved to the host's loopback moves along: epoll
# registrations, other numbers; copies in other processes follow.
#
#   phone: python on the stack; an echo server at the host's 127.0.0.1
#     wlan0  10.1.0.2 =====100mbit,2ms======== ap0  10.1.0.1   server: the same
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

testbed_up --wlan 100mbit,2ms

cat >"$TMP/echo.py" <<'END'
import socket, sys, threading
at = (sys.argv[1], 7000)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(at)
def datagrams():
    while True:
        data, peer = u.recvfrom(2000)
        u.sendto(data, peer)
threading.Thread(target=datagrams).start()
def stream(c):
    with c:
        while data := c.recv(2000):
            c.sendall(data)
s = socket.create_server(at, backlog=64)
while True:
    threading.Thread(target=stream, args=(s.accept()[0],)).start()
END

cat >"$TMP/moves.py" <<'END'
import errno, os, select, socket, struct, sys, threading, time
SERVER = ('127.0.0.1', 7000)
IN, OUT, ET, ONESHOT = select.EPOLLIN, select.EPOLLOUT, select.EPOLLET, select.EPOLLONESHOT
PEER = select.EPOLLRDHUP

def make(kind, blocking=False):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    s.setblocking(blocking)
    return s

def connect(s):
    try:
        s.connect(SERVER)
    except BlockingIOError:
        pass

def until(e, fd, bit, seconds=3):
    end = time.time() + seconds
    while time.time() < end:
        for got, events in e.poll(0.2):
            if got == fd and events & bit:
                return True
    return False

def events(kind, flags):
    s, e = make(kind), select.epoll()
    e.register(s, IN | OUT | PEER | flags)
    e.poll(0)
    connect(s)
    out = kind == 'udp' or until(e, s.fileno(), OUT)
    s.send(b'hello')
    got = until(e, s.fileno(), IN)
    data = s.recv(100).decode()
    e.modify(s, IN)
    s.send(b'more')
    again = until(e, s.fileno(), IN) and s.recv(100).decode()
    e.unregister(s)
    s.send(b'quiet')
    time.sleep(0.3)
    return out, got, data, again, e.poll(0)

def oneshot(kind):
    s, e = make(kind), select.epoll()
    e.register(s, IN | ONESHOT)
    e.poll(0)
    connect(s)
    e.modify(s, IN | ONESHOT)
    s.send(b'hello')
    return until(e, s.fileno(), IN), s.recv(100).decode()

def many(kind):
    """In several sets, by several numbers; one is closed."""
    s, sets = make(kind), [select.epoll() for i in range(3)]
    t = s.dup()
    v = t.dup()
    sets[0].register(s, IN)
    sets[1].register(t, IN | ET)
    sets[2].register(s, IN)
    sets[2].register(v, IN)
    for e in sets:
        e.poll(0)
    connect(s)
    sets[0].modify(s, IN)
    t.send(b'hello')
    seen = [until(sets[0], s.fileno(), IN), until(sets[1], t.fileno(), IN),
            sorted(fd == s.fileno() for fd, ev in sets[2].poll(1))]
    numbers = [x.recv(1).decode() for x in (s, t, v)]
    s.close()
    t.send(b'!')
    time.sleep(0.3)
    return seen, numbers, until(sets[2], v.fileno(), IN), v.recv(9)

def waiting(kind):
    """A thread sleeps in epoll_wait() meanwhile."""
    s, e, seen = make(kind), select.epoll(), []
    e.register(s, IN | PEER | ET)
    t = threading.Thread(target=lambda: seen.append(until(e, s.fileno(), IN, 5)))
    t.start()
    time.sleep(0.2)
    connect(s)
    while True:
        try:
            s.send(b'hello')
            break
        except OSError:
            time.sleep(0.05)
    t.join()
    return seen, s.recv(9).decode()

def bound():
    """bind() moves, too."""
    l, e, c = make('tcp'), select.epoll(), make('tcp', True)
    e.register(l, IN | ET)
    d = l.dup()
    l.bind(('127.0.0.1', 0))
    l.listen()
    e.poll(0)
    c.connect(d.getsockname())
    return until(e, l.fileno(), IN), d.accept()[0].fileno() > 2

def child(kind):
    """A copy in a child, that was made before: it follows at a call that has an address."""
    s, (r, w) = make(kind, True), os.pipe()
    pid = os.fork()
    if not pid:
        os.read(r, 1)
        t = s.dup()
        peer = t.getpeername()[1]
        t.send(b'hello')
        s.settimeout(3)
        print(peer, s.recv(100).decode(), flush=True)
        os._exit(0)
    s.connect(SERVER)
    os.write(w, b'x')
    return os.waitpid(pid, 0)[1]

def again():
    """On the stack: a socket that was refused and connects again keeps its places."""
    s, e = make('tcp'), select.epoll()
    e.register(s, IN | OUT | ET)
    t = s.dup()
    for port in 9, 7000:
        while True:
            try:
                s.connect(('10.1.0.1', port))
            except BlockingIOError:
                pass
            except ConnectionAbortedError:      # Linux: of the attempt before
                continue
            break
        until(e, s.fileno(), OUT)
        err = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    t.send(b'hello')
    return err, until(e, s.fileno(), IN), t.recv(9).decode()

def highest():
    """Whatever the number, even one that the supervisor uses, or above its own."""
    s, e = make('tcp'), select.epoll()
    seen = []
    for number in 20, 500, 3000:
        os.dup2(s.fileno(), number)
        e.register(number, IN | ET)
    connect(s)
    s.setblocking(True)
    s.send(b'x')
    time.sleep(0.3)
    return sorted(fd for fd, ev in e.poll(1))

def crowd(kind, n):
    """Many: it takes a second or two, not minutes, and each is told of its answer."""
    e, idle = select.epoll(), [os.dup(1) for i in range(n)]
    start, socks, told = time.time(), [], 0
    for i in range(n):
        s = make(kind, True)
        if i % 10 == 0:
            e.register(s, IN)
        s.connect(SERVER)
        s.send(b'%d' % i)
        if i % 10:
            e.register(s, IN)
        told += until(e, s.fileno(), IN)
        e.unregister(s)
        socks.append(s)
    return told, time.time() - start < 15

print(*eval(sys.argv[1]))
END

try() { on wlan -- timeout 20 "$PYTHON" "$TMP/moves.py" "$1" 2>&1; }

background phone "$PYTHON" "$TMP/echo.py" 127.0.0.1
background server "$PYTHON" "$TMP/echo.py" 10.1.0.1
wait_for 10 phone nc -z 127.0.0.1 7000
wait_for 10 server nc -z 10.1.0.1 7000
ulimit -n 4096
for MODE in shadow inline; do
	for kind in tcp udp; do
		for flags in 0 ET; do
			is "$MODE: epoll before connect(), $kind, ${flags/0/level}" \
				"$(try "events('$kind', $flags)")" "True True hello more []"
		done
		is "$MODE: ... EPOLLONESHOT, $kind" "$(try "oneshot('$kind')")" "True hello"
		is "$MODE: ... while a thread waits, $kind" "$(try "waiting('$kind')")" "[True] hello"
	done
	is "$MODE: several sets and numbers" "$(try "many('tcp')")" \
		"[True, True, [False, True]] ['h', 'e', 'l'] True b'lo!'"
	is "$MODE: epoll and dup() before bind()" "$(try "bound()")" "True True"
	is "$MODE: numbers of all sizes" "$(try "('', highest())")" " [20, 500, 3000]"
	is "$MODE: very many sockets, in seconds" "$(try "crowd('udp', 1800)")" "1800 True"
	is "$MODE: refused, connected again" "$(try "set(again() for i in range(6))")" "(0, True, 'hello')"
done
MODE=shadow
for kind in tcp udp; do
	is "shadow: a copy in a child follows, $kind" "$(try "('parent', child('$kind'))")" \
		"7000 hello
parent 0"
done
done_testing
