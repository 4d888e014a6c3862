#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gateway.t - programs that know nothing of it reach the network by the stack.
#
#   phone: programs on the host's kernel            server: MPTCP, 10.9.0.1 fd09::1 behind it
#     gw0   198.18.0.2 fd70:6572:736f:6e61::2
#      |    TUN, made by persona gateway, the host's way out
#     persona gateway: the stack
#     wlan0  10.1.0.2 fd01::2 ====================== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ====================== cell0  10.2.0.1 fd02::1
#
# runs: alone
# limit: 400
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only
need curl jq nc dnsmasq tracepath

testbed_up --wlan 50mbit,10ms --rmnet 30mbit,25ms
httpd
server ip address add 10.9.0.1/32 dev lo
server ip address add fd09::1/128 dev lo
server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 # a router answers probes

# tcp.py PORT: what the first line asks for
cat >"$TMP/tcp.py" <<'END'
import hashlib, socket, struct, sys, threading, time
def serve(s):
    f = s.makefile("rb")
    what, _, size = f.readline().partition(b" ")
    if what == b"count\n":              # until the end, then tell how much it was
        n, h = 0, hashlib.sha256()
        while data := f.read1(1 << 16):
            n += len(data)
            h.update(data)
        s.sendall(b"%d %s\n" % (n, h.hexdigest().encode()))
        print("counted", n, flush=True)
    elif what == b"reset":              # some bytes, then a reset
        s.sendall(bytes(int(size)))
        time.sleep(1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif what == b"watch\n":            # how does the client end?
        try:
            print("client ended" if not f.read() else "client sent", flush=True)
        except ConnectionResetError:
            print("client reset", flush=True)
    elif what == b"give":               # as many bytes, as fast as they are taken
        n = int(size)
        try:
            while n > 0:
                n -= s.send(bytes(min(n, 1 << 16)))
        except OSError:
            pass
        print("gave", int(size) - n, flush=True)
    elif what == b"echo\n":
        while line := f.readline():
            s.sendall(line)
    f.close()
    s.close()
l = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("::", int(sys.argv[1])))
l.listen(4096)
while True:
    s = l.accept()[0]
    threading.Thread(target=serve, args=(s,), daemon=True).start()
END
cat >"$TMP/udp.py" <<'END'
import select, socket
both = []
for family, host in (socket.AF_INET, "10.9.0.1"), (socket.AF_INET6, "fd09::1"):
    both.append(socket.socket(family, socket.SOCK_DGRAM))
    both[-1].bind((host, 7000))
while True:
    for s in select.select(both, [], [])[0]:
        data, who = s.recvfrom(65536)
        s.sendto(b"%s %s" % (who[0].encode(), data[:40]), who)
END
# ask.py WHAT [ARG]: the client's side
cat >"$TMP/ask.py" <<'END'
import hashlib, os, socket, struct, sys, time
what, host = sys.argv[1:3]
def connect(line, port=8001):
    s = socket.create_connection((host, port), 20)
    s.sendall(line)
    s.settimeout(30)
    return s
if what == "count":                     # send, shut down, hear what came
    data = os.urandom(int(sys.argv[3]))
    s = connect(b"count\n")
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    got = s.makefile().readline().split()
    print("same" if got == [str(len(data)), hashlib.sha256(data).hexdigest()] else got)
elif what == "leave":                   # send, and end at once
    s = connect(b"count\n")
    s.sendall(bytes(int(sys.argv[3])))
    os._exit(7)
elif what == "reset":
    s, n = connect(b"reset 100000\n"), 0
    try:
        while data := s.recv(1 << 16):
            n += len(data)
        print("an end after", n)
    except ConnectionResetError:
        print("reset")
elif what == "abort":
    s = connect(b"watch\n")
    time.sleep(0.5)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
elif what == "refused":
    start = time.time()
    try:
        s = socket.create_connection((host, 9), 10)
        s.settimeout(10)
        print("an end" if not s.recv(1) else "data")
    except (ConnectionRefusedError, ConnectionResetError):
        print("refused", int(time.time() - start), "s")
elif what == "slow":                    # N connections that do not read, then one that does
    held = [connect(b"give 20000000\n") for _ in range(int(sys.argv[3]))]
    time.sleep(3)
    s, n = connect(b"give 1000000\n"), 0
    while data := s.recv(1 << 16):
        n += len(data)
    print("read", n)
elif what == "name":
    ask = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\4name\4test\0" + struct.pack(">HH", 1, 1)
    if sys.argv[3] == "udp":
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(5)
        s.sendto(ask, (host, 53))
        answer = s.recv(512)
    else:
        s = socket.create_connection((host, 53), 5)
        s.sendall(struct.pack(">H", len(ask)) + ask)
        answer = s.recv(512)
    print(socket.inet_ntoa(answer[-4:]))
elif what == "udp":
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.5)
    end = time.time() + float(sys.argv[3])
    last, lost, seen = time.time(), 0, []
    while time.time() < end:
        s.sendto(b"hello", (host, 7000))
        try:
            who = s.recv(100).decode().split()[0]
            lost, last = max(lost, time.time() - last), time.time()
            if who not in seen:
                seen.append(who)
        except (TimeoutError, OSError):
            pass
        time.sleep(0.05)
    print(" ".join(seen), "silence %d ms" % (max(lost, time.time() - last) * 1000))
END
chmod 644 "$TMP"/*.py
background server "$PYTHON" "$TMP/tcp.py" 8001 262
background server "$PYTHON" "$TMP/udp.py"
background server dnsmasq -k -C /dev/null -p 53 --no-resolv --address=/name.test/10.9.0.7 --pid-file
wait_for 10 listens 8001
random_file "$FILES/big" 30000000

PATHS=(-i "$WLAN_IF" -i "$RMNET_IF")
# gateway ARG...: it runs, and is $GATEWAY
gateway() {
	: >"$TMP/gateway.log"
	(
		# shellcheck disable=SC2034 # of phone()
		EXEC="exec"
		phone "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} "$@"
	) </dev/null >"$TMP/gateway.log" 2>&1 &
	GATEWAY=$!
	STARTED+=("$GATEWAY")
	wait_for 10 grep -q "goes out by" "$TMP/gateway.log" || {
		sed 's/^/# /' "$TMP/gateway.log"
		return 1
	}
}

gateway --in tun:gw0 "${PATHS[@]}" || { echo "Bail out! no gateway"; exit 1; }
ok "a gateway with two paths"
is "it says one line" "$(grep -c . "$TMP/gateway.log")" 1

# ---- TCP ----
for host in 10.9.0.1 '[fd09::1]'; do
	rate=$(phone curl -gsS -m 40 -o "$TMP/got" -w '%{speed_download}' "http://$host/big" 2>&1)
	is "a download by $host" "$(sum "$TMP/got")" "$(sum "$FILES/big")"
	at_least "download, Mbit/s" "$(awk "BEGIN { printf \"%.1f\", $rate * 8 / 1e6 }")" 62
	rate=$(phone curl -gsS -m 40 -T "$TMP/got" -w '%{speed_upload}' -o "$TMP/answer" "http://$host/up" 2>&1)
	is "an upload to $host" "$(sum "$FILES/up")" "$(sum "$FILES/big")"
	at_least "upload, Mbit/s" "$(awk "BEGIN { printf \"%.1f\", $rate * 8 / 1e6 }")" 60
done
# Of the longest transfers: bytes of the path with fewer, of 100
less=$(jq -s '[.[] | select(.bytes == 30000000) | [.subflows[] | [.bytes_sent, .bytes_received] | max] | sort |
	100 * .[-2] / (.[-1] + .[-2])] | min | floor' "$HTTP_LOG")
at_least "the smaller share, per cent" "${less:-0}" 25

is "the end of data goes on, and what comes after it comes back" "$(phone "$PYTHON" "$TMP/ask.py" count 10.9.0.1 3000000)" same
is "the same in IPv6" "$(phone "$PYTHON" "$TMP/ask.py" count fd09::1 3000000)" same
is "a reset stays a reset" "$(phone "$PYTHON" "$TMP/ask.py" reset 10.9.0.1)" reset
matches "a port that nobody serves" "$(phone "$PYTHON" "$TMP/ask.py" refused 10.9.0.1)" '^refused [01] s'
phone "$PYTHON" "$TMP/ask.py" abort 10.9.0.1
check "a client's reset reaches the server" wait_for 5 grep -q "client reset" "$TMP/background.out"

# ---- UDP, ICMP, names ----
matches "UDP goes out by the first path, with its address" "$(phone "$PYTHON" "$TMP/ask.py" udp 10.9.0.1 0.5)" '^10\.1\.0\.2 '
matches "UDP in IPv6" "$(phone "$PYTHON" "$TMP/ask.py" udp fd09::1 0.5)" '^fd01::2 '
check "ping" phone ping -c 3 -i 0.2 -W 3 10.9.0.1
check "ping in IPv6" phone ping -c 3 -i 0.2 -W 3 fd09::1
is "a name" "$(phone "$PYTHON" "$TMP/ask.py" name 10.9.0.1 udp)" 10.9.0.7
is "a name by TCP" "$(phone "$PYTHON" "$TMP/ask.py" name 10.9.0.1 tcp)" 10.9.0.7
check "a datagram that is too long for the path is told of" phone tracepath -n -m 5 10.9.0.1
before=$(ps -o rss= -p "$GATEWAY")
is "200 connections that do not read leave room for others" "$(phone "$PYTHON" "$TMP/ask.py" slow 10.9.0.1 200)" "read 1000000"
after=$(ps -o rss= -p "$GATEWAY")
at_most "memory for them, MB" $(((after - before) / 1024)) 256
at_least "most of what they asked for was never given" "$(grep -c '^gave' "$TMP/background.out")" 1

# ---- a path is lost ----
(phone "$PYTHON" "$TMP/ask.py" udp 10.9.0.1 8 >"$TMP/udp.out" 2>&1) &
asker=$!
sleep 4
server ip link set ap0 down
wait "$asker"
server ip link set ap0 up
matches "UDP moves to the other path" "$(cat "$TMP/udp.out")" '^10\.1\.0\.2 10\.2\.0\.2'
at_most "ms until then" "$(sed 's/.*silence \([0-9]*\) ms/\1/' "$TMP/udp.out")" 2500
wait_for 5 phone ping -c 1 -W 1 10.9.0.1

# ---- from where else ----
is "nobody from outside gets in" "$(server "$PYTHON" "$TMP/ask.py" refused 10.1.0.2 2>&1 | grep -c '^refused')" 1
matches "persona ps" "$(phone "$PERSONA" ps 2>&1)" "$GATEWAY.*gateway"
matches "persona exec" "$(phone "$PERSONA" exec "$GATEWAY" -- true 2>&1)" 'a gateway cannot be joined'
matches "persona show" "$(phone "$PERSONA" show "$GATEWAY" 2>&1)" 'wlan0'

# ---- by a SOCKS server ----
if have "by SOCKS" microsocks; then
	background server microsocks -i 10.9.0.1 -p 1080 -u me -P 'a key'
	wait_for 5 listens 1080
	kill "$GATEWAY"
	wait "$GATEWAY"
	check "a gateway by SOCKS" gateway --in tun:gw0 --socks 'me:a key@10.9.0.1:1080' "${PATHS[@]}"
	for host in 10.9.0.1 '[fd09::1]'; do # it passes no end of data on, so no upload
		phone curl -gsS -m 40 -o "$TMP/got" "http://$host/big"
		is "by SOCKS to $host" "$(sum "$TMP/got")" "$(sum "$FILES/big")"
	done
	matches "a port that nobody serves, by SOCKS" "$(phone "$PYTHON" "$TMP/ask.py" refused 10.9.0.1)" '^refused [01] s'
	kill "$GATEWAY"
	wait "$GATEWAY"
	check "another gateway by SOCKS" gateway --in tun:gw0 --socks 'me:wrong@10.9.0.1:1080' "${PATHS[@]}"
	matches "a wrong password" "$(phone timeout 20 "$PYTHON" "$TMP/ask.py" refused 10.9.0.1)" '^refused [01] s'
fi

# ---- ends ----
kill -TERM "$GATEWAY"
wait "$GATEWAY"
is "a signal ends it, status 0" $? 0
check "its interface is gone" test -z "$(phone ip link show gw0 2>/dev/null)"
is "and so are its routes" "$(phone ip route show dev gw0 2>/dev/null)" ""
gateway --in tun:gw0,ip=10.200.0.1/30 "${PATHS[@]}"
matches "an address of the user's choice" "$(phone ip -br address show dev gw0)" '10\.200\.0\.2/30'
# What one family's address leaves out must not go by the host
matches "IPv6 is led in, too" "$(phone ip -6 route get fd09::1 2>&1)" 'dev gw0'
out=$(phone timeout 20 "$PERSONA" gateway --in tun:gw9 -i "packet:wlan0,ip=10.1.0.9/24,gw=10.1.0.1" 2>&1)
is "a second gateway for all: status" $? 125
matches "a second gateway for all" "$out" 'another gateway or VPN'
matches "the first keeps its routes" "$(phone ip route get 10.9.0.1)" 'dev gw0'
phone ip link set gw0 down
phone ip link set gw0 up
check "down and up again, it has its routes" wait_for 3 sh -c "ip netns exec persona-phone-$ID ip route get 10.9.0.1 | grep -q gw0"
is "and serves" "$(phone "$PYTHON" "$TMP/ask.py" count 10.9.0.1 300000)" same
matches "and in IPv6, too" "$(phone ip -6 route get fd09::1 2>&1)" "dev gw0"
phone ip link del gw0
wait "$GATEWAY"
is "the interface is removed: status" $? 125
matches "the interface is removed" "$(cat "$TMP/gateway.log")" 'was removed: the gateway ends'
check "a gateway again" gateway --in tun:gw0 "${PATHS[@]}"
kill -9 "$GATEWAY"
wait "$GATEWAY" 2>/dev/null
check "killed, it leaves no interface" wait_for 3 test -z "$(phone ip link show gw0 2>/dev/null)"

# ---- a client that is a machine ----
gateway --in tap:gw1,ip=10.201.0.1/24 --no-routes "${PATHS[@]}"
phone ip address flush dev gw1
phone ip address add 10.201.0.77/24 dev gw1
phone ip route add 10.9.0.1/32 via 10.201.0.1 dev gw1
is "an Ethernet inlet" "$(phone "$PYTHON" "$TMP/ask.py" count 10.9.0.1 1000000)" same
matches "UDP by it" "$(phone "$PYTHON" "$TMP/ask.py" udp 10.9.0.1 0.5)" '^10\.1\.0\.2 '
stop "$GATEWAY"

# ---- COMMAND in a namespace ----
cmd() { phone timeout 60 "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} "${PATHS[@]}" "$@"; }
is "COMMAND" "$(cmd -- "$PYTHON" "$TMP/ask.py" count 10.9.0.1 3000000 2>&1)" same
cmd -- sh -c 'exit 23'
is "its status" $? 23
cmd -- sh -c 'kill -KILL $$' 2>/dev/null
is "its signal" $? 137
cmd -- /nonexistent 2>/dev/null
is "there is none" $? 127
cmd -- "$TMP/ask.py" 2>/dev/null
is "it is not executable" $? 126
: >"$TMP/background.out"
cmd -- "$PYTHON" "$TMP/ask.py" leave 10.9.0.1 5000000
is "one that sends and ends at once" $? 7
check "has sent all" wait_for 2 grep -q "counted 5000000" "$TMP/background.out"
start=$SECONDS
cmd -- "$PYTHON" -c 'import socket; s = socket.socket(); s.settimeout(1); s.connect(("10.9.0.99", 80))' 2>/dev/null
at_most "a connection that never was is not waited for, s" $((SECONDS - start)) 10
is "a gateway in a gateway" "$(cmd -- "$PERSONA" gateway -i persona0 -- "$PYTHON" "$TMP/ask.py" count 10.9.0.1 100000 2>&1)" same
is "only its own interfaces are there" "$(cmd -- sh -c 'ls /sys/class/net; cat /proc/net/dev' 2>&1 | grep -c wlan0)" 0
is "and cgroups are where they were" "$(cmd -- sh -c 'ls /sys/fs/cgroup | sort | head -3' 2>&1)" "$(phone sh -c 'ls /sys/fs/cgroup | sort | head -3')"
check "ping in it" cmd -- ping -c 2 -i 0.2 -W 3 10.9.0.1
if program goclient; then
	matches "a static program" "$(cmd -- "$PROGRAM" http://10.9.0.1/big 2 2>&1)" "^$(sum "$FILES/big") "
fi

# ---- bad input ----
bad() { # NAME PATTERN ARG...
	local name=$1 pattern=$2 out status
	shift 2
	out=$(phone timeout 20 "$PERSONA" gateway "$@" 2>&1 </dev/null)
	status=$?
	matches "$name" "$out" "$pattern"
	is "$name: status, lines" "$status $(grep -c . <<<"$out")" "125 1"
}
bad "no inlet" 'where do packets come from' "${PATHS[@]}"
bad "an inlet and COMMAND" 'leave out' --in tun:gw0 "${PATHS[@]}" -- true
bad "an inlet of another kind" 'write tun:NAME' --in packet:wlan0 "${PATHS[@]}"
bad "an inlet without kind" 'write tun:NAME' --in wlan0 "${PATHS[@]}"
bad "no such descriptor" 'descriptor 77' --in fd:77,ip=10.3.0.1/24 "${PATHS[@]}"
bad "a gateway for the inlet" 'no gateway' --in tun:gw0,gw=10.0.0.1 "${PATHS[@]}"
bad "a path that leads back" 'back into the gateway' --in tun:gw0 -i passt:
bad "two inlets" 'has one inlet' --in tun:gw0 --in tun:gw1 "${PATHS[@]}"
bad "no routes for COMMAND" 'leave it out' --no-routes "${PATHS[@]}" -- true
bad "a small MTU" 'less than' --in tun:gw0,mtu=68 "${PATHS[@]}"
bad "a server's port" 'HOST:PORT' --socks 10.9.0.1:99999 --in tun:gw0 "${PATHS[@]}"
bad "a server without port" 'HOST:PORT' --socks server --in tun:gw0 "${PATHS[@]}"
bad "a long user" '1 to 255' --socks "$(printf 'u%.0s' {1..300})@10.9.0.1:1080" --in tun:gw0 "${PATHS[@]}"
is "nothing is left of them" "$(phone ip link show gw0 2>/dev/null)" ""
out=$(phone setpriv --reuid 65534 --regid 65534 --clear-groups "$PERSONA" gateway --in tun:gw0 -i passt: --no-routes 2>&1)
matches "without privilege" "$out" 'run as root|COMMAND'

done_testing
