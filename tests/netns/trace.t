#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# trace.t - `--trace` tells the life of sockets, calls and paths, alike in both modes.
#
#   phone: curl on the stack                        server: httpd on the host kernel
#     wlan0  10.1.0.2 ===20mbit,5ms================== ap0    10.1.0.1
#     rmnet0 10.2.0.2 ===20mbit,5ms================== cell0  10.2.0.1
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only

need curl
testbed_up --wlan 20mbit,5ms --rmnet 20mbit,5ms
httpd
random_file "$FILES/blob" 2000000

# traced FILE OPTION... -- COMMAND...: the trace goes to FILE
traced() {
	local file=$1
	shift
	phone timeout 30 "$PERSONA" run -i packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1 \
		-i rawip:rmnet0,ip=10.2.0.2/24,gw=10.2.0.1 "$@" 2>"$file"
}

# line NAME FILE PATTERN: a whole line behind the time
line() { matches "$1" "$(cat "$2")" "^persona: trace [0-9]+\.[0-9]{6} $3\$"; }

for MODE in shadow inline; do
	t=$TMP/$MODE
	traced "$t" --mode $MODE --trace=sockets,paths -- \
		curl -q -sS -o "$TMP/out" http://10.1.0.1/blob
	is "$MODE: the download" "$(sum "$TMP/out")" "$(sum "$FILES/blob")"
	line "$MODE: born" "$t" 'sockets #[0-9]+ born inet stream mptcp'
	line "$MODE: connecting" "$t" 'sockets #[0-9]+ connecting to 10\.1\.0\.1:80'
	line "$MODE: connected" "$t" 'sockets #[0-9]+ connected 10\.1\.0\.2:[0-9]+ -> 10\.1\.0\.1:80 token [0-9a-f]{8}'
	line "$MODE: subflow" "$t" 'sockets token [0-9a-f]{8} subflow established 10\.2\.0\.2:[0-9]+ -> 10\.1\.0\.1:80'
	line "$MODE: closed" "$t" 'sockets #[0-9]+ closed'
	is "$MODE: no calls among them" "$(grep -c ' calls ' "$t")" 0
	is "$MODE: the subflow's token is the connection's" \
		"$(sed -n 's/.* connected .*token //p' "$t")" "$(sed -n 's/.*token \(.*\) subflow est.*/\1/p' "$t")"

	traced "$t" --mode $MODE --trace=sockets -- curl -q -sS -o /dev/null http://10.1.0.1:9/
	is "$MODE: a refused connection is the program's error" $? 7
	line "$MODE: refused" "$t" 'sockets #[0-9]+ refused'

	traced "$t" --mode $MODE --trace=calls -- curl -q -sS -o /dev/null http://10.1.0.1/blob
	line "$MODE: a call with its address" "$t" 'calls [0-9]+ connect\([0-9]+, 10\.1\.0\.1:80, 16\) = .*'
	is "$MODE: no sockets among them" "$(grep -c ' sockets ' "$t")" 0

	traced "$t" --mode $MODE --trace=sockets -- "$PYTHON" -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x", ("127.0.0.1", 9))'
	line "$MODE: moved" "$t" "sockets #[0-9]+ moved to the host's loopback"

	traced "$t" --mode $MODE -- curl -q -sS -o /dev/null http://10.1.0.1/blob
	is "$MODE: nothing is told unless asked for" "$(grep -c trace "$t")" 0
done

# A blocking accept() waits for news of its socket.
t=$TMP/parked
traced "$t" --trace=sockets -- "$PYTHON" -c '
import socket
s = socket.create_server(("10.1.0.2", 8080))
s.settimeout(0.3)
try: s.accept()
except TimeoutError: pass
s.settimeout(None)
import os, threading
threading.Thread(target=lambda: socket.create_connection(("10.1.0.2", 8080))).start()
s.accept()'
line "shadow: parked" "$t" 'sockets #[0-9]+ parked accept4? of thread [0-9]+'
line "shadow: accepted" "$t" 'sockets #[0-9]+ accepted inet stream.*'

# Paths: the link goes and comes back.
t=$TMP/paths
(
	sleep 1
	"$TOP/testbed/phone" --id "$ID" state rmnet down
	sleep 1
	"$TOP/testbed/phone" --id "$ID" state rmnet up
) &
traced "$t" --trace=paths -- sleep 4
wait $!
line "paths: link down" "$t" 'paths rmnet0 link down'
line "paths: link up" "$t" 'paths rmnet0 link up'

check "an unknown kind is named" sh -c "! '$PERSONA' run --trace=socket -- true 2>$TMP/bad"
matches "with those that there are" "$(cat "$TMP/bad")" "no kind of event is called 'socket': sockets, calls"
done_testing
