#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mptcp-ports.t - a connection's further subflows take no ports of their own, so a range of ports
# is enough for as many connections as it has ports, whatever the number of paths.
#
#   phone: 90 connections, a range of 100 ports      server: MPTCP
#     wlan0  10.1.0.2 ============================== ap0    10.1.0.1:8001
#     rmnet0 10.2.0.2 ============================== cell0  10.2.0.1
#
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only

testbed_up --unshaped

cat >"$TMP/server.py" <<'END'
import socket
l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("", 8001))
l.listen(128)
all = []
while True:
    all.append(l.accept()[0])
    all[-1].sendall(b"welcome")
END
# The next connection is made when the last one's second subflow has had its time
cat >"$TMP/many.py" <<'END'
import socket, sys, time
all = []
try:
    for _ in range(90):
        s = socket.create_connection(("10.1.0.1", 8001), 10)
        assert s.recv(7) == b"welcome"
        all.append(s)
        time.sleep(0.03)
except OSError as e:
    print("#", e)
print("connections", len(all), "ports", len({s.getsockname()[1] for s in all}))
END
background server "$PYTHON" "$TMP/server.py"
wait_for 10 listens 8001
joins() { server nstat -asz MPTcpExtMPJoinAckRx | awk '/MPJoinAckRx/ { print $2 }'; }

# connections NAME [OPTION]
connections() {
	local before out name=$1
	shift
	before=$(joins)
	out=$(phone "$PERSONA" run "$@" ${PERSONALITY:+-p "$PERSONALITY"} -o net.ipv4.ip_local_port_range="40000 40099" \
		-i "$WLAN_IF" -i "$RMNET_IF" -- "$PYTHON" "$TMP/many.py" 2>&1)
	grep '^#' <<<"$out"
	is "$name: all are made" "$(tail -n 1 <<<"$out")" "connections 90 ports 90"
	is "$name: each has its second subflow" $(($(joins) - before)) 90
}
connections shadow
connections inline --inline
done_testing
