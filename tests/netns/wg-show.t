#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-show.t - what `persona show` and `persona doctor` tell of tunnels.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go, MPTCP on 8000
#     wlan0  10.7.0.2 fd07::2 ==tunnel=========== 10.7.0.1 fd07::1
#     rmnet0 10.7.0.3 fd07::3 ==tunnel===========
#       ^ persona show in the same namespace
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need jq setpriv mptcpize

testbed_up --host-ip --wlan 100mbit,2ms --rmnet 100mbit,2ms
wg_up
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf
cat >"$TMP/serve.py" <<'END'
import socket, threading
def serve(s):
    try:
        while data := s.recv(1 << 16):
            s.sendall(data)
    except OSError:
        pass
    s.close()
l = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
l.bind(("::", 8000))
l.listen(20)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
# Moves a megabyte, then keeps its connection and a UDP socket of its own
cat >"$TMP/stay.py" <<'END'
import socket, time
s = socket.create_connection(("10.7.0.1", 8000), 20)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("0.0.0.0", 51840))
for i in range(16):
    s.sendall(bytes(1 << 16))
    n = 0
    while n < 1 << 16:
        n += len(s.recv(1 << 16))
print("moved", flush=True)
time.sleep(60)
END
chmod 644 "$TMP"/*.py
background server "$PYTHON" "$TMP/serve.py"
wait_for 10 listens 8000

USER65534=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs)
rootless() { phone timeout 60 "${USER65534[@]}" "$PERSONA" "$@"; }

show() { rootless show "$@" 2>&1; }
of() { show --json | jq -r ".interfaces[] | select(.name == \"$1\") | $2"; } # INTERFACE EXPRESSION

for MODE in shadow inline; do
	: >"$TMP/stay.out"
	rootless run --mode $MODE -i "wg:wlan0,conf=$WG/wlan.conf" -i "wg:rmnet0,conf=$WG/rmnet.conf,mtu=1300" -- \
		"$PYTHON" "$TMP/stay.py" >"$TMP/stay.out" 2>&1 &
	run=$!
	wait_for 15 grep -q moved "$TMP/stay.out"
	is "$MODE: endpoint" "$(of wlan0 '.tunnel.endpoints | join(" ")')" 10.1.0.1:51820
	is "$MODE: inner and outer MTU" "$(of wlan0 '"\(.mtu) \(.tunnel.outer_mtu)"') $(of rmnet0 '"\(.mtu) \(.tunnel.outer_mtu)"')" \
		"1440 1500 1300 1500"
	age=$(of wlan0 .tunnel.handshake_age_s)
	at_least "$MODE: age of the last handshake, s" "${age:--1}" 0
	at_most "$MODE: age of the last handshake, s" "${age:-99}" 20
	sum=$(show --json | jq '[.interfaces[] | .tunnel? | select(.) | .sent + .received] | add')
	at_least "$MODE: bytes of both tunnels" "${sum:-0}" 2100000
	is "$MODE: other interfaces have no tunnel" "$(of lo '.tunnel')" null
	is "$MODE: UDP sockets are the program's alone" "$(show --json | jq -r '[.udp[].local] | join(" ")')" "*:51840"
	out=$(show --once --interval 0.2)
	matches "$MODE: text: a table of tunnels" "$out" '^TUNNEL +ENDPOINT +HANDSHAKE +MTU +OUTER MTU +RECEIVED +SENT$'
	matches "$MODE: text: a tunnel" "$out" '^wlan0 +10\.1\.0\.1:51820 +[0-9]+s ago +1440 +1500 +[0-9.]+[KM] +[0-9.]+[KM]$'
	is "$MODE: text: what they leave by is not shown" "$(grep -c wglink <<<"$out")" 0
	is "$MODE: text: nor their sockets" "$(grep -c ':5182[01]' <<<"$(grep -v '^[a-z]*0 ' <<<"$out")")" 0
	matches "$MODE: text: interfaces" "$out" '^rmnet0 +[a-z]+ +1300 '
	pkill=$(ip netns pids "persona-phone-$ID")
	# shellcheck disable=SC2086 # numbers
	kill $pkill 2>/dev/null
	wait $run 2>/dev/null
	wait_for 10 sh -c "[ -z \"\$(ip netns pids persona-phone-$ID)\" ]"
done

# ---- one that never had a handshake ----
sed 's/^Endpoint.*/Endpoint = 10.1.0.1:9/; /^PersistentKeepalive/d' "$WG/wlan.conf" >"$WG/away.conf"
chmod 600 "$WG/away.conf"
chown 65534 "$WG/away.conf"
rootless run --mode shadow -i "wg:wlan0,conf=$WG/away.conf" -- sleep 8 >/dev/null 2>&1 &
run=$!
sleep 1
matches "no handshake: never" "$(show --once --interval 0.2)" '^wlan0 +10\.1\.0\.1:9 +never +1440 '
is "no handshake: no age" "$(of wlan0 .tunnel.handshake_age_s)" null
wait $run

# ---- doctor ----
doctor() {
	OUT=$(rootless doctor "$@" 2>&1)
	STATUS=$?
}
says() { matches "$1" "$OUT" "$2"; }
change() { # NAME SED-EXPRESSION [MODE]: $WG/NAME.conf
	sed -E "$2" "$WG/wlan.conf" >"$WG/$1.conf"
	chmod "${3:-600}" "$WG/$1.conf"
	chown 65534 "$WG/$1.conf"
}
doctor -i "wg:wlan0,conf=$WG/wlan.conf" -i "wg:rmnet0,conf=$WG/rmnet.conf" --mptcp 10.7.0.1:8000
is "doctor: status" $STATUS 0
says "doctor: the interface" '^ok +wlan0 +-i wlan0 uses back end wg, MTU 1500$'
says "doctor: the file" "^ok +wlan0 file +$WG/wlan.conf: 2 addresses, 1 peer, 0 name servers$"
says "doctor: the endpoint" '^ok +wlan0 endpoint 10\.1\.0\.1 port 51820$'
says "doctor: the way" '^ok +wlan0 way +wlan0 has an address to reach the endpoint from$'
says "doctor: MTUs" '^ok +rmnet0 MTU +1440 inside, 1500 outside$'
says "doctor: a handshake" '^ok +wlan0 handshake done, after [0-9]+ ms$'
says "doctor: by the other too" '^ok +rmnet0 handshake done, after [0-9]+ ms$'
says "doctor: MPTCP passes" '^ok +wlan0 MPTCP +MPTCP reaches 10\.7\.0\.1:8000 by wlan0$'
says "doctor: by the other too" '^ok +rmnet0 MPTCP +MPTCP reaches'
is "doctor: the host's addresses are none of the tunnel's" "$(grep -c 'taken over\|10\.1\.0\.3' <<<"$OUT")" 0
doctor --json -i "wg:wlan0,conf=$WG/wlan.conf"
is "doctor --json: the handshake" "$(jq -r 'select(.thing == "wlan0 handshake") | .verdict' <<<"$OUT")" ok

cat >"$TMP/give.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
os.dup2(s.fileno(), 9)
os.execv(sys.argv[1], sys.argv[1:])
END
chmod 644 "$TMP/give.py"
OUT=$(phone timeout 60 "${USER65534[@]}" "$PYTHON" "$TMP/give.py" "$PERSONA" doctor "wg:fd=9,conf=$WG/wlan.conf" 2>&1)
is "doctor of a socket: status" $? 0
says "doctor of a socket: the endpoint" '^ok +wg9 endpoint +10\.1\.0\.1 port 51820$'
says "doctor of a socket: a handshake" '^ok +wg9 handshake +done, after [0-9]+ ms$'

echo "10.1.0.1 vps.test" >>"$TMP/hosts"
change named 's/^Endpoint.*/Endpoint = vps.test:51820/; s/^Address/MTU = 1480\nDNS = 10.7.0.1\n&/; /^PersistentKeepalive/d; s/^AllowedIPs.*/AllowedIPs = 10.7.0.0\/24/'
doctor "wg:wlan0,conf=$WG/named.conf"
is "doctor: names, networks: status" $STATUS 0
says "doctor: a name" '^ok +wlan0 endpoint vps\.test port 51820 is 10\.1\.0\.1$'
says "doctor: a large MTU" '^warn +wlan0 MTU +1480 inside, 1500 outside: datagrams leave in fragments above 1440: leave MTU'
says "doctor: name servers" 'wlan0 file .* 1 name server$'
says "doctor: a handshake by a network of AllowedIPs" '^ok +wlan0 handshake done'
change key 's/^PrivateKey = ..../PrivateKey = /'
doctor "wg:wlan0,conf=$WG/key.conf"
is "doctor: a bad key: status" $STATUS 1
says "doctor: a bad key" '^fail +wlan0 file .*key\.conf:[0-9]+.*PrivateKey'
change open '' 644
doctor "wg:wlan0,conf=$WG/open.conf"
says "doctor: a file that others can read" '^fail +wlan0 file .*chmod 600'
change unknown 's/^Endpoint.*/Endpoint = nosuch.invalid:51820/'
doctor "wg:wlan0,conf=$WG/unknown.conf"
says "doctor: a name that is none" '^fail +wlan0 endpoint nosuch\.invalid cannot be resolved: '
doctor "wg:wlan0,conf=$WG/away.conf"
is "doctor: no server: status" $STATUS 1
says "doctor: no server" '^fail +wlan0 handshake wlan0: 10\.1\.0\.1:9 does not answer the handshake'
phone ip -4 addr flush dev rmnet0
doctor "wg:rmnet0,conf=$WG/rmnet.conf"
says "doctor: no address of that IP version" \
	"^warn +rmnet0 way +rmnet0 has no address of the endpoint's IP version now: wait for one"
phone ip addr add 10.2.0.3/24 dev rmnet0
rootless run --mode shadow -i "wg:rmnet0,conf=$WG/rmnet.conf" -- sleep 5 >/dev/null 2>&1 &
run=$!
sleep 1
doctor "wg:rmnet0,conf=$WG/rmnet.conf"
is "doctor: a tunnel in use: status" $STATUS 0
says "doctor: another run has it" '^ok +rmnet0 handshake not tried: a run has this tunnel now'
wait $run
doctor "wg:nosuch0,conf=$WG/wlan.conf"
says "doctor: no interface" "^fail +nosuch0 +no interface 'nosuch0'"
done_testing
