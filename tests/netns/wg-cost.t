#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-cost.t - what two tunnels of the stack's own cost beside two paths without: memory, and time at
# the start; and how large an image with them is.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go
#     wlan0  10.7.0.2 ==tunnel=========== 10.7.0.1
#     rmnet0 10.7.0.3 ==tunnel===========
#     or two socket pairs whose other ends are silent, the least that a path can be
#   outside: 10.1.0.3 - 10.1.0.1, 10.2.0.3 - 10.2.0.1 (wg.sh)
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need setpriv

testbed_up --host-ip --unshaped
wg_up --psk
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf

for name in linux-6.12 linux-6.1; do
	image=$TOP/build/personalities/$name.so
	[ ! -e "$image" ] || at_most "$name: bytes of the image" "$(stat -c %s "$image")" 6000000
done

# cost.py WLAN.CONF RMNET.CONF PERSONA...: for pairs and for tunnels, kB of the stack's memory and of
# the process' own, the least of four runs, and the shortest of 30 starts in ms, in turn: what else
# the machine does makes them longer
cp "$TOP/tests/netns/memory.py" "$TMP/memory.py"
cat >"$TMP/cost.py" <<'END'
import memory, socket, subprocess, sys, time
wlan, rmnet, *persona = sys.argv[1:]
ends = [s for _ in range(2) for s in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)]
pairs = [end.fileno() for end in ends[::2]]
ways = {"pairs": ["fd:%d,ip=10.7.0.%d/24" % (fd, i + 2) for i, fd in enumerate(pairs)],
        "tunnels": ["wg:wlan0,conf=" + wlan, "wg:rmnet0,conf=" + rmnet]}
USE = """
import os, socket, time
for n in 2, 3:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.7.0.%d" % n, 0))
    s.sendto(b"x", ("10.7.0.1", 9))
time.sleep(0.5)
print(os.getppid(), flush=True)
time.sleep(30)
"""
def start(way, *command, **more):
    return subprocess.Popen([*persona, "-i", ways[way][0], "-i", ways[way][1], "--", *command], pass_fds=pairs, **more)
def lasted(way):
    began = time.monotonic()
    start(way, "true").wait()
    return (time.monotonic() - began) * 1e3
least = dict.fromkeys(ways, 1e9)
for _ in range(30):
    for way in ways:
        least[way] = min(least[way], lasted(way))
def held(way):
    run = start(way, sys.executable, "-c", USE, stdout=subprocess.PIPE)
    pid = int(run.stdout.readline())
    kb = memory.stack_kb(pid), memory.rest_kb(pid)
    run.terminate()
    run.wait()
    return kb
for way in ways:
    print(way, *map(min, zip(*[held(way) for _ in range(4)])), "%.1f" % least[way])
END
phone timeout 60 "$PYTHON" "$TMP/cost.py" "$WG/wlan.conf" "$WG/rmnet.conf" \
	"$(command -v setpriv)" --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "$PERSONA" run >"$TMP/cost" 2>"$TMP/err"
sed 's/^/# /' "$TMP/err"
read -r _ stack rest plain_ms < <(grep ^pairs "$TMP/cost")
read -r _ stack2 rest2 ms < <(grep ^tunnels "$TMP/cost")
note "pairs: ${stack:=0} kB of the stack's memory and ${rest:=0} kB beside it, $plain_ms ms"
note "tunnels: ${stack2:=0} kB and ${rest2:=0} kB, $ms ms"
at_least "what a run holds, kB" $((stack + rest)) 10000
# 1 MB, and by how much such figures differ from one run to the next
at_most "two tunnels: kB more" $((stack2 + rest2 - stack - rest)) 1100
at_most "two tunnels: ms more at the start" "$(awk "BEGIN { print ${ms:-99} - ${plain_ms:-0} }")" 10
done_testing
