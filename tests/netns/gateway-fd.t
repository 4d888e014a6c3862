#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gateway-fd.t - a gateway whose inlet is a socket pair: nobody opens a TUN device, and neither end
# has a privilege.
#
#   phone: user 65534, no capabilities                 server: wireguard-go, MPTCP
#     persona run -i fd:8: the apps' stack
#      |  10.111.0.1
#      |  socket pair, one IP packet a message (gateway-fd.py pair)
#      |  10.111.0.2
#     persona gateway --in fd:9: the stack
#     wlan0  10.7.0.2 ====tunnel, 20mbit,5ms=========== 10.7.0.1; 10.9.0.1 behind it:
#     rmnet0 10.7.0.3 ====tunnel, 12mbit,10ms==========   pattern, gateway-fd.py serve
#   outside: 10.1.0.3 - 10.1.0.1, 10.2.0.3 - 10.2.0.1 (wg.sh)
#
# runs: loads
# limit: 120
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need setpriv mptcpize ping
program pattern || done_testing

testbed_up --host-ip --wlan 20mbit,5ms --rmnet 12mbit,10ms
wg_up --psk
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf
HELPER=$TOP/tests/netns/gateway-fd.py
background server mptcpize run "$PROGRAM" serve 7
background server "$PYTHON" -u "$HELPER" serve 10.9.0.1
wait_for 10 listens 7
wait_for 10 listens 8001

AS=("$(command -v setpriv)" --reuid 65534 --regid 65534 --clear-groups --bounding-set -all)
GATE=("${AS[@]}" "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} --in "fd:9,ip=10.111.0.2/24")
APPS=("${AS[@]}" "$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} -i "fd:8,ip=10.111.0.1/24")
TUNNELS=(-i "wg:wlan0,conf=$WG/wlan.conf" -i "wg:rmnet0,conf=$WG/rmnet.conf")
pair() { phone timeout 40 "$PYTHON" "$HELPER" pair "$@" 2>&1; }

cp "$(command -v ping)" "$TMP/ping" # the copy has no file capabilities, which nobody here could have
# What the apps do, one after the other, in one run
cat >"$TMP/apps" <<'END'
"$1" both 10.9.0.1 7 1
"$2" "$3" ask 10.9.0.1 udp name-udp name-tcp reset refused abort
"$4" -c 2 -i 0.2 -W 3 10.9.0.1 | grep -o '[0-9] received'
END

# carried wlan|rmnet: bytes that the server has had from there, and has sent there
carried() { wg_peer "$1" transfer; }

# works KIND [SOCKETS]: all of it by a pair of that kind
works() {
	local kind=$1 tunnels=("${TUNNELS[@]}") path in0 out0 in out
	declare -A before
	if [ $# -gt 1 ]; then
		tunnels=(-i "wg:fd=10,conf=$WG/wlan.conf" -i "wg:fd=11,conf=$WG/rmnet.conf")
	fi
	for path in wlan rmnet; do before[$path]=$(carried $path); done
	said=$(pair "$@" "${GATE[@]}" "${tunnels[@]}" --client "${APPS[@]}" -- sh "$TMP/apps" "$PROGRAM" "$PYTHON" "$HELPER" "$TMP/ping")
	note "$kind: $(tr '\n' ';' <<<"$said")"
	matches "$kind: every byte to the client" "$said" "^done get [1-9][0-9]{5}"
	matches "$kind: every byte from the client" "$(cat "$TMP/background.out")" "^done put [1-9][0-9]{5}"
	for path in wlan rmnet; do
		read -r in0 out0 <<<"${before[$path]}"
		read -r in out < <(carried $path)
		at_least "$kind: bytes from the client by $path" $((in - in0)) 200000
		at_least "$kind: bytes to the client by $path" $((out - out0)) 200000
	done
	matches "$kind: UDP, with the address of a path" "$said" "^udp: 10\.7\.0\.[23]$"
	matches "$kind: a name by UDP" "$said" "^name-udp: 192\.0\.2\.7$"
	matches "$kind: a name by TCP" "$said" "^name-tcp: 192\.0\.2\.7$"
	matches "$kind: a reset of the server's comes to the client" "$said" "^reset: reset$"
	matches "$kind: so does one of a port that nobody serves" "$said" "^refused: reset$"
	check "$kind: a reset of the client's goes to the server" wait_for 5 grep -q "^client reset" "$TMP/background.out"
	matches "$kind: ping" "$said" "^2 received$"
	: >"$TMP/background.out"
}

works seqpacket
matches "it ends when the other end is closed" "$said" "^gateway: 125$"
matches "and says so" "$said" "^. persona: --in fd:9,.*: the other end was closed: the gateway ends$"
is "nothing else but its first line" "$(grep -c '^| ' <<<"$said")" 2
works dgram wlan0,rmnet0
matches "dgram: it ends by a signal" "$said" "^gateway: 0$"
is "dgram: one line" "$(grep -c '^| ' <<<"$said")" 1
is "nothing has gone past the tunnels" "$(wg_astray)" 0
matches "messages that are no packets do no harm" \
	"$(pair seqpacket "${GATE[@]}" "${TUNNELS[@]}" --client "$PYTHON" "$HELPER" garbage 10.111.0.7 10.111.0.2)" "^answered alive"

# ---- what it does not take ----
# refused NAME PYTHON LINE [INLET [PATH...]]: PYTHON gives the socket or number that becomes descriptor 9
cat >"$TMP/parent.py" <<'END'
import fcntl, os, socket, struct, sys
kept = []
def tun(mode):
    fd = os.open("/dev/net/tun", mode)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", b"app0", 0x1001))
    os.system("ip link set app0 up")
    return fd
def pair(kind):
    kept.extend(socket.socketpair(socket.AF_UNIX, kind))
    kept[-1].set_inheritable(True)  # or it is closed when COMMAND begins
    return kept[-2]
def closed():
    s, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    other.close()
    return s
s = eval(sys.argv[1])
if s is not None:
    os.dup2(s if isinstance(s, int) else s.fileno(), 9)
os.execvp(sys.argv[2], sys.argv[2:])
END
refused() {
	local name=$1 make=$2 line=$3 inlet=${4:-fd:9} out
	shift "$(($# < 4 ? $# : 4))"
	[ $# -gt 0 ] || set -- "${TUNNELS[@]}"
	out=$(phone timeout 20 "$PYTHON" "$TMP/parent.py" "$make" "${AS[@]}" "$PERSONA" gateway --in "$inlet" "$@" 2>&1)
	is "$name: status, lines" "$? $(grep -c . <<<"$out")" "125 1"
	matches "$name: line" "$out" "^persona: $line"
}
refused "not open" None "--in: fd:9: descriptor 9 is not open here: let the program that starts persona pass it on$"
refused "a file" 'os.open("/etc/hosts", os.O_RDONLY)' "--in: fd:9: descriptor 9 is no TUN/TAP interface, nor a socket: "
refused "a pipe" 'os.pipe()[0]' "--in: fd:9: descriptor 9 is no TUN/TAP interface, nor a socket: "
refused "a stream" 'pair(socket.SOCK_STREAM)' "--in: fd:9: descriptor 9 is a stream socket, .*: make the pair of SOCK_SEQPACKET$"
refused "UDP" 'socket.socket(type=socket.SOCK_DGRAM)' "--in: fd:9: descriptor 9 is a socket, but not of AF_UNIX: pass one end "
refused "no pair" 'socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)' "--in: fd:9: socket 9 is not connected: pass one end of a socket pair$"
refused "nobody at the other end" 'closed()' "--in: fd:9: the other end of socket 9 is closed, or shut for sending$"
refused "a TUN device for one direction" 'tun(os.O_RDONLY)' "--in: fd:9: descriptor 9 is not open for reading and writing$"
refused "a path as well" 'pair(socket.SOCK_SEQPACKET)' "-i fd:9: that is where packets come from \(--in\): a path is another interface$" \
	fd:9 -i fd:9,ip=10.111.0.2/24
refused "standard error" None "--in: .*'2' is no inherited descriptor: write " fd:2
matches "doctor knows a pair" "$(phone timeout 20 "$PYTHON" "$TMP/parent.py" 'pair(socket.SOCK_SEQPACKET)' "${AS[@]}" \
	"$PERSONA" doctor -i fd:9,ip=10.111.0.2/24 2>&1)" '^ok +fd:9 +-i fd:9 is one end of a socket pair, MTU 1500$'
done_testing
