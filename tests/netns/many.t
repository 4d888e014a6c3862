#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# many.t - many runs at once on one interface: each starts, each transfers, nothing is left; and
# a run whose few ports are used up gets more.
#
#   phone: many runs, on the phone's address 10.1.0.3     server: host kernel
#          (shared), or each on one of its own
#     wlan0  ============ Ethernet (veth) ============ ap0    10.1.0.1
#
# MANY_RUNS=100 tests/netns/many.t takes two minutes on two cores; 24 is the default.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl nft
persona_only
testbed_up --unshaped --host-ip
httpd
echo small >"$FILES/small"
RUNS=${MANY_RUNS:-24}
RESERVED=/proc/sys/net/ipv4/ip_local_reserved_ports

left() {
	phone nft list tables
	phone cat $RESERVED
	find /run/persona -name "$(stat -Lc %i "/run/netns/persona-phone-$ID")-*" 2>/dev/null
}
nothing_left() { [ -z "$(left | tr -d ' \n')" ]; }

cat >"$TMP/one.sh" <<'END'
cat /proc/sys/net/ipv4/ip_local_port_range >"$1"
until [ -e "${1%/*}/go" ]; do sleep 0.3; done
for i in 1 2 3; do timeout 60 curl -q -sS --fail http://10.1.0.1/small || exit; done
END

# at_once NAME COUNT SPEC [OPTION...]: %a in SPEC stands for an address of the run's own. They all
# start, and when all are up (or have failed), they transfer.
at_once() {
	local name=$1 count=$2 spec=$3 dir i n ended p pids=()
	shift 3
	dir=$TMP/$name
	mkdir "$dir"
	for ((i = 0; i < count; i++)); do
		EXEC="exec" phone "$PERSONA" run "$@" -i "${spec//%a/10.1.$((1 + i / 200)).$((1 + i % 200))}" -- \
			sh "$TMP/one.sh" "$dir/$i" </dev/null >"$dir/out.$i" 2>&1 &
		pids+=($!)
	done
	STARTED+=("${pids[@]}")
	for ((i = 0; i < 500; i++)); do
		n=$(find "$dir" -name '[0-9]*' -size +0 | wc -l)
		ended=0
		for p in "${pids[@]}"; do kill -0 "$p" 2>/dev/null || ended=$((ended + 1)); done
		[ $((n + ended)) -lt "$count" ] || break
		sleep 0.2
	done
	is "$name: runs that are up at once" "$n" "$count"
	note "$name: reserved meanwhile: $(phone cat $RESERVED)"
	touch "$dir/go"
	wait "${pids[@]}"
	is "$name: transfers" "$(cat "$dir"/out.* | grep -cx small)" $((3 * count))
	is "$name: complaints" "$(cat "$dir"/out.* | grep -vxE "small|persona: waiting for the peers of .*" | sort | uniq -c | head -n 5)" ""
	check "$name: nothing is left" wait_for 30 nothing_left
	left
}

# apart NAME: no two ranges of the runs have a port in common
apart() {
	is "$1: ranges that overlap" "$(sort -n "$TMP/$1"/[0-9]* | awk '$1 <= last { n++ } { last = $2 } END { print n + 0 }')" 0
}

at_once shared "$RUNS" wlan0
apart shared
at_once shared-inline 16 wlan0 --inline
apart shared-inline
server ip addr add 10.1.0.1/16 dev ap0
at_once own "$RUNS" packet:wlan0,ip=%a/16,gw=10.1.0.1

# ---- a run that needs more ----

cat >"$TMP/many.py" <<'END'
import resource, select, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
if sys.argv[1] == "serve":
    tcp = socket.socket()
    tcp.bind(("10.1.0.1", 7070))
    tcp.listen(4096)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("10.1.0.1", 7070))
    tcp.setblocking(False)
    udp.setblocking(False)
    ep = select.epoll()
    ep.register(tcp, select.EPOLLIN)
    ep.register(udp, select.EPOLLIN)
    conns = {}
    while True:
        for fd, _ in ep.poll():
            if fd == tcp.fileno():
                c = tcp.accept()[0]
                conns[c.fileno()] = c
                ep.register(c, select.EPOLLIN)
            elif fd == udp.fileno():
                data, peer = udp.recvfrom(100)
                udp.sendto(data, peer)
            else:
                try:
                    data = conns[fd].recv(100)
                    conns[fd].send(data)
                except OSError:
                    data = b""
                if not data:
                    conns.pop(fd).close()
def ports():
    low, high = map(int, open("/proc/sys/net/ipv4/ip_local_port_range").read().split())
    return high - low + 1
small = ports()
n = int(sys.argv[2])
socks = [socket.create_connection(("10.1.0.1", 7070), 10) for _ in range(n)]
for s in socks:
    s.send(b"t")
for s in socks:
    assert s.recv(9) == b"t"
# Made first, given their ports later
dgrams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(n)]
for i, s in enumerate(dgrams):
    s.settimeout(10)
    s.sendto(b"u%d" % i, ("10.1.0.1", 7070))
    assert s.recv(9) == b"u%d" % i
assert len({s.getsockname()[1] for s in dgrams}) == n
for s in socks: # TIME-WAIT here
    s.close()
again = [socket.create_connection(("10.1.0.1", 7070), 10) for _ in range(n)]
print(small, "more" if ports() > small else ports(), open("/proc/net/dev").read().count("wlan0"))
END
background server "$PYTHON" "$TMP/many.py" serve
wait_for 5 listens 7070
for mode in "" --inline; do
	background phone "$PERSONA" run $mode -i wlan0 -- sleep 60
	beside=$LAST
	is "${mode:-shadow}: 700 connections, 700 datagram sockets, 700 connections more, beside another run" \
		"$(phone "$PERSONA" run $mode -i wlan0 -- timeout 100 "$PYTHON" "$TMP/many.py" ask 700 2>&1)" "256 more 1"
	stop "$beside"
	check "${mode:-shadow}: nothing is left" wait_for 10 nothing_left
done
# Where neighbours are on both sides a run has what it has, and says so to nobody.
phone sh -c "echo 16384-28671,28928-65535 >$RESERVED"
is "no room to grow: what there is serves" \
	"$(phone "$PERSONA" run --no-mptcp -i wlan0 -- timeout 100 "$PYTHON" "$TMP/many.py" ask 80 2>&1)" "256 256 1"
phone sh -c "echo >$RESERVED"
done_testing
