#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-stress.t - shadow mode with thousands of connections: none is lost, nothing leaks;
# how connections end.
#
#   phone: PROGRAMS on the stack                      server: host kernel
#     wlan0  10.1.0.2 fd01::2 ===500mbit,1ms========= ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===500mbit,1ms========= cell0  10.2.0.1 fd02::1
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl nc mptcpize
testbed_up --wlan 500mbit,1ms --rmnet 500mbit,1ms

answers() { wait_for 10 server nc -z -w 1 "$2" "$1"; } # PORT ADDRESS

cat >"$TMP/echo.py" <<'END'
import asyncio, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4000, 4000))
async def echo(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()
async def main():
    await asyncio.start_server(echo, sys.argv[1], int(sys.argv[2]), backlog=1000)
    await asyncio.Event().wait()
asyncio.run(main())
END
# COUNT connections, PARALLEL at a time; each sends some, wants it back, closes.
cat >"$TMP/ask.py" <<'END'
import asyncio, os, random, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4000, 4000))
address, port, count, parallel = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
left, bad, noise = count, [], os.urandom(200000)

async def one():
    reader, writer = await asyncio.open_connection(address, port)
    size = random.choice((1, 100, 1400, 5000, 40000))
    at = random.randrange(len(noise) - size)
    writer.write(noise[at:at + size])
    if random.random() < 0.5:
        writer.write_eof()
        got = await reader.read(-1)
    else:
        got = await reader.readexactly(size)
    writer.close()
    assert got == noise[at:at + size], "%d of %d bytes" % (len(got), size)

async def worker():
    global left
    while left > 0:
        left -= 1
        try:
            await asyncio.wait_for(one(), 15)
        except Exception as e:
            bad.append(repr(e))

async def main():
    await asyncio.gather(*(worker() for _ in range(parallel)))
asyncio.run(main())
print(count, len(bad), *sorted(set(bad)))
END

# What persona with this process id holds: descriptors, memory in KiB
holds() { ls "/proc/$1/fd" | wc -l; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
back_to() { [ "$(holds "$1")" -le "$2" ]; } # PID COUNT

crowds() {
	local pid before memory_before way options peer
	for way in MPTCP TCP; do
		options=() peer=(server mptcpize run)
		[ $way = MPTCP ] || options=(--no-mptcp) peer=(server)
		background on both "${options[@]}" -- "$PYTHON" "$TMP/echo.py" "$WLAN4" 7000
		pid=$LAST
		answers 7000 "$WLAN4"
		is "server, $way: 300 connections" "$("${peer[@]}" timeout 40 "$PYTHON" "$TMP/ask.py" "$WLAN4" 7000 300 50 2>&1)" "300 0"
		sleep 0.5
		before=$(holds "$pid")
		memory_before=$(memory "$pid")
		is "server, $way: 3000 connections, 200 at a time" \
			"$("${peer[@]}" timeout 40 "$PYTHON" "$TMP/ask.py" "$WLAN4" 7000 3000 200 2>&1)" "3000 0"
		if [ -z "$NATIVE" ]; then
			check "server, $way: no descriptor is left of them" wait_for 5 back_to "$pid" "$before"
			note "descriptors: $before, then $(holds "$pid")"
			at_least "server, $way: KiB to spare of 65536 that persona may have grown by" \
				$((65536 + memory_before - $(memory "$pid"))) 0
		fi
		stop "$pid"
	done
	background server mptcpize run "$PYTHON" "$TMP/echo.py" 10.1.0.1 7000
	pid=$LAST
	wait_for 10 listens 7000
	is "client, MPTCP: 2000 connections, 100 at a time" \
		"$(on both -- timeout 50 "$PYTHON" "$TMP/ask.py" 10.1.0.1 7000 2000 100 2>&1)" "2000 0"
	at_least "of these, connections that the server saw as MPTCP" \
		"$(server nstat -asz MPTcpExtMPCapableACKRX | awk '/MPCapable/ { print $2 }')" 2000
	is "client, TCP: 2000 connections, 100 at a time" \
		"$(on wlan --no-mptcp -- timeout 50 "$PYTHON" "$TMP/ask.py" 10.1.0.1 7000 2000 100 2>&1)" "2000 0"
	stop "$pid"
}

# Three stacks at a time on one interface
neighbours() {
	local i pids=()
	[ -z "$NATIVE" ] || return
	background server "$PYTHON" "$TMP/echo.py" 10.1.0.1 7000
	local pid=$LAST
	wait_for 10 listens 7000
	for i in 11 12 13; do
		WLAN_IF=packet:wlan0,ip=10.1.0.$i/24 on wlan -- timeout 40 \
			"$PYTHON" "$TMP/ask.py" 10.1.0.1 7000 300 20 >"$TMP/n$i" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	is "three stacks on one interface" "$(cat "$TMP/n11" "$TMP/n12" "$TMP/n13" | sort -u)" "300 0"
	stop "$pid"
}

# ---- datagrams ----

cat >"$TMP/udp.py" <<'END'
"""COUNT datagrams to an echo server, ten under way at a time; how many came back?"""
import asyncio, os, sys
address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

class Ask(asyncio.DatagramProtocol):
    def datagram_received(self, data, peer):
        waiting.pop(data[:8]).set_result(data)
waiting = {}

async def worker(transport, n):
    good = 0
    for i in range(n):
        data = os.urandom(8 + 13 * (i % 100))
        waiting[data[:8]] = future = asyncio.get_running_loop().create_future()
        transport.sendto(data)
        try:
            good += await asyncio.wait_for(future, 2) == data
        except asyncio.TimeoutError:
            pass
    return good

async def main():
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Ask, remote_addr=(address, port))
    print(sum(await asyncio.gather(*(worker(transport, count // 10) for _ in range(10)))))
asyncio.run(main())
END
cat >"$TMP/udpecho.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
END

datagrams() {
	local pid a
	for a in "$WLAN4" "$WLAN6"; do
		background on both -- "$PYTHON" "$TMP/udpecho.py" "$a" 7001
		pid=$LAST
		sleep 1
		is "UDP server, $a: 5000 datagrams" "$(server timeout 30 "$PYTHON" "$TMP/udp.py" "$a" 7001 5000 2>&1)" 5000
		stop "$pid"
	done
	background server "$PYTHON" "$TMP/udpecho.py" 10.1.0.1 7001
	pid=$LAST
	sleep 0.5
	is "UDP client: 5000 datagrams" "$(on wlan -- timeout 30 "$PYTHON" "$TMP/udp.py" 10.1.0.1 7001 5000 2>&1)" 5000
	stop "$pid"
}

# ---- how connections end ----

# On the stack: what it is told to do with its connection. On the host: what that looks like.
cat >"$TMP/end.py" <<'END'
import os, signal, socket, struct, sys, time
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind((sys.argv[1], 7002))
l.listen()
while True:
    s, _ = l.accept()
    how = s.recv(1)
    if how == b"l":     # linger 0: reset
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == b"u":   # unread data: reset
        time.sleep(0.3)
    elif how == b"h":   # half-close, and the peer goes on
        s.shutdown(socket.SHUT_WR)
        n = 0
        while data := s.recv(1000):
            n += len(data)
        print("after my end:", n, flush=True)
    elif how == b"k":   # a killed process
        if not (pid := os.fork()):
            time.sleep(60)
        s.close()
        time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        continue
    elif how == b"c":   # the last of two copies is closed
        t = s.dup()
        s.close()
        time.sleep(0.2)
        t.send(b"still open")
        t.close()
        continue
    s.close()
END
cat >"$TMP/look.py" <<'END'
import socket, sys, time
s = socket.create_connection((sys.argv[1], 7002), 5)
s.send(sys.argv[2].encode())
if sys.argv[2] == "u":
    s.send(b"never read")
start = time.time()
try:
    got = []
    while data := s.recv(100):
        got.append(data.decode())
    print("end", *got, end=" ")
except OSError as e:
    print(e.strerror, end=" ")
if sys.argv[2] == "h":
    s.sendall(bytes(100000))
print("late" if time.time() - start > 2 else "soon")
END

endings() {
	local pid
	: >"$TMP/background.out"
	background on wlan --no-mptcp -- "$PYTHON" "$TMP/end.py" "$WLAN4"
	pid=$LAST
	answers 7002 "$WLAN4"
	look() { server timeout 20 "$PYTHON" "$TMP/look.py" "$WLAN4" "$1" 2>&1; }
	is "an orderly end" "$(look x)" "end soon"
	is "SO_LINGER 0" "$(look l)" "Connection reset by peer soon"
	is "closed with unread data" "$(look u)" "Connection reset by peer soon"
	is "half-closed" "$(look h)" "end soon"
	wait_for 5 grep -q 'after my end' "$TMP/background.out"
	is "and it received what came after" "$(grep -h 'after my end' "$TMP/background.out")" "after my end: 100000"
	is "the process is killed" "$(look k)" "end soon"
	is "the second copy is closed" "$(look c)" "end still open soon"
	stop "$pid"
}

crowds
neighbours
datagrams
endings
done_testing
