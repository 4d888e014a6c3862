#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# soak.t - MPTCP's subflows come and go under load and loss: lockdep is silent, every sum is right.
#
#   phone: ten connections on the stack        server: MPTCP, port 8001, sums
#     wlan0  10.1.0.2 ==== 0.5 % loss ======= ap0    10.1.0.1
#     rmnet0 10.2.0.2 ==== 0.5 % loss ======= cell0  10.2.0.1
#
# For each scheduler and each congestion control that the debug image has, once: each of the ten sends
# blocks of random bytes and gets others back, all the time, both with their sums. Meanwhile the
# stack's MPTCP endpoints are deleted and added again, FLAPS times (default 500), mostly the
# second one; so subflows are closed amid their data, by both sides, and joined again.
# SOAK="NAME NAME" names the schedulers and congestion controls, in place of all.
#
# A connection may end with an error, since a peer that finds a path closed may reset; it is made
# again, and so many may do so. None may wait for 30 s, and no sum be wrong.
#
# image: linux-6.12-debug mptcp ./tests/personalities/planted
# runs: loads, long
# limit: 3000
# shellcheck source=tests/personalities/debug.sh
. "$(dirname "$0")/debug.sh"

FLAPS=${FLAPS:-500}
testbed_up --wlan 100mbit,3ms,0.5% --rmnet 60mbit,8ms,0.5%

# A block: number of bytes there, number of bytes back, the sum of those there
cat >"$TMP/blocks.py" <<'END'
import hashlib, socket, struct
HEAD = struct.Struct("!II32s")

def exactly(s, n):
    parts = []
    while n:
        data = s.recv(min(n, 1 << 18))
        if not data:
            raise ConnectionError("end of file amid a block")
        parts.append(data)
        n -= len(data)
    return b"".join(parts)

def sum32(data):
    return hashlib.sha256(data).digest()
END
cat >"$TMP/server.py" <<'END'
import os, socket, sys, threading
from blocks import HEAD, exactly, sum32

def serve(s):
    try:
        while True:
            there, back, total = HEAD.unpack(exactly(s, HEAD.size))
            if sum32(exactly(s, there)) != total:
                print("wrong sum at the server", flush=True)
            data = os.urandom(back)
            s.sendall(HEAD.pack(back, 0, sum32(data)) + data)
    except OSError:
        pass
    finally:
        s.close()

l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("", 8001))
l.listen(50)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
# client.py FLAPS: its last line is "BLOCKS WRONG ERRORS WAITED FLAPS SUBFLOWS HANG"
cat >"$TMP/client.py" <<'END'
import os, random, re, socket, subprocess, sys, threading, time
from blocks import HEAD, exactly, sum32
flaps = int(sys.argv[1])
random.seed(flaps)
over = threading.Event()
blocks, wrong, errors, waited = [0] * 10, [], [], []

def connection(i):
    while not over.is_set():
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        s.settimeout(30)
        try:
            s.connect(("10.1.0.1", 8001))
            while not over.is_set():
                data = os.urandom(random.randrange(1, 300000))
                s.sendall(HEAD.pack(len(data), random.randrange(1, 300000), sum32(data)) + data)
                back, _, total = HEAD.unpack(exactly(s, HEAD.size))
                if sum32(exactly(s, back)) != total:
                    wrong.append(i)
                blocks[i] += 1
        except TimeoutError:
            waited.append(i)
        except OSError as e:
            errors.append(str(e))
            time.sleep(0.05)
        finally:
            s.close()

def ip(*words):
    return subprocess.run(("ip",) + words, check=True, text=True, stdout=subprocess.PIPE).stdout

# "10.2.0.2 id 3 subflow dev rmnet0"
endpoints = [line.split() for line in ip("mptcp", "endpoint", "show").splitlines() if line.startswith("10.")]
endpoints.sort()
joined = 0
threads = [threading.Thread(target=connection, args=(i,)) for i in range(10)]
for t in threads:
    t.start()
time.sleep(1)
done = 0
for i in range(flaps):
    words = endpoints[0 if i % 7 == 0 else -1]
    addr, number = words[0], words[words.index("id") + 1]
    ip("mptcp", "endpoint", "delete", "id", number)
    time.sleep(random.uniform(0, 0.04))
    rest = [w for w in words[1:] if w in ("subflow", "signal", "backup", "fullmesh")]
    ip("mptcp", "endpoint", "add", addr, "dev", words[words.index("dev") + 1], "id", number, *rest)
    done += 1
    time.sleep(random.uniform(0.02, 0.1))
over.set()
for t in threads:
    t.join(120)
with open("/proc/net/netstat") as f:
    rows = [line.split() for line in f if line.startswith("MPTcpExt:")]
counts = dict(zip(rows[0][1:], map(int, rows[1][1:])))
print("errors:", *sorted(set(errors)))
print(min(blocks), len(wrong), len(errors), len(waited), done, counts["MPJoinSynAckRx"], sum(t.is_alive() for t in threads))
END
background server "$PYTHON" "$TMP/server.py"
wait_for 10 listens 8001

read_key() { on both -- cat "/proc/sys/net/$1" 2>/dev/null; }
if [ -z "${SOAK:-}" ]; then
	SOAK="$(read_key mptcp/available_schedulers) $(read_key ipv4/tcp_available_congestion_control)"
fi
note "schedulers and congestion controls: $SOAK"
schedulers=" $(read_key mptcp/available_schedulers) "
for name in $SOAK; do
	key=net.ipv4.tcp_congestion_control
	case $schedulers in *" $name "*) key=net.mptcp.scheduler ;; esac
	start=$SECONDS
	on both -v -o "$key=$name" -- timeout 600 "$PYTHON" "$TMP/client.py" "$FLAPS" >"$TMP/out" 2>"$TMP/log"
	is "$name: status" $? 0
	read -r blocks wrong errors waited flaps joined left < <(tail -n 1 "$TMP/out")
	note "$name: $((SECONDS - start)) s, at least ${blocks:-0} blocks each, ${joined:-0} subflows joined, ${errors:-0} errors"
	note "$name: $(grep ^errors "$TMP/out")"
	is "$name: flaps" "${flaps:-0}" "$FLAPS"
	is "$name: sums that are wrong" "${wrong:-?}" 0
	is "$name: times that a connection waited for 30 s" "${waited:-?}" 0
	is "$name: connections that hang" "${left:-?}" 0
	at_least "$name: blocks of each connection" "${blocks:-0}" 5
	at_least "$name: subflows joined" "${joined:-0}" "$FLAPS"
	at_most "$name: connections that ended with an error" "${errors:-999}" $((FLAPS / 10))
	is "$name: nothing to complain of" "$(complaints "$TMP/log" 60)" ""
done
is "sums at the server" "$(grep -c 'wrong sum' "$TMP/background.out")" 0
done_testing
