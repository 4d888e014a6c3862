#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gateway-many.t - ten thousand connections through a gateway, as MPTCP, with the default memory.
#
#   phone: a program on the host's kernel           server: MPTCP, 10.9.0.1 behind it
#     gw0   198.18.0.2
#      |    TUN, made by persona gateway
#     persona gateway: the stack
#     wlan0  10.1.0.2 ============================== ap0    10.1.0.1
#     rmnet0 10.2.0.2 ============================== cell0  10.2.0.1
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only
MANY=${MANY:-10000}
[ "$(ulimit -Hn)" -ge $((MANY + 200)) ] || skip_all "a process may have $(ulimit -Hn) descriptors: ulimit -Hn $((MANY + 200))"

testbed_up --unshaped
server ip address add 10.9.0.1/32 dev lo
server sysctl -qw net.ipv4.ip_forward=1 net.core.somaxconn=8192 net.ipv4.tcp_max_syn_backlog=16384
phone sysctl -qw net.ipv4.ip_local_port_range="10000 65000"
# As a network card does: all frames of a connection are received by one processor. Else two of them
# may process a connection's first acknowledgment and its first data at a time, and Linux (6.18, too)
# may look for the socket just when the request has left its table and the socket is not in it yet:
# it answers with a reset.
for device in ap0 cell0; do
	server sh -c "echo $(printf %x $(((1 << $(nproc)) - 1))) >/sys/class/net/$device/queues/rx-0/rps_cpus"
done

# An echo of lines
cat >"$TMP/echo.py" <<'END'
import asyncio, resource, socket
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
async def echo(r, w):
    try:
        while line := await r.readline():
            w.write(line)
    except ConnectionError:
        pass
    w.close()
async def main():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 8002))
    async with await asyncio.start_server(echo, sock=s, backlog=16384) as server:
        await server.serve_forever()
asyncio.run(main())
END
# As many connections at once, each asked twice
cat >"$TMP/ask.py" <<'END'
import resource, socket, sys, time
n = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, n + 100))
start = time.time()
all = [socket.create_connection(("10.9.0.1", 8002), 60) for _ in range(n)]
print("# connected after %.1f s" % (time.time() - start))
good = 0
for turn in range(2):
    for at in range(0, n, 1000): # a veth loses what comes in larger bursts
        some = list(enumerate(all))[at:at + 1000]
        for i, s in some:
            s.sendall(b"%d\n" % i)
        for i, s in some:
            good += s.recv(100) == b"%d\n" % i
print("# answered after %.1f s" % (time.time() - start))
# Of what comes into the gateway, until all is closed at once
with open("/sys/class/net/gw0/statistics/tx_dropped") as f:
    print("answers", good, "lost", int(f.read()))
END
chmod 644 "$TMP"/*.py
background server "$PYTHON" "$TMP/echo.py"
wait_for 10 listens 8002
: >"$TMP/gateway.log"
(
	# shellcheck disable=SC2034 # of phone()
	EXEC="exec"
	phone "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} --in tun:gw0 -i "$WLAN_IF" -i "$RMNET_IF"
) </dev/null >"$TMP/gateway.log" 2>&1 &
GATEWAY=$!
STARTED+=("$GATEWAY")
wait_for 10 grep -q "goes out by" "$TMP/gateway.log"

capable() { server nstat -asz MPTcpExtMPCapableSYNRX | awk '/MPCapableSYNRX/ { print $2 }'; }
before=$(ps -o rss= -p "$GATEWAY")
out=$(phone "$PYTHON" "$TMP/ask.py" "$MANY" 2>&1)
grep '^#' <<<"$out"
is "$MANY connections, each asked twice" "$(grep -v '^#' <<<"$out" | tail -n 1)" "answers $((2 * MANY)) lost 0"
at_least "of them MPTCP" "$(capable)" "$MANY"
at_most "memory of the gateway, MB" $((($(ps -o rss= -p "$GATEWAY") - before) / 1024)) 256
is "it has nothing to say" "$(grep -vc "goes out by" "$TMP/gateway.log")" 0
stop "$GATEWAY"

done_testing
