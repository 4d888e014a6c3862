#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-server.t - docs/server.md: any destination over all paths, by a rented server. Its files are
# made by `persona wg init`, its proxy by testbed/server, recipes a and b.
#
#   phone: curl, user 65534         server: wg-quick, haproxy          web: plain TCP
#     wlan0  10.7.0.2 ==tunnel===== 10.7.0.1     203.0.113.1 --veth--- 203.0.113.2   :80 :8080
#     rmnet0 10.7.0.3 ==tunnel=====              2001:db8::1           2001:db8::2
#   outside: 10.1.0.3 - 10.1.0.1 50 Mbit/s 10 ms, 10.2.0.3 - 30 Mbit/s 25 ms
#
# The web's kernel has MPTCP switched off, so what comes over both tunnels, the server has joined.
#
# runs: alone, long
# limit: 400
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
persona_only
need wireguard-go wg wg-quick nft haproxy mptcpize curl setpriv

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
chmod 711 "$TMP"
mkdir "$TMP/own"
chown 65534 "$TMP/own"
IF=wr-$ID
SIZE=45000000
GOAL=65 # Mbit/s of 72.5 that tunnels and MPTCP leave

# ---- the web ----
random_file "$TMP/blob" $SIZE
chmod 644 "$TMP/blob"
SUM=$(sum "$TMP/blob")
PART=15000000 # of it, where no rate is judged
PART_SUM=$(head -c $PART "$TMP/blob" | sha256sum | cut -d' ' -f1)
cat >"$TMP/web.py" <<'END'
import hashlib, http.server, os, socket, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def answer(self, size):
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
    def do_GET(self):
        if self.path == "/options":
            with open("/proc/net/netstat") as f:
                head, line = [l.split() for l in f if l.startswith("MPTcpExt:")]
            text = ("%s %s\n" % (line[head.index("MPCapableSYNRX")], self.client_address[0])).encode()
            self.answer(len(text))
            self.wfile.write(text)
            return
        size = int(sys.argv[2]) if self.path == "/part" else os.path.getsize(sys.argv[1])
        self.answer(size)
        with open(sys.argv[1], "rb") as f:
            self.connection.sendfile(f, 0, size)
    def do_PUT(self):
        left, digest = int(self.headers["Content-Length"]), hashlib.sha256()
        while left:
            data = self.rfile.read(min(left, 1 << 16))
            digest.update(data)
            left -= len(data)
        text = digest.hexdigest().encode()
        self.answer(len(text))
        self.wfile.write(text)
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 64
for port in 80, 8080:
    threading.Thread(target=Server(("::", port), Handler).serve_forever).start()
END
background server unshare -n sh -c 'until ip link set web0 up 2>/dev/null; do sleep 0.1; done
	ip link set lo up
	ip address add 203.0.113.2/24 dev web0
	ip address add 2001:db8::2/64 dev web0 nodad
	sysctl -qw net.ipv4.tcp_congestion_control=cubic
	exec "$@"' sh "$PYTHON" "$TMP/web.py" "$TMP/blob" $PART
WEB=$LAST
wait_for 10 sh -c "[ \"\$(stat -Lc %i /proc/$WEB/ns/net)\" != \"\$(stat -Lc %i /run/netns/persona-server-$ID)\" ]"
server ip link add inet0 type veth peer name web0 netns "$WEB"
server ip address add 203.0.113.1/24 dev inet0
server ip address add 2001:db8::1/64 dev inet0 nodad
server ip link set inet0 up
wait_for 10 server nc -z 203.0.113.2 80

# ---- both ends' files; the server's two lines for its proxy are docs/server.md's ----
rootless() { # MODE -- COMMAND...: as a user without any capability, over both tunnels
	local mode=$1
	shift
	phone timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
		"$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$mode" \
		-i "wg:wlan0,conf=$TMP/own/wlan0.conf" -i "wg:rmnet0,conf=$TMP/own/rmnet0.conf" "$@"
}
phone setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
	"$PERSONA" wg init --server 10.1.0.1 --paths wlan0,rmnet0 --dir "$TMP/own" >"$TMP/init" ||
	{ echo "Bail out! persona wg init"; exit 1; }
proxy() { server "$TOP/testbed/server" "$@"; }
export WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 LOG_LEVEL=error
wg_down() {
	if server test -e "/sys/class/net/$IF"; then
		server wg-quick down "$TMP/$IF.conf" >"$TMP/down.out" 2>&1
	fi
}
trap 'wg_down; cleanup' EXIT
sed "/^ListenPort/a PostUp = $TOP/testbed/server up b %i\nPreDown = $TOP/testbed/server down %i" \
	"$TMP/own/server.conf" >"$TMP/$IF.conf"
chmod 600 "$TMP/$IF.conf"
check "the server comes up by wg-quick, its proxy with it" server wg-quick up "$TMP/$IF.conf"
proxy status "$IF" >/dev/null || {
	echo "Bail out! no server"
	exit 1
}

# As sshd: a port that recipe a must leave alone
background server nc -lk 22
wait_for 10 listens 22

# Bytes of both peers: wlan's, rmnet's. Their order in wg's own answer changes.
transfer() {
	server wg show "$IF" dump | awk '
		NR > 1 { n[$4 ~ /^10\.7\.0\.3\// ? 2 : 1] = $6 + $7 }
		END { printf "%d %d ", n[1], n[2] }'
}

# shares NAME BEFORE AFTER LEAST: percent by the path that carried less
shares() {
	local share
	share=$(awk '{ a = $3 - $1; b = $4 - $2; print int(100 * (a < b ? a : b) / (a + b)) }' <<<"$2 $3")
	at_least "$1, smaller share" "$share" "$4"
}

# transfers NAME MODE: down and up, each until one of three runs is fast enough
transfers() {
	local way before out rate all
	for way in down up; do
		all=
		for _ in 1 2 3; do
			before=$(transfer)
			if [ $way = down ]; then
				out=$(rootless "$2" -- curl -q -sS -o "$TMP/own/got" -w '%{time_total}' http://203.0.113.2/blob 2>&1)
				out="$(sum "$TMP/own/got") $out"
			else
				out=$(rootless "$2" -- curl -q -sS -T "$TMP/blob" -w ' %{time_total}' http://203.0.113.2/blob 2>&1)
			fi
			is "$1, $way" "${out% *}" "$SUM"
			rate=$(awk -v s=$SIZE '{ printf "%.1f", s * 8 / 1e6 / $2 }' <<<"$out")
			all="$all $rate"
			awk "BEGIN { exit !($rate >= $GOAL) }" && break
		done
		note "$1, $way:$all Mbit/s"
		at_least "$1, $way, Mbit/s" "$rate" $GOAL
		shares "$1, $way" "$before" "$(transfer)" 30
	done
}

# one_path wlan|rmnet: 1 or 2, its place in transfer's output, bytes so far
one_path() { transfer | cut -d' ' -f"$([ "$1" = wlan ] && echo 1 || echo 2)"; }

# comes_back NAME PATH: a path is silent for 3 s in a download of two files on one connection
comes_back() {
	local pid before
	rootless shadow -- curl -q -sS -o "$TMP/own/got" http://203.0.113.2/blob -o "$TMP/own/got2" http://203.0.113.2/blob \
		>"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 2
	"$TOP/testbed/phone" --id "$ID" state "$2" drop
	sleep 3
	"$TOP/testbed/phone" --id "$ID" state "$2" up
	sleep 2
	before=$(one_path "$2")
	sleep 1
	at_least "$1: $2 is lost, and used again 2 s after its return, bytes in a second" $(($(one_path "$2") - before)) 1000000
	wait $pid
	is "$1: $2 is lost: nothing is" "$? $(sum "$TMP/own/got") $(sum "$TMP/own/got2")" "0 $SUM $SUM"
}

# after_reset NAME: somebody resets the subflow of the beginning; a link that goes and comes back
# opens another one
after_reset() {
	local pid before
	rootless shadow -- curl -q -sS -o "$TMP/own/got" http://203.0.113.2/blob -o "$TMP/own/got2" http://203.0.113.2/blob \
		>"$TMP/fetch.out" 2>&1 &
	pid=$!
	sleep 1.5
	server ss -tK dst 10.7.0.2 >"$TMP/ss.out"
	matches "$1: a subflow is reset" "$(cat "$TMP/ss.out")" 'ESTAB .*10\.7\.0\.2'
	sleep 0.5
	"$TOP/testbed/phone" --id "$ID" state wlan down
	sleep 1
	"$TOP/testbed/phone" --id "$ID" state wlan up
	sleep 2
	before=$(one_path wlan)
	sleep 1
	at_least "$1: after a link's return there is another, bytes in a second" $(($(one_path wlan) - before)) 1000000
	wait $pid
	is "$1: after a reset: nothing is lost" "$? $(sum "$TMP/own/got") $(sum "$TMP/own/got2")" "0 $SUM $SUM"
}

for RECIPE in b a; do
	[ $RECIPE = b ] || check "the server changes to recipe a" proxy up a "$IF"
	note "haproxy: $(proxy status "$IF") kB"
	for MODE in shadow inline; do
		transfers "$RECIPE, $MODE" $MODE
		matches "$RECIPE, $MODE: the web sees the server, and no MPTCP" \
			"$(rootless $MODE -- curl -q -sS http://203.0.113.2/options 2>&1)" '^0 (::ffff:)?203\.0\.113\.1$'
	done
	before=$(transfer)
	is "$RECIPE: IPv6" "$(rootless shadow -- curl -q -sS 'http://[2001:db8::2]/part' | sha256sum | cut -d' ' -f1)" "$PART_SUM"
	shares "$RECIPE: IPv6" "$before" "$(transfer)" 20
	before=$(transfer)
	is "$RECIPE: port 8080" "$(rootless shadow -- curl -q -sS http://203.0.113.2:8080/part | sha256sum | cut -d' ' -f1)" "$PART_SUM"
	if [ $RECIPE = b ]; then
		shares "$RECIPE: port 8080" "$before" "$(transfer)" 20
	else
		matches "$RECIPE: port 8080 goes by one path" "$(awk '{ print int(($4 - $2) / 1e6) }' <<<"$before $(transfer)")" '^0$'
	fi
	comes_back "$RECIPE" rmnet
	comes_back "$RECIPE" wlan
	after_reset "$RECIPE"
	# haproxy accepts before it knows
	out=$(rootless shadow -- curl -q -sS http://203.0.113.2:81/ 2>&1)
	is "$RECIPE: a port that nobody serves: status" $? 52
	note "$out"
done
check "the server goes down" wg_down
is "nothing of it stays" "$(server nft list tables; server ip rule | grep 8999; server ip mptcp endpoint)" ""
done_testing
