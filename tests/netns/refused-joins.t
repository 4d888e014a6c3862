#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# refused-joins.t - a connection that no peer takes back ends, though its paths come and go.
#
#   phone: a reader on the stack                    server: the host kernel, MPTCP
#     wlan0  10.1.0.2 ============================= ap0    10.1.0.1
#     rmnet0 10.2.0.2 ============================= cell0  10.2.0.1
#
# The server resets the connection's subflows, and each one that is tried later, as a peer does
# whose program has closed. The program is told after net.mptcp.close_timeout (6.1: a minute), with
# an error, though WiFi comes back every two seconds and each return brings a new attempt. A server
# that takes a new subflow before that time is over keeps the connection.
#
# runs: sleeps, long
# limit: 300
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft
persona_only
testbed_up
bed() { "$TOP/testbed/phone" --id "$ID" "$@"; }

# A line each 0.2 s
cat >"$TMP/server.py" <<'END'
import socket, threading, time
def serve(c):
    try:
        while True:
            c.sendall(b"line\n")
            time.sleep(0.2)
    except OSError:
        pass
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 8000))
s.listen(8)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END

# client.py LIMIT: reads until there is an error, or LIMIT seconds are over
cat >"$TMP/client.py" <<'END'
import errno, socket, sys, time
s = socket.create_connection(("10.1.0.1", 8000))
s.settimeout(1)
end = time.time() + float(sys.argv[1])
last, gap, what = time.time(), 0, "reads"
s.recv(100)
print("ready", flush=True)
while time.time() < end:
    try:
        data = s.recv(100)
        if not data:
            what = "end of file"
            break
        gap = max(gap, time.time() - last)
        last = time.time()
    except socket.timeout as e:
        if e.errno:
            what = "error"
            break
    except OSError as e:
        what = "error"
        break
print("told", round(max(gap, time.time() - last), 1), what, flush=True)
END
background server "$PYTHON" "$TMP/server.py"
wait_for 10 listens 8000 || note "the server did not start"

refuse() {
	ip netns exec "persona-server-$ID" nft -f - <<-'END'
		table inet refuse {
			chain in {
				type filter hook input priority 0
				tcp dport 8000 reject with tcp reset
			}
		}
	END
}
admit() { ip netns exec "persona-server-$ID" nft delete table inet refuse; }
says() { "$@" >"$TMP/out" 2>&1; }

# WiFi is lost for a second, and there for a second
flaps() {
	while :; do
		bed state wlan down
		sleep 1
		bed state wlan up
		sleep 1
	done
}

# read_on LIMIT OPTION...: begin to read; returns once both paths are there
read_on() {
	local limit=$1
	shift
	rm -f "$TMP/out"
	background says on both "$@" -- "$PYTHON" "$TMP/client.py" "$limit"
	client=$LAST
	wait_for 10 grep -q ready "$TMP/out" || note "the client is not ready"
	sleep 1
}

told() {
	wait_for "$1" grep -q told "$TMP/out"
	read -r AFTER WHAT <<<"$(sed -n 's/^told //p' "$TMP/out")"
	grep -v "told\|ready" "$TMP/out" | sed 's/^/# | /' | tail -n 8
	stop "$client"
}

minute=8
options=(-o "net.mptcp.close_timeout=$minute")
case ${PERSONALITY:-} in *6.1) minute=60 options=() ;; esac

for MODE in inline shadow; do
	read_on $((minute + 22)) "${options[@]}"
	refuse
	background flaps
	flapping=$LAST
	told $((minute + 25))
	stop "$flapping"
	admit
	bed state wlan up
	is "$MODE: no subflow is taken, paths come and go: told of" "$WHAT" error
	at_least "$MODE: ... after seconds" "${AFTER%.*}" $((minute - 2))
	at_most "$MODE: ... after seconds" "${AFTER%.*}" $((minute + 5))

	# Refused for less than that time, then taken: all goes on
	read_on 15
	refuse
	background flaps
	flapping=$LAST
	sleep 4
	admit
	told 20
	stop "$flapping"
	bed state wlan up
	is "$MODE: a subflow is taken in time: the program" "$WHAT" reads
	at_least "$MODE: ... after a gap of seconds" "${AFTER%.*}" 3
	sleep 1
done
done_testing
