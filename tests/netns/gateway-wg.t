#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gateway-wg.t - without any privilege: a program in a namespace, whose way out is two tunnels; and
# a gateway whose inlet is an inherited descriptor, as an app of Android has it.
#
#   phone: user 65534                               server: wireguard-go, MPTCP
#     namespace of COMMAND: persona0 198.18.0.2
#      |
#     persona gateway: the stack
#     wlan0  10.7.0.2 ========tunnel================ 10.7.0.1; 10.9.0.1 behind it
#     rmnet0 10.7.0.3 ========tunnel================
#   outside: 10.1.0.3 - 10.1.0.1, 10.2.0.3 - 10.2.0.1 (wg.sh)
#
# runs: alone
# limit: 300
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need curl jq setpriv unshare

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up --psk
httpd
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf
random_file "$FILES/big" 25000000
random_file "$FILES/small" 2000000
mkdir "$TMP/user"
chown 65534 "$TMP/user"

# As udev makes it; this machine's may be root's alone
mknod -m 666 "$TMP/tun" c 10 200
TUN=(sh -c 'mount --bind "$1" /dev/net/tun; shift; exec "$@"' sh "$TMP/tun")
AS=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all)
phone "${AS[@]}" unshare -Un true 2>/dev/null || skip_all "an ordinary user may make no user namespace here"
PATHS=(-i "wg:wlan0,conf=$WG/wlan.conf" -i "wg:rmnet0,conf=$WG/rmnet.conf")
gate() { phone timeout 60 "${TUN[@]}" "${AS[@]}" "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} "${PATHS[@]}" "$@"; }

# best WHAT COMMAND...: the highest of up to three rates that it prints (bytes a second), in Mbit/s: what
# else this machine does lowers one at times. ALL=1: three in any case
best() {
	local what=$1 rate most=0
	shift
	for _ in 1 2 3; do
		rate=$("$@" 2>>"$TMP/err" | awk '{ printf "%.1f", $1 * 8 / 1e6 }')
		most=$(awk "BEGIN { print (${rate:-0} > $most ? ${rate:-0} : $most) }")
		[ -n "${ALL:-}" ] || { awk "BEGIN { exit $most < 62 }" && break; }
	done
	at_least "$what, best of three, Mbit/s" "$most" 62
}

best download gate -- curl -sS -m 40 -o "$TMP/user/got" -w '%{speed_download}' http://10.9.0.1/big
is "a download over two tunnels" "$(sum "$TMP/user/got")" "$(sum "$FILES/big")"
is "not a word of persona" "$(cat "$TMP/err")" ""
best upload gate -- curl -sS -m 40 -T "$TMP/user/got" -o /dev/null -w '%{speed_upload}' http://10.9.0.1/up
is "an upload" "$(sum "$FILES/up")" "$(sum "$FILES/big")"
check "ping" gate -- ping -c 2 -i 0.3 -W 3 10.9.0.1
matches "the host's name servers" "$(gate -- cat /etc/resolv.conf)" 'nameserver 10\.1\.0\.1'
sed 's/^Address.*/&\nDNS = 10.9.0.53, example.test/' "$WG/wlan.conf" >"$TMP/user/dns.conf"
chown 65534 "$TMP/user/dns.conf"
chmod 600 "$TMP/user/dns.conf"
is "those of the file" "$(phone timeout 60 "${TUN[@]}" "${AS[@]}" "$PERSONA" gateway -i "wg:wlan0,conf=$TMP/user/dns.conf" \
	-- sed -n 's/nameserver //p; s/search //p' /etc/resolv.conf | sort | tr '\n' ' ')" "10.9.0.53 example.test "
is "the user is the same" "$(gate -- id -u)" 65534
is "and has no capability" "$(gate -- sh -c 'grep CapEff /proc/self/status' | cut -f2)" 0000000000000000
out=$(phone timeout 20 sh -c 'chmod 600 "$1"; mount --bind "$1" /dev/net/tun; shift; exec "$@"' sh "$TMP/tun" \
	"${AS[@]}" "$PERSONA" gateway "${PATHS[@]}" -- true 2>&1)
is "without the device: status, lines" "$? $(grep -c . <<<"$out")" "125 1"
matches "without the device" "$out" '/dev/net/tun.*chmod 666'
chmod 666 "$TMP/tun"
is "nothing has gone past the tunnels" "$(wg_astray)" 0
if have "a setuid program" ping; then
	cp "$(command -v id)" "$TMP/user/id"
	chown 0 "$TMP/user/id"
	chmod 4755 "$TMP/user/id"
	is "a setuid program keeps the user" "$(gate -- "$TMP/user/id" -u)" 65534
fi

# What the stack cannot answer itself, since no filter sees it or knows its numbers; the file has headers
# before it.
if program uring; then
	if phone "${AS[@]}" "$PROGRAM" 127.0.0.1 / 2>&1 | grep -q "no io_uring"; then
		skip "io_uring" "the host has none"
	else
		at_least "by io_uring, bytes" "$(gate -- "$PROGRAM" 10.9.0.1 /small 2>&1 | sed -n 's/^bytes //p')" 2000000
	fi
fi
if program word32; then
	"$PROGRAM" >"$TMP/out" 2>&1
	if [ $? -ge 126 ]; then
		skip "a 32-bit program" "the host runs none"
	else
		is "a 32-bit program" "$(gate -- "$PROGRAM" | tail -c 2000000 | sha256sum | cut -d' ' -f1)" "$(sum "$FILES/small")"
	fi
fi

# ---- an inherited descriptor ----
# parent.py COMMAND...: makes a TUN device in a namespace, as root, and runs COMMAND with its descriptor, 9
cat >"$TMP/parent.py" <<'END'
import fcntl, os, struct, subprocess, sys
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"app0", 0x1001)) # IFF_TUN, IFF_NO_PI: no offloads
for words in ("address add 10.111.0.1/32 dev app0", "link set app0 mtu 1400 up",
              "route add 10.9.0.1/32 dev app0"):
    subprocess.check_call(["ip"] + words.split())
os.dup2(fd, 9)
os.set_inheritable(9, True)
os.close(fd)
os.execvp(sys.argv[1], sys.argv[1:])
END
background phone "$PYTHON" "$TMP/parent.py" "${AS[@]}" "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} \
	--in fd:9,ip=10.111.0.9/32 "${PATHS[@]}"
APP=$LAST
check "an inherited descriptor" wait_for 10 grep -q "goes out by" "$TMP/background.out"
# All three, for the gateway to be old enough to be idle: MLD reports and the like have ended
ALL=1 best "download by it" phone curl -sS -m 40 -o "$TMP/user/got2" -w '%{speed_download}' http://10.9.0.1/big
is "a download by it" "$(sum "$TMP/user/got2")" "$(sum "$FILES/big")"
# An idle gateway: nothing wakes it
switches() { awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n + 0 }' /proc/"$1"/task/*/status; }
PID=$(pgrep -P "$APP" -x persona || echo "$APP")
is "no other program of the user reads its memory" \
	"$(phone "${AS[@]}" cat "/proc/$PID/maps" 2>&1 | grep -c 'Permission denied')" 1
sleep 5
before=$(switches "$PID")
sleep 5
at_most "wake-ups in five idle seconds" $(($(switches "$PID") - before)) 25
check "ping by it" phone ping -c 2 -i 0.3 -W 3 10.9.0.1
phone ip link delete app0
wait "$APP"
is "its device is removed: status" $? 125
matches "its device is removed: line" "$(cat "$TMP/background.out")" "^persona: --in fd:9,.*: the interface was removed: the gateway ends$"

done_testing
