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
# emulator's account. That the server was told is seen in its own counter of MP_PRIO received; where
# a download is acknowledged, twice: the first one may be overtaken, and is then discarded.
#
# runs: waits, long
# limit: 420
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

# share DIRECTION: Mbit/s in a while in $RATE, percent of them by rmnet0 in $SHARE
share() {
	local a b
	a=$(carried "$1")
	sleep 1.5
	b=$(carried "$1")
	read -r RATE SHARE < <(awk -v a="$a" -v b="$b" 'BEGIN {
		split(a, x); split(b, y); w = y[1] - x[1]; r = y[2] - x[2]
		printf "%.1f %s\n", (w + r) * 8 / 1.5e6, (w + r) ? 100 * r / (w + r) : "-" }')
}

prio() { server nstat -az MPTcpExtMPPrioRx | awk '/MPPrioRx/ { print $2 }'; }

# changed WORD...: set them; the server must hear of it $TIMES times, and queues empty
TIMES=1
changed() {
	local before
	before=$(prio)
	check "$MODE: persona set $*" persona set "$@"
	sleep 1.2
	at_least "$MODE: $*: MP_PRIO received" $(($(prio) - before)) "$TIMES"
}

running() { [ -n "$(persona show --json 2>/dev/null)" ]; }

# start DIRECTION OPTION...: one that lasts
start() {
	local way=$1
	shift
	background on both "$@" -- "$PYTHON" "$TMP/move.py" "$way" 60
	MOVER=$LAST
	wait_for 10 running || note "it did not start"
	sleep 2.5
}

# silence DIRECTION: wlan0 is silent for a while; $SHARE is that after its return
silence() {
	bed state wlan drop
	sleep 4
	share "$1"
	at_least "$MODE, $1, wlan0 silent: percent by rmnet0" "$SHARE" 95
	at_least "$MODE, $1, wlan0 silent: Mbit/s" "$RATE" 20
	bed state wlan up
	sleep 5
	share "$1"
}

# live DIRECTION: a connection that is there changes with the policy
live() {
	local way=$1 json
	start "$way" --policy handover
	share "$way"
	at_most "$MODE, $way, handover: percent by rmnet0" "$SHARE" 5
	at_least "$MODE, $way, handover: Mbit/s" "$RATE" 35
	# Nothing overtakes it on a path without data; then data comes, and is acknowledged.
	[ "$way" = up ] || TIMES=2
	changed policy=aggregate
	TIMES=1
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
	silence "$way"
	at_most "$MODE, $way, wlan0 back: percent by rmnet0" "$SHARE" 5
	stop "$MOVER"
	wait_for 10 not_running
}
not_running() { ! running; }

# echoes NAME at_most|at_least PERCENT: by rmnet0, each way
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
run_refused "an option and its sysctl" "--scheduler blest and -o net.mptcp.scheduler are one: leave out one" --scheduler blest -o net/mptcp/scheduler=ecf
run_refused "another" "--congestion lia and -o net.ipv4.tcp_congestion_control are one" --congestion lia -o net.ipv4.tcp_congestion_control=bbr
run_refused "a word of persona set" "-i wlan0,name=policy: name=policy is a word of persona set" -i wlan0,name=policy
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
done
MODE=shadow
interactive
asked=()

# ---- a gateway ----
MODE=gateway
background phone "$PERSONA" gateway -p "$P" -i "$WLAN_IF" -i "$RMNET_IF" --policy handover -- "$PYTHON" "$TMP/move.py" down 30
MOVER=$LAST
wait_for 10 running || note "it did not start"
sleep 2.5
share down
at_most "gateway, handover: percent by rmnet0" "$SHARE" 5
changed policy=aggregate
share down
at_least "gateway, aggregate: percent by rmnet0" "$SHARE" 20
set_refused "a program's policy in a gateway" "run [0-9]+: policies of programs are for shadow mode" policy=curl=handover
stop "$MOVER"
wait_for 10 not_running
MODE=shadow

# ---- a metered path that is idle is not asked whether it lives ----
cat >"$TMP/probes.py" <<'END'
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind(("cell0", 0))
print("ready", flush=True)
while True:
    try:
        data = s.recv(2000)
    except OSError: # the testbed goes
        break
    if data[9] == 1 and data[16:20] == socket.inet_aton("198.51.100.1"):
        print("probe", flush=True)
END
server "$PYTHON" "$TMP/probes.py" >"$TMP/probes" &
STARTED+=($!)
wait_for 10 grep -q ready "$TMP/probes"
for role in backup metered; do
	before=$(grep -c probe "$TMP/probes")
	phone "$PERSONA" run -i "$WLAN_IF" -i "$RMNET_IF,$role" -- "$PYTHON" "$TMP/move.py" down 4
	asked+=($(($(grep -c probe "$TMP/probes") - before)))
done
at_least "probes of an idle backup path" "${asked[0]}" 1
is "probes of an idle metered path" "${asked[1]}" 0

# ---- what is no MPTCP follows the roles ----
way() { phone "$PERSONA" run -i "$RMNET_IF,$1" -i "$WLAN_IF" -- ip route get 10.9.9.9; }
matches "datagrams keep off a backup path" "$(way backup)" 'dev wlan0'
matches "and off a metered one" "$(way metered)" 'dev wlan0'
background phone "$PERSONA" run -i "$WLAN_IF" -i "$RMNET_IF" -- sleep 30
MOVER=$LAST
wait_for 10 running
route() { persona exec "$(persona ps --json | grep -o '"id":[0-9]*' | cut -d: -f2)" -- ip route get 10.9.9.9; }
matches "the first interface" "$(route)" 'dev wlan0'
check "wlan0 is metered now" persona set wlan0=metered
matches "the other one" "$(route)" 'dev rmnet0'
check "wlan0 is active again" persona set wlan0=active
matches "the first one again" "$(route)" 'dev wlan0'
stop "$MOVER"
wait_for 10 not_running

# ---- two subflows from one address, of which the kernel tells one ----
server ip mptcp endpoint add 10.2.0.1 dev cell0 signal
start down
flows() {
	persona show --json | "$PYTHON" -c '
import json, sys
print(" ".join(sorted(str(f["backup"]) for c in json.load(sys.stdin)["connections"]
    for f in c["subflows"] if f["interface"] == "rmnet0")))'
}
is "subflows by rmnet0" "$(flows)" "False False"
changed rmnet0=backup
matches "all of them are backups" "$(flows)" '^True( True)?$'
share down
at_most "percent by rmnet0" "$SHARE" 5
stop "$MOVER"
wait_for 10 not_running
server ip mptcp endpoint flush

# ---- schedulers ----
cat >"$TMP/sockets.py" <<'END'
import socket, sys, time
def name(s):
    return s.getsockopt(284, 0x5001, 16).rstrip(b"\0").decode()
s, own = socket.socket(), socket.socket()
own.setsockopt(284, 0x5001, b"roundrobin")
print(name(s), name(own), flush=True)
for i in range(int(sys.argv[1]) * 10):
    if name(s) == "ecf":
        print(name(s), name(own), name(socket.socket()))
        break
    time.sleep(0.1)
END
if on wlan -- grep -qw handover /proc/sys/net/mptcp/available_schedulers 2>/dev/null; then
	file=$(basename "$(readlink -f "$PYTHON")")
	for MODE in inline shadow; do
		is "$MODE: --scheduler" "$(on wlan --scheduler minrtt -- "$PYTHON" "$TMP/sockets.py" 0)" "minrtt roundrobin"
		is "$MODE: it is stronger than a policy's" "$(on wlan --scheduler minrtt --policy redundant -- "$PYTHON" "$TMP/sockets.py" 0)" "minrtt roundrobin"
		rm -f "$TMP/sockets.out"
		on wlan --policy handover -- "$PYTHON" "$TMP/sockets.py" 20 >"$TMP/sockets.out" &
		STARTED+=($!)
		wait_for 10 test -s "$TMP/sockets.out"
		check "$MODE: persona set scheduler=ecf" persona set scheduler=ecf
		wait $!
		is "$MODE: sockets that are there change, but for one with its own" "$(cat "$TMP/sockets.out")" "handover roundrobin
ecf roundrobin ecf"
	done
	is "a program's policy" "$(on wlan --policy handover --policy "$file=redundant" -- "$PYTHON" "$TMP/sockets.py" 0)" "redundant roundrobin"
	is "another program's" "$(on wlan --policy handover --policy "x$file=redundant" -- "$PYTHON" "$TMP/sockets.py" 0)" "handover roundrobin"
	start echo --policy redundant
	share up
	at_least "redundant: percent by rmnet0" "$SHARE" 40
	at_most "redundant: percent by rmnet0" "$SHARE" 60
	changed rmnet0=backup
	share up
	at_most "redundant, rmnet0 backup: percent by rmnet0" "$SHARE" 5
	stop "$MOVER"
	wait_for 10 not_running
else
	skip "schedulers" "the personality has but one"
	out=$(on wlan --policy handover -- true 2>&1)
	matches "a policy without its scheduler: one line" "$? $(wc -l <<<"$out") $out" "^0 1 persona: policy handover: this personality has no scheduler 'handover': "
	background on both --policy handover -- sleep 30
	MOVER=$LAST
	wait_for 10 running
	is "a role does not repeat it" "$(persona set rmnet0=backup 2>&1)" ""
	matches "a policy does" "$(persona set policy=handover 2>&1)" "^persona: policy handover: this personality has no scheduler"
	stop "$MOVER"
	wait_for 10 not_running
fi

# ---- words that are wrong change nothing ----
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
out=$(persona set policy=curl=redundant 2>&1)
matches "a program's policy that the run's leaves no room: one line" "$? $out" \
	"^0 persona: policy (curl=redundant: the run's policy handover has one path carry data, for this program too|redundant: this personality has no scheduler 'redundant': .*)$"
set_refused "a program with a directory" "run [0-9]+: policy=/bin/curl=handover: write policy=PROGRAM=NAME" policy=/bin/curl=handover
matches "is shown" "$(persona show --json)" '"programs":\[\{"name":"curl","policy":"redundant"\}\]'
matches "in the table" "$(persona show --once --interval 0.1)" '^policy handover, curl redundant.*congestion control reno'
set_refused "to take back what another program has" "run [0-9]+: policy=wget=: this program has no policy of its own" policy=wget=
check "another program's" persona set policy=ssh=handover
is "taken back" "$(persona set policy=curl= 2>&1)" ""
matches "it is shown no more" "$(persona show --json)" '"programs":\[\{"name":"ssh","policy":"handover"\}\]'
stop "$MOVER"
wait_for 10 not_running
start down --no-mptcp
set_refused "a policy without MPTCP" "run [0-9]+: this run has no MPTCP: policy has nothing to choose from" policy=handover
stop "$MOVER"
wait_for 10 not_running

done_testing
