#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# leak.t - no byte of a socket that belongs to the host's loopback reaches a network.
#
#   phone: leak on the stack, or on the host         server: host kernel, sink on all ports
#     wlan0  stack 10.1.0.2 fd01::2 =100mbit,2ms==== ap0    10.1.0.1 fd01::1
#            host  10.1.0.3 fd01::3
#     rmnet0 host  10.2.0.3 fd02::3 =100mbit,2ms==== cell0  10.2.0.1 fd02::1
#     tcpdump on both                                tcpdump on both
#
# A socket under Persona that is used with a loopback address first moves to the host. The
# host has addresses and routes of its own here, which differ from the stack's: what the moved
# socket sends elsewhere would leave, and its source address would tell. tests/programs/leak.c
# moves a socket and tries one way to send a mark; the captures are searched for marks, and for
# any packet to the ports, of which each attempt has one of its own.
#
# Five rounds, one capture: `host` without Persona (the attempts do reach the wire: a control of
# the capture and of the attempts), `shadow` and `inline` with moved sockets, and
# `shadow-never`, `inline-never` with sockets that never moved: their bytes arrive from the stack.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need tcpdump
persona_only
program leak || done_testing
LEAK=$PROGRAM
testbed_up --host-ip --wlan 100mbit,2ms --rmnet 100mbit,2ms
phone sysctl -qw net.ipv4.ping_group_range="0 0"
# An interface that the stack has not: it tells whose /proc/net/dev was read.
ip -n "persona-phone-$ID" tuntap add hostonly0 mode tun

# CALL: of leak.c, with the way of calling; raw instructions are shadow mode's alone.
# TO: the destination, or the first hop, see destination().
# MODES: both or one of shadow, inline.
# HOST: does it reach the wire without Persona? wire; none: no, by its nature;
#	any: not with every kernel.
# HERE: what may be seen of it under Persona. none: no packet; stack: packets from the stack's
#	addresses (a socket that did not move, or another number that stays in the stack).
# EXPECT: a line that leak must print under Persona; a refused destination is ENETUNREACH.
#	-: the result may differ, the wire is what counts.
#
# CALL                    TO      MODES  HOST HERE  EXPECT
TABLE='
connect-send              four    both   wire none  connect -1 ENETUNREACH
connect-send/syscall      four    both   wire none  connect -1 ENETUNREACH
connect-send/raw          four    shadow wire none  connect -1 ENETUNREACH
connect-write             four    both   wire none  connect -1 ENETUNREACH
connect-write/syscall     four    both   wire none  connect -1 ENETUNREACH
connect-write/raw         four    shadow wire none  connect -1 ENETUNREACH
connect-writev            four    both   wire none  connect -1 ENETUNREACH
connect-writev/syscall    four    both   wire none  connect -1 ENETUNREACH
connect-writev/raw        four    shadow wire none  connect -1 ENETUNREACH
connect-pwritev2          four    both   wire none  connect -1 ENETUNREACH
connect-pwritev2/syscall  four    both   wire none  connect -1 ENETUNREACH
connect-pwritev2/raw      four    shadow wire none  connect -1 ENETUNREACH
connect-sendfile          four    both   wire none  connect -1 ENETUNREACH
connect-sendfile/raw      four    shadow wire none  connect -1 ENETUNREACH
connect-splice            four    both   wire none  connect -1 ENETUNREACH
connect-splice/raw        four    shadow wire none  connect -1 ENETUNREACH
bind-send                 four    both   wire none  sendto -1 ENETUNREACH
bind-send/syscall         four    both   wire none  sendto -1 ENETUNREACH
bind-send/raw             four    shadow wire none  sendto -1 ENETUNREACH
sendto                    four    both   wire none  sendto -1 ENETUNREACH
sendto/syscall            four    both   wire none  sendto -1 ENETUNREACH
sendto/raw                four    shadow wire none  sendto -1 ENETUNREACH
sendmsg                   four    both   wire none  sendmsg -1 ENETUNREACH
sendmsg/syscall           four    both   wire none  sendmsg -1 ENETUNREACH
sendmsg/raw               four    shadow wire none  sendmsg -1 ENETUNREACH
sendmmsg-first            four    both   wire none  sendmmsg -1 ENETUNREACH
sendmmsg-first/syscall    four    both   wire none  sendmmsg -1 ENETUNREACH
sendmmsg-first/raw        four    shadow wire none  sendmmsg -1 ENETUNREACH
sendmmsg-second           four    both   wire none  sendmmsg 1 -
sendmmsg-second/syscall   four    both   wire none  sendmmsg 1 -
sendmmsg-second/raw       four    shadow wire none  sendmmsg 1 -
sendmmsg-middle           four    both   wire none  sendmmsg 6 -
sendmmsg-middle/syscall   four    both   wire none  sendmmsg 6 -
sendmmsg-middle/raw       four    shadow wire none  sendmmsg 6 -
unspec-sendto             four    both   wire none  sendto -1 ENETUNREACH
unspec-sendmsg            four    both   wire none  sendmsg -1 ENETUNREACH
six-connect-send          six     both   wire none  connect -1 ENETUNREACH
six-sendto                six     both   wire none  sendto -1 ENETUNREACH
six-sendmsg               six     both   wire none  sendmsg -1 ENETUNREACH
six-sendmmsg-second       six     both   wire none  sendmmsg 1 -
six-short-sendto          six     both   wire none  sendto -1 ENETUNREACH
six-connect-send          mapped  both   wire none  connect -1 ENETUNREACH
six-sendto                mapped  both   wire none  sendto -1 ENETUNREACH
six-sendmsg               mapped  both   wire none  sendmsg -1 ENETUNREACH
six-sendto                four    both   wire none  sendto -1 ENETUNREACH
six-sendmsg               four    both   wire none  sendmsg -1 ENETUNREACH
ping-sendto               four    both   wire stack sendto [1-9]
ping-sendmsg              four    both   wire stack sendmsg [1-9]
tcp-connect               four    both   wire none  connect -1 ENETUNREACH
tcp-connect/raw           four    shadow wire none  connect -1 ENETUNREACH
tcp-fastopen-sendto       four    both   wire none  sendto -1 ENETUNREACH
tcp-fastopen-sendmsg      four    both   wire none  sendmsg -1 ENETUNREACH
tcp-fastopen-connect      four    both   wire none  connect -1 ENETUNREACH
tcp-disconnected          four    both   wire none  connect -1 ENETUNREACH
dup-before                four    both   wire stack sendto -1 ENETUNREACH
dup-after                 four    both   wire none  sendmsg -1 ENETUNREACH
wildcard-before           four    both   wire stack -
pidfd-getfd               four    both   wire none  sendto -1 ENETUNREACH
scm-rights                four    both   wire none  -
tcp-accepted              four    both   wire none  connect -1 ENETUNREACH
fork                      four    both   wire none  -
exec                      four    both   wire none  -
race-connect              four    both   wire none  race sent
race-sendto               four    both   wire none  race sent
race-untied               four    both   wire none  race sent
race-sendmsg              four    both   wire none  race sent
race-pointer              four    both   wire none  race sent
race-sendmmsg             four    both   wire none  race sent
race-iovec                four    both   none none  race sent
sendto                    group   both   wire none  sendto -1 ENETUNREACH
sendmsg                   group   both   wire none  sendmsg -1 ENETUNREACH
six-sendto                group6  both   any  none  sendto -1 ENETUNREACH
sendto                    subnet  both   wire none  sendto -1 ENETUNREACH
sendmsg                   subnet  both   wire none  sendmsg -1 ENETUNREACH
sendto                    all     both   wire none  sendto -1 ENETUNREACH
sendmsg                   all     both   wire none  sendmsg -1 ENETUNREACH
pktinfo                   loop    both   wire none  -
pktinfo/raw               loop    shadow wire none  -
pktinfo                   four    both   wire none  sendmsg -1 ENETUNREACH
pktinfo-sendmmsg          loop    both   wire none  -
pktinfo6                  loop6   both   any  none  -
pktinfo6                  six     both   wire none  sendmsg -1 ENETUNREACH
pktinfo-mapped            loopmap both   wire none  -
device                    loop    both   wire none  -
device                    group   both   wire none  -
device                    subnet  both   wire none  -
device-index              loop    both   wire none  -
device-connect            loop    both   wire none  -
device-tcp                four    both   wire none  -
device-before             four    both   wire stack -
unicast-if                loop    both   wire none  -
unicast-if                all     both   wire none  -
unicast-if-before         four    both   wire stack -
multicast-if              group   both   wire none  -
source-route              four    both   any  none  -
source-route-before       four    both   any  stack -
segment-route             six     both   any  none  -
sendto                    loop    both   none none  sendto [1-9]
sendto/raw                loop    shadow none none  sendto [1-9]
sendmsg                   loop    both   none none  sendmsg [1-9]
sendmmsg-middle           loop    both   none none  sendmmsg 12 -
connect-send              loop    both   none none  send [1-9]
six-sendto                loop6   both   none none  sendto [1-9]
six-sendmsg               loopmap both   none none  sendmsg [1-9]
io_uring                  four    both   none none  io_uring_setup -1 ENOSYS
io_uring/raw              four    shadow none none  io_uring_setup -1 ENOSYS
openat2                   four    both   none none  -
openat2/raw               four    shadow none none  -
'

# What never moved: it goes by the stack.
NEVER='
connect-send              four    both   wire stack send [1-9]
connect-splice            four    both   wire stack splice [1-9]
sendto                    four    both   wire stack sendto [1-9]
sendmsg                   four    both   wire stack sendmsg [1-9]
sendmmsg-first            four    both   wire stack sendmmsg [1-9]
six-sendto                six     both   wire stack sendto [1-9]
ping-sendto               four    both   wire stack sendto [1-9]
tcp-connect               four    both   wire stack send [1-9]
sendto                    group   both   wire stack sendto [1-9]
'

ROUNDS=(host shadow inline shadow-never inline-never)
PORTS=20000 # the first; a round has 200

destination() {
	case $1 in
	four) echo 10.1.0.1 ;;
	six) echo fd01::1 ;;
	mapped) echo ::ffff:10.1.0.1 ;;
	loop) echo 127.0.0.1 ;;
	loop6) echo ::1 ;;
	loopmap) echo ::ffff:127.0.0.1 ;;
	group) echo 239.1.2.3 ;;
	group6) echo ff05::1234 ;;
	subnet) echo 10.1.0.255 ;;
	all) echo 255.255.255.255 ;;
	esac
}

# table ROUND: its lines
table() {
	case $1 in
	*-never) echo "$NEVER" ;;
	*) echo "$TABLE" ;;
	esac
}

# plan ROUND NUMBER: make $TMP/ROUND.plan, a line for each attempt: its number, port, mark and
# address, then the call and the table's other columns
plan() {
	local round=$1 n=0 call to modes host here expect
	while read -r call to modes host here expect; do
		[ -n "$call" ] || continue
		n=$((n + 1))
		case $round:$modes in
		host:* | *:both | shadow*:shadow | inline*:inline) ;;
		*) continue ;;
		esac
		echo "$n $((PORTS + $2 * 200 + n)) LK-$round-$n-KL $(destination "$to")" \
			"$call $to $host $here $expect"
	done < <(table "$round") >"$TMP/$round.plan"
}

cat >"$TMP/attempts.sh" <<'END'
# PLAN OUT LEAK OPTION...: run a plan; the output of attempt N is OUT.N
plan=$1 out=$2
shift 2
while read -r n port mark address call _; do
	timeout 10 "$@" -s 10.1.0.3 "$call" "$address" "$port" "$mark" >"$out.$n" 2>&1 </dev/null ||
		echo "status $?" >>"$out.$n"
done <"$plan"
END

cat >"$TMP/sink.py" <<'END'
"""Takes what comes by TCP and UDP on ports FIRST to LAST, and keeps the connections."""
import resource, selectors, socket, sys
first, last = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
sel = selectors.DefaultSelector()
kept = []
for port in range(first, last + 1):
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
        s = socket.socket(socket.AF_INET6, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            s.listen(16)
        s.setblocking(False)
        sel.register(s, selectors.EVENT_READ)
while True:
    for key, _ in sel.select():
        try:
            if key.fileobj.type == socket.SOCK_STREAM:
                kept.append(key.fileobj.accept())
            else:
                key.fileobj.recv(2048)
        except OSError:
            pass
END

cat >"$TMP/wire.py" <<'END'
"""What the captures hold, each line once.

mark MARK SOURCE DESTINATION CAPTURE
port PORT SOURCE DESTINATION CAPTURE    a packet to a port of the attempts
"""
import ipaddress, os, re, struct, sys
first, last = map(int, sys.argv[1:3])
mark = re.compile(rb"LK-[a-z-]+-[0-9]+-KL")
seen = set()

def packets(path):
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    ethernet = struct.unpack(order + "I", data[20:24])[0] & 0xffff == 1
    at = 24
    while at + 16 <= len(data):
        caught = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + caught], 14 if ethernet else 0
        at += 16 + caught

def read(p):
    """Source, destination, destination port."""
    if len(p) >= 20 and p[0] >> 4 == 4:
        src, dst, proto, head = p[12:16], p[16:20], p[9], (p[0] & 15) * 4
        if struct.unpack("!H", p[6:8])[0] & 0x1fff:
            proto = None
    elif len(p) >= 40 and p[0] >> 4 == 6:
        src, dst, proto, head = p[8:24], p[24:40], p[6], 40
        if proto == 43: # a routing header
            proto, head = p[40], 48 + p[41] * 8
    else:
        return "unknown", "unknown", None
    port = struct.unpack("!H", p[head + 2:head + 4])[0] \
        if proto in (6, 17) and len(p) >= head + 4 else None
    return str(ipaddress.ip_address(src)), str(ipaddress.ip_address(dst)), port

for path in sys.argv[3:]:
    name = os.path.basename(path)
    for frame, skip in packets(path):
        src, dst, port = read(frame[skip:])
        for m in set(mark.findall(frame)):
            seen.add("mark %s %s %s %s" % (m.decode(), src, dst, name))
        if port is not None and first <= port <= last:
            seen.add("port %d %s %s %s" % (port, src, dst, name))
print("\n".join(sorted(seen)))
END

# ---- the captures ----
LAST_PORT=$((PORTS + 200 * ${#ROUNDS[@]}))
DUMPS=()
# capture SIDE DEVICE
capture() {
	background "$1" tcpdump -n -U --immediate-mode -Z root -i "$2" -w "$TMP/$1-$2.pcap"
	DUMPS+=("$LAST")
}
EXEC='exec'
capture phone wlan0
capture phone rmnet0
capture server ap0
capture server cell0
background server "$PYTHON" "$TMP/sink.py" $PORTS $LAST_PORT
# shellcheck disable=SC2034 # lib.sh's
EXEC=
wait_for 10 listens $LAST_PORT || note "the sink does not listen"
wait_for 10 [ -s "$TMP/server-cell0.pcap" ]

# ---- the attempts ----
for i in "${!ROUNDS[@]}"; do
	round=${ROUNDS[i]}
	plan "$round" "$i"
	args=("$TMP/$round.plan" "$TMP/$round" "$LEAK")
	case $round in *-never) args+=(-n) ;; esac
	# shellcheck disable=SC2034 # lib.sh's
	MODE=${round%-never}
	began=$SECONDS
	if [ "$round" = host ]; then
		phone bash "$TMP/attempts.sh" "${args[@]}"
	else
		on wlan -- bash "$TMP/attempts.sh" "${args[@]}" 2>"$TMP/$round.err"
	fi
	note "$round: $(wc -l <"$TMP/$round.plan") attempts in $((SECONDS - began)) s"
done
sleep 0.5
for pid in "${DUMPS[@]}"; do
	stop "$pid"
done
"$PYTHON" "$TMP/wire.py" $PORTS $LAST_PORT "$TMP"/*.pcap >"$TMP/wire" ||
	not_ok "the captures are read"
note "$(grep -c ^mark "$TMP/wire") kinds of packets with a mark on the wire"

# ---- the verdicts ----

# of_attempt MARK PORT: what the wire has of it, but the server's answers (echo)
of_attempt() {
	grep -E "^(mark $1|port $2) " "$TMP/wire" | grep -vE "^[a-z]+ [^ ]+ (10\.1\.0\.1|fd01::1) "
}
# of_host: those lines that do not come from the stack
of_host() { grep -vE "^[a-z]+ [^ ]+ (10\.1\.0\.2|fd01::2) "; }

# explain LINES FILE: why a check failed
explain() {
	head -n 6 <<<"$1" | sed '/./s/^/# wire: /'
	head -n 8 "$2" | sed 's/^/# | /'
}

# The attempt without Persona: its mark leaves by an interface.
judge_host() {
	local name="host: $call to $to reaches the wire" found=
	! grep -q "^mark $mark .* phone-" "$TMP/wire" || found=yes
	case $host:$found in
	none:*) ;;
	*:yes) ok "$name" ;;
	any:) note "$name: not by this kernel" ;;
	*)
		not_ok "$name"
		explain "$(of_attempt "$mark" "$port")" "$TMP/host.$n"
		;;
	esac
}

judge_result() {
	local file=$TMP/$round.$n
	if grep -q '^status ' "$file"; then
		not_ok "$round: $call to $to is tried to its end"
		explain "" "$file"
	elif [ "$expect" != - ]; then
		matches "$round: $call to $to: $expect" "$(cat "$file")" ": $expect"
	fi
}

judge_moved() {
	local wire name="$round: $call to $to: nothing on the wire"
	wire=$(of_attempt "$mark" "$port")
	if [ "$here" = stack ]; then
		wire=$(of_host <<<"$wire" | grep .)
		name="$name but the stack's"
	fi
	if [ -z "$wire" ]; then ok "$name"; else
		not_ok "$name"
		explain "$wire" "$TMP/$round.$n"
	fi
	judge_result
	case $call in
	openat2*)
		is "$round: $call of /proc/net/dev does not show the host's interfaces" \
			"$(grep -c 'interface hostonly0' "$TMP/$round.$n")" 0
		;;
	esac
}

judge_never() {
	local wire
	wire=$(of_attempt "$mark" "$port")
	if grep -q "^mark .* server-" <<<"$wire" && [ -z "$(of_host <<<"$wire")" ]; then
		ok "$round: $call to $to arrives from the stack"
	else
		not_ok "$round: $call to $to arrives from the stack"
		explain "$wire" "$TMP/$round.$n"
	fi
	judge_result
}

for round in "${ROUNDS[@]}"; do
	while read -r n port mark _ call to host here expect; do
		case $round in
		host) judge_host ;;
		*-never) judge_never ;;
		*) judge_moved ;;
		esac
	done <"$TMP/$round.plan"
	grep -h ': race ' "$TMP/$round".[0-9]* 2>/dev/null | sed "s/^/# $round: /"
	[ ! -s "$TMP/$round.err" ] ||
		sort "$TMP/$round.err" | uniq -c | sort -rn | head -n 5 | sed 's/^ */# stderr: /'
done
matches "host: openat2 shows the host's interfaces" "$(cat "$TMP"/host.[0-9]*)" \
	'openat2[^:]*: interface hostonly0'
done_testing
