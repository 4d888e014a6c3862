#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# same-address.t - two runs with one address of their own on one interface: the second is refused,
# and the first goes on; one after the other, both are served.
#
#   phone: PROGRAM on the stack                            server: host kernel
#     wlan0   10.1.0.2 fd01::2  ==== Ethernet (veth) ====  ap0    10.1.0.1 fd01::1
#     rmnet0  10.2.0.2 fd02::2  ==== raw IP (TUN)    ====  cell0  10.2.0.1 fd02::1
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl
persona_only
testbed_up --unshaped
httpd
echo small >"$FILES/small"
FOUR=packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1
SIX=packet:wlan0,ip=fd01::2/64,gw=fd01::1
OTHER=packet:wlan0,ip=10.1.0.4/24,gw=10.1.0.1
RAW=rawip:rmnet0,ip=10.2.0.2/24

# run MODE SPEC COMMAND...: MODE is shadow or inline
run() {
	local mode=() spec=$2
	[ "$1" = shadow ] || mode=(--inline)
	[ -z "${PERSONALITY:-}" ] || mode+=(-p "$PERSONALITY")
	shift 2
	phone "$PERSONA" run "${mode[@]}" -i "$spec" -- "$@"
}
# get MODE SPEC SERVER: what the server says, or the complaint; and the status
get() {
	run "$1" "$2" curl -q -sS -m 8 --fail "http://$(bracket "$3")/small" 2>&1
	echo "status $?"
}
FETCHED="small
status 0"
openers() { ps -eo pid=,args= | awk '$2 == "persona-opener" { print $1 }' | while read -r p; do
	[ "$(stat -Lc %i "/proc/$p/ns/net" 2>/dev/null)" = "$NETNS" ] && echo "$p"
done; }
NETNS=$(stat -Lc %i "/run/netns/persona-phone-$ID")
left() {
	openers
	phone nft list tables 2>/dev/null
	phone grep persona /proc/net/unix
}
nothing_left() { [ -z "$(left)" ]; }

# A connection that lasts, which the second run must not disturb: a line for each line.
cat >"$TMP/echo.py" <<'END2'
import socket, sys, threading
def serve(c):
    while data := c.recv(100):
        c.send(data)
for at in sys.argv[1:]:
    s = socket.create_server((at, 7070), family=socket.AF_INET6 if ":" in at else socket.AF_INET)
    def accept(s=s):
        while True:
            threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
    threading.Thread(target=accept).start()
END2
cat >"$TMP/last.py" <<'END2'
import os, socket, sys, time
s = socket.create_connection((sys.argv[1], 7070), 8)
n = 0
while not os.path.exists(sys.argv[2] + "/stop"):
    s.send(b"x")
    assert s.recv(9) == b"x"
    n += 1
    open(sys.argv[2] + "/up", "w").close()
    time.sleep(0.05)
print("lasted" if n > 1 else n)
END2
background server "$PYTHON" "$TMP/echo.py" 10.1.0.1 fd01::1 10.2.0.1
wait_for 5 listens 7070

# one FIRST SECOND SPEC SERVER ADDRESS: modes of the two runs
one() {
	local what="$1, then $2, $5" first started
	rm -f "$TMP/stop" "$TMP/up"
	run "$1" "$3" "$PYTHON" "$TMP/last.py" "$4" "$TMP" </dev/null >"$TMP/first" 2>&1 &
	first=$!
	STARTED+=("$first")
	wait_for 10 test -e "$TMP/up" || note "the first run has no connection"
	started=$EPOCHSECONDS
	is "$what: the second is refused" "$(get "$2" "$3" "$4")" \
		"persona: ${6:-wlan0}: $5 is in use by another run: join that (persona exec), or give this one another address by ip=
status 125"
	at_most "$what: seconds until then" $((EPOCHSECONDS - started)) 6
	is "$what: one opener is left" "$(openers | wc -l)" 1
	[ -n "${6:-}" ] || is "$what: another address is served beside it" "$(get "$2" "$OTHER" 10.1.0.1)" "$FETCHED"
	touch "$TMP/stop"
	wait $first
	is "$what: the first has gone on" "$(cat "$TMP/first")" lasted
	is "$what: after its end, the address is free" "$(get "$2" "$3" "$4")" "$FETCHED"
	check "$what: nothing is left" wait_for 5 nothing_left
	left
}
one shadow shadow "$FOUR" 10.1.0.1 10.1.0.2
one inline inline "$FOUR" 10.1.0.1 10.1.0.2
one shadow inline "$SIX" fd01::1 fd01::2
one inline shadow "$SIX" fd01::1 fd01::2
one shadow shadow "$RAW" 10.2.0.1 10.2.0.2 rmnet0

# ---- one right after the other ----

for mode in shadow inline; do
	is "$mode: one run after the other" "$(for _ in 1 2 3 4; do get $mode "$FOUR" 10.1.0.1; done | sort | uniq -c | tr -s ' \n' ' ')" \
		" 4 small 4 status 0 "
	# shellcheck disable=SC2016 # the inner shell's
	is "$mode: one program after the other in a run" \
		"$(run $mode "$FOUR" sh -c 'for i in 1 2 3; do curl -q -sS -m 8 http://10.1.0.1/small || exit; done' 2>&1 | tr '\n' ' ')" \
		"small small small "
	rm -f "$TMP/stop" "$TMP/up"
	EXEC="exec" run $mode "$FOUR" "$PYTHON" "$TMP/last.py" 10.1.0.1 "$TMP" </dev/null >/dev/null 2>&1 &
	wait_for 10 test -e "$TMP/up"
	kill -9 $!
	wait $! 2>/dev/null
	is "$mode: right after a kill of the one before" "$(get $mode "$FOUR" 10.1.0.1)" "$FETCHED"
done

# ---- what a run leaves in the background ----

# sleeps: is the process of $TMP/pid there?
sleeps() { [ -s "$TMP/pid" ] && kill -0 "$(cat "$TMP/pid")"; }
# shellcheck disable=SC2016 # the inner shell's
LEAVES='setsid sh -c '\''echo $$ >"$0"; exec sleep 60'\'' "$0" </dev/null >/dev/null 2>&1 & until [ -s "$0" ]; do sleep 0.1; done'

# In shadow mode the run lasts as long as its last process, unless persona is killed: then no
# process has the stack, and the address is free.
rm -f "$TMP/pid"
EXEC="exec" run shadow "$FOUR" sh -c "$LEAVES" "$TMP/pid" </dev/null >/dev/null 2>&1 &
wait_for 10 sleeps || note "nothing is in the background"
is "shadow: a process in the background keeps it" "$(get shadow "$FOUR" 10.1.0.1 | tail -n 1)" "status 125"
kill -9 $!
wait $! 2>/dev/null
is "shadow: right after a kill, a process in the background" "$(get shadow "$FOUR" 10.1.0.1)" "$FETCHED"
check "shadow: ... that goes on" sleeps
kill -9 "$(cat "$TMP/pid")"

# In inline mode it has the stack, or may start one: its address is kept while it has.
rm -f "$TMP/pid"
run inline "$FOUR" sh -c "$LEAVES" "$TMP/pid"
check "inline: a process without a stack is in the background" sleeps
is "inline: it does not keep the address" "$(get shadow "$FOUR" 10.1.0.1)" "$FETCHED"
kill -9 "$(cat "$TMP/pid")"

# Three stacks, one after the other, of one that has outlived its run
cat >"$TMP/outlives.sh" <<'END2'
"$1" "$0/last.py" 10.1.0.1 "$0"
for n in 2 3; do
	until [ -e "$0/go$n" ]; do sleep 0.1; done
	curl -q -sS -m 8 http://10.1.0.1/small
	echo "status $?"
done
END2
rm -f "$TMP/stop" "$TMP/up" "$TMP/pid"
# shellcheck disable=SC2016 # the inner shell's
run inline "$FOUR" sh -c 'setsid sh -c "$(cat "$0/outlives.sh")" "$@" </dev/null >"$0/late" 2>&1 &
	echo $! >"$0/pid"; until [ -e "$0/up" ]; do sleep 0.1; done' "$TMP" "$TMP" "$PYTHON"
is "inline: a process that has the stack keeps the address" "$(get shadow "$FOUR" 10.1.0.1 | tail -n 1)" "status 125"
touch "$TMP/stop"
wait_for 5 grep -q lasted "$TMP/late"
is "inline: when that has ended, the address is free" "$(get inline "$FOUR" 10.1.0.1)" "$FETCHED"
EXEC="exec" run shadow "$FOUR" sh -c 'touch "$1"; exec sleep 60' sh "$TMP/taken" </dev/null >/dev/null 2>&1 &
STARTED+=($!)
wait_for 10 test -e "$TMP/taken"
touch "$TMP/go2"
wait_for 20 grep -q 'status [1-9]' "$TMP/late"
matches "inline: a further stack of it is refused, what another run has" "$(cat "$TMP/late")" \
	'^persona: .*wlan0: 10.1.0.2 is in use by another run'
stop "${STARTED[-1]}"
touch "$TMP/go3"
wait_for 10 grep -q '^status 0' "$TMP/late"
is "inline: and when that has ended, it is served" "$(tail -n 2 "$TMP/late")" "$FETCHED"

# ---- not in the way ----

# elsewhere COMMAND...: two runs with that address in a network namespace of COMMAND's, which has
# an interface of that name, too
elsewhere() {
	# shellcheck disable=SC2016 # the inner shell's
	phone "$@" sh -c '
		ip link add wlan0 type veth peer name far
		ip link set far up
		ip link set wlan0 up
		"$0" run -i packet:wlan0,ip=10.1.0.2/24 -- sh -c "touch \"$1\"; exec sleep 5" &
		until [ -e "$1" ]; do sleep 0.1; done
		"$0" run -i packet:wlan0,ip=10.1.0.2/24 -- true
		echo "the second $?"
		wait $!
		echo "the first $?"' "$PERSONA" "$HOLD/$1" 2>"$TMP/err"
}
HOLD=$TMP/hold
mkdir -m 777 "$HOLD"
chmod 755 "$TMP"
EXEC="exec" run shadow "$FOUR" sh -c 'touch "$1"; exec sleep 60' sh "$HOLD/here" </dev/null >/dev/null 2>&1 &
STARTED+=($!)
wait_for 10 test -e "$HOLD/here"
TWO="the second 125
the first 0"
is "another network namespace" "$(elsewhere unshare -n)" "$TWO"
if phone setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn test -x "$PERSONA" 2>"$TMP/err"; then
	is "a network namespace of another user's" \
		"$(elsewhere setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn)" "$TWO"
else
	skip "a network namespace of another user's" "$(head -n 1 "$TMP/err")"
fi
is "another interface with the same address" "$(
	phone "$PERSONA" run -i rawip:rmnet0,ip=10.1.0.2/24 -- true 2>&1
	echo "status $?"
)" "status 0"
stop "${STARTED[-1]}"
check "nothing is left at the end" wait_for 5 nothing_left
done_testing
