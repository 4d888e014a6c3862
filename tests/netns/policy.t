#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# policy.t - which path carries data, both ways and in both modes, and live changes of that.
#
#   phone: PROGRAM on the stack                 server: MPTCP of the host's kernel
#     wlan0  10.1.0.2 === 50 Mbit/s, 10 ms ======= ap0    10.1.0.1 :8000
#     rmnet0 10.2.0.2 === 30 Mbit/s, 25 ms ======= cell0  10.2.0.1
#
# Shares are of the bytes that the links have carried in the direction of the transfer, by the
# emulator's account. That the server was told is seen in its own counter of MP_PRIO received.
#
# runs: alone, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only
need ss nstat
P=${PERSONALITY:-linux-6.12}

testbed_up --wlan 50mbit,10ms --rmnet 30mbit,25ms
bed() { "$TOP/testbed/phone" --id $ID "$@"; }

# A byte says which way; then as much as goes, or echoes of messages.
cat >"$TMP/serve.py" <<'END'
import socket, threading
def serve(s):
    try:
        chunk = bytes(1 << 16)
        first = s.recv(1)
        if first == b"d":
            while True:
                s.send(chunk)
        if first == b"e":
            while data := s.recv(1 << 16):
                s.send(data)
        while s.recv(1 << 16):
            pass
    except OSError:
        pass
    s.close()
l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("0.0.0.0", 8000))
l.listen(20)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
cat >"$TMP/move.py" <<'END'
import signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
s = socket.create_connection(("10.1.0.1", 8000), 20)
s.sendall(sys.argv[1][:1].encode())
end = time.time() + float(sys.argv[2])
chunk = bytes(1 << 16)
while time.time() < end:
    if sys.argv[1] == "down":
        s.recv(1 << 16)
    elif sys.argv[1] == "echo":
        s.send(bytes(500))
        s.recv(500)
        time.sleep(0.01)
    else:
        s.send(chunk)
END
background server "$PYTHON" "$TMP/serve.py"
wait_for 10 listens 8000 || note "the server did not start"

persona() { phone "$PERSONA" "$@"; }

# run_refused NAME PATTERN OPTION...: exit status 125 and one line
run_refused() {
	local name=$1 pattern=$2 out status
	shift 2
	out=$(persona run "$@" -- true 2>&1)
	status=$?
	matches "refused: $name" "$status $(wc -l <<<"$out") $out" "^125 1 persona: $pattern"
}

# set_refused NAME PATTERN WORD...
set_refused() {
	local name=$1 pattern=$2 out status
	shift 2
	out=$(persona set "$@" 2>&1)
	status=$?
	matches "refused: $name" "$status $(wc -l <<<"$out") $out" "^125 1 persona: $pattern"
}

# carried up|down: bytes on wlan0 and on rmnet0
carried() {
	bed status --json | "$PYTHON" -c '
import json, sys
l = json.load(sys.stdin)["emulator"]["links"]
print(l["wlan0"][sys.argv[1]]["bytes"], l["rmnet0"][sys.argv[1]]["bytes"])' "$1"
}

# share DIRECTION: Mbit/s in two seconds in $RATE, percent of them by rmnet0 in $SHARE
share() {
	local a b
	a=$(carried "$1")
	sleep 2
	b=$(carried "$1")
	read -r RATE SHARE < <(awk -v a="$a" -v b="$b" 'BEGIN {
		split(a, x); split(b, y); w = y[1] - x[1]; r = y[2] - x[2]
		printf "%.1f %s\n", (w + r) * 8 / 2e6, (w + r) ? 100 * r / (w + r) : "-" }')
}

prio() { server nstat -az MPTcpExtMPPrioRx | awk '/MPPrioRx/ { print $2 }'; }

# changed WORD...: set them; the server must hear of it, and queues empty
changed() {
	local before
	before=$(prio)
	check "$MODE: persona set $*" persona set "$@"
	sleep 1.5
	at_least "$MODE: $*: MP_PRIO received" $(($(prio) - before)) 1
}

running() { [ -n "$(persona show --json 2>/dev/null)" ]; }

# start DIRECTION OPTION...: one that lasts
start() {
	local way=$1
	shift
	background on both "$@" -- "$PYTHON" "$TMP/move.py" "$way" 60
	MOVER=$LAST
	wait_for 10 running || note "it did not start"
	sleep 3
}

# live DIRECTION: a connection that is there changes with the policy
live() {
	local way=$1 json
	start "$way" --policy handover
	share "$way"
	at_most "$MODE, $way, handover: percent by rmnet0" "$SHARE" 5
	at_least "$MODE, $way, handover: Mbit/s" "$RATE" 35
	changed policy=aggregate
	share "$way"
	at_least "$MODE, $way, aggregate: percent by rmnet0" "$SHARE" 20
	changed wlan0=backup
	share "$way"
	at_least "$MODE, $way, wlan0 backup: percent by rmnet0" "$SHARE" 95
	json=$(persona show --json)
	matches "$MODE, $way: show has the role" "$json" '"name":"wlan0".*"role":"backup","backup":true.*"name":"rmnet0".*"role":"active","backup":false'
	matches "$MODE, $way: and the subflow" "$json" '"interface":"wlan0"[^}]*"backup":true'
	check "$MODE: persona set wlan0=metered rmnet0=backup" persona set wlan0=metered rmnet0=backup
	sleep 1.5
	share "$way"
	at_least "$MODE, $way, wlan0 metered, rmnet0 backup: percent by rmnet0" "$SHARE" 95
	changed wlan0=active
	share "$way"
	at_most "$MODE, $way, rmnet0 backup: percent by rmnet0" "$SHARE" 5
	matches "$MODE, $way: the table" "$(persona show --once --interval 0.1)" 'rmnet0 +up .* backup +10'
	bed state wlan drop
	sleep 4
	share "$way"
	at_least "$MODE, $way, wlan0 silent: percent by rmnet0" "$SHARE" 95
	at_least "$MODE, $way, wlan0 silent: Mbit/s" "$RATE" 20
	bed state wlan up
	sleep 5
	share "$way"
	at_most "$MODE, $way, wlan0 back: percent by rmnet0" "$SHARE" 5
	stop "$MOVER"
	wait_for 10 not_running
}
not_running() { ! running; }

# echoes: percent of them by rmnet0 in two seconds, each way, are at most or at least $3
echoes() {
	local way
	for way in up down; do
		share $way
		"$2" "$MODE, interactive, $1, $way: percent by rmnet0" "$SHARE" "$3"
	done
}

# interactive: the path with the least round trip time, whichever that is now
interactive() {
	start echo --policy interactive
	echoes "wlan0 the faster" at_most 5
	bed set wlan 50mbit,80ms
	sleep 4
	echoes "wlan0 the slower" at_least 95
	bed set wlan 50mbit,10ms
	sleep 16
	echoes "wlan0 the faster again" at_most 5
	stop "$MOVER"
	wait_for 10 not_running
}

# ---- bad input ----
run_refused "no policy of that name" "--policy handoff: no policy 'handoff': there are aggregate, handover, interactive, redundant" --policy handoff
run_refused "a policy misspelt" "--policy handovr: no policy 'handovr': did you mean 'handover'" --policy handovr
run_refused "a program's" "--policy curl=fast: no policy 'fast'" --policy curl=fast
run_refused "a program with a directory" "--policy /bin/curl=handover: write PROGRAM=NAME" --policy /bin/curl=handover
run_refused "a program's inline" "--policy curl=NAME: inline mode has one program" -p "$P" --inline -i "$WLAN_IF" --policy curl=handover
run_refused "no such congestion control" "congestion control 'fastest': this personality has none: it has .*cubic" -p "$P" -i "$WLAN_IF" --congestion fastest
run_refused "an empty name" "--congestion : is no name" --congestion ""
run_refused "no MPTCP" "--no-mptcp: policies and schedulers are MPTCP's" --no-mptcp --policy handover
run_refused "two roles" "-i wlan0,backup,metered: an interface has one role" -i wlan0,backup,metered
run_refused "a role with a value" "-i wlan0,backup=yes: 'backup' takes no value" -i wlan0,backup=yes
run_refused "a role misspelt" "-i wlan0,bakup: unknown key 'bakup': did you mean 'backup'" -i wlan0,bakup
if [[ $P == *6.1 ]]; then
	run_refused "a scheduler where there is no choice" "scheduler 'minrtt': this personality has no choice of them" -p "$P" -i "$WLAN_IF" --scheduler minrtt
else
	run_refused "no such scheduler" "scheduler 'fastest': this personality has none: it has .*default" -p "$P" -i "$WLAN_IF" --scheduler fastest
fi
out=$(phone "$PERSONA" gateway -i "$WLAN_IF" --policy curl=handover -- true 2>&1)
matches "refused: a program's in a gateway" "$? $out" "^125 persona: --policy curl=NAME: a gateway"
out=$(persona set policy=handover 2>&1)
matches "nothing runs" "$? $out" "^125 persona: nothing runs"

# ---- names ----
for MODE in inline shadow; do
	matches "$MODE: --congestion" "$(on wlan --congestion reno -- cat /proc/sys/net/ipv4/tcp_congestion_control)" '^reno$'
done

# ---- one connection, live ----
for MODE in inline shadow; do
	live down
	live up
	interactive
done

# ---- words that are wrong change nothing ----
MODE=shadow
start down --policy handover
set_refused "no word" "nothing to set" ""
set_refused "a word without value" "run [0-9]+: 'policy=': write KEY=VALUE" policy=
set_refused "a policy" "run [0-9]+: policy 'fast' is none" policy=fast
set_refused "an interface" "run [0-9]+: 'wlan1' is nothing that can be set: did you mean 'wlan0'" wlan1=backup
set_refused "a role" "run [0-9]+: wlan0=spare: must be active, backup or metered" wlan0=spare
set_refused "the second word" "run [0-9]+: congestion control 'fast': this personality has none" wlan0=backup congestion=fast
json=$(persona show --json)
matches "and nothing has changed" "$json" '"policy":\{"name":"handover".*"name":"wlan0".*"role":"active","backup":false'
check "congestion control of what is there" persona set congestion=reno
matches "has changed" "$(persona show --json)" '"congestion_control":"reno".*"subflows":\[.*"congestion_control":"reno"'
check "a program's policy" persona set policy=curl=redundant
matches "is shown" "$(persona show --json)" '"programs":\[\{"name":"curl","policy":"redundant"\}\]'
matches "in the table" "$(persona show --once --interval 0.1)" '^policy handover, curl redundant.*congestion control reno'
stop "$MOVER"
wait_for 10 not_running

done_testing
