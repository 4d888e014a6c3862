#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# idle.t - a run in which nothing happens does not keep the machine awake; signals still arrive.
#
#   phone: one call that waits, or 1,000             server: nothing
#     wlan0  10.1.0.11 to .18, .31 to .39 ====100mbit,2ms==== ap0  10.1.0.1
#
# Wake-ups are the voluntary context switches (a thread went to sleep, so it had been woken) of all
# threads of the run, Persona's and the program's, over five seconds, begun when the calls have
# waited for several. Signals come from the program's own timer, from another process of the run,
# and from outside the run; each comes by itself, to a call that has waited for four seconds or more.
#
# runs: alone, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
testbed_up --wlan 100mbit,2ms

# wait.py COUNT accept|recvfrom: so many threads in that call, until a line comes
cat >"$TMP/wait.py" <<'END'
import os, socket, sys, threading
threading.stack_size(64 << 10)
count, kind = int(sys.argv[1]), sys.argv[2]
l = socket.create_server(("", 7000))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("", 7001))
failed = []
def wait():
    try:
        l.accept() if kind == "accept" else u.recvfrom(100)
    except OSError as e:
        failed.append(e)
for i in range(count):
    threading.Thread(target=wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.readline()
print("failed:", failed[:1] or "none", flush=True)
os._exit(0)
END

# Voluntary context switches of process group $1 so far
switches() {
	local pid
	for pid in $(pgrep -g "$1"); do
		cat "/proc/$pid/task/"*/status 2>/dev/null
	done | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n + 0 }'
}

# own N: the interface with an address of its own
own() { echo "wlan0,ip=10.1.0.$1/24,gw=10.1.0.1,ip=fd01::$1/64,gw=fd01::1"; }

# All at a time, each with an address of its own, so that one stretch of silence serves all.
declare -A GROUP=() BEFORE=()
begin() { # COUNT KIND: adds NAME to GROUP
	local name="$MODE-$1-$2" WLAN_IF
	# shellcheck disable=SC2034 # of on()
	WLAN_IF=$(own $((11 + ${#GROUP[@]})))
	mkfifo "$TMP/in.$name"
	set -m
	on wlan -- "$PYTHON" "$TMP/wait.py" "$@" <"$TMP/in.$name" >"$TMP/out.$name" 2>"$TMP/err.$name" &
	GROUP[$name]=$!
	set +m
	STARTED+=("$!")
}

idle() {
	local name fd
	local -A input=()
	for MODE in shadow inline; do
		for kind in accept recvfrom; do
			begin 1 $kind
			begin 1000 $kind
		done
	done
	for name in "${!GROUP[@]}"; do
		exec {fd}>"$TMP/in.$name"
		input[$name]=$fd
		wait_for 30 grep -q ready "$TMP/out.$name" || note "$name did not get ready"
	done
	sleep 12 # MLD reports and the like have ended
	for name in "${!GROUP[@]}"; do
		BEFORE[$name]=$(switches "${GROUP[$name]}")
	done
	sleep 5
	for name in "${!GROUP[@]}"; do
		at_most "$name calls: wake-ups in 5 s" $(($(switches "${GROUP[$name]}") - BEFORE[$name])) 25
	done
	for name in "${!GROUP[@]}"; do
		fd=${input[$name]}
		echo >&"$fd"
		exec {fd}>&-
		wait "${GROUP[$name]}"
		is "$name calls: status" $? 0
		is "$name calls: those that failed" "$(grep failed "$TMP/out.$name")" "failed: none"
		sed 's/^/# | /' "$TMP/err.$name" | head -n 5
	done
}

# interrupted.py alarm|child|outside|threads SECONDS: how long after it was sent a signal interrupts
# accept(), ms; that of an alarm or a child comes after SECONDS. For the others, when it came.
cat >"$TMP/interrupted.py" <<'END'
import os, signal, socket, subprocess, sys, threading, time
sent = seen = None
class Done(Exception):
    pass
def handler(sig, frame):
    global seen
    seen = time.time()
    raise Done
signal.signal(signal.SIGALRM, handler)
signal.signal(signal.SIGUSR1, handler)
l = socket.create_server(("", 7000))
seconds = int(sys.argv[2])
start = time.time()
if sys.argv[1] == "alarm":
    signal.setitimer(signal.ITIMER_REAL, seconds)
elif sys.argv[1] == "threads":
    # They wait, too, and would take the signal; but it is the first thread's.
    for _ in range(50):
        threading.Thread(target=l.accept, daemon=True).start()
elif sys.argv[1] == "child":
    helper = subprocess.Popen(["sh", "-c", "sleep %d; kill -USR1 %d" % (seconds, os.getpid())])
print(os.getpid(), flush=True)
try:
    l.accept()
except Done:
    pass
print("%.0f" % ((seen - start - seconds) * 1000) if sys.argv[1] in ("alarm", "child") else "%.6f" % seen, flush=True)
os._exit(0)
END

# All wait at a time, each with an address of its own.
CALLS=()
await() { # KIND SECONDS MOST [PROGRAM that starts it]: adds "MODE KIND MOST PID PROGRAM" to CALLS
	local kind=$1 seconds=$2 most=$3 n=${#CALLS[@]} WLAN_IF
	shift 3
	# shellcheck disable=SC2034 # of on()
	WLAN_IF=$(own $((31 + n)))
	on wlan -- "$@" "$PYTHON" "$TMP/interrupted.py" "$kind" "$seconds" >"$TMP/signal.$n" 2>"$TMP/err.$n" &
	STARTED+=($!)
	CALLS+=("$MODE $kind $most $! ${1:-}")
	wait_for 10 test -s "$TMP/signal.$n" || note "$MODE, $kind: it did not start"
}

# signalled N: that of CALLS; what sends itself no signal gets one
signalled() {
	local mode kind most call starter out=$TMP/signal.$1 ms pid
	read -r mode kind most call starter <<<"${CALLS[$1]}"
	case $kind in
	outside | threads)
		read -r pid <"$out"
		ms=$EPOCHREALTIME
		kill -USR1 "$pid"
		wait "$call"
		ms=$(awk "BEGIN { printf \"%.0f\", ($(tail -n 1 "$out") - $ms) * 1000 }")
		;;
	*)
		wait "$call"
		ms=$(tail -n 1 "$out")
		;;
	esac
	at_most "$mode: a signal by $kind interrupts${starter:+ what $starter has started} after ms" "$ms" "$most"
	at_least "... and not before it was sent" "$ms" 0
}

signals() {
	local i
	for MODE in shadow inline; do
		await outside 0 20
		await threads 0 20
	done
	MODE=shadow
	await outside 0 550 timeout 60
	await threads 0 550 timeout 60
	# They come when nothing begins or ends.
	await child 8 60 # with the start of its shell
	await alarm 6 20
	MODE=inline
	await alarm 4 20
	for i in 8 7 6 0 1 2 3 4 5; do
		signalled $i
	done
}

idle
signals
done_testing
