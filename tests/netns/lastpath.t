#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lastpath.t - a connection whose last path is lost for a while goes on when it returns.
#
#   phone: a slow reader on the stack           server: sends, closes at once
#     wlan0  10.1.0.2 ========================= ap0    10.1.0.1:8001 (MPTCP)
#     rmnet0 10.2.0.2 ===== no join passes ==== cell0  10.2.0.1
#
# The server's program has closed its end when wlan0 loses its carrier, so it takes no new subflow;
# all data is in its kernel. First with wlan0 as the only path, then with rmnet0 as the one that is
# left after wlan0 was lost and came back.
#
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

testbed_up --unshaped

cat >"$TMP/server.py" <<'END'
import socket
l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
l.bind(("", 8001))
l.listen(5)
while True:
    s, _ = l.accept()
    s.sendall(bytes(2 << 20))
    s.close()
END
# A byte for the test whenever a path is to be lost; then it reads on
cat >"$TMP/reader.py" <<'END'
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
s.connect(("10.1.0.1", 8001))
s.settimeout(30)
got, lost, worst = 0, int(sys.argv[1]), 0
while True:
    if lost and got > 100000:
        time.sleep(1)           # the join is done; the server has closed
        print("ready", flush=True)
        sys.stdin.readline()
        lost, got = lost - 1, got - 100000
    began = time.time()
    try:
        data = s.recv(16384)
    except OSError as e:
        print("error", e)
        break
    worst = max(worst, time.time() - began)
    if not data:
        break
    got += len(data)
    time.sleep(0.005)
print("bytes", got + 100000 * int(sys.argv[1]))
print("worst %.0f" % (worst * 1000))
END

background server "$PYTHON" "$TMP/server.py"
wait_for 10 listens 8001

# lose PATH: for a second and a half
lose() {
	if [ "$1" = wlan ]; then server ip link set ap0 "$2"; else "$TOP/testbed/phone" --id "$ID" state rmnet "$2"; fi
}

# reader NAME PATH...: these are lost, in turn
reader() {
	local name=$1 n=0 path pid
	shift
	rm -f "$TMP/in"
	mkfifo "$TMP/in"
	on both --linger 5 -- timeout 90 "$PYTHON" "$TMP/reader.py" $# <"$TMP/in" >"$TMP/out" 2>&1 &
	pid=$!
	exec 3>"$TMP/in"
	for path in "$@"; do
		n=$((n + 1))
		until [ "$(grep -c ready "$TMP/out")" -ge $n ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
		lose "$path" down
		echo >&3
		sleep 1.5
		lose "$path" up
	done
	exec 3>&-
	wait "$pid"
	is "$name: status" $? 0
	is "$name: bytes" "$(grep -E '^(bytes|error)' "$TMP/out")" "bytes $((2 << 20))"
	at_most "$name: longest wait, ms" "$(sed -n 's/^worst //p' "$TMP/out")" 6000
}

for MODE in shadow inline; do
	server nft -f - <<-'END'
		table ip last {
			chain in {
				type filter hook input priority 0
				iifname "cell0" drop
			}
		}
	END
	reader "$MODE: the only path" wlan
	server nft delete table ip last
	reader "$MODE: the one that is left" wlan rmnet
done
done_testing
