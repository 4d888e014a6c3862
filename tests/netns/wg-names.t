#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-names.t - an endpoint that is a name is resolved again by the host when its server has moved.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go, MPTCP
#     wlan0  10.7.0.2 ==tunnel to w.test========= 10.7.0.1
#     rmnet0 10.7.0.3 ==tunnel to r.test=========
#   outside: w.test is 10.1.0.1, then 10.1.0.7; r.test is 10.2.0.1, then 10.2.0.7; nobody has an
#   address that the server has left. The host's name server is its own.
#
# runs: waits, long
# limit: 400
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need dnsmasq setpriv

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up
for path in wlan rmnet; do
	sed -i "s/^Endpoint = .*/Endpoint = ${path:0:1}.test:$WG_PORT/" "$WG/$path.conf"
done
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf

# Where the server is: 1 (the addresses as they were) or 7
server_is() { # WLAN RMNET
	local wlan rmnet
	[ "$1" = 1 ] && wlan=7 || wlan=1
	[ "$2" = 1 ] && rmnet=7 || rmnet=1
	server ip address replace "10.1.0.$1/24" dev ap0
	server ip address replace "10.2.0.$2/24" dev cell0
	server ip address del "10.1.0.$wlan/24" dev ap0 2>/dev/null
	server ip address del "10.2.0.$rmnet/24" dev cell0 2>/dev/null
	printf '%s\n' "10.1.0.$1 w.test" "10.2.0.$2 r.test" >"$TMP/names"
	[ -z "${DNSMASQ:-}" ] || kill -HUP "$DNSMASQ"
}
# wireguard-go goes on to send from an address that is gone, until a peer's endpoint is set
server_goes_on() { server wg set "$WG_IF" peer "$(cat "$WG/wlan.pub")" endpoint "$(wg_peer wlan endpoints)"; }
server sysctl -qw net.ipv4.conf.all.promote_secondaries=1 # an address that goes leaves the other
echo "nameserver 127.0.0.1" >"$TMP/resolv.conf"
server_is 1 1
background phone dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file= \
	--user=root --bind-interfaces --listen-address=127.0.0.1 --addn-hosts="$TMP/names" --local=/test/ \
	--log-queries --log-facility="$TMP/names.log"
DNSMASQ=$LAST
wait_for 5 sh -c "ip netns exec persona-phone-$ID ss -Hlun 'sport = :53' | grep -q ."
others() { ip netns pids "persona-phone-$ID" | grep -vx "$DNSMASQ"; } # processes there but the name server
asked() { grep -c 'query\[A\]' "$TMP/names.log"; }

cat >"$TMP/serve.py" <<'END'
import socket, sys, threading
def serve(s):
    try:
        n = int(s.recv(100))
        while n > 0:
            n -= s.send(bytes(min(n, 1 << 16)))
    except (OSError, ValueError):
        pass
    s.close()
def echo():
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("0.0.0.0", 8001))
    while True:
        u.sendto(*u.recvfrom(100))
threading.Thread(target=echo, daemon=True).start()
l = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("::", 8000))
l.listen(20)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
# Fetches for so many seconds; tells of the longest silence
cat >"$TMP/fetch.py" <<'END'
import socket, sys, time
end = time.time() + float(sys.argv[1])
s = socket.create_connection(("10.7.0.1", 8000), 20)
s.sendall(b"%d" % (1 << 33))
s.settimeout(60)
silence, last = 0, time.time()
while last < end:
    s.recv(1 << 16)
    now = time.time()
    silence, last = max(silence, now - last), now
print("silence %d ms" % (silence * 1000))
END
# Asks for an echo each half second; tells of the longest time without one
cat >"$TMP/echo.py" <<'END'
import socket, sys, time
end = time.time() + float(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.7.0.1", 8001))
s.settimeout(0.5)
silence, last = 0, time.time()
while time.time() < end:
    s.send(b"echo")
    try:
        s.recv(100)
        silence, last = max(silence, time.time() - last), time.time()
        time.sleep(0.5)
    except OSError:
        pass
if time.time() - last < 5:
    print("silence %d ms" % (silence * 1000))
END
# Runs a command, interrupts it after a second, tells how long it then lives
cat >"$TMP/interrupt.py" <<'END'
import os, signal, subprocess, sys, time
p = subprocess.Popen(sys.argv[1:], start_new_session=True,
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(1)
began = time.time()
os.killpg(p.pid, signal.SIGINT)
p.wait()
print("status %d in %d ms" % (p.returncode, (time.time() - began) * 1000))
END
chmod 644 "$TMP"/*.py
background server "$PYTHON" "$TMP/serve.py"
wait_for 10 listens 8000

USER65534=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs)
rootless() { # MODE OPTION... -- COMMAND...
	local mode=$1
	shift
	phone timeout 100 "${USER65534[@]}" "$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$mode" "$@"
}
WLAN=(-i "wg:wlan0,conf=$WG/wlan.conf") RMNET=(-i "wg:rmnet0,conf=$WG/rmnet.conf")
received() { wg_peer "$1" transfer | cut -d' ' -f2; }
silence() { sed -n 's/.*silence \([0-9]*\) ms.*/\1/p' "$TMP/fetch.out"; }
nobody() { [ -z "$(others)" ]; }
no_resolver() { ! others | xargs -r ps -o comm= -p | grep -q resolve; }

# two_paths MODE: the loss of the path tells that its server is elsewhere; bytes by it then are $moved
two_paths() {
	local pid before
	rootless "$1" "${WLAN[@]}" "${RMNET[@]}" -- "$PYTHON" "$TMP/fetch.py" 12 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 3
	server_is 1 7
	sleep 4
	before=$(received wlan)
	sleep 2
	moved=$(($(received wlan) - before))
	wait $pid
}

for MODE in shadow inline; do
	server_is 1 1
	# One path, and a server that goes on to send from where it is now
	rootless $MODE --trace=paths "${WLAN[@]}" -- "$PYTHON" "$TMP/fetch.py" 10 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 3
	server_is 7 7
	server_goes_on
	wait $pid
	matches "$MODE: one path follows its server" "$(cat "$TMP/fetch.out")" 'silence [0-9]+ ms'
	matches "$MODE: the trace tells" "$(cat "$TMP/fetch.out")" 'trace .* paths wlan0 has another endpoint: 10\.1\.0\.7 port 51820'
	at_most "$MODE: silence, ms" "$(silence)" 3000
	check "$MODE: no process stays" wait_for 3 nobody
	server_is 1 1

	# One that knows nothing of us any more: WireGuard tries a handshake after 15 s, another one
	# after 5, which tells, and the third, after 5 more, arrives; a look-up may fail once
	rootless $MODE "${WLAN[@]}" -- "$PYTHON" "$TMP/echo.py" 46 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 3
	wg_stop
	server_is 7 7
	wg_start
	wait $pid
	matches "$MODE: one path follows a server that was restarted" "$(cat "$TMP/fetch.out")" '^silence [0-9]+ ms'
	at_most "$MODE: silence, ms" "$(silence)" 40000
	at_least "$MODE: silence, ms: it is that case" "$(silence)" 10000

	two_paths $MODE
	if [ "$moved" -lt 1000000 ]; then
		note "$MODE: once more, since it was $moved bytes: a look-up that fails costs five seconds"
		server_is 7 7
		two_paths $MODE
	fi
	at_least "$MODE: of two paths one follows its server within 4 s, bytes" "$moved" 1000000
	at_most "$MODE: silence meanwhile, ms" "$(silence)" 1500

	# Its name server is silent: that holds nothing up
	rootless $MODE "${WLAN[@]}" "${RMNET[@]}" -- "$PYTHON" "$TMP/fetch.py" 14 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 3
	kill -STOP "$DNSMASQ"
	"$TOP/testbed/phone" --id "$ID" state wlan drop
	sleep 4
	"$TOP/testbed/phone" --id "$ID" state wlan up
	before=$(received wlan)
	sleep 3
	at_least "$MODE: a silent name server: the path is back in use, bytes" $(($(received wlan) - before)) 100000
	wait $pid
	kill -CONT "$DNSMASQ"
	at_most "$MODE: a silent name server: silence, ms" "$(silence)" 1500
	check "$MODE: no process stays, though it waits for that server" wait_for 3 nobody

	# The host's address changes, and with it the name's
	rootless $MODE "${WLAN[@]}" -- "$PYTHON" "$TMP/fetch.py" 10 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 3
	server_is 7 7
	phone ip addr del 10.1.0.3/24 dev wlan0
	phone ip addr add 10.1.0.9/24 dev wlan0
	wait $pid
	at_most "$MODE: another address of the host's: silence, ms" "$(silence)" 2500
	phone ip addr del 10.1.0.9/24 dev wlan0
	phone ip addr add 10.1.0.3/24 dev wlan0

	# A tunnel that is well, and one that has nothing to do, ask nothing
	rootless $MODE "${WLAN[@]}" -- sh -c "$PYTHON $TMP/fetch.py 2; sleep 8" >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 2
	before=$(asked)
	wait $pid
	at_least "$MODE: the first question was seen" "$before" 1
	is "$MODE: no further question of a tunnel that is well" $(($(asked) - before)) 0

	# Killed outright
	rootless $MODE "${WLAN[@]}" -- sleep 60 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 1
	others | while read -r p; do
		[ "$(cat "/proc/$p/comm")" = persona ] && kill -9 "$p"
	done
	wait $pid 2>/dev/null
	check "$MODE: persona killed: no resolver stays" wait_for 3 no_resolver
	others | xargs -r kill -9
done

kill -STOP "$DNSMASQ"
out=$(phone timeout 30 "${USER65534[@]}" "$PYTHON" "$TMP/interrupt.py" "$PERSONA" run "${WLAN[@]}" -- sleep 60 2>&1)
kill -CONT "$DNSMASQ"
matches "^C during the first resolution" "$out" '^status -2 in [0-9]{1,3} ms$'
check "and no process stays" wait_for 3 nobody
done_testing
