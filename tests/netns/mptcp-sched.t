#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mptcp-sched.t - MPTCP's packet schedulers: rate, latency, silence, and the option that chooses them.
#
#   phone: flow on the stack, sends                     server: flow, host kernel, receives
#     wlan0  10.1.0.2 ===50mbit,10ms,queue 100ms=== ap0    10.1.0.1
#     rmnet0 10.2.0.2 ===30mbit,25ms,queue 100ms=== cell0  10.2.0.1
#   latency: both lose 2 %.  small window: rmnet0 5mbit,100ms, the server's window 300 kB
#
# A transfer is data of a known sum, which the receiver checks. Its rate is that of all but the first
# two seconds (slow start); the better of two runs counts (two busy processors), and of times the
# median of three (no third one if two are good). The network loses nothing but where a test says so,
# so no data is to be sent again by MPTCP (MPTCPRetrans).
#
# runs: alone, long
# limit: 600
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
need jq
testbed_up --wlan 50mbit,10ms --rmnet 30mbit,25ms
NAMES=$(on wlan -- cat /proc/sys/net/mptcp/available_schedulers 2>/dev/null)
case " $NAMES " in
*" redundant "*) ;;
*) skip_all "this image has no schedulers of ours: ${NAMES:-its MPTCP has only one}" ;;
esac
DEFAULT=$(on wlan -- cat /proc/sys/net/mptcp/scheduler)

cat >"$TMP/flow.py" <<'END'
# flow.py receive PORT | bulk PORT MB SCHEDULER... | messages PORT SECONDS SCHEDULER
# With several schedulers, the socket has them in turn, for 50 ms each.
import hashlib, json, socket, struct, sys, time
what, port = sys.argv[1], int(sys.argv[2])
SOL_MPTCP, MPTCP_SCHEDULER = 284, 0x5001
def choose(s, name):
    s.setsockopt(SOL_MPTCP, MPTCP_SCHEDULER, name.encode())
def counter(name):
    with open("/proc/net/netstat") as f:
        lines = [line.split() for line in f if line.startswith("MPTcpExt:")]
    return int(dict(zip(*lines))[name])
def receive():
    l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(("10.1.0.1", port))
    l.listen(1)
    s = l.accept()[0]
    s.settimeout(30)
    sum_, n, start, skipped, now, last, gap, late, rest = hashlib.sha256(), 0, time.time(), None, 0, None, 0, [], b""
    while data := s.recv(1 << 18):
        now = time.time()
        n += len(data)
        sum_.update(data)
        if skipped is None and now - start > 2:
            skipped, since = n, now
        gap, last = max(gap, now - (last or now)), now
        if n < 1 << 20:
            rest += data
            while len(rest) >= 200:
                late.append(time.monotonic() - struct.unpack_from("d", rest)[0])
                rest = rest[200:]
    late.sort()
    print(json.dumps({"sum": sum_.hexdigest(), "gap": round(gap * 1000), "p99": round(late[len(late) * 99 // 100] * 1000, 1) if n < 1 << 20 else 0,
                      "mbit": round((n - skipped) * 8e-6 / (now - since), 1) if skipped else 0}))
def send():
    s = socket.create_connection(("10.1.0.1", port), 10)
    s.settimeout(20)
    names, sum_ = sys.argv[4:], hashlib.sha256()
    choose(s, names[0])
    start = time.time()
    if what == "messages":
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(int(float(sys.argv[3]) * 50)):
            time.sleep(max(0, start + i / 50 - time.time()))
            data = struct.pack("d", time.monotonic()) + bytes(192)
            sum_.update(data)
            s.sendall(data)
    else:
        piece = hashlib.shake_256(b"flow").digest(1 << 20)
        for i in range(int(sys.argv[3])):
            data = piece[i:] + piece[:i]
            sum_.update(data)
            for at in range(0, len(data), 1 << 17):
                s.sendall(data[at:at + (1 << 17)])
                if len(names) > 1:
                    choose(s, names[int((time.time() - start) * 20) % len(names)])
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
    print(json.dumps({"sum": sum_.hexdigest(), "retrans": counter("MPTCPRetrans"), "joins": counter("MPJoinSynAckRx"),
                      "ended": round(time.time() - start, 2)}))
receive() if what == "receive" else send()
END

# flow KIND MB|SECONDS SCHEDULER... [paths in $PATHS]: one transfer; $got, $sent: what both ends say.
# The next run has another port.
PORT=7000
PATHS=both
flow() {
	local kind=$1 amount=$2 server
	shift 2
	PORT=$((PORT + 1))
	server "$PYTHON" "$TMP/flow.py" receive $PORT >"$TMP/got" 2>"$TMP/got.err" &
	server=$!
	STARTED+=("$server")
	wait_for 10 listens $PORT
	sent=$(on $PATHS -- timeout 60 "$PYTHON" "$TMP/flow.py" "$kind" $PORT "$amount" "$@" 2>"$TMP/sent.err") ||
		note "$(tail -n 1 "$TMP/sent.err")"
	wait "$server"
	got=$(cat "$TMP/got")
}
of() { jq -r ".$2 // empty" <<<"$1" 2>/dev/null; }

# right NAME: the last transfer's data has arrived as it was sent, by both paths, once
right() {
	[ -n "$(of "$sent" sum)" ] && [ "$(of "$got" sum)" = "$(of "$sent" sum)" ] || { not_ok "$1: the data's sum"; return; }
	[ "$(of "$sent" joins)" != 0 ] || { not_ok "$1: there was one path only"; return; }
	is "$1: its sum is right, nothing was sent again" "retrans $(of "$sent" retrans)" "retrans 0"
}

# fast NAME SCHEDULER MB LEAST OF: percent of OF Mbit/s
fast() {
	local best=0 percent
	for _ in 1 2; do
		flow bulk "$3" "$2"
		percent=$(awk "BEGIN { printf \"%.1f\", 100 * $(of "$got" mbit || echo 0) / $5 }")
		note "$1: $got $sent"
		best=$(awk "BEGIN { print ($percent > $best) ? $percent : $best }")
		awk "BEGIN { exit !($best >= $4) }" && break
	done
	at_least "$1, percent of $5 Mbit/s" "$best" "$4"
}

alone() { PATHS=wlan flow bulk "$1" default; of "$got" mbit; }
link() { "$TOP/testbed/phone" --id $ID "$@"; }
# Bytes that went up by WiFi and by cellular
carried() { link status --json | jq -r '.emulator.links | "\(.wlan0.up.bytes) \(.rmnet0.up.bytes)"'; }
# Of three figures the median; of two that are good, what a third cannot bring above the bound
second() { sort -n "$1" | sed -n 2p; }
# enough FILE MOST: are there two figures, and none above that?
enough() { awk -v most="$2" '$1 == "" || $1 > most { bad = 1 } END { exit bad || NR < 2 }' "$1"; }

# ---- the option ----
cat >"$TMP/option.py" <<'END'
import errno, socket, sys
def ask(s):
    return s.getsockopt(284, 0x5001, 16).rstrip(b"\0").decode()
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
said = [ask(s)]
for name in sys.argv[1:]:
    s.setsockopt(284, 0x5001, name.encode())
    said.append(ask(s))
try:
    s.setsockopt(284, 0x5001, b"nosuch")
except OSError as e:
    said.append(errno.errorcode[e.errno])
six = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
six.setsockopt(284, 0x5001, b"ecf\0" + bytes(5000))
print(*said, ask(s), ask(six))
END
for MODE in inline shadow; do
	# shellcheck disable=SC2086 # names
	is "$MODE: the option sets and gets, of IPv4 and IPv6 sockets" \
		"$(on wlan -- "$PYTHON" "$TMP/option.py" $NAMES 2>&1)" "$DEFAULT $NAMES ENOENT ${NAMES##* } ecf"
done
MODE=inline

# ---- two paths without loss ----
for s in $NAMES; do
	case $s in redundant | handover) continue ;; esac
	fast "$s, 50 + 30 Mbit/s" "$s" 40 90 80
	right "$s"
done
best=$(alone 25)
fast "redundant, WiFi alone" redundant 25 95 "$best"
right redundant
read -r w0 r0 <<<"$(carried)"
fast "handover, WiFi alone" handover 25 95 "$best"
right handover
read -r w1 r1 <<<"$(carried)"
at_most "handover, percent by the other path" "$(awk "BEGIN { printf \"%.2f\", 100 * ($r1 - $r0) / ($w1 + $r1 - $w0 - $r0) }")" 5
flow messages 1 redundant
at_most "redundant: the connection's end, milliseconds after the last message" \
	"$(awk "BEGIN { printf \"%d\", 1000 * ($(of "$sent" ended) - 0.98) }")" 150

# ---- small messages of the default, WiFi has the shorter way ----
# other: percent that the last flow sent by cellular, between what $TMP/before and $TMP/after have
other() { paste -d ' ' "$TMP/before" "$TMP/after" | awk '{ printf "%.1f\n", 100 * ($4 - $2) / ($3 + $4 - $1 - $2 + 1) }'; }
carried >"$TMP/before"
flow messages 4 "$DEFAULT"
carried >"$TMP/after"
right "$DEFAULT, messages"
at_most "$DEFAULT, messages: percent by the other path" "$(other)" 10
(sleep 1; link set wlan 50mbit,150ms; sleep 1.5; link set wlan 50mbit,10ms; sleep 4; carried >"$TMP/before"; sleep 1.5; carried >"$TMP/after") &
spell=$!
flow messages 8.5 "$DEFAULT"
wait $spell
[ "$(of "$got" sum)" = "$(of "$sent" sum)" ] || not_ok "$DEFAULT, a spell of delay: the data's sum"
at_most "$DEFAULT, messages: percent by the other path 4 s after a spell of delay" "$(other)" 10

# ---- WiFi falls silent ----
declare -A MOST=([redundant]=60 [handover]=200)
for s in redundant handover; do
	for _ in 1 2 3; do
		(sleep 1.5; link state wlan drop; sleep 2; link state wlan up; sleep 2; carried >"$TMP/before"; sleep 1; carried >"$TMP/after") &
		silence=$!
		flow messages 7.5 $s
		wait $silence
		note "$s: $got $sent"
		of "$got" gap >>"$TMP/$s.gaps"
		[ "$(of "$got" sum)" = "$(of "$sent" sum)" ] || not_ok "$s, silence: the data's sum"
		other >>"$TMP/$s.other"
		enough "$TMP/$s.gaps" "${MOST[$s]}" && { [ $s = redundant ] || enough "$TMP/$s.other" 5; } && break
	done
done
at_most "redundant: longest wait for a message, ms" "$(second "$TMP/redundant.gaps")" "${MOST[redundant]}"
at_most "handover: longest wait for a message, ms" "$(second "$TMP/handover.gaps")" "${MOST[handover]}"
at_most "handover: percent by the other path 2 s after WiFi's return" "$(second "$TMP/handover.other")" 5

# ---- both paths lose 2 % ----
link set wlan 50mbit,10ms,2%
link set rmnet 30mbit,25ms,2%
for _ in 1 2 3; do
	flow messages 8 redundant
	note "redundant, 2 % loss: $got $sent"
	of "$got" p99 >>"$TMP/p99"
	enough "$TMP/p99" 35 && break
done
at_most "redundant: 99 of 100 messages one way within ms, both paths lose 2 %" "$(second "$TMP/p99")" 35
# shellcheck disable=SC2086 # names
flow bulk 8 $NAMES
is "a socket that changes its scheduler all the time, 2 % loss: the data's sum" "$(of "$got" sum)" "$(of "$sent" sum)"

# ---- a small receive window, a slow path ----
link set wlan 50mbit,10ms,0%
link set rmnet 5mbit,100ms,0%
server sysctl -qw net.ipv4.tcp_rmem="4096 131072 600000"
best=$(alone 25)
for s in blest ecf "$DEFAULT"; do
	fast "$s, small window, WiFi alone" "$s" 25 90 "$best"
done
done_testing
