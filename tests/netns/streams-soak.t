#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# streams-soak.t - slow readers, resets, lost paths: every stream is whole or ends with an error.
#
#   phone: the driver on the stack             server: counts for TCP (8000) and MPTCP (8001)
#     wlan0  10.1.0.2 ======================== ap0    10.1.0.1
#     rmnet0 10.2.0.2 ======================== cell0  10.2.0.1
#
# SOAK_SECONDS (default 90) are shared by two runs, shadow and inline, with MPTCP sockets and the
# default memory: what goes to port 8000 falls back to TCP. In each, one program holds dozens of
# connections at a time and makes new ones as they end:
#
#   get      the server sends N bytes and closes: exactly those N, then the end of file
#   slow     the same, read in small pieces with pauses, or after some seconds: all buffers fill
#   put      N bytes are sent; the server answers with its count and a sum over them
#   reset    the server sends N bytes and resets: the bytes that come are the right ones, and then
#            there is an error, never an end of file
#            (a peer may reset others, too, when a path is lost early: two in a thousand at most)
#   leave    the server sends, nobody reads, the program closes after a while
#
# Meanwhile a path is lost for a second or two, now with its carrier, now silently. Each third of
# the time all ends, and the driver waits until the stack has no socket left: one that was closed
# while its path was lost lingers for a minute, with all its data. Then it compares its own and the
# stack's descriptors, sockets and memory with the first third's. SOAK_SEED repeats a sequence.
#
# runs: loads, long
# limit: 1000
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

testbed_up --unshaped
SOAK_SECONDS=${SOAK_SECONDS:-90}
SEED=${SOAK_SEED:-$RANDOM}
note "$SOAK_SECONDS s, SOAK_SEED=$SEED"

# What a stream's byte is depends on its place: 4-byte counters
cat >"$TMP/pattern.py" <<'END'
import array
LONGEST = 24 << 20
PATTERN = memoryview(array.array("I", range(LONGEST // 4)).tobytes())
END

cp "$(dirname "$0")/memory.py" "$TMP/memory.py"

# server.py TCP-PORT MPTCP-PORT: a line "get|reset N" or "put N", a thread per connection
cat >"$TMP/server.py" <<'END'
import hashlib, socket, struct, sys, threading
from pattern import PATTERN

def serve(s):
    try:
        f = s.makefile("rb")
        what, size = f.readline().split()
        size = int(size)
        if what == b"put":
            h, n = hashlib.blake2b(), 0
            while n < size and (data := f.read1(1 << 16)):
                h.update(data)
                n += len(data)
            s.sendall(b"%d %s\n" % (n, h.hexdigest().encode()))
        else:
            s.sendall(PATTERN[:size])
            if what == b"reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except (OSError, ValueError):
        pass
    finally:
        f.close()
        s.close()

def listen(port, proto):
    l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto)
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(("", port))
    l.listen(500)
    while True:
        threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()

threading.stack_size(256 << 10)
threading.Thread(target=listen, args=(int(sys.argv[1]), 0), daemon=True).start()
listen(int(sys.argv[2]), 262)
END

# driver.py SECONDS SEED STACK: STACK is the process that holds the stack, or 0 for this one
cat >"$TMP/driver.py" <<'END'
import errno, hashlib, memory, os, random, re, selectors, socket, sys, time
from pattern import PATTERN
seconds, seed = float(sys.argv[1]), int(sys.argv[2])
random.seed(seed)
sel = selectors.DefaultSelector()
# Seconds without a byte. A path's loss lasts two; but a connection whose last subflow was reset waits a
# minute for another one (net.mptcp.close_timeout), and then ends with an error.
PATIENCE = 90
KINDS = {"get": 6, "slow": 40, "put": 4, "reset": 4, "leave": 10}
# Bytes at a time, seconds between, seconds before the first
SLOW = (16384, 0.02, 0), (65536, 0.05, 1), (1 << 20, 0.5, 0), (1 << 21, 0, 3), (1 << 21, 0, 6)
done = dict.fromkeys(KINDS, 0)
bad, failed = [], []        # streams that are wrong; those that ended with an error


def differ(data, off):
    """Where data is not the pattern at off, and of which place its bytes are."""
    data = bytes(data)
    at = next((i for i in range(len(data)) if data[i] != PATTERN[off + i]), len(data))
    at += -(off + at) % 4
    places = [int.from_bytes(data[i:i + 4], sys.byteorder) * 4 for i in range(at, at + 16, 4)]
    back = next((i for i in range(at, len(data), 4) if data[i:i + 4] == PATTERN[off + i:off + i + 4]), None)
    return "a piece of %d, at %d are those of %s, right again at %s" % (len(data), off + at, places, back and off + back)


class Stream:
    def __init__(self, kind, small):
        self.kind, self.port = kind, random.choice((8000, 8001))
        self.size = random.randrange(1, 64 << 10 if small else 24 << 20) // 4 * 4 + 4
        self.piece, self.pause, self.first = 1 << 18, 0, 0
        if kind == "slow":
            self.piece, self.pause, self.first = random.choice(SLOW)
            self.size = min(self.size, int(self.piece / (self.pause or 1) * 10)) // 4 * 4 + 4
        self.off, self.due, self.moved, self.answer = 0, 0, time.time(), b""
        self.leave = time.time() + random.uniform(0.5, 4)
        self.s = socket.socket()
        self.s.setblocking(False)
        self.state = "connecting"
        self.s.connect_ex(("10.1.0.1", self.port))
        sel.register(self.s, selectors.EVENT_WRITE, self)

    def tell(self, how):
        bad.append("%s of %d bytes, port %d: %s at byte %d" % (self.kind, self.size, self.port, how, self.off))
        return True

    def seen(self):
        """What the stack says of it."""
        if sys.argv[3] not in ("shadow", "inline"):
            return None
        here = "%s:%d" % self.s.getsockname()[:2]
        return [c for c in memory.show(stack())["connections"] if c["local"] == here]

    def over(self, now):
        """Called now and then: is it? For those who do not wait for an event."""
        if self.kind == "leave" and now > self.leave:
            return True
        if self.state == "paused" and now > self.due:
            self.state = "reading"
            sel.register(self.s, selectors.EVENT_READ, self)
        if self.kind == "reset" and now - self.moved > 20:
            return True         # a reset is sent once, and may be lost with its path
        if now - self.moved > PATIENCE and self.kind != "leave":
            print("#", self.seen(), flush=True)
            return self.tell("stands still")
        return False

    def event(self):
        """Take what there is. Has the stream come to its end?"""
        try:
            return getattr(self, self.state)()
        except BlockingIOError:
            return False
        except OSError as e:
            if self.kind == "leave" or self.kind == "reset" and e.errno == errno.ECONNRESET:
                return True
            failed.append("%s, port %d: %s at byte %d" % (self.kind, self.port, e.strerror, self.off))
            return True

    def connecting(self):
        error = self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        what = "get" if self.kind in ("slow", "leave") else self.kind
        self.s.send(b"%s %d\n" % (what.encode(), self.size))
        self.moved = time.time()
        if self.kind == "put":
            self.state = "writing"
        elif self.kind == "leave":
            self.state = "waiting"
            sel.unregister(self.s)
        else:
            self.state, self.due = "paused", self.moved + self.first
            sel.unregister(self.s)
        return False

    def writing(self):
        self.off += self.s.send(PATTERN[self.off:min(self.off + self.piece, self.size)])
        self.moved = time.time()
        if self.off == self.size:
            self.state = "answered"
            sel.modify(self.s, selectors.EVENT_READ, self)
        return False

    def answered(self):
        data = self.s.recv(1000)
        self.answer += data
        if data:
            return False
        want = b"%d %s\n" % (self.size, hashlib.blake2b(PATTERN[:self.size]).hexdigest().encode())
        return self.answer == want or self.tell("the server got %r" % self.answer[:40])

    def reading(self):
        data = self.s.recv(self.piece)
        now = self.moved = time.time()
        if not data:
            if self.kind != "reset" and self.off == self.size:
                return True
            return self.tell("end of file")
        if data != PATTERN[self.off:self.off + len(data)]:
            return self.tell("other bytes: %s" % differ(data, self.off))
        self.off += len(data)
        if self.off > self.size:
            return self.tell("too many bytes")
        if self.pause and self.off < self.size:
            self.state, self.due = "paused", now + self.pause
            sel.unregister(self.s)
        return False

    def end(self):
        if self.s in sel.get_map():
            sel.unregister(self.s)
        self.s.close()


def load(until):
    live = []
    while live or time.time() < until:
        now = time.time()
        if now < until:
            for kind, n in KINDS.items():
                if sum(c.kind == kind for c in live) < n:
                    live.append(Stream(kind, random.random() < 0.5))
        over = [c for c in live if c.over(now)]
        for key, _ in sel.select(0.01):
            if key.data not in over and key.data.event():
                over.append(key.data)
        for c in over:
            done[c.kind] += 1
            c.end()
            live.remove(c)


def sockets():
    """Of the stack, used and orphaned, TCP's and MPTCP's."""
    text = open("/proc/net/protocols").read()
    mptcp = sum(int(n) for n in re.findall(r"^MPTCP(?:v6)?\s+\d+\s+(\d+)", text, re.M))
    text = open("/proc/net/sockstat").read()
    return int(re.search(r"TCP: inuse (\d+)", text).group(1)) + mptcp


def stack():
    pid = os.getpid()
    if sys.argv[3] == "shadow":
        while open("/proc/%d/comm" % pid).read().strip() != "persona":
            pid = int(re.search(r"PPid:\s*(\d+)", open("/proc/%d/status" % pid).read()).group(1))
    return pid


def measure():
    return {"descriptors": len(os.listdir("/proc/%d/fd" % stack())), "sockets": sockets(),
            "stack kB": memory.stack_kb(stack()) if sys.argv[3] in ("shadow", "inline") else 0,
            "rest kB": memory.rest_kb(stack())}


def quiet():
    """Wait until all sockets have gone. What is left is told."""
    until = time.time() + 100
    while sockets() and time.time() < until:
        time.sleep(1)
    if sockets() and sys.argv[3] in ("shadow", "inline"):
        print("# |", memory.show(stack())["connections"], flush=True)
    return measure()


def main():
    grown, first = [], None
    for part in range(3):
        load(time.time() + seconds / 3)
        got = quiet()
        print("# %s %s" % (", ".join("%s %d" % i for i in got.items()), done), flush=True)
        if not first:
            first = dict(got, sockets=0)
        for key, share, spare in (("descriptors", 0, 3), ("sockets", 0, 2), ("stack kB", 0.15, 4096),
                                  ("rest kB", 0.15, 8192)):
            grown += memory.grown(first, got, key, share, spare)
    for kind in "MPTcpExt:", "TcpExt:":
        netstat = [line.split() for line in open("/proc/net/netstat") if line.startswith(kind)]
        print("#", " ".join("%s %s" % i for i in zip(*netstat) if i[1] != "0"))
    for b in bad[:10]:
        print("# | " + b)
    for f in failed[:10]:
        print("# | error:", f)
    print("damaged: %d" % len(bad))
    print("errors in thousand: %d" % (len(failed) * 1000 // sum(done.values())))
    print("grown: %s" % (", ".join(grown) or "nothing"))
    print("least of a kind: %d" % min(done.values()))


main()
END

# A path is lost for a while, again and again: wlan0 with its carrier, rmnet0 silently or with it
cat >"$TMP/paths.sh" <<'END'
phone=$1 id=$2
wlan() { ip -n "persona-server-$id" link set ap0 "$1"; }
rmnet() { "$phone" --id "$id" state rmnet "$1"; }
while :; do
	for blow in "wlan down" "rmnet drop" "rmnet down"; do
		sleep 4
		$blow
		sleep 1.5
		"${blow% *}" up
	done
done
END

background server "$PYTHON" "$TMP/server.py" 8000 8001
server=$LAST
wait_for 10 listens 8001 || note "the server did not start"

# soak MODE
soak() {
	local half=$((SOAK_SECONDS / 2)) out=$TMP/soak.out paths
	# shellcheck disable=SC2034 # lib.sh's
	MODE=$1
	background bash "$TMP/paths.sh" "$TOP/testbed/phone" "$ID"
	paths=$LAST
	on both --linger 5 -- timeout --kill-after=5 $((half + 400)) \
		"$PYTHON" "$TMP/driver.py" $half "$SEED" "${NATIVE:-$1}" >"$out" 2>"$TMP/err"
	is "$1: status" $? 0
	# Without it all that follows is its own fault, not a stream's
	if kill -0 "$server"; then ok "$1: the server has lived"; else
		not_ok "$1: the server has lived"
		tail -n 5 "$TMP/background.out" | sed 's/^/# | /'
	fi
	stop "$paths"
	server ip link set ap0 up
	"$TOP/testbed/phone" --id "$ID" state rmnet up
	grep '^#' "$out"
	sed 's/^/# | /' "$TMP/err" | tail -n 5
	is "$1: streams that were cut short, stood still or had other bytes" \
		"$(grep '^damaged' "$out")" "damaged: 0"
	at_most "$1: streams that ended with an error, of 1000" \
		"$(sed -n 's/^errors in thousand: //p' "$out")" 2
	is "$1: descriptors, sockets, memory have grown by" "$(grep '^grown' "$out")" "grown: nothing"
	at_least "$1: streams of each kind" "$(sed -n 's/^least of a kind: //p' "$out")" 10
}

soak shadow
soak inline
done_testing
