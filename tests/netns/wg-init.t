#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-init.t - persona wg init: what it writes is a working pair of ends, and what it refuses.
#
#   phone: user 65534, files of `persona wg init`   server: wireguard-go, the server's file of it
#     wlan0, rmnet0 ==tunnels===================== 10.8.0.1
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need setpriv wg-quick

testbed_up --unshaped --host-ip
chmod 711 "$TMP"
mkdir "$TMP/own"
chown 65534 "$TMP/own"
user() { phone setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs "$@"; }

out=$(cd "$TMP/own" && user "$PERSONA" wg init --server 10.1.0.1 --paths wlan0,rmnet0 --dir t --network 10.8.0.0 --port 4711 2>&1)
is "init: status" $? 0
matches "init: says where to go on" "$out" 'persona run .*'
T=$TMP/own/t
is "init: files of the user alone" "$(cd "$T" && stat -c '%n %a %u' -- * | tr '\n' ' ')" \
	"rmnet0.conf 600 65534 server.conf 600 65534 wlan0.conf 600 65534 "
keys=$(sed -n 's/^P.*Key = //p' "$T"/*.conf)
is "init: keys, each public one the private's" \
	"$(sed -n 's/^PrivateKey = //p' "$T"/*.conf | while read -r k; do wg pubkey <<<"$k"; done | sort)" \
	"$(sed -n 's/^PublicKey = //p' "$T"/*.conf | sort -u)"
is "init: none is used twice" "$(sort <<<"$keys" | uniq -u | wc -l) $(sort -u <<<"$keys" | wc -l)" "5 8"
check "wg-quick reads the client's file" wg-quick strip "$T/wlan0.conf"

before=$(sum "$T/wlan0.conf")
out=$(cd "$TMP/own" && user "$PERSONA" wg init --server 10.1.0.1 --paths wlan1,wlan0 --dir t 2>&1)
is "files that are there: status" $? 125
matches "files that are there: says so" "$out" '^persona: t/wlan0.conf is there already: choose another --dir$'
is "files that are there: nothing else is written" "$(cd "$T" && echo *) $(sum "$T/wlan0.conf")" \
	"rmnet0.conf server.conf wlan0.conf $before"

# The pair
background server env WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 LOG_LEVEL=error wireguard-go -f "wi-$ID"
wait_for 10 server wg show "wi-$ID"
wg-quick strip "$T/server.conf" >"$TMP/stripped"
server wg setconf "wi-$ID" "$TMP/stripped"
server ip address add 10.8.0.1/24 dev "wi-$ID"
server ip link set "wi-$ID" up
random_file "$TMP/blob" 3000000
chmod 644 "$TMP/blob"
background server "$PYTHON" "$TOP/testbed/httpd.py" --port 8000 "$TMP"
wait_for 10 listens 8000
for MODE in shadow inline; do
	is "$MODE: a download through them" \
		"$(user timeout 60 "$PERSONA" run --mode $MODE -i "wg:wlan0,conf=$T/wlan0.conf" -i "wg:rmnet0,conf=$T/rmnet0.conf" -- \
			curl -s http://10.8.0.1:8000/blob | sha256sum | cut -d' ' -f1)" "$(sha256sum <"$TMP/blob" | cut -d' ' -f1)"
done

# What is refused
while IFS='|' read -r args text; do
	# shellcheck disable=SC2086 # words
	out=$("$PERSONA" wg $args 2>&1)
	is "wg $args: status, lines" "$? $(wc -l <<<"$out")" "125 1"
	matches "wg $args: says so" "$out" "^persona: $text"
done <<END
|wg: write persona wg init
make|wg: write persona wg init
init|wg init: no server: write --server HOST
init --server x|wg init: no paths: write --paths
init --server x --paths wlan0,wlan0|--paths wlan0,wlan0: 'wlan0' is given twice
init --server x --paths a/b|--paths a/b: 'a/b' is no interface name
init --server x --paths a234567890123456|--paths a.*is no interface name
init --server x --paths a,b,c,d,e,f,g,h,i|--paths .*more than 8
init --server [::1] --paths a|--server .*is no name and no address
init --server 10.0.0.1:99 --paths a|--server 10.0.0.1:99: the port goes into --port
init --server 127.0.0.1 --paths a|--server 127.0.0.1: is a loopback address: write where
init --server ::1 --paths a|--server ::1: is a loopback address: write where
init --server Localhost --paths a|--server Localhost: is this machine itself: write where
init --server 0.0.0.0 --paths a|--server 0.0.0.0: is the unspecified address: write where
init --server x --paths a --port 0|--port 0: must be a number
init --server x --paths a --network 10.0.0.1|--network 10.0.0.1: write an IPv4 network
init --server x --paths a --network fd00::|--network fd00::: write an IPv4 network
init --server x --paths a --dir b,c|--dir b,c: -i takes no path with a comma
init --server x --paths a --dir /proc/none|--dir /proc/none: cannot be made
init --server x --paths a --dir /proc|/proc/a.conf: cannot be written
END
done_testing
