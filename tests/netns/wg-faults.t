#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-faults.t - tunnels of the stack's own under bad input and faults: files that do not fit,
# endpoints and sockets that cannot serve, two runs with one file, a run that ends at once, a clock
# that was set back, and where keys must not be.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go
#     wlan0  10.7.0.2 fd07::2 ==tunnel=========== 10.7.0.1 fd07::1
#     rmnet0 10.7.0.3 fd07::3 ==tunnel===========
#   outside: 10.1.0.3 - 10.1.0.1, 10.2.0.3 - 10.2.0.1, and the same in IPv6 (wg.sh)
#
# runs: waits, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need setpriv

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up --psk
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf
mkdir "$TMP/own"
chown 65534 "$TMP/own"

as_user() { phone timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs "$@"; }
# rootless MODE SPEC... -- COMMAND...: as a user without any capability
rootless() {
	local specs=() mode=$1
	shift
	while [ "$1" != -- ]; do
		specs+=(-i "$1")
		shift
	done
	as_user "$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$mode" "${specs[@]}" "$@"
}
WLAN="wg:wlan0,conf=$WG/wlan.conf"
BOTH=("$WLAN" "wg:rmnet0,conf=$WG/rmnet.conf")

# ---- persona wg check: without root, without the other end ----
as_user "$PERSONA" wg init --server vps.example.org --paths wlan0,rmnet0 --dir "$TMP/own/t" >/dev/null
T=$TMP/own/t
as_user "$PERSONA" wg check "$T/wlan0.conf" "$T/rmnet0.conf" "$T/server.conf" >"$TMP/out" 2>&1
is "check: what init makes fits: status" "$?" 0
is "check: a line for each end" "$(cut -d' ' -f1 "$TMP/out" | sort | uniq -c | xargs)" "3 ok"
as_user "$PERSONA" wg check "$T/wlan0.conf" >"$TMP/out" 2>&1
is "check: a client alone: status" "$?" 0
matches "check: a client alone: says what is missing" "$(cat "$TMP/out")" "name the server's file, too"

# broken NAME FILE SED-EXPRESSION PATTERN [MODE]: what check says of the pair with that change
broken() {
	local name=$1 out status
	shift
	rm -rf "$TMP/own/b"
	cp -rp "$T" "$TMP/own/b"
	sed -i -E "$2" "$TMP/own/b/$1.conf"
	chown 65534 "$TMP/own/b/$1.conf"
	chmod "${4:-600}" "$TMP/own/b/$1.conf"
	out=$(cd "$TMP/own/b" && as_user "$PERSONA" wg check wlan0.conf rmnet0.conf server.conf 2>&1)
	status=$?
	is "check: $name: status" $status 1
	matches "check: $name: says so" "$out" "^fail  $3"
}
key=$(wg genkey | wg pubkey)
broken "another server's key" wlan0 "s|^PublicKey.*|PublicKey = $key|" \
	"wlan0.conf:6: PublicKey is not that of server.conf:2: write PublicKey = $(sed -n 's/^PrivateKey = //p' "$T/server.conf" | wg pubkey | sed 's/+/[+]/g')$"
broken "a key that the server does not know" server "0,/^PublicKey.*/s||PublicKey = $key|" \
	"wlan0.conf:2: server.conf has no .Peer. with this end's public key: write PublicKey = $(sed -n 's/^PrivateKey = //p' "$T/wlan0.conf" | wg pubkey | sed 's/+/[+]/g') "
broken "an address that the server drops" server 's/10\.7\.0\.2/10.7.0.9/' 'wlan0.conf:2: Address 10.7.0.2 is not in AllowedIPs of server.conf:[0-9]+.*: add 10.7.0.2/32 there'
broken "a server's address that the client drops" wlan0 's/^AllowedIPs.*/AllowedIPs = 192.168.0.0\/16, ::\/0/' "wlan0.conf:6: AllowedIPs has not the server's address 10.7.0.1"
broken "another port" server 's/^ListenPort.*/ListenPort = 4711/' 'rmnet0.conf:6: Endpoint has port 51820, and server.conf:2 ListenPort = 4711: write the same'
broken "a preshared key at one end" wlan0 '/^PresharedKey/d' 'wlan0.conf:6: PresharedKey is at server.conf:[0-9]+, and not here'
broken "another preshared key" wlan0 "s|^PresharedKey.*|PresharedKey = $(wg genpsk)|" 'wlan0.conf:6: PresharedKey is another than that of server.conf'
broken "an address twice" rmnet0 's/10\.7\.0\.3/10.7.0.2/' 'rmnet0.conf:2: Address 10.7.0.2 is that of wlan0.conf:2, too'
broken "a key twice" rmnet0 "s|^PrivateKey.*|$(grep ^PrivateKey "$T/wlan0.conf")|" 'rmnet0.conf:2: has the PrivateKey of wlan0.conf:2'
broken "an MTU without room" wlan0 's/^Address/MTU = 1500\n&/' 'wlan0.conf:2: MTU = 1500 .*: write MTU = 1440'
broken "an endpoint that cannot be" wlan0 's/^Endpoint.*/Endpoint = 127.0.0.1:51820/' 'wlan0.conf:6: Endpoint 127.0.0.1 is a loopback address'
broken "a file that cannot be parsed" wlan0 's/^Address.*/Address = 10.7.0.2x/' 'wlan0.conf:4: Address = 10.7.0.2x is no IPv4 or IPv6 address'
broken "a file that others can read" wlan0 's/^x//' 'wlan0.conf:2: mode 644 lets other users at the private key: chmod 600' 644
out=$(cd "$TMP/own/b" && as_user "$PERSONA" wg check --json wlan0.conf rmnet0.conf server.conf)
is "check --json: each line an object" \
	"$(jq -rs '[length, (.[] | select(.verdict == "fail") | "\(.file):\(.line) \(.remedy)")] | join(" ")' <<<"$out")" \
	"4 wlan0.conf:2 chmod 600"
is "check: no private key in what it says" "$(grep -cF "$(sed -n 's/^PrivateKey = //p' "$T/wlan0.conf")" <<<"$out")" 0
out=$(as_user "$PERSONA" wg check 2>&1)
is "check without files: status" $? 125
matches "check without files: says so" "$out" '^persona: wg check: no file'

# ---- what is refused, with one line and 125 ----
refused() { # NAME PATTERN SPEC...
	local name=$1 pattern=$2 out status
	shift 2
	out=$(rootless shadow "$@" -- true 2>&1)
	status=$?
	is "$name: status, lines" "$status $(wc -l <<<"$out")" "125 1"
	matches "$name: says so" "$out" "^persona: .*$pattern"
}
while read -r address pattern; do
	refused "endpoint $address" "$pattern" "$WLAN,endpoint=$address:51820"
done <<'END'
127.0.0.1 endpoint '127.0.0.1' is a loopback address: name the server
0.0.0.0 is the unspecified address
224.0.0.1 is a multicast address
255.255.255.255 is a broadcast address
10.1.0.255 is the broadcast address of a network of this host
10.1.0.3 is an address of this host
[::1] is a loopback address
[ff02::1] is a multicast address
[fd01::3] is an address of this host
localhost endpoint 'localhost' is a loopback address
END
bad() { # NAME SED-EXPRESSION: $WG/NAME.conf, wlan's file changed
	sed -E "$2" "$WG/wlan.conf" >"$WG/$1.conf"
	chmod 600 "$WG/$1.conf"
	chown 65534 "$WG/$1.conf"
}
bad list 's/^(Endpoint = .*)/\1, 10.2.0.1:51820/'
refused "a list of endpoints" 'list.conf:[0-9]+: Endpoint takes one value, and this is a list: keep one of them' \
	"wg:wlan0,conf=$WG/list.conf"
bad keys 's/^(PublicKey = .*)/\1,\1/'
refused "a list of keys" 'keys.conf:[0-9]+: PublicKey takes one value' "wg:wlan0,conf=$WG/keys.conf"
bad twice "\$a [Peer]\\nPublicKey = $(cat "$WG/server.pub")\\nAllowedIPs = 10.0.0.0/8"
refused "a public key twice" 'twice.conf:[0-9]+: this .Peer. has the PublicKey of the one of line' "wg:wlan0,conf=$WG/twice.conf"

# A descriptor that cannot be a tunnel's: give.py KIND, and what is said
cat >"$TMP/give.py" <<'END'
import os, socket, sys
U = socket.SOCK_DGRAM
def make(kind):
    if kind == "file":
        return os.open("/etc/hosts", os.O_RDONLY)
    s = {"tcp": lambda: socket.socket(), "unix": lambda: socket.socket(socket.AF_UNIX, U),
         "four": lambda: socket.socket(socket.AF_INET, U),
         "six": lambda: socket.socket(socket.AF_INET6, U),
         "connected": lambda: socket.socket(socket.AF_INET, U)}[kind]()
    if kind == "connected":
        s.connect(("10.1.0.1", 51820))
    if kind == "six":
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind(("::", 0))
    return s.detach()
os.dup2(make(sys.argv[1]), 9)
os.execv(sys.argv[2], sys.argv[2:])
END
chmod 644 "$TMP/give.py"
while read -r kind endpoint pattern; do
	out=$(as_user "$PYTHON" "$TMP/give.py" "$kind" "$PERSONA" run --mode shadow \
		-i "wg:fd=9,conf=$WG/wlan.conf,endpoint=$endpoint:51820" -- true 2>&1)
	is "wg:fd=9, $kind: status, lines" "$? $(wc -l <<<"$out")" "125 1"
	matches "wg:fd=9, $kind: says so" "$out" "^persona: .*$pattern"
done <<'END'
file 10.1.0.1 wg:fd=9: the descriptor is no socket
tcp 10.1.0.1 wg:fd=9: the descriptor is no UDP socket
unix 10.1.0.1 wg:fd=9: the descriptor is no UDP socket
connected 10.1.0.1 wg:fd=9: the UDP socket is connected: pass one that is not
four [fd01::1] endpoint 'fd01::1' is fd01::1, and wg:fd=9 an IPv4 socket
six 10.1.0.1 endpoint '10.1.0.1' is 10.1.0.1, and wg:fd=9 a socket for IPv6 alone
END

# ---- one run at a time has a tunnel ----
echo 'import os, time; print(os.getpid(), flush=True); time.sleep(40)' >"$TMP/sleep.py"
# Makes a socket first: inline, the stack starts by that.
echo 'import os, socket, time; s = socket.socket(); print(os.getpid(), flush=True); time.sleep(40)' >"$TMP/sleep.py"
chmod 644 "$TMP/sleep.py"
cp -p "$WG/wlan.conf" "$WG/copy.conf"
for MODE in shadow inline; do
	: >"$TMP/pid"
	rootless $MODE "$WLAN" -- "$PYTHON" "$TMP/sleep.py" >"$TMP/pid" 2>&1 &
	run=$!
	wait_for 10 grep -q '^[0-9]' "$TMP/pid"
	refused "$MODE: a second run with the file of a first" "another run has the tunnel of $WG/wlan.conf" "$WLAN"
	refused "$MODE: with a copy of it" 'another run has the tunnel' "wg:wlan0,conf=$WG/copy.conf"
	out=$(rootless shadow "wg:rmnet0,conf=$WG/rmnet.conf" -- echo fine 2>&1)
	is "$MODE: with another key it may" "$out" fine
	# However it ends. Inline, the program has it.
	[ $MODE = inline ] || kill -9 "$(ps -o ppid= -p "$(cat "$TMP/pid")")" 2>/dev/null
	kill -9 "$(cat "$TMP/pid")" 2>/dev/null
	wait $run 2>/dev/null
	is "$MODE: and after the first was killed" "$(rootless $MODE "$WLAN" -- echo fine 2>&1)" fine
done
# shellcheck disable=SC2016 # the inner shell expands
out=$(phone unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && "$@"' sh "$WG" \
	timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
	"$PERSONA" run --mode shadow -i "$WLAN" -- echo fine 2>&1)
is "a file on a file system that is read only" "$out" fine

# ---- a run that ends right after it has sent a datagram ----
cat >"$TMP/count.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 9000))
print("ready", flush=True)
while True:
    print(s.recv(100).decode(), flush=True)
END
cat >"$TMP/send.py" <<'END'
import os, socket, sys
for i in range(3):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"%s %d" % (sys.argv[1].encode(), i), ("10.7.0.1", 9000))
    s.close()
if len(sys.argv) > 2:
    os._exit(0)
END
chmod 644 "$TMP/count.py" "$TMP/send.py"
background server sh -c "exec '$PYTHON' '$TMP/count.py' >'$TMP/counted'"
wait_for 10 grep -q ready "$TMP/counted"
for MODE in shadow inline; do
	for i in 1 2 3 4 5 6 7 8 9 10; do
		rootless $MODE "$WLAN" -- "$PYTHON" "$TMP/send.py" "$MODE-$i"
		rootless $MODE "$WLAN" -- "$PYTHON" "$TMP/send.py" "$MODE-$i-os" now
	done 2>>"$TMP/background.out"
	wait_for 2 sh -c "[ \$(grep -c $MODE '$TMP/counted') = 60 ]"
	is "$MODE: datagrams of 20 runs that end at once, of 60" "$(grep -c "$MODE" "$TMP/counted")" 60
done
bad away 's/^Endpoint.*/Endpoint = 10.1.0.1:9/'
for MODE in shadow inline; do
	start=$(date +%s%N)
	out=$(as_user "$PERSONA" run --mode $MODE --linger 2 -i "wg:wlan0,conf=$WG/away.conf" -- "$PYTHON" "$TMP/send.py" none 2>&1)
	at_most "$MODE: a server that is not there is waited for as --linger says, ms" $((($(date +%s%N) - start) / 1000000)) 3500
	matches "$MODE: and the user hears what was lost" "$out" '^persona: gave up on datagrams that wait for the handshake of tunnel wlan0: after 2 s'
	start=$(date +%s%N)
	rootless $MODE "wg:wlan0,conf=$WG/away.conf" -- "$PYTHON" -c 'import socket; socket.socket()' 2>>"$TMP/background.out"
	at_most "$MODE: without a datagram it is not, ms" $((($(date +%s%N) - start) / 1000000)) 1500
done

# ---- a clock that was set: the stack reads it at its start, and the server wants no earlier one ----
# clocked NANOSECONDS COMMAND...: on a stack that begins with that clock
clocked() {
	local now=$1
	shift
	as_user gdb -batch -ex 'set confirm off' -ex 'handle SIGSEGV SIGBUS nostop noprint pass' \
		-ex 'set detach-on-fork on' -ex 'break host_wall_ns' -ex run -ex "return (unsigned long)$now" -ex 'delete' -ex continue \
		--args "$PERSONA" run --mode shadow -i "$WLAN" -- "$@" 2>&1
}
DAY=86400000000000
cat >"$TMP/knock.py" <<'END'
import socket
s = socket.socket()
s.settimeout(7)
try:
    s.connect(("10.7.0.1", 9001))
    print("connected", flush=True)
except OSError as e:
    print("not connected", flush=True)
END
echo 'import socket, time
s = socket.create_server(("10.7.0.1", 9001))
kept = []
while True:
    kept.append(s.accept())' >"$TMP/accept.py"
chmod 644 "$TMP/knock.py" "$TMP/accept.py"
background server "$PYTHON" "$TMP/accept.py"
wait_for 10 listens 9001
have "a clock that was set back" gdb && {
	wg_stop
	wg_start
	matches "a clock of yesterday" "$(clocked $(($(date +%s%N) - DAY)) "$PYTHON" "$TMP/knock.py")" '^connected'
	matches "it was set forth, a run later" "$(rootless shadow "$WLAN" -- "$PYTHON" "$TMP/knock.py" 2>&1)" '^connected'
	matches "a clock of tomorrow" "$(clocked $(($(date +%s%N) + DAY)) "$PYTHON" "$TMP/knock.py")" '^connected'
	out=$(rootless shadow "$WLAN" -- "$PYTHON" "$TMP/knock.py" 2>&1)
	matches "it was set back: the server takes no handshake" "$out" '^not connected'
	matches "it was set back: the user hears of it" "$out" '^persona: wlan0: 10.1.0.1:51820 does not answer .* clock'
	wg_stop
	wg_start
	matches "it was set back, and the server has forgotten" "$(rootless shadow "$WLAN" -- "$PYTHON" "$TMP/knock.py" 2>&1)" '^connected'
}

# ---- keys: in no core, no log, no report, nothing of /proc, no descriptor ----
cat >"$TMP/search.py" <<'END'
# search.py KEYFILE... -- FILE...: which of the files have one of the keys, in any form
import base64, sys
at = sys.argv.index("--")
keys = []
for path in sys.argv[1:at]:
    text = open(path).read().strip()
    raw = base64.b64decode(text)
    keys += [text[:43].encode(), raw, raw.hex().encode(), raw.hex().upper().encode()]
found = []
for path in sys.argv[at + 1:]:
    with open(path, "rb") as f:
        before = b""
        while data := f.read(1 << 24):
            if any(k in before + data for k in keys):
                found.append(path)
                break
            before = data[-100:]
print("found:", *found)
END
KEYS=("$WG/wlan.key" "$WG/rmnet.key" "$WG/psk")
search() { "$PYTHON" "$TMP/search.py" "${KEYS[@]}" -- "$@"; }
cat "$WG/rmnet.key" >"$TMP/has"
is "a key is found where there is one" "$(search "$TMP/has" "$TMP/search.py")" "found: $TMP/has"
cat >"$TMP/show.py" <<'END'
import os, socket, sys, time
s = socket.create_connection(("10.7.0.1", 9001), 10)
out = open("/proc/self/environ", "rb").read() + open("/proc/self/cmdline", "rb").read()
for n in os.listdir("/proc/self/fd"):
    try:
        out += os.pread(int(n), 1 << 24, 0)
    except OSError:
        pass
open(sys.argv[1] + "/of-program", "wb").write(out)
try:
    open("/proc/%d/mem" % os.getppid(), "rb")
    print("reads its parent's memory", flush=True)
except OSError:
    pass
print(os.getpid(), os.getppid(), flush=True)
time.sleep(20)
END
chmod 644 "$TMP/show.py"
have "no key in a core of wg init" gdb && {
	as_user gdb -batch -ex 'set confirm off' -ex 'handle SIGSEGV SIGBUS nostop noprint pass' \
		-ex 'catch syscall exit_group' -ex run -ex "gcore $TMP/own/core-init" -ex kill \
		--args "$PERSONA" wg init --server 10.1.0.1 --paths wlan0,rmnet0 --dir "$TMP/own/i" >/dev/null 2>&1
	sed -n 's/^PrivateKey = //p' "$TMP/own/i/server.conf" >"$TMP/init1.key"
	sed -n 's/^PrivateKey = //p' "$TMP/own/i/wlan0.conf" >"$TMP/init2.key"
	sed -n 's/^PresharedKey = //p' "$TMP/own/i/rmnet0.conf" >"$TMP/init3.key"
	at_least "wg init: gcore writes a core, bytes" "$(stat -c %s "$TMP/own/core-init" 2>/dev/null || echo 0)" 100000
	is "wg init: no key is in it" "$("$PYTHON" "$TMP/search.py" "$TMP"/init?.key -- "$TMP/own/core-init")" "found:"
}
core_pattern=$(cat /proc/sys/kernel/core_pattern)
for MODE in shadow inline; do
	rm -rf "$TMP/own/d"
	mkdir "$TMP/own/d"
	chown 65534 "$TMP/own/d"
	: >"$TMP/log"
	(
		cd "$TMP/own/d" || exit
		ulimit -c unlimited
		as_user "$PERSONA" run -v --mode $MODE -i "${BOTH[0]}" -i "${BOTH[1]}" -- "$PYTHON" "$TMP/show.py" "$TMP/own/d" >"$TMP/log" 2>&1
	) &
	run=$!
	wait_for 15 grep -qE '^[0-9]+ [0-9]+$' "$TMP/log"
	read -r program supervisor < <(grep -E '^[0-9]+ [0-9]+$' "$TMP/log")
	[ $MODE = shadow ] || supervisor=$program
	sleep 6 # its tunnels were asked for their handshake meanwhile
	for i in 1 2; do # with and without a terminal's table
		as_user "$PERSONA" show "$supervisor" --json --once >"$TMP/own/d/report-$i" 2>&1
	done
	as_user "$PERSONA" ps --json >"$TMP/own/d/ps" 2>&1
	at_least "$MODE: show --json says something" "$(stat -c %s "$TMP/own/d/report-1")" 100
	for file in environ cmdline; do
		cat "/proc/$program/$file" "/proc/$supervisor/$file" >"$TMP/own/d/$file"
	done
	is "$MODE: no key in environment, arguments, descriptors, reports" \
		"$(cd "$TMP/own/d" && search environ cmdline of-program report-1 report-2 ps)" "found:"
	[ $MODE = inline ] ||
		is "$MODE: a program does not get at the supervisor's memory" "$(grep -c "reads its parent" "$TMP/log")" 0
	have "$MODE: no key in what gcore writes" gcore && {
		gcore -o "$TMP/own/d/gcore" "$supervisor" >/dev/null 2>&1
		at_least "$MODE: gcore writes a core, bytes" "$(stat -c %s "$TMP/own/d/gcore.$supervisor" 2>/dev/null || echo 0)" 1000000
		is "$MODE: no key in what gcore writes" "$(search "$TMP/own/d/gcore.$supervisor")" "found:"
	}
	# A core of the process that has the stack
	if [ "$core_pattern" = core ]; then
		kill -ABRT "$supervisor"
		[ "$program" = "$supervisor" ] || kill "$program" 2>/dev/null
		wait $run 2>/dev/null
		cores=("$TMP/own/d"/core*)
		if [ $MODE = inline ]; then
			at_least "$MODE: there is a core, bytes" "$(stat -c %s "${cores[0]}" 2>/dev/null || echo 0)" 1000000
			is "$MODE: no key is in it" "$(search "${cores[@]}")" "found:"
		else
			is "$MODE: the supervisor leaves no core" "$(ls "${cores[@]}" 2>/dev/null)" ""
		fi
	else
		skip "$MODE: no key in a core" "kernel.core_pattern is not core"
		kill "$program"
		wait $run 2>/dev/null
	fi
	is "$MODE: no key in what -v tells" "$(search "$TMP/log")" "found:"
done

# A profiler that stops threads must read what others may not.
cd "$TMP/own" || exit
as_user "$PERSONA" profile --stops --json --output "$TMP/own/p.svg" --mode shadow -i "$WLAN" -- \
	"$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(30000):
    s.sendto(bytes(1000), ("10.7.0.1", 9999))' >"$TMP/out" 2>&1
at_least "profile --stops sees the stack of a run with tunnels, its share" "$(jq '.layers["Linux stack"]' "$TMP/out")" 0.005
done_testing
