#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fd.t - a parent opens a TUN or TAP device and starts `persona run -i fd:N`.
#
#   phone namespace
#     parent.py opens vpn0, passes the descriptor on
#       persona run -i fd:N   10.6.0.2 fd06::2 ==== vpn0  10.6.0.1 fd06::1  phone's kernel
#
# As an app of Android has it: no virtio header, MTU set by the parent. And with
# one (offloads), and as TAP. The parent keeps its root rights to itself: the program runs as nobody.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl ping setpriv
persona_only
testbed_up --unshaped
chmod 755 "$TMP"
cp "$(command -v ping)" "$TMP/ping" # the copy has no file capabilities, which --inline cannot enter
FILES=$TMP/files
mkdir "$FILES"
random_file "$FILES/blob" 20000000
chmod -R a+rX "$FILES"
BLOB=$(sum "$FILES/blob")

# parent.py FLAG,... MTU COMMAND...: @ in it is the descriptor; it becomes user nobody.
cat >"$TMP/parent.py" <<'END'
import fcntl, os, struct, subprocess, sys
BITS = {"tun": 0x1, "tap": 0x2, "no_pi": 0x1000, "vnet": 0x4000, "nothing": 0}
flags = sum(BITS[f] for f in sys.argv[1].split(","))
fd = os.open("/dev/net/tun", os.O_RDWR)
if flags:
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", b"vpn0", flags))
    for c in ("link set vpn0 mtu %s up" % sys.argv[2], "addr add 10.6.0.1/24 dev vpn0",
              "addr add fd06::1/64 dev vpn0 nodad"):
        subprocess.check_call(["ip"] + c.split())
argv = [a.replace("@", str(fd)) for a in sys.argv[3:]]
def drop():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.exit(subprocess.call(argv, pass_fds=[fd], preexec_fn=drop))
END

FLAGS=tun,no_pi MTU=1400
parent() { phone "$PYTHON" "$TMP/parent.py" $FLAGS $MTU "$@"; }
ARGS=()
stack() { parent "$PERSONA" run "${ARGS[@]}" -i fd:@,ip=10.6.0.2/24,ip=fd06::2/64 "$@"; }
phone setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$PERSONA" ||
	skip_all "user nobody cannot execute $PERSONA"

background phone "$PYTHON" "$TOP/testbed/httpd.py" "$FILES"
wait_for 10 phone nc -z 127.0.0.1 80

carries() { # NAME
	local url
	check "$1: ping" stack -- "$TMP/ping" -n -c 3 -i 0.2 -W 2 10.6.0.1
	check "$1: ping, IPv6, fragments" stack -- "$TMP/ping" -n -c 3 -i 0.2 -W 2 -s 5000 fd06::1
	for url in http://10.6.0.1 'http://[fd06::1]'; do
		is "$1: 20 MB from $url" \
			"$(stack -- timeout 30 curl -q -sS --fail "$url/blob" | sha256sum | cut -d' ' -f1)" "$BLOB"
		is "$1: 20 MB to $url" \
			"$(stack -- timeout 30 curl -q -sS -T "$FILES/blob" "$url/up" 2>&1)" "$BLOB"
	done
	is "$1: the device goes with the last descriptor" "$(phone ip link show vpn0 2>/dev/null)" ""
}

for FLAGS in tun,no_pi tun,no_pi,vnet tap,no_pi tap,no_pi,vnet; do
	ARGS=()
	carries "$FLAGS, shadow"
	ARGS=(--inline)
	carries "$FLAGS, inline"
done
ARGS=()
FLAGS=tun,no_pi
matches "the device's name and MTU inside" "$(stack -- ip link show 2>&1)" 'vpn0: .*mtu 1400'
matches "another name" "$(parent "$PERSONA" run -i fd:@,ip=10.6.0.2/24,name=tun9 -- ip link show 2>&1)" 'tun9: '
# shellcheck disable=SC2016 # for the shell inside
is "the program has not got the descriptor" \
	"$(stack -- sh -c 'for f in /proc/$$/fd/*; do readlink $f; done; echo end' 2>&1 | grep -c net/tun)" 0
matches "an MTU that is too large" \
	"$(parent "$PERSONA" run -i fd:@,ip=10.6.0.2/24,mtu=1401 -- true 2>&1)" \
	"^persona: mtu=1401 is more than the 1400 of interface 'vpn0': ip link set vpn0 mtu 1401$"
matches "mac= on a TUN device" \
	"$(parent "$PERSONA" run -i fd:@,ip=10.6.0.2/24,mac=02:00:00:00:00:09 -- true 2>&1)" \
	"^persona: mac=: interface 'vpn0' has no link address$"

out=$(parent "$PERSONA" doctor -i fd:@,ip=10.6.0.2/24 2>&1)
matches "doctor" "$out" '^ok +fd:[0-9]+ +-i fd:[0-9]+ is interface vpn0, MTU 1400$'
matches "doctor: without ip=" "$(parent "$PERSONA" doctor -i fd:@ 2>&1)" '^fail +fd:[0-9]+ +has no address: give it one by ip='
matches "doctor: closed" "$(parent "$PERSONA" doctor -i fd:77,ip=10.6.0.2/24 2>&1)" '^fail +fd:77 +fd:77: descriptor 77 is not open here'

refused() { # NAME LINE SPEC
	local out
	out=$(parent "$PERSONA" run -i "$3" -- true 2>&1)
	is "$1: status" $? 125
	is "$1: one line" "$(wc -l <<<"$out")" 1
	matches "$1: line" "$out" "^persona: $2"
}
refused "without ip=" "fd:[0-9]+ is a link to the host, whose address is the host's own" fd:@
refused "closed" "fd:77: descriptor 77 is not open here: let the program that starts persona pass it on$" \
	fd:77,ip=10.6.0.2/24
refused "out of range" "-i fd:1048576,.*: '1048576' is no inherited descriptor: write -i fd:N" fd:1048576,ip=10.6.0.2/24
refused "standard output" "-i fd:1,.*: '1' is no inherited descriptor: write -i fd:N" fd:1,ip=10.6.0.2/24
FLAGS=nothing
refused "no device" "fd:[0-9]+: the TUN/TAP descriptor has no interface" fd:@,ip=10.6.0.2/24
FLAGS=tun
refused "packet information header" \
	"fd:[0-9]+: interface 'vpn0' has a packet information header: make it with IFF_NO_PI$" fd:@,ip=10.6.0.2/24
phone "$PERSONA" run -i fd:7,ip=10.6.0.2/24 -- true 7</dev/null >"$TMP/out" 2>&1
is "another file: status" $? 125
matches "another file: line" "$(cat "$TMP/out")" "^persona: fd:7: descriptor 7 is no TUN/TAP interface, nor a socket: "

# ---- figures ----
if have "goodput" iperf3; then
	background phone iperf3 -s
	wait_for 5 sh -c "ip netns exec persona-phone-$ID ss -Hltn 'sport = :5201' | grep -q ."
	for FLAGS in tun,no_pi tun,no_pi,vnet; do
		for mode in shadow inline; do
			for way in "" -R; do
				ARGS=()
				[ $mode = shadow ] || ARGS=(--inline)
				note "goodput, fd, $FLAGS, MTU $MTU, $mode${way:+, receiving}: $(stack -- \
					timeout 20 iperf3 -c 10.6.0.1 -t 3 $way -f m 2>&1 |
					awk '/receiver/ { print $(NF - 2), $(NF - 1) }')"
			done
		done
	done
	ok "goodput"
fi
done_testing
