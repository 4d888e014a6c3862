#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drain.t - the end of a run waits for data that nobody has acknowledged, and for nothing else.
#
#   phone: a client on the stack                    server: the host kernel
#     wlan0  10.1.0.2 ============================= ap0    10.1.0.1
#     rmnet0 10.2.0.2 == data segments dropped ==== cell0  10.2.0.1
#
# The middlebox of one path lets handshakes and acknowledgements pass and drops what carries data.
# The upload is whole by the other path; the subflow of the bad path has bytes that will never be
# acknowledged. Then connections that have fallen back to TCP, where those bytes are the data; and
# a path that carries nothing any more, for as long as --linger says.
#
# runs: sleeps, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft
persona_only
testbed_up
in_server() { ip netns exec "persona-server-$ID" "$@"; }

cat >"$TMP/sink.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, int(sys.argv[2]))
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", int(sys.argv[1])))
s.listen(1)
c, n = s.accept()[0], 0
while data := c.recv(65536):
    n += len(data)
    if sys.argv[3:] == ["answer"] and n == 3000001:
        c.sendall(b"whole")
print(n, flush=True)
END
cat >"$TMP/put.py" <<'END'
import os, socket, sys, time
s = socket.create_connection(("10.1.0.1", int(sys.argv[1])))
if sys.argv[3] == "answer":
    s.sendall(b"x")
    time.sleep(0.5)             # the second path is there
    print("ready", flush=True)
    while not os.path.exists(sys.argv[4]):
        time.sleep(0.02)
s.sendall(bytes(int(sys.argv[2])))
if sys.argv[3] == "answer":
    assert s.recv(5) == b"whole"
print("ends", time.time(), flush=True)
os._exit(0)
END
PORT=7400
# put BYTES HOW PROTOCOL PATHS [OPTION...]: $SECONDS_MORE after its last words, $TMP/sink.out
put() {
	local bytes=$1 how=$2 protocol=$3 paths=$4 sink client
	shift 4
	PORT=$((PORT + 1))
	in_server timeout 90 "$PYTHON" "$TMP/sink.py" $PORT "$protocol" "$how" >"$TMP/sink.out" 2>&1 &
	sink=$!
	STARTED+=("$sink")
	wait_for 10 listens $PORT
	rm -f "$TMP/go"
	: >"$TMP/out"
	on "$paths" "$@" -- timeout 60 "$PYTHON" "$TMP/put.py" $PORT "$bytes" "$how" "$TMP/go" >"$TMP/out" 2>&1 &
	client=$!
	STARTED+=("$client")
	if [ "$how" = answer ]; then
		wait_for 10 grep -q ready "$TMP/out"
		middlebox "$BAD"
		touch "$TMP/go"
	fi
	wait "$client"
	STATUS=$?
	SECONDS_MORE=$(awk -v now="$(date +%s.%N)" '$1 == "ends" { printf "%.1f", now - $2 }' "$TMP/out")
	wait_for 5 test -s "$TMP/sink.out"
	stop "$sink"
	grep persona: "$TMP/out" | sed 's/^/# | /'
}

# middlebox RULE...: in the server's namespace
middlebox() {
	in_server nft -f - <<-END
		table inet middlebox {
			chain in { type filter hook input priority 0; $*; }
		}
	END
}
no_middlebox() { in_server nft delete table inet middlebox; }

for MODE in inline shadow; do
	# One path drops data, either of them
	for dev in cell0 ap0; do
		BAD="iifname $dev meta l4proto tcp meta length > 300 drop"
		put 3000000 answer 262 both
		is "$MODE, $dev drops data: status" $STATUS 0
		is "$MODE, $dev drops data: the peer has it all" "$(cat "$TMP/sink.out")" 3000001
		at_most "$MODE, $dev drops data: seconds after the end" "${SECONDS_MORE:-99}" 3
		no_middlebox
	done
	# What is not acknowledged is waited for: at once closed, over a slow path
	"$TOP/testbed/phone" --id $ID set wlan 2mbit,20ms
	put 400000 exit 262 wlan
	is "$MODE, MPTCP, slow path: the peer has it all" "$(cat "$TMP/sink.out")" 400000
	put 400000 exit 6 wlan
	is "$MODE, a peer without MPTCP, slow path: the peer has it all" "$(cat "$TMP/sink.out")" 400000
	put 400000 exit 6 wlan --no-mptcp
	is "$MODE, TCP, slow path: the peer has it all" "$(cat "$TMP/sink.out")" 400000
	# MPTCP's handshake passes, its data does not: the connection falls back later
	middlebox "tcp flags & (syn | ack | psh) != syn tcp dport >= 7400 reset tcp option mptcp"
	put 400000 exit 262 wlan
	is "$MODE, fallen back after the handshake, slow path: the peer has it all" "$(cat "$TMP/sink.out")" 400000
	no_middlebox
	# Nothing passes any more, with data in the stack
	middlebox "meta l4proto tcp meta length > 300 drop"
	put 40000 exit 262 wlan --linger 2
	at_least "$MODE, --linger 2, nothing passes: seconds" "${SECONDS_MORE:-0}" 1.9
	at_most "$MODE, --linger 2, nothing passes: seconds" "${SECONDS_MORE:-99}" 4
	matches "$MODE, it says what it gave up" "$(cat "$TMP/out")" \
		'persona: gave up on 1 connection: after 2 s not all data, or not its end, was acknowledged'
	put 40000 exit 6 wlan --linger 0
	at_most "$MODE, --linger 0: seconds" "${SECONDS_MORE:-99}" 1.5
	no_middlebox
	"$TOP/testbed/phone" --id $ID set wlan 50mbit,10ms
done
done_testing
