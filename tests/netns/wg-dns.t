#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-dns.t - DNS= of a tunnel's file stands in place of /etc/resolv.conf, and is asked by the tunnel.
#
#   phone: PROGRAM on the stack, user 65534       server: wireguard-go, two name servers
#     wlan0  10.7.0.2 fd07::2 ==tunnel=========== 10.7.0.1 fd07::1  names of the tunnel's file
#     rmnet0 10.7.0.3 fd07::3 ==tunnel===========
#     /etc/resolv.conf: 10.1.0.1 ================ 10.1.0.1          names of the host's file
#   Each of the two has an address of its own for where.test.
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need dnsmasq getent setpriv

testbed_up --host-ip --wlan 100mbit,2ms --rmnet 100mbit,2ms
wg_up
chmod 711 "$TMP" "$WG"

names() { # LOG ADDRESSES OPTION...: a name server
	local log=$1 addresses=$2
	shift 2
	background server dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file= \
		--user=root --bind-interfaces --listen-address="$addresses" --log-queries --log-facility="$log" "$@"
	wait_for 5 sh -c "ip netns exec persona-server-$ID ss -Hlun 'src ${addresses%%,*}:53' | grep -q ."
}
names "$TMP/inside.log" 10.7.0.1,fd07::1 --address=/where.test/10.9.0.7 --address=/short.inside.test/10.9.0.8
names "$TMP/host.log" 10.1.0.1 --address=/where.test/10.9.0.99 --address=/hostonly.test/10.9.0.98

conf() { # NAME PATH LINE...: $WG/NAME.conf for a path
	local name=$1 path=$2
	shift 2
	wg_file "$path" "$([ "$path" = wlan ] && echo 10.1.0.1 || echo 10.2.0.1)" "$@" >"$WG/$name.conf"
	chmod 600 "$WG/$name.conf"
	chown 65534 "$WG/$name.conf"
}
conf one wlan "DNS = 10.7.0.1, inside.test"
conf six wlan "DNS = fd07::1"
conf none wlan
conf domains wlan "DNS = inside.test"
conf first wlan "DNS = 10.7.0.1, inside.test"
conf second rmnet "DNS = fd07::1,10.7.0.1" "DNS = corp.test inside.test"

rootless() { # MODE SPEC... -- COMMAND...
	local specs=() mode=$1
	shift
	while [ "$1" != -- ]; do
		specs+=(-i "$1")
		shift
	done
	phone timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs \
		"$PERSONA" run ${PERSONALITY:+-p "$PERSONALITY"} --mode "$mode" "${specs[@]}" "$@" 2>&1
}
one() { rootless "$MODE" "wg:wlan0,conf=$WG/$CONF.conf" -- "$@"; }
address() { one getent ahostsv4 "$1" | awk 'NR == 1 { print $1 }'; }
mkdir "$TMP/pages"
echo "by the tunnel" >"$TMP/pages/page"
server ip address add 10.9.0.7/32 dev lo
lookup='import socket, sys
try:
    print(socket.getaddrinfo(sys.argv[1], 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
except OSError as e:
    print(e)'

for MODE in shadow inline; do
	CONF=one
	: >"$TMP/host.log"
	is "$MODE: getent asks the file's server" "$(address where.test)" 10.9.0.7
	is "$MODE: getaddrinfo() too" "$(one "$PYTHON" -c "$lookup" where.test)" 10.9.0.7
	is "$MODE: the file's domain is searched" "$(one "$PYTHON" -c "$lookup" short)" 10.9.0.8
	matches "$MODE: the host's server is not asked" "$(one "$PYTHON" -c "$lookup" hostonly.test)" 'Errno -[0-9]'
	is "$MODE: nothing reached it" "$(grep -c query "$TMP/host.log")" 0
	matches "$MODE: the question came by the tunnel" "$(grep 'query\[A\] where.test' "$TMP/inside.log" | tail -n 1)" 'from 10\.7\.0\.2$'
	is "$MODE: a program that reads the file" "$(one cat /etc/resolv.conf)" $'nameserver 10.7.0.1\nsearch inside.test'
	is "$MODE: open() of it, from its beginning" \
		"$(one "$PYTHON" -c 'import os; fd = os.open("/etc/resolv.conf", os.O_RDONLY); print(os.read(fd, 11).decode())')" "nameserver "
	matches "$MODE: it cannot be written" "$(one "$PYTHON" -c 'open("/etc/resolv.conf", "a")')" 'Errno 30'
	is "$MODE: other files of /etc are the host's" "$(one head -n 1 /etc/hosts)" "127.0.0.1 localhost"
	is "$MODE: getaddrinfo_a()" "$(one build/tests/programs/lookups where.test)" "where.test 10.9.0.7"
	CONF=six
	is "$MODE: a server by IPv6" "$(one "$PYTHON" -c "$lookup" where.test)" 10.9.0.7
	is "$MODE: domains of another file are not searched" "$(one cat /etc/resolv.conf)" "nameserver fd07::1"
	CONF=none
	is "$MODE: without DNS the host's file holds" "$(one cat /etc/resolv.conf)" "nameserver 10.1.0.1"
	CONF=domains
	is "$MODE: domains without a server change nothing, and a line says so" "$(one cat /etc/resolv.conf)" \
		"persona: $WG/domains.conf: DNS names no server: its domains are not used
nameserver 10.1.0.1"
	is "$MODE: two files, in their order, each once" \
		"$(rootless $MODE "wg:wlan0,conf=$WG/first.conf" "wg:rmnet0,conf=$WG/second.conf" -- cat /etc/resolv.conf)" \
		$'nameserver 10.7.0.1\nnameserver fd07::1\nsearch inside.test corp.test'
	is "$MODE: two paths: names" \
		"$(rootless $MODE "wg:wlan0,conf=$WG/first.conf" "wg:rmnet0,conf=$WG/second.conf" -- "$PYTHON" -c "$lookup" short)" 10.9.0.8
done
# A program without a C library, and one that joins a run
if program goclient; then
	MODE=shadow CONF=one
	background server "$PYTHON" -m http.server --bind 10.9.0.7 --directory "$TMP/pages" 8080
	wait_for 10 listens 8080
	matches "shadow: a static Go program" "$(one "$PROGRAM" http://where.test:8080/page 2)" \
		"^$(sum "$TMP/pages/page") 4\$"
fi
rootless shadow "wg:wlan0,conf=$WG/one.conf" -- sleep 4 &
run=$!
sleep 1
is "shadow: what joins a run" "$(phone timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all \
	--no-new-privs sh -c '"$0" exec "$("$0" ps --json | jq ".[0].id")" -- "$@"' "$PERSONA" "$PYTHON" -c "$lookup" short 2>&1)" 10.9.0.8
wait $run
is "nothing of the tunnel's went past it" "$(wg_astray)" 0
is "the host's own file is as it was" "$(phone cat /etc/resolv.conf)" "nameserver 10.1.0.1"
done_testing
