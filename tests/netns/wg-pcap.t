#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-pcap.t - --pcap shows what is inside a tunnel, not its datagrams.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go, MPTCP, httpd on 80
#     wlan0  10.7.0.2 fd07::2 ==tunnel=========== 10.7.0.1 fd07::1
#     rmnet0 10.7.0.3 fd07::3 ==tunnel===========
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need tcpdump setpriv mptcpize

testbed_up --host-ip --wlan 100mbit,2ms --rmnet 100mbit,2ms
wg_up
chmod 711 "$TMP" "$WG"
chown 65534 "$WG"/*.conf
mkdir "$TMP/out"
chmod 777 "$TMP/out"

cat >"$TMP/serve.py" <<'END'
import socket, sys, threading
def serve(s):
    try:
        s.recv(100)
        for i in range(int(sys.argv[1]) >> 16):
            s.sendall(b"in the clear " * 5041 + b"123")
    except OSError:
        pass
    s.close()
l = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
l.bind(("::", 8000))
l.listen(20)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
cat >"$TMP/fetch.py" <<'END'
import socket
s = socket.create_connection(("10.7.0.1", 8000), 20)
s.sendall(b"x")
n = 0
while data := s.recv(1 << 16):
    n += len(data)
print(n)
END
# A file, block by block: what an interface has, and whether all of a TCP stream is there
cat >"$TMP/read.py" <<'END'
import struct, sys
names, rows, at, stats = [], {}, 0, {}
data = open(sys.argv[1], "rb").read()
last = 0
while at < len(data):
    kind, size = struct.unpack_from("II", data, at)
    body = data[at + 8:at + size - 4]
    if kind == 1:
        names.append(body[12:28].rstrip(b"\0").decode())
        rows[names[-1]] = dict(link=struct.unpack_from("H", body)[0], sent=0, received=0, payload=0, clear=0, wire=0)
    elif kind == 5:
        stats[names[struct.unpack_from("I", body)[0]]] = struct.unpack_from("Q", body, 16)[0], struct.unpack_from("Q", body, 28)[0]
    elif kind == 6:
        i, high, low, n, whole = struct.unpack_from("IIIII", body)
        r, p = rows[names[i]], body[20:20 + n]
        last = max(last, high << 32 | low)
        out = struct.unpack_from("I", body, 20 + n + (-n & 3) + 4)[0] == 2
        r["sent" if out else "received"] += 1
        if p[0] >> 4 == 4 and p[9] == 17 and 51820 in struct.unpack_from("!HH", p, (p[0] & 15) * 4):
            r["wire"] += 1
        if p[0] >> 4 == 4 and p[9] == 6 and not out:
            ihl = (p[0] & 15) * 4
            r["payload"] += struct.unpack_from("!H", p, 2)[0] - ihl - (p[ihl + 12] >> 4) * 4
            r["clear"] += p.count(b"in the clear")
    at += size
for name in names:
    r = rows[name]
    print(name, "link", r["link"], "outer", r["wire"], "both ways", r["sent"] > 0 and r["received"] > 0,
          "clear", r["clear"] > 0, "statistics", stats[name][0] == r["sent"] + r["received"] + stats[name][1], "missing", stats[name][1])
print("payload", sum(r["payload"] for r in rows.values()))
print("last", last)
END
chmod 644 "$TMP"/*.py
BYTES=$((128 << 16))
background server "$PYTHON" "$TMP/serve.py" $BYTES
wait_for 10 listens 8000

rootless() { # MODE FILE PATH... [OPTION...] -- COMMAND...
	local mode=$1 file=$2 specs=()
	shift 2
	while [ "$1" = wlan ] || [ "$1" = rmnet ]; do
		specs+=(-i "wg:${1}0,conf=$WG/$1.conf")
		shift
	done
	phone timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
		"$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$mode" --pcap "$file" \
		"${specs[@]}" "$@" 2>&1
}
for MODE in shadow inline; do
	file=$TMP/out/$MODE.pcapng
	before=$(date +%s)
	is "$MODE: a download" "$(rootless $MODE "$file" wlan rmnet -- "$PYTHON" "$TMP/fetch.py")" $BYTES
	after=$(date +%s)
	out=$("$PYTHON" "$TMP/read.py" "$file" 2>&1)
	for dev in wlan0 rmnet0; do
		is "$MODE: $dev: its name, IP packets in the clear, none missing" "$(grep "^$dev " <<<"$out")" \
			"$dev link 101 outer 0 both ways True clear True statistics True missing 0"
	done
	is "$MODE: no other interface" "$(grep -c ' link ' <<<"$out")" 2
	# What MPTCP sends again by the other path comes twice
	at_least "$MODE: all of the stream is there, bytes" "$(sed -n 's/^payload //p' <<<"$out")" $BYTES
	at_most "$MODE: and little of it twice, bytes" "$(sed -n 's/^payload //p' <<<"$out")" $((BYTES * 11 / 10))
	last=$(sed -n 's/^last \(.*\)........./\1/p' <<<"$out")
	at_least "$MODE: the time is the host's" "$last" "$before"
	at_most "$MODE: the time is the host's" "$last" "$after"
	# That of Debian 12 takes no second interface without link header
	rootless $MODE "$file" wlan -- "$PYTHON" "$TMP/fetch.py" >/dev/null
	matches "$MODE: tcpdump reads it" "$(tcpdump -Z root -n -r "$file" 'tcp port 8000' 2>&1 | sed -n 2p)" \
		'IP 10\.7\.0\.2\.[0-9]+ > 10\.7\.0\.1\.8000: Flags \[S\]'
done

# ---- a file that takes nothing for a while: what is missing is counted and told ----
file=$TMP/out/slow.pcapng
mkfifo -m 666 "$TMP/out/fifo"
sh -c 'exec <"$1"; sleep 4; exec cat >"$2"' sh "$TMP/out/fifo" "$file" &
reader=$!
out=$(rootless shadow "$TMP/out/fifo" wlan --mem 32M -- "$PYTHON" "$TMP/fetch.py")
wait $reader
matches "a slow file: the download" "$out" "^$BYTES\$"
told=$(sed -n 's/^persona: --pcap: \([0-9]*\) packets of wlan0 are not in the file.*/\1/p' <<<"$out")
at_least "a slow file: packets that are missing, as told" "${told:-0}" 100
is "a slow file: the same in the file, whose other packets are whole" \
	"$("$PYTHON" "$TMP/read.py" "$file" 2>&1 | grep '^wlan0 ')" \
	"wlan0 link 101 outer 0 both ways True clear True statistics True missing $told"

# ---- a gateway's tunnels ----
mknod -m 666 "$TMP/tun" c 10 200
AS=(setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all)
if ! phone "${AS[@]}" unshare -Un true 2>/dev/null; then
	skip "gateway" "an ordinary user may make no user namespace here"
else
	file=$TMP/out/gateway.pcapng
	is "gateway: a download" "$(phone timeout 60 sh -c 'mount --bind "$1" /dev/net/tun; shift; exec "$@"' sh "$TMP/tun" \
		"${AS[@]}" "$PERSONA" gateway ${PERSONALITY:+-p "$PERSONALITY"} --pcap "$file" -i "wg:wlan0,conf=$WG/wlan.conf" \
		-- "$PYTHON" "$TMP/fetch.py" 2>&1)" $BYTES
	is "gateway: the tunnel is in the file" "$("$PYTHON" "$TMP/read.py" "$file" 2>&1 | grep '^wlan0 ')" \
		"wlan0 link 101 outer 0 both ways True clear True statistics True missing 0"
fi
done_testing
