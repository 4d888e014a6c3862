#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-life.t - shadow mode as a way of running programs: status, streams, signals, the end.
#
#   phone: PROGRAM on the stack                      server: host kernel
#     wlan0  10.1.0.2 fd01::2 ===100mbit,2ms======== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===100mbit,2ms======== cell0  10.2.0.1 fd02::1
#     lo     127.0.0.1 ::1, the phone's own kernel
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl nc
persona_only
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
httpd
random_file "$FILES/blob" 1000000
BLOB=$(sum "$FILES/blob")

link() { "$TOP/testbed/phone" --id $ID set wlan "$1" >/dev/null; }
ends() { wait_for "$1" sh -c "! kill -0 $2"; } # SECONDS PID

# ---- exit status, streams, environment ----

status_of() { # NAME STATUS COMMAND...
	local name=$1 want=$2
	shift 2
	on wlan -- "$@" >"$TMP/out" 2>&1
	is "status: $name" $? "$want"
}

statuses() {
	status_of "0" 0 true
	status_of "3" 3 sh -c 'exit 3'
	status_of "255" 255 sh -c 'exit 255'
	# shellcheck disable=SC2016 # the inner shell's
	for n in 1 2 3 6 9 11 13 15; do
		status_of "signal $n" $((128 + n)) sh -c 'ulimit -c 0; kill -$0 $$' $n
	done
	status_of "not found" 127 no-such-command-anywhere
	printf 'text' >"$TMP/text"
	chmod 644 "$TMP/text"
	status_of "not executable" 126 "$TMP/text"
	printf '#!/no/such/interpreter\n' >"$TMP/script"
	chmod 755 "$TMP/script"
	status_of "interpreter missing" 127 "$TMP/script"
	on wlan --no-such-option -- true >"$TMP/out" 2>&1
	is "status: bad option" $? 125
	WLAN_IF=packet:nosuch0,ip=10.1.0.2/24 on wlan -- true >"$TMP/out" 2>&1
	is "status: no such interface" $? 125
}

streams() {
	is "stdin and stdout" "$(on wlan -- sha256sum <"$FILES/blob" 2>&1 | cut -d' ' -f1)" "$BLOB"
	is "stderr is the program's" "$(on wlan -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err
	is "nothing is added" "$(on wlan -- true 2>&1)" ""
	# shellcheck disable=SC2016 # the inner shell's
	is "arguments, environment, directory, umask" "$(cd / && umask 027 &&
		WORD='two words' on wlan -- sh -c 'printf "%s|" "$@" "$WORD" "$PWD" "$(umask)"' sh 'a b' '' 2>&1)" \
		"a b||two words|/|0027|"
	is "descriptors are as without Persona" "$(on wlan -- sh -c 'exec ls /proc/self/fd' 2>&1 | tr '\n' ' ')" \
		"$(phone sh -c 'exec ls /proc/self/fd' 2>&1 | tr '\n' ' ')"
	is "the limit of descriptors" "$(on wlan -- sh -c 'ulimit -Sn; ulimit -Hn' 2>&1)" \
		"$(ulimit -Sn; ulimit -Hn)"
	is "stdin at its end, stdout a pipe that closes" "$(on wlan -- yes 2>&1 </dev/null | head -n 1)" y
}

# ---- signals ----

signals() {
	local pid
	# shellcheck disable=SC2016 # the inner shell's
	for n in TERM HUP INT USR1; do
		: >"$TMP/background.out"
		background on wlan -- bash -c 'trap "echo got '$n'; exit 5" '$n'; echo waiting; while :; do sleep 0.1; done'
		pid=$LAST
		wait_for 10 grep -q waiting "$TMP/background.out"
		kill -$n "$pid"
		wait "$pid"
		is "SIG$n to persona reaches the program" "$? $(tail -n 1 "$TMP/background.out")" "5 got $n"
	done
	cat >"$TMP/terminal.py" <<-'END'
	"""Run a command on a terminal of its own, type ^C when it says "waiting"."""
	import os, pty, sys
	pid, fd = pty.fork()
	if not pid:
	    os.execvp(sys.argv[1], sys.argv[1:])
	text = b""
	while True:
	    try:
	        data = os.read(fd, 1000)
	    except OSError:
	        break
	    if b"waiting" in data:
	        os.write(fd, b"\x03")
	    text += data
	status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
	print(status, text.decode().replace("^C", "").split())
	END
	is "^C reaches the program once, its status counts" "$(phone timeout 20 "$PYTHON" "$TMP/terminal.py" \
		"$PERSONA" run -i "$WLAN_IF" -- bash -c 'trap "n=\$((n + 1)); echo int\$n" INT
			echo waiting; for i in 1 2 3 4 5; do sleep 0.2; done; exit 9' 2>&1)" "9 ['waiting', 'int1']"
	is "^C ends curl, as by a signal" "$(phone timeout 20 "$PYTHON" "$TMP/terminal.py" \
		"$PERSONA" run -i "$WLAN_IF" -- sh -c 'echo waiting; exec nc 10.1.0.1 80' 2>&1)" "130 ['waiting']"
	check "a terminal's size and name" phone timeout 20 "$PYTHON" "$TMP/terminal.py" \
		"$PERSONA" run -i "$WLAN_IF" -- sh -c 'tty && stty size'
}

# ---- the end ----

# A sink on the server that counts what it received.
cat >"$TMP/sink.py" <<'END'
import socket, sys
l = socket.create_server(("10.1.0.1", int(sys.argv[1])))
c, _ = l.accept()
n = 0
try:
    while data := c.recv(65536):
        n += len(data)
    print(n)
except OSError as e:
    print(n, e)
END
cat >"$TMP/blurt.py" <<'END'
import os, signal, socket, sys
s = socket.create_connection(("10.1.0.1", int(sys.argv[1])))
s.sendall(bytes(int(sys.argv[2])))
if sys.argv[3] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
os._exit(4)
END

# delivers NAME HOW STATUS [OPTION...]
PORT=7300
delivers() {
	local name=$1 how=$2 want=$3 sink
	shift 3
	PORT=$((PORT + 1))
	server timeout 30 "$PYTHON" "$TMP/sink.py" $PORT >"$TMP/sink.out" 2>&1 &
	sink=$!
	STARTED+=("$sink")
	wait_for 10 listens $PORT
	on wlan "$@" -- timeout 20 "$PYTHON" "$TMP/blurt.py" $PORT 400000 "$how" >"$TMP/out" 2>&1
	is "$name: status" $? "$want"
	ends 10 "$sink"
	is "$name: the peer has it all" "$(cat "$TMP/sink.out")" 400000
}

last_words() {
	link 2mbit,20ms
	delivers "written and exited at once, slow link" exit 4
	delivers "the same without MPTCP" exit 4 --no-mptcp
	delivers "written and killed, slow link" die 137
	is "it said that it waits" "$(grep -c 'persona: waiting for the peer' "$TMP/out")" 1
	# Nobody takes the data any more.
	PORT=$((PORT + 1))
	background server "$PYTHON" "$TMP/sink.py" $PORT
	wait_for 10 listens $PORT
	local start=$SECONDS
	# shellcheck disable=SC2016 # the inner shell's
	on wlan --linger 2 -- sh -c 'exec 3>&1; timeout 10 "$@"; echo gone' sh "$PYTHON" "$TMP/blurt.py" $PORT 400000 exit \
		>"$TMP/out" 2>&1 &
	local pid=$!
	wait_for 10 grep -q gone "$TMP/out"
	"$TOP/testbed/phone" --id $ID state wlan drop >/dev/null
	wait "$pid"
	at_least "--linger 2, a dead link: seconds to spare of 8" $((8 - SECONDS + start)) 0
	matches "it said that it gave up" "$(cat "$TMP/out")" 'persona: gave up on 1 connection: after 2 s not all data'
	"$TOP/testbed/phone" --id $ID state wlan up >/dev/null
	link 100mbit,2ms
}

# What the phone's kernel has: links, addresses, routes, rules, packet filters.
host_state() {
	phone sh -c 'ip -o link; ip -o addr; ip rule; ip -6 rule; ip route show table all
		ip -6 route show table all; nft list ruleset' 2>&1 | grep -v 'sec pref' | sed 's/ \(expires\|valid_lft\) [^ ]*//g'
	ip netns list | grep -vE '^persona-[a-z]+-' | sort # other tests' testbeds come and go
}

killed() {
	local before pid kids
	before=$(host_state)
	cat >"$TMP/orphan.py" <<-'END'
	import socket, sys, time
	s = socket.create_connection(("10.1.0.1", 80))
	print("connected", flush=True)
	try:
	    got = s.recv(10)
	except OSError as e:
	    got = e
	print("recv", got in (b"",) or isinstance(got, OSError))
	try:
	    s.sendall(b"x")
	    print("send goes on")
	except OSError as e:
	    print("send fails")
	try:
	    socket.create_connection(("10.1.0.1", 80), 2)
	    print("connects")
	except OSError as e:
	    print("connect fails")
	try:
	    open("/etc/passwd").read()
	    print("files work")
	except OSError as e:
	    print("files fail:", e.strerror)
	END
	: >"$TMP/background.out"
	background on both -- "$PYTHON" "$TMP/orphan.py"
	pid=$LAST
	wait_for 10 grep -q connected "$TMP/background.out"
	kids=$(cat "/proc/$pid/task/$pid/children")
	# Until a call is received a signal interrupts it: whoever receives must not wait for a processor.
	if chrt --rr 1 true 2>/dev/null; then
		is "of all threads the one that answers calls is a real-time one" \
			"$(ps -L -o cls=,comm= -p "$pid" | awk '$1 != "TS"')" " RR persona-call"
	else
		skip "of all threads the one that answers calls is a real-time one" "no right to SCHED_RR (CAP_SYS_NICE)"
	fi
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	for kid in $kids; do
		ends 5 "$kid"
	done
	is "persona killed: the program does not connect any more" \
		"$(grep -cE 'send goes on|connects' "$TMP/background.out")" 0
	if [ -z "$(for kid in $kids; do kill -0 "$kid" 2>/dev/null && echo "$kid"; done)" ]; then
		ok "the program has ended"
	else
		not_ok "the program has ended"
	fi
	sed 's/^/# /' "$TMP/background.out"
	is "nothing is left in the host's kernel" "$(diff <(echo "$before") <(host_state))" ""
	is "and persona runs again" "$(on both -- curl -q -sS http://10.1.0.1/blob 2>&1 | sha256sum | cut -d' ' -f1)" "$BLOB"
	is "nothing is left of that, either" "$(diff <(echo "$before") <(host_state))" ""
}

# ---- loopback ----

loopback() {
	local a pid
	mkdir "$TMP/local"
	echo "on the host" >"$TMP/local/page"
	for a in 127.0.0.1 ::1; do
		background phone "$PYTHON" -m http.server --bind "$a" --directory "$TMP/local" 8081
		pid=$LAST
		wait_for 10 phone nc -z "$a" 8081
		is "http://$(bracket $a) is the host's" "$(on wlan -- timeout 10 curl -q -sS "http://$(bracket $a):8081/page" 2>&1)" \
			"on the host"
		on wlan --isolate -- timeout 10 curl -q -sS "http://$(bracket $a):8081/page" >"$TMP/out" 2>&1
		is "--isolate: it is not" $? 7
		stop "$pid"
	done
	# A server of the program's on loopback: the host's, too
	background on wlan -- "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$TMP/local" 8082
	pid=$LAST
	check "a server on 127.0.0.1 inside is reachable on the host" wait_for 10 phone nc -z 127.0.0.1 8082
	stop "$pid"
	# shellcheck disable=SC2016 # the inner shell's
	for how in "" --isolate; do
		is "a server and a client inside, on loopback${how:+, $how}" "$(on wlan $how -- timeout 20 bash -c '
			"$0" -m http.server --bind 127.0.0.1 --directory "$1" 8083 2>/dev/null >&2 & pid=$!
			for i in {1..50}; do nc -z 127.0.0.1 8083 && break; sleep 0.1; done
			curl -q -sS http://127.0.0.1:8083/page
			kill $pid' "$PYTHON" "$TMP/local" 2>&1)" "on the host"
	done
	background on wlan --isolate -- nc -l 127.0.0.1 8084
	pid=$LAST
	sleep 1
	if phone nc -z 127.0.0.1 8084; then
		not_ok "--isolate: a server on 127.0.0.1 is not the host's"
	else
		ok "--isolate: a server on 127.0.0.1 is not the host's"
	fi
	stop "$pid"
}

statuses
streams
signals
last_words
killed
loopback
done_testing
