#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# blackhole.t - a network that drops MPTCP's SYNs is left to TCP, and MPTCP is back after it.
#
#   phone: a client on the stack              server: MPTCP, an nft rule drops SYNs with its option
#     wlan0  10.1.0.2 ======================= ap0    10.1.0.1:8001
#
# Since 6.12 (not before: there the connection fails) Linux gives MPTCP up for a while once a SYN
# came through without the option only. That is forgotten when the path is lost and comes back: it
# may be another network.
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
testbed_up --unshaped
cat >"$TMP/server.py" <<'END'
import socket
l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
l.bind(("", 8001))
l.listen(5)
while True:
    l.accept()[0].close()
END
# A line from the test for each connection
cat >"$TMP/client.py" <<'END'
import socket, sys, time
for _ in sys.stdin:
    began = time.time()
    s = socket.create_connection(("10.1.0.1", 8001), 20)
    try:
        s.getsockopt(284, 1, 100)       # MPTCP_INFO: not of a connection that fell back
        kind = "mptcp"
    except OSError:
        kind = "tcp"
    print(kind, "slow" if time.time() - began > 2 else "fast", flush=True)
    s.close()
END
background server "$PYTHON" "$TMP/server.py"
wait_for 10 listens 8001

lines() { [ "$(wc -l <"$TMP/out")" -ge "$1" ]; }

for MODE in shadow inline; do
	server nft -f - <<-'END'
		table ip hole {
			chain in {
				type filter hook input priority 0
				tcp option 30 exists tcp flags & (syn | ack) == syn drop
			}
		}
	END
	rm -f "$TMP/in"
	mkfifo "$TMP/in"
	on wlan -- timeout 60 "$PYTHON" "$TMP/client.py" <"$TMP/in" >"$TMP/out" 2>&1 &
	pid=$!
	exec 3>"$TMP/in"
	echo >&3 || note "the client has gone"
	wait_for 20 lines 1
	server nft delete table ip hole
	server ip link set ap0 down
	sleep 1
	server ip link set ap0 up
	sleep 1
	echo >&3 || note "the client has gone"
	wait_for 20 lines 2
	exec 3>&-
	wait "$pid"
	is "$MODE: status" $? 0
	is "$MODE: first where the option is dropped, then elsewhere" "$(cat "$TMP/out")" "$(printf 'tcp slow\nmptcp fast')"
done
done_testing
