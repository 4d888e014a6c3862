#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# control.t - persona ps, show and exec: looking into a running stack, and joining it.
#
#   phone: PROGRAM on the stack                      server: host kernel
#     wlan0  10.1.0.2 fd01::2 ===50mbit,10ms======== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===30mbit,25ms======== cell0  10.2.0.1 fd02::1
#       ^ persona ps, show, exec in the same namespace
#
# runs: shaped
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl nc jq setpriv
persona_only
testbed_up --wlan 50mbit,10ms --rmnet 30mbit,25ms
httpd
random_file "$FILES/blob" 200000000
random_file "$FILES/page" 100000
PAGE=$(sum "$FILES/page")

p() { phone timeout 20 "$PERSONA" "$@"; }
names() { phone grep -c '@persona/' /proc/net/unix; }
nobody() { phone timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
gone() { ! kill -0 "$1" 2>/dev/null; }

# run_in_background PATHS [OPTION...] -- COMMAND...: its ID is in $RUN, persona's in $PID
run_in_background() {
	local before
	before=$(p ps --json | jq '.[].id')
	EXEC="exec"
	background on "$@"
	EXEC=""
	PID=$LAST
	RUN=
	for _ in $(seq 100); do
		RUN=$(comm -13 <(sort <<<"$before") <(p ps --json | jq '.[].id' | sort) | head -n 1)
		[ -z "$RUN" ] || return
		sleep 0.1
	done
	not_ok "$* appears in persona ps"
	cat "$TMP/background.out"
}

# json_is NAME JSON EXPRESSION: jq says true
json_is() {
	if [ "$(jq "$3" <<<"$2" 2>&1)" = true ]; then ok "$1"; else
		not_ok "$1"
		note "wanted: $3"
		jq -c . <<<"$2" 2>&1 | head -c 3000 | sed 's/^/# | /'
	fi
}

# ---- a download over both paths, looked at ----

two_subflows() { p show --json "$RUN" | jq -e '[.connections[] | select(.protocol == "mptcp") | .subflows[]
	| select(.received > 100000)] | length == 2'; }

observed() { # MODE
	local one two
	MODE=$1
	run_in_background both -- curl -q -sS -o /dev/null http://10.1.0.1/blob
	check "$MODE: two subflows come up" wait_for 10 two_subflows
	matches "$MODE: ps" "$(p ps)" "^ *$RUN +$MODE +linux-6.12 +wlan0,rmnet0 +[0-9]+s +curl -q -sS"
	one=$(p ps --json)
	json_is "$MODE: ps --json" "$one" ".[0].id == $RUN and .[0].command[0] == \"curl\" and
		[.[0].interfaces[].name] == [\"wlan0\", \"rmnet0\"] and .[0].interfaces[1].backend == \"rawip\""
	one=$(p show --json "$RUN")
	sleep 1
	two=$(p show --json "$RUN")
	json_is "$MODE: show: interfaces" "$two" '[.interfaces[] | select(.state == "up" and .carrier and .mtu == 1500)
		| .name] == ["wlan0", "rmnet0"]'
	json_is "$MODE: show: the stack's memory" "$two" '.memory | .total > 150e6 and .total < 256e6 * 1.05 and
		.free > 30e6 and .free < .total - 5e6'
	json_is "$MODE: show: addresses" "$two" '.interfaces[1].addresses | index("10.1.0.2/24") and index("fd01::2/64")'
	json_is "$MODE: show: default routes" "$two" '[.routes[] | select(.family == "ipv4" and .table == 254)
		| .interface] == ["wlan0", "rmnet0"]'
	json_is "$MODE: show: MPTCP" "$two" '.mptcp.subflows == 8 and .mptcp.accepted == 8 and
		([.mptcp.endpoints[] | select(.flags == ["subflow"]) | .interface] | length == 4)'
	json_is "$MODE: show: one connection of two subflows" "$two" '.connections | length == 1 and
		.[0].protocol == "mptcp" and .[0].remote == "10.1.0.1:80" and (.[0].fallback | not) and
		([.[0].subflows[].interface] | sort) == ["rmnet0", "wlan0"] and
		.[0].received == ([.[0].subflows[].received] | add)'
	json_is "$MODE: show: round trips are those of the paths" "$two" '.connections[0].subflows | all(
		.min_rtt_us >= (if .interface == "wlan0" then 20000 else 50000 end) and .min_rtt_us < 400000 and
		.rtt_us >= .min_rtt_us and .cwnd >= 10 and .congestion_control == "cubic" and .state == "established")'
	json_is "$MODE: show: rates of the interfaces are those of the paths" \
		"$(jq -n --argjson a "$one" --argjson b "$two" '[$a, $b]')" '[.[0], .[1]] as [$a, $b] |
		($b.time_ns - $a.time_ns) as $ns | [range(1; 3) |
		($b.interfaces[.].rx.bytes - $a.interfaces[.].rx.bytes) * 8000 / $ns] |
		.[0] > 25 and .[0] < 55 and .[1] > 12 and .[1] < 35'
	one=$(p show --once --interval 0.5)
	matches "$MODE: the only run needs no ID" "$one" "^run $RUN: curl -q"
	matches "$MODE: table: memory" "$one" ", memory [1-9][0-9]* of 2[0-9]* MB"
	matches "$MODE: table: interface with rates" "$one" '^wlan0 +up +1500 +[0-9.]+M +'
	matches "$MODE: table: subflow with share and RTT" "$one" '^ +rmnet0 +10.2.0.2:[0-9]+ .* +[1-5][0-9]% +[0-9.]+ ms'
	is "$MODE: nothing but ASCII without a terminal" "$(grep -c "$(printf '\033')" <<<"$one")" 0
}

other_personality() {
	MODE=shadow
	run_in_background wlan -p linux-6.1 --no-mptcp -- "$PYTHON" -c '
import socket, time
t = socket.create_server(("", 8080))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("", 9))
time.sleep(60)'
	wait_for 5 sh -c "ip netns exec persona-phone-$ID '$PERSONA' show --json $RUN | grep -q 8080"
	json_is "linux-6.1: listening and UDP sockets" "$(p show --json "$RUN")" '.personality == "linux-6.1" and
		.listening == [{"protocol": "tcp", "local": "*:8080"}] and .udp[0].local == "*:9"'
	stop "$PID"
}

# A terminal: drawn again and again until the key comes, 1.5 s after the first time; then the first screen
# is back.
terminal() {
	cat >"$TMP/watch.py" <<-'END'
	import os, pty, sys, time, select
	pid, fd = pty.fork()
	if not pid:
	    os.execv(sys.argv[1], [sys.argv[1], "show", "--interval", "0.2", sys.argv[2]])
	text, start, drawn, done = b"", time.time(), None, False
	while time.time() - start < 12:
	    if drawn is None and b"\033[H\033[J" in text:
	        drawn = time.time()
	    if not done and drawn and time.time() - drawn > 1.5:
	        os.write(fd, sys.argv[3].encode())
	        done = True
	    if select.select([fd], [], [], 0.1)[0]:
	        try:
	            text += os.read(fd, 65536)
	        except OSError:
	            break
	status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
	print(status, text.count(b"\033[H\033[J") >= 4, text.count(b"\033[?1049h"), text.endswith(b"\033[?1049l"))
	END
	is "show on a terminal until q" "$(phone timeout 20 "$PYTHON" "$TMP/watch.py" "$PERSONA" "$RUN" q 2>&1)" \
		"0 True 1 True"
	is "show on a terminal until ^C" "$(phone timeout 20 "$PYTHON" "$TMP/watch.py" "$PERSONA" "$RUN" $'\003' 2>&1)" \
		"0 True 1 True"
}

# ---- exec ----

joined() {
	local out
	matches "exec: ip route shows the stack's" "$(p exec "$RUN" -- ip route 2>&1)" 'default via 10.1.0.1 dev wlan0 .*metric 100'
	is "exec: curl" "$(p exec "$RUN" -- curl -q -sS http://10.1.0.1/page 2>&1 | sha256sum | cut -d' ' -f1)" "$PAGE"
	json_is "exec: its connection is seen" "$(p exec "$RUN" -- sh -c '
		exec 3<>/dev/null; nc 10.1.0.1 80 <&3 & sleep 0.5; "$0" show --json "$1"; kill $!' "$PERSONA" "$RUN" 2>/dev/null)" \
		'[.connections[] | select(.remote == "10.1.0.1:80" and .state == "established")] | length == 1'
	# shellcheck disable=SC2016 # the inner shell's
	is "exec: a shell that forks" "$(p exec "$RUN" -- sh -c 'for i in 1 2 3; do
		curl -q -sS http://10.1.0.1/page | cat >"$0.$i" & done; wait; cat "$0.1" "$0.2" "$0.3" | wc -c' "$TMP/part" 2>&1)" 300000
	p exec "$RUN" -- sh -c 'exit 7'
	is "exec: exit status" $? 7
	p exec "$RUN" -- no-such-command-anywhere 2>/dev/null
	is "exec: not found" $? 127
	printf 'text' >"$TMP/text"
	chmod 644 "$TMP/text"
	p exec "$RUN" -- "$TMP/text" 2>/dev/null
	is "exec: not executable" $? 126
	is "exec: stdin, a pipe on both sides" "$(head -c 300000 "$FILES/blob" | p exec "$RUN" -- cat | sha256sum)" \
		"$(head -c 300000 "$FILES/blob" | sha256sum)"
	# shellcheck disable=SC2016 # the inner shell's
	is "exec: arguments, environment, directory" "$(cd / && WORD='two words' p exec "$RUN" -- \
		sh -c 'printf "%s|" "$@" "$WORD" "$PWD"' sh 'a b' '')" "a b||two words|/|"
	is "exec: descriptors are as without Persona" "$(p exec "$RUN" -- sh -c 'exec ls /proc/self/fd' | tr '\n' ' ')" \
		"$(phone timeout 20 sh -c 'exec ls /proc/self/fd' | tr '\n' ' ')"
	EXEC="exec"
	: >"$TMP/background.out"
	background phone "$PERSONA" exec "$RUN" -- bash -c 'trap "echo int; exit 5" INT; echo waiting; while :; do sleep 0.1; done'
	# shellcheck disable=SC2034 # lib.sh's
	EXEC=""
	wait_for 5 grep -q waiting "$TMP/background.out"
	kill -INT "$LAST"
	wait "$LAST"
	is "exec: a signal is the command's own" "$? $(tail -n 1 "$TMP/background.out")" "5 int"
	out=$(p exec "$RUN" -- "$PERSONA" exec "$RUN" -- true 2>&1)
	is "exec inside exec: one line" "$? $out" \
		"125 persona: this process is supervised already (container, other persona)"
	matches "ps inside exec sees the run" "$(p exec "$RUN" -- "$PERSONA" ps 2>&1)" "^ *$RUN +shadow"
}

threads() { ls "/proc/$PID/task" | wc -l; }
has_threads() { [ "$(threads)" = "$1" ]; }
descriptors() { ls "/proc/$PID/fd" | wc -l; }

many() {
	local threads descriptors
	p exec "$RUN" -- nc -z 10.1.0.1 80
	threads=$(threads) descriptors=$(descriptors)
	check "50 joined one after the other" phone timeout 60 sh -c '
		for i in $(seq 50); do "$0" exec "$1" -- nc -z 10.1.0.1 80 || exit; done' "$PERSONA" "$RUN"
	wait_for 5 has_threads "$threads" # the last one's may be about to end
	is "they had one thread" "$(threads)" "$threads"
	# The pump keeps pidfds of the last 32 threads it saw.
	at_least "descriptors to spare" $((descriptors + 36 - $(descriptors))) 0
	check "8 joined at once" phone timeout 60 sh -c '
		for i in 1 2 3 4 5 6 7 8; do "$0" exec "$1" -- curl -q -sS -o /dev/null http://10.1.0.1/page || echo failed & done
		wait' "$PERSONA" "$RUN"
	EXEC="exec"
	background phone "$PERSONA" exec "$RUN" -- nc -l 8181
	# shellcheck disable=SC2034 # lib.sh's
	EXEC=""
	wait_for 5 sh -c "ip netns exec persona-phone-$ID '$PERSONA' show --json $RUN | grep -q 8181"
	kill -9 "$LAST"
	check "a joined program killed in accept(): its socket is closed" wait_for 5 sh -c \
		"! ip netns exec persona-phone-$ID '$PERSONA' show --json $RUN | grep -q 8181"
}

refused() {
	is "another user: show" "$(nobody "$PERSONA" show "$RUN" 2>&1)" "persona: run $RUN belongs to user 0: be that user or root"
	nobody "$PERSONA" exec "$RUN" -- true >/dev/null 2>&1
	is "another user: exec" $? 125
	is "another user: ps is empty" "$(nobody "$PERSONA" ps --json)" "[]"
	is "another user, by another program: hung up on" "$(nobody "$PYTHON" -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect('\0persona/$RUN')
try:
    s.send(b'info')
    print(s.recv(1000))
except OSError as e:
    print(e.strerror)" 2>&1 | sed "s/b''\|Connection reset by peer\|Broken pipe/nothing/")" nothing
	is "an unknown ID" "$(p show 1 2>&1; echo $?)" "persona: no run has the ID 1: see persona ps
125"
	is "no ID at all" "$(p exec x1 -- true 2>&1; echo $?)" "persona: 'x1' is no ID: see persona ps
125"
	is "no command" "$(p exec "$RUN" 2>&1; echo $?)" \
		"persona: exec: write persona exec ID -- COMMAND [ARG]... (IDs: persona ps)
125"
	is "no such interval" "$(p show --interval 0 2>&1; echo $?)" \
		"persona: --interval 0: must be seconds from 0.1 to 3600
125"
	is "garbage is answered by one line" "$(phone "$PYTHON" -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect('\0persona/$RUN')
for text in b'x' * 1024, b'listener 99999', b'listener 0', b'\0':
    s.send(text)
    print(s.recv(1000)[:1].decode())
s.send(b'x' * 1025)
print(len(s.recv(1000)))" 2>&1 | tr '\n' ' ')" "! ! ! ! 0 "
}

# ---- the end ----

outlived() {
	local status
	MODE=shadow
	: >"$TMP/background.out"
	run_in_background wlan -- sh -c 'sleep 2; exit 3'
	p exec "$RUN" -- sh -c 'sleep 3; curl -q -sS http://10.1.0.1/page' >"$TMP/late" &
	STARTED+=($!)
	sleep 0.5
	wait "$PID"
	status=$?
	is "a joined program goes on when COMMAND has ended" "$(sum "$TMP/late")" "$PAGE"
	is "the run's status is COMMAND's" $status 3
	matches "it said so" "$(cat "$TMP/background.out")" 'persona: COMMAND has ended; waiting for 1 that joined by persona exec'

	run_in_background wlan -- sleep 1
	background phone "$PERSONA" exec "$RUN" -- sleep 60
	wait_for 5 grep -q 'COMMAND has ended' "$TMP/background.out"
	sleep 1
	kill -TERM "$PID"
	check "a signal to persona then ends them" wait_for 5 gone "$PID"
	check "all of them" wait_for 5 gone "$LAST"

	run_in_background wlan -- sleep 60
	cat >"$TMP/orphan.py" <<-'END'
	import socket, sys, time
	socket.create_connection(("10.1.0.1", 80))
	print("joined", flush=True)
	time.sleep(2)
	try:
	    socket.create_connection(("10.1.0.1", 80), 2)
	    print("connects")
	except OSError as e:
	    print("dead")
	END
	: >"$TMP/background.out"
	background phone "$PERSONA" exec "$RUN" -- "$PYTHON" "$TMP/orphan.py"
	wait_for 5 grep -q joined "$TMP/background.out"
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	is "kill -9: no name is left" "$(names)" 0
	is "kill -9: one line" "$(p show 2>&1; p exec "$RUN" -- true 2>&1)" \
		"persona: nothing runs in this network namespace
persona: no run has the ID $RUN: see persona ps"
	wait_for 10 gone "$LAST"
	is "a joined program is not moved to the host's network" "$(tail -n 1 "$TMP/background.out")" dead
}

# A run of an ordinary user, on a TUN device made for it.
user_run() {
	chmod 755 "$TMP"
	mknod "$TMP/tun" c 10 200 && chmod 666 "$TMP/tun"
	phone sh -c 'ip tuntap add dev tun9 mode tun user 65534 && ip addr add 10.9.0.1/24 dev tun9 && ip link set tun9 up'
	# shellcheck disable=SC2016 # the inner shell's
	background phone sh -c 'mount --bind "$0/tun" /dev/net/tun; exec setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$1" run -i tun:tun9,ip=10.9.0.2/24 -- sleep 60' "$TMP" "$PERSONA"
	wait_for 10 sh -c "ip netns exec persona-phone-$ID '$PERSONA' ps | grep -q tun9"
	RUN=$(p ps --json | jq '.[0].id')
	matches "a user's run: ps" "$(nobody "$PERSONA" ps)" "^ *$RUN +shadow"
	matches "a user's run: exec, a tree" "$(nobody "$PERSONA" exec "$RUN" -- sh -c 'ping -c 1 -W 2 10.9.0.1; true' 2>&1)" ' 1 received'
	matches "a user's run: root looks into it" "$(p show --once --interval 0.1 "$RUN" 2>&1)" '^tun9 +up'
	is "a user's run: root cannot join it" "$(p exec "$RUN" -- true 2>&1; echo $?)" \
		"persona: run $RUN belongs to user 65534, who may not look into programs of yours: be that user
125"
	kill "$RUN"
	wait_for 10 gone "$RUN"
}

# What completion offers for a line; its last word is the one begun.
offered() {
	# shellcheck disable=SC2016 # the inner shell's
	phone env PATH="$(dirname "$PERSONA"):$PATH" bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _persona
		echo "${COMPREPLY[*]}"' "$TOP/packaging/completion/persona.bash" "$@" 2>/dev/null
}

two_runs() {
	local first second
	MODE=shadow
	run_in_background wlan -- sleep 60
	first=$RUN
	local firstpid=$PID
	run_in_background rmnet -- sleep 60
	second=$RUN
	is "two runs: which is to be said" "$(p show 2>&1)" \
		"persona: several runs: give one of the IDs $(printf '%s\n' "$first" "$second" | sort -n | paste -sd, | sed 's/,/, /')"
	is "two runs: each has its own stack" \
		"$(for r in $first $second; do p exec "$r" -- ip -4 -br addr show | awk '!/^lo/ { print $1, $3 }'; done)" \
		"wlan0 10.1.0.2/24
rmnet0 10.2.0.2/24"
	is "completion: IDs" "$(offered persona exec '' | tr ' ' '\n' | sort -n | paste -sd' ')" \
		"$(printf '%s\n' "$first" "$second" | sort -n | paste -sd' ')"
	matches "completion: show" "$(offered persona show '')" "--once .*$second"
	is "completion: the command" "$(offered persona exec "$first" mount | tr ' ' '\n' | sort -u | grep -x mount)" mount
	# Words as Readline parts them
	is "completion: --option=value" "$(offered persona run --policy = h)" handover
	is "completion: behind it, the command" "$(offered persona run --policy = handover mount | tr ' ' '\n' | sort -u | grep -x mount)" mount
	is "completion: keys of an interface" "$(offered persona run -i wlan0,ip = 10.1.0.2/24,g)" "10.1.0.2/24,gw="
	is "completion: a program's policy" "$(offered persona set policy = curl = h)" handover
	matches "completion: schedulers" "$(offered persona run -p linux-6.12 --scheduler '')" '(^| )minrtt'
	is "completion: schedulers of an image without" "$(offered persona run -p linux-6.1 --scheduler '')" ""
	matches "completion: congestion controls of that" "$(offered persona run -p linux-6.1 --congestion '')" '(^| )cubic'
	is "two runs: ps lists both" "$(p ps --json | jq length)" 2
	stop "$PID"
	stop "$firstpid"
	is "ended: no name is left" "$(names)" 0
}

# ---- inline: never in the program's way ----

inline_life() {
	MODE=inline
	run_in_background wlan -- curl -q -sS -o /dev/null http://10.1.0.1/blob
	is "inline: exec is refused by one line" "$(p exec "$RUN" -- true 2>&1; echo $?)" \
		"persona: run $RUN: inline runs cannot be joined, their network is in the program alone
125"
	stop "$PID"
	is "inline: nothing is left" "$(names)" 0
	cat >"$TMP/fork.py" <<-'END'
	import os, socket, sys, time
	s = socket.create_connection(("10.1.0.1", 80))
	if os.fork() == 0:
	    os.setsid()
	    os.dup2(os.open("/dev/null", os.O_RDWR), 1)
	    os.dup2(1, 2)
	    time.sleep(3)
	    os._exit(0)
	print(sorted(int(f) for f in os.listdir("/proc/self/fd"))[3] < 10, flush=True)
	os.closerange(3, 65536)
	time.sleep(1)
	END
	: >"$TMP/background.out"
	run_in_background wlan -- "$PYTHON" "$TMP/fork.py"
	check "inline: close of all descriptors leaves ps" sh -c "ip netns exec persona-phone-$ID '$PERSONA' ps | grep -q '$RUN.*inline'"
	wait_for 10 gone "$PID"
	is "inline: a forked child does not keep the name" "$(names)" 0
	matches "inline: low numbers are the program's" "$(cat "$TMP/background.out")" True
	cat >"$TMP/next.py" <<-'END'
	import os, socket, sys
	socket.create_connection(("10.1.0.1", 80))
	if len(sys.argv) > 1:
	    os.execv(sys.executable, [sys.executable, sys.argv[0]])
	s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	s.connect("\0persona/%d" % os.getpid())
	s.send(b"info")
	print(b'"mode":"inline"' in s.recv(10000))
	END
	is "inline: a program that becomes another: the next one is found" "$(on wlan -- "$PYTHON" "$TMP/next.py" again 2>&1)" True
	run_in_background wlan -- sh -c "curl -q -sS -o /dev/null http://10.1.0.1/blob"
	phone "$PYTHON" -c "
import socket, time
s = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for i in range(3)]
for c in s:
    c.connect('\0persona/$RUN')
    for i in range(50): c.send(b'show')
time.sleep(30)" &
	STARTED+=($!)
	sleep 1
	local start=$SECONDS
	kill -TERM "$RUN"
	wait "$PID"
	at_least "inline: observers that do not read hold nobody up: seconds to spare of 5" $((5 - SECONDS + start)) 0
	start=$SECONDS
	is "inline: a program under observation ends as ever" "$(on wlan -- sh -c 'curl -q -sS http://10.1.0.1/page | sha256sum' | cut -d' ' -f1)" "$PAGE"
	at_least "in no time: seconds to spare of 5" $((5 - SECONDS + start)) 0
}

observed inline
stop "$PID"
observed shadow
stop "$PID"
run_in_background both -- sleep 200
joined
many
refused
terminal
stop "$PID"
is "ended: nothing is listed" "$(p ps --json)" "[]"
other_personality
user_run
two_runs
outlived
inline_life
done_testing
