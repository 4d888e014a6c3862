#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg.t - two WireGuard tunnels of the stack's own, without any privilege, to a stock server.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go, MPTCP
#     wlan0  10.7.0.2 fd07::2 ==tunnel=========== 10.7.0.1 fd07::1; 10.9.0.1 behind it
#     rmnet0 10.7.0.3 fd07::3 ==tunnel===========
#   outside: 10.1.0.3 - 10.1.0.1, 10.2.0.3 - 10.2.0.1, and the same in IPv6 (wg.sh)
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need curl mptcpize setpriv

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up --psk
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf

# The page of the server's program; its reader tells of the worst second and the longest silence
cat >"$TMP/serve.py" <<'END'
import socket, sys, threading
def serve(s):
    try:
        n = int(s.recv(100))
        chunk = bytes(1 << 16)
        while n > 0:
            n -= s.send(chunk[:n])
    except (OSError, ValueError):
        pass
    s.close()
l = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("::", 8000))
l.listen(20)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
cat >"$TMP/fetch.py" <<'END'
import socket, sys, time
host, n = sys.argv[1], int(sys.argv[2])
s = socket.create_connection((host, 8000), 20)
s.sendall(b"%d" % n)
s.settimeout(30)
got, silence, last, start = 0, 0, time.time(), time.time()
while data := s.recv(1 << 16):
    now = time.time()
    silence, last, got = max(silence, now - last), now, got + len(data)
    if got == len(data):
        silence = 0
print("bytes %d silence %d ms rate %d" % (got, silence * 1000, got * 8 / 1e6 / (time.time() - start)))
END
# What WireGuard's family answers to a request for the device, and to one that sets something
cat >"$TMP/ask.py" <<'END'
import errno, socket, struct, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
def attr(kind, data):
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
def ask(family, flags, cmd, *attrs):
    body = struct.pack("BBH", cmd, 1, 0) + b"".join(attrs)
    s.send(struct.pack("IHHII", 16 + len(body), family, flags | 1, 7, 0) + body)
    data = s.recv(65536)
    kind = struct.unpack_from("H", data, 4)[0]
    if kind == 2:
        return errno.errorcode.get(-struct.unpack_from("i", data, 16)[0], "none"), data
    return "an answer", data
_, data = ask(16, 0, 3, attr(2, b"wireguard\0"))
at, family = 20, 0
while at < len(data):
    n, kind = struct.unpack_from("HH", data, at)
    if kind == 1:
        family = struct.unpack_from("H", data, at + 4)[0]
    at += n + -n % 4
s.close()
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
name = attr(2, sys.argv[1].encode() + b"\0")
print(ask(family, 0x300, 0, name)[0], ask(family, 4, 1, name, attr(6, struct.pack("H", 1)))[0])
END
# Says once for each kind of packet what it saw on the server's links
cat >"$TMP/sniff.py" <<'END'
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
print("ready", flush=True)
seen = set()
while True:
    data, where = s.recvfrom(65536)
    if where[0] == "lo" or data[9:10] != b"\x11":
        continue
    kind = "clear" if b"in the clear" in data else "tunnel" if data[28:32] in (b"\1\0\0\0", b"\4\0\0\0") else ""
    if kind and kind not in seen:
        seen.add(kind)
        print(kind, flush=True)
END
cat >"$TMP/fds.py" <<'END'
import base64, os, sys
text = sys.stdin.read().strip()
keys = [text.encode(), base64.b64decode(text)]
os.close(0)
found = 0
for path in ["/proc/self/environ", "/proc/self/cmdline"] + ["/proc/self/fd/" + n for n in os.listdir("/proc/self/fd")]:
    try:
        if path.startswith("/proc/self/fd/"):
            data = os.pread(int(path[14:]), 1 << 24, 0)
        else:
            data = open(path, "rb").read()
    except OSError:
        continue
    found += any(k in data for k in keys)
print("things with a key:", found)
END
cp "$WG/wlan.key" "$TMP/key"
chmod 644 "$TMP"/*.py "$TMP/key"
background server "$PYTHON" "$TMP/serve.py"
wait_for 10 listens 8000

# rootless MODE SPEC... -- COMMAND...: as a user without any capability
rootless() {
	local specs=() mode=$1
	shift
	while [ "$1" != -- ]; do
		specs+=(-i "$1")
		shift
	done
	phone timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
		"$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$mode" "${specs[@]}" "$@"
}
BOTH=("wg:wlan0,conf=$WG/wlan.conf" "wg:rmnet0,conf=$WG/rmnet.conf")

received() { wg_peer "$1" transfer | cut -d' ' -f2; } # PATH: bytes that the server has sent by it

for MODE in shadow inline; do
	wlan=$(received wlan) rmnet=$(received rmnet)
	out=$(rootless $MODE "${BOTH[@]}" -- "$PYTHON" "$TMP/fetch.py" 10.7.0.1 20000000 2>&1)
	matches "$MODE: a download of 20 MB" "$out" '^bytes 20000000 silence'
	note "$out, of 72"
	at_least "$MODE: by wlan's tunnel" $(($(received wlan) - wlan)) 4000000
	at_least "$MODE: by rmnet's tunnel" $(($(received rmnet) - rmnet)) 4000000
	matches "$MODE: IPv6 inside" "$(rootless $MODE "${BOTH[@]}" -- "$PYTHON" "$TMP/fetch.py" fd07::1 1000000 2>&1)" \
		'^bytes 1000000 '
	matches "$MODE: one file with a section for each path" \
		"$(rootless $MODE "wg:rmnet0,conf=$WG/both.conf" -- "$PYTHON" "$TMP/fetch.py" 10.9.0.1 1000000 2>&1)" '^bytes 1000000 '

	# A path that loses everything silently, and comes back. What the server still had for the old
	# subflow, some megabytes, arrives at once.
	rootless $MODE "${BOTH[@]}" -- "$PYTHON" "$TMP/fetch.py" 10.7.0.1 60000000 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 2
	"$TOP/testbed/phone" --id "$ID" state wlan drop
	sleep 3
	"$TOP/testbed/phone" --id "$ID" state wlan up
	sleep 2
	wlan=$(received wlan)
	sleep 1
	at_least "$MODE: a path that was dead is used 2 s after its return, bytes in a second" \
		$(($(received wlan) - wlan)) 1000000
	wait $pid
	matches "$MODE: a silent loss" "$(cat "$TMP/fetch.out")" '^bytes 60000000 silence'
	at_most "$MODE: silence after it, ms" "$(sed -n 's/.*silence \([0-9]*\).*/\1/p' "$TMP/fetch.out")" 1500

	# The host gets another address
	rootless $MODE "${BOTH[@]}" -- "$PYTHON" "$TMP/fetch.py" 10.7.0.1 30000000 >"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 2
	phone ip addr del 10.1.0.3/24 dev wlan0
	phone ip addr add 10.1.0.9/24 dev wlan0
	wait $pid
	matches "$MODE: the host's address changes" "$(cat "$TMP/fetch.out")" '^bytes 30000000 silence'
	at_most "$MODE: silence after that, ms" "$(sed -n 's/.*silence \([0-9]*\).*/\1/p' "$TMP/fetch.out")" 1500
	matches "$MODE: the server hears the new address" "$(wg_peer wlan endpoints)" '^10\.1\.0\.9:'
	phone ip addr del 10.1.0.9/24 dev wlan0
	phone ip addr add 10.1.0.3/24 dev wlan0

	# What a program sends to the far end's address inside must not leave as it is
	server timeout 20 "$PYTHON" "$TMP/sniff.py" >"$TMP/sniffed" &
	pid=$!
	wait_for 10 grep -q ready "$TMP/sniffed"
	rootless $MODE "${BOTH[@]}" -- "$PYTHON" -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in 51820, 51821, 9:
    for host in "192.0.0.2", "192.0.0.34", "192.0.0.1":
        try:
            s.sendto(b"in the clear", (host, port))
        except OSError:
            pass
time.sleep(0.5)' 2>/dev/null
	kill $pid
	wait $pid 2>/dev/null
	is "$MODE: no packet of a program leaves past the tunnel" "$(sort -u "$TMP/sniffed" | tr '\n' ' ')" "ready tunnel "

	# The key: not by WireGuard's own family, not in what a program has
	is "$MODE: a program inside may not ask WireGuard" \
		"$(rootless $MODE "${BOTH[@]}" -- "$PYTHON" "$TMP/ask.py" wlan0 2>&1)" "EPERM EPERM"
	is "$MODE: no descriptor, argument, variable has it" \
		"$(rootless $MODE "${BOTH[@]}" -- sh -c '"$0" "$1" <"$2"' "$PYTHON" "$TMP/fds.py" "$TMP/key" 2>&1)" \
		"things with a key: 0"
done

# ---- what is refused, with one line and 125 ----
refused() { # NAME PATTERN SPEC...
	local name=$1 pattern=$2 out status
	shift 2
	out=$(rootless shadow "$@" -- true 2>&1)
	status=$?
	is "$name: status, lines" "$status $(wc -l <<<"$out")" "125 1"
	matches "$name: says so" "$out" "^persona: .*$pattern"
}
bad() { # NAME SED-EXPRESSION: $WG/NAME.conf, wlan's file changed
	sed -E "$2" "$WG/wlan.conf" >"$WG/$1.conf"
	chmod "${3:-600}" "$WG/$1.conf"
	chown 65534 "$WG/$1.conf"
}
bad open '' 640
refused "a file that others can read" 'chmod 600' "wg:wlan0,conf=$WG/open.conf"
refused "no file" 'No such file' "wg:wlan0,conf=$WG/none.conf"
refused "no interface" "no interface 'nosuch0'" "wg:nosuch0,conf=$WG/wlan.conf"
refused "one key twice" 'private key of wg:wlan0' "wg:wlan0,conf=$WG/wlan.conf" "wg:rmnet0,conf=$WG/wlan.conf,endpoint=10.1.0.1:51820"
bad name 's/^Endpoint.*/Endpoint = nosuch.invalid:51820/'
refused "a name that is none" "cannot resolve endpoint 'nosuch.invalid'" "wg:wlan0,conf=$WG/name.conf"
bad bare '/^Address/d'
refused "no address" 'has no Address' "wg:wlan0,conf=$WG/bare.conf"
bad key 's/^PrivateKey = ..../PrivateKey = /'
refused "a short key" "key.conf:[0-9]+.*PrivateKey" "wg:wlan0,conf=$WG/key.conf"
bad inside 's/^Address.*/Address = 192.0.0.9/'
refused "an address of the tunnels' own" 'Address in 192.0.0.0/24' "wg:wlan0,conf=$WG/inside.conf"
refused "an MTU below IPv6's" 'mtu=1000 is too small for IPv6' "wg:wlan0,conf=$WG/wlan.conf,mtu=1000"
refused "a name of the tunnels' own" "'wglink0' is the stack's own" "wg:wlan0,conf=$WG/wlan.conf,name=wglink0"
bad many "s|^AllowedIPs.*|AllowedIPs = $(seq -s, -f '10.8.%g.0/24' 17)|"
matches "more networks than routes: says so" "$(rootless shadow "wg:wlan0,conf=$WG/many.conf" -- true 2>&1)" \
	'^persona: .*more than 16 networks in AllowedIPs'
bad hooks "s,^PrivateKey,PostUp = touch $TMP/never\\n&,"
out=$(rootless shadow "wg:wlan0,conf=$WG/hooks.conf" -- true 2>&1)
is "PostUp is not run: status" "$? $(ls "$TMP/never" 2>/dev/null)" "0 "
matches "PostUp is not run: says so" "$out" 'hooks.conf:2: PreUp, PostUp, PreDown, PostDown are not run'

# ---- a server that is not there: the other path goes on, and the user hears of it ----
bad away 's/^Endpoint.*/Endpoint = 10.1.0.1:9/'
cat >"$TMP/patient.py" <<'END'
import socket, time
time.sleep(6)
began = time.time()
s = socket.create_connection(("10.7.0.1", 8000), 20)
s.sendall(b"1000")
while s.recv(1000):
    pass
print("done in %d ms" % ((time.time() - began) * 1000), flush=True)
END
chmod 644 "$TMP/patient.py"
out=$(rootless shadow "wg:wlan0,conf=$WG/away.conf" "wg:rmnet0,conf=$WG/rmnet.conf" -- "$PYTHON" "$TMP/patient.py" 2>&1)
matches "a server that is not there: the user hears of it" "$out" \
	'^persona: wlan0: 10.1.0.1:9 does not answer the handshake'
matches "and the other path serves" "$out" '^done in [0-9]{1,3} ms$'

# ---- a socket of the parent's, of either family ----
cat >"$TMP/give.py" <<'END'
import os, socket, sys
s = socket.socket(getattr(socket, sys.argv[1]), socket.SOCK_DGRAM)
os.dup2(s.fileno(), 9)
os.execv(sys.argv[2], sys.argv[2:])
END
chmod 644 "$TMP/give.py"
given() { # FAMILY MODE CONF COMMAND...
	local family=$1 mode=$2 conf=$3
	shift 3
	phone timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
		"$PYTHON" "$TMP/give.py" "$family" "$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} \
		--mode "$mode" -i "wg:fd=9,conf=$WG/$conf.conf" -- "$@" 2>&1
}
for MODE in shadow inline; do
	for family in AF_INET AF_INET6; do
		matches "$MODE: wg:fd=9, $family" "$(given $family $MODE wlan "$PYTHON" "$TMP/fetch.py" 10.7.0.1 1000000)" \
			'^bytes 1000000 '
	done
done
matches "wg:fd=9 alone, a server that is not there: the user hears of it" "$(given AF_INET6 shadow away sleep 6)" \
	'^persona: wg9: 10.1.0.1:9 does not answer the handshake'
done_testing
