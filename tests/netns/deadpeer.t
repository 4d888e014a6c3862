#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# deadpeer.t - a peer that says nothing any more: keepalive and TCP_USER_TIMEOUT end MPTCP as TCP.
#
#   phone: clients and a server on the stack        server: the host kernel, MPTCP
#     wlan0  10.1.0.2 ============================= ap0    10.1.0.1
#     rmnet0 10.2.0.2 ============================= cell0  10.2.0.1
#
# Two ways to be silent: the peer (its TCP is dropped there, while its routers answer), or all
# paths. Then each way to be told (a blocked read, a write, poll) has ETIMEDOUT in the time that
# the program has asked for, over one path and over two. A peer that lives, and one path of two
# that does not, end nothing.
#
# runs: sleeps, long
# limit: 600
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft
persona_only
testbed_up
bed() { "$TOP/testbed/phone" --id $ID "$@"; }

# The server echoes (8000), or never reads (8002). With an ADDRESS it connects there instead.
cat >"$TMP/peer.py" <<'END'
import socket, sys, threading
def echo(c):
    try:
        while data := c.recv(65536):
            c.sendall(data)
    except OSError:
        pass
def swallow(c):
    while True:
        threading.Event().wait()
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
if len(sys.argv) > 1:
    s.connect((sys.argv[1], 8001))
    echo(s)
    sys.exit()
for port, serve in (8000, echo), (8002, swallow):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    s.listen(8)
    def accept(s=s, serve=serve):
        while True:
            threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
    threading.Thread(target=accept).start()
END

# HOW DEAD OPTION...: says "ready" on a line and, when the file DEAD is there, what it is told and
# after how many seconds.
cat >"$TMP/client.py" <<'END'
import errno, os, select, socket, sys, time
how, dead, options = sys.argv[1], sys.argv[2], sys.argv[3:]
names = {"keepalive": [(1, 9, 1), (6, 4, 2), (6, 5, 1), (6, 6, 2)], "user": [(6, 18, 3000)]}
def tune(s):
    for o in options:
        for level, name, value in names[o]:
            s.setsockopt(level, name, value)
            assert s.getsockopt(level, name) == value, (level, name)
s = socket.socket()
if how == "accept":
    tune(s)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 8001))
    s.listen(1)
    print("listens", flush=True)
    s = s.accept()[0]
elif how == "before":
    tune(s)
    s.connect(("10.1.0.1", 8000))
else:
    s.connect(("10.1.0.1", 8002 if how == "fill" else 8000))
    tune(s)
if how != "fill":
    for i in range(3):          # for the second path to be there
        s.sendall(b"y")
        s.recv(10)
        time.sleep(0.3)
print("ready", flush=True)
while not os.path.exists(dead):
    time.sleep(0.05)
start = time.time()
limit = 15
what = "nothing"
try:
    if how == "live":
        time.sleep(6)
    if "user" in options and how != "fill":
        s.sendall(b"z" * 3000)
    if how == "poll":
        p = select.poll()
        p.register(s, select.POLLIN)
        events = p.poll(limit * 1000)
        what = "%x-%s" % (events[0][1] if events else 0,
            errno.errorcode.get(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "none"))
    elif how == "fill":
        s.settimeout(limit)
        while True:
            s.send(bytes(65536))
    else:
        s.settimeout(limit)
        what = "data" if s.recv(10000) else "end"
except socket.timeout as e:
    what = "nothing" if e.errno is None else errno.errorcode[e.errno]
except OSError as e:
    what = errno.errorcode[e.errno]
print("told", what, round(time.time() - start, 1), flush=True)
END
background server "$PYTHON" "$TMP/peer.py"
wait_for 10 listens 8000 || note "the server did not start"

peer_dead() {
	ip netns exec "persona-server-$ID" nft -f - <<-'END'
		table inet dead {
			chain in { type filter hook input priority 0; meta l4proto tcp drop; }
			chain out { type filter hook output priority 0; meta l4proto tcp drop; }
		}
	END
}
peer_alive() { ip netns exec "persona-server-$ID" nft delete table inet dead; }
paths_dead() { bed state wlan drop && bed state rmnet drop; }
paths_alive() { bed state wlan up && bed state rmnet up; }

nobody_dead() { true; }
nobody_alive() { true; }
wlan_dead() { bed state wlan drop; }
wlan_alive() { bed state wlan up; }
says() { "$@" >"$TMP/out" 2>&1; }

# told PATHS WHO HOW OPTION...: what the client was told is in $TOLD, after $AFTER seconds
told() {
	local paths=$1 who=$2 how=$3 pid
	shift 3
	rm -f "$TMP/dead" "$TMP/out"
	background says on "$paths" -- "$PYTHON" "$TMP/client.py" "$how" "$TMP/dead" "$@"
	pid=$LAST
	if [ "$how" = accept ]; then
		wait_for 10 grep -q listens "$TMP/out"
		background server "$PYTHON" "$TMP/peer.py" 10.1.0.2
	fi
	wait_for 10 grep -q ready "$TMP/out" || note "the client is not ready"
	"${who}_dead"
	touch "$TMP/dead"
	wait_for 20 grep -q told "$TMP/out" || note "the client was not told"
	"${who}_alive"
	read -r TOLD AFTER <<<"$(sed -n 's/^told //p' "$TMP/out")"
	grep -v "told\|ready\|listens" "$TMP/out" | sed 's/^/# | /' | tail -n 8
	stop "$pid"
}

# ends NAME PATHS WHO HOW OPTION...: with the error that TCP has in this mode, in the time asked for
ends() {
	local name="$MODE, $1" how=$4 wanted=ETIMEDOUT
	shift
	told "$@"
	case $MODE-$how in
	*-poll) wanted=19-ETIMEDOUT ;;
	shadow-fill) wanted=EPIPE ;;		# docs/shadow.md, differences
	shadow-*) wanted=ECONNRESET ;;
	esac
	is "$name" "$TOLD" $wanted
	at_most "$name: seconds" "${AFTER:-99}" 8
}

for MODE in inline shadow; do
	for paths in wlan both; do
		ends "$paths, keepalive" $paths peer after keepalive
		ends "$paths, keepalive before connect()" $paths peer before keepalive
		ends "$paths, keepalive, accepted" $paths peer accept keepalive
		ends "$paths, keepalive, poll()" $paths peer poll keepalive
		ends "$paths, TCP_USER_TIMEOUT" $paths peer after user
		ends "$paths, TCP_USER_TIMEOUT, accepted" $paths peer accept user
		ends "$paths, TCP_USER_TIMEOUT, a writer" $paths peer fill user
		ends "$paths, TCP_USER_TIMEOUT and keepalive, poll()" $paths peer poll user keepalive
		ends "$paths, no path carries anything, keepalive" $paths paths after keepalive
		ends "$paths, no path carries anything, TCP_USER_TIMEOUT" $paths paths before user
		told $paths nobody live keepalive user
		is "$MODE, $paths, all live" "$TOLD" data
	done
	told both wlan live keepalive user
	is "$MODE, both, one path of two is dead" "$TOLD" data
done
done_testing
