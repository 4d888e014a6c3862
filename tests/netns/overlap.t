#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# overlap.t - a retransmission that repeats bytes and goes on behind them costs no byte.
#
#   phone: a reader on the stack          server: a TCP of the test's own, on a raw socket
#     wlan0  10.1.0.2 =================== ap0   10.1.0.1:9000
#
# The server does not speak MPTCP, so the connection falls back to TCP. It cuts its segments by
# chance: each begins before, or at, the end of the one before it, as after a retransmission with
# another segment size, and a part of them arrives in the wrong order. The last one has the FIN.
# The reader compares every byte.
#
# runs: sleeps
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

testbed_up --unshaped

# server.py N: N connections in turn; says of each how much was acknowledged
cat >"$TMP/server.py" <<'END'
import random, socket, struct, sys, time
PORT, HERE = 9000, socket.inet_aton("10.1.0.1")
SIZE = 60000
STREAM = b"".join(struct.pack("!I", i) for i in range(SIZE // 4))
FIN, SYN, ACK = 1, 2, 16
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
random.seed(7)
waiting = []


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def send(peer, port, seq, ack, flags, data=b"", options=b""):
    def segment(check):
        return struct.pack("!HHIIBBHHH", PORT, port, seq & 0xffffffff, ack & 0xffffffff,
                           (20 + len(options)) * 4, flags, 65535, check, 0) + options + data
    pseudo = HERE + peer + struct.pack("!BBH", 0, 6, 20 + len(options) + len(data))
    raw.sendto(segment(checksum(pseudo + segment(0) + b"\0" * (len(data) % 2))), (socket.inet_ntoa(peer), 0))


def receive(timeout, port=None):
    """One segment to us: peer, its port, sequence number, acknowledged, flags, bytes of data; or None.
    With a port, from there: a SYN of the next connection waits, and another one's FIN is answered."""
    if waiting and not port:
        return waiting.pop()
    raw.settimeout(timeout)
    try:
        while True:
            packet = raw.recv(65536)
            tcp = packet[(packet[0] & 15) * 4:]
            sport, dport, seq, ack, offset, flags = struct.unpack("!HHIIBB", tcp[:14])
            got = packet[12:16], sport, seq, ack, flags, len(tcp) - (offset >> 4) * 4
            if dport != PORT:
                continue
            if sport == port or not port:
                return got
            if flags == SYN:
                waiting[:] = [got]
            elif flags & FIN:
                send(got[0], sport, ack, seq + got[5] + 1, ACK)
    except TimeoutError:
        return None


def wanted(flags):
    while (got := receive(20))[4] != flags:
        pass
    return got


def cut():
    cuts, end = [], 0
    while end < SIZE:
        start = max(0, end - random.choice((0, 0, 1, 4, 700, 1400)))
        end = min(SIZE, max(end + 1, start + random.randrange(1, 1400)))
        cuts.append((start, end))
    return cuts


for _ in range(int(sys.argv[1])):
    peer, port, seq = wanted(SYN)[:3]
    iss, theirs = random.getrandbits(32), seq + 1
    send(peer, port, iss, theirs, SYN | ACK, options=struct.pack("!BBH", 2, 4, 1460))
    wanted(ACK)
    cuts, acked, ended, until = cut(), 0, False, time.time() + 20
    while (acked <= SIZE or not ended) and time.time() < until:
        some = [c for c in cuts if c[1] > acked][:8] or cuts[-1:]
        if random.random() < 0.3:
            random.shuffle(some)
        for start, end in some:
            send(peer, port, iss + 1 + start, theirs, ACK | (FIN if end == SIZE else 0), STREAM[start:end])
            while got := receive(0.02, port):
                acked = max(acked, (got[3] - iss - 1) & 0xffffffff)
                if got[4] & FIN:
                    theirs, ended = got[2] + got[5] + 1, True
    send(peer, port, iss + SIZE + 2, theirs, ACK)
    print("acknowledged %d" % acked, flush=True)
receive(5, -1)                  # answers what is sent again
END

# reader.py N: so many streams, whole?
cat >"$TMP/reader.py" <<'END'
import socket, struct, sys
WANT = b"".join(struct.pack("!I", i) for i in range(15000))
for n in range(int(sys.argv[1])):
    s = socket.create_connection(("10.1.0.1", 9000), 20)
    got = b""
    while data := s.recv(65536):
        got += data
    at = next((i for i in range(min(len(got), len(WANT))) if got[i] != WANT[i]), None)
    print("stream %d: %d bytes, %s" % (n, len(got), "as sent" if at is None else "other ones from %d on" % at))
    s.close()
END

# The kernel does not know the test's connections, and would reset them.
server nft -f - <<'END'
table ip overlap {
	chain out {
		type filter hook output priority 0
		tcp sport 9000 tcp flags & rst == rst drop
	}
}
END

for MODE in shadow inline; do
	background server "$PYTHON" "$TMP/server.py" 4
	sender=$LAST
	on wlan -- timeout 100 "$PYTHON" "$TMP/reader.py" 4 >"$TMP/out" 2>&1
	is "$MODE: status" $? 0
	is "$MODE: streams" "$(cat "$TMP/out")" "$(printf 'stream %d: 60000 bytes, as sent\n' 0 1 2 3)"
	stop "$sender"
done
done_testing
