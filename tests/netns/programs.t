#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# programs.t - unmodified programs on the stack, against the server's host kernel.
#
#   phone: PROGRAM on Linux as a library             server: PROGRAM on the host kernel
#     wlan0 (packet)  10.1.0.2 fd01::2 ===100mbit,2ms=== ap0    10.1.0.1 fd01::1
#     rmnet0 (rawip)  10.2.0.2 fd02::2 ===100mbit,2ms=== cell0  10.2.0.1 fd02::1
#
# Each program as client and, where it has that role, as server; IPv4 and IPv6.
#
# runs: shaped, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl wget iperf3 nuttcp nc python3 ss jq
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
httpd
random_file "$FILES/blob" 3000000
BLOB=$(sum "$FILES/blob")

# answers PORT ADDRESS: a server on the phone accepts connections. Another
# `persona run` with the same address would answer with resets, so ask from outside.
answers() { wait_for 10 server nc -z -w 1 "$2" "$1"; }

bits() { jq -r ".end.$1.bits_per_second / 1e6 | floor" "$TMP/iperf.json"; }

iperf_client() { # VERSION SERVER
	background server iperf3 -s -p 5201
	local pid=$LAST
	wait_for 10 listens 5201
	if on wlan -- timeout 30 iperf3 -c "$2" -t 4 -J >"$TMP/iperf.json" 2>"$TMP/err"; then
		at_least "iperf3 client sends, IPv$1, Mbit/s" "$(bits sum_received)" 70
	else
		not_ok "iperf3 client sends, IPv$1"
		head -c 600 "$TMP/iperf.json" "$TMP/err" | sed 's/^/# /'
	fi
	if on wlan -- timeout 30 iperf3 -R -c "$2" -t 4 -J >"$TMP/iperf.json" 2>"$TMP/err"; then
		at_least "iperf3 client receives, IPv$1, Mbit/s" "$(bits sum_received)" 70
	else
		not_ok "iperf3 client receives, IPv$1"
		head -c 600 "$TMP/iperf.json" "$TMP/err" | sed 's/^/# /'
	fi
	check "iperf3 client, UDP, IPv$1" on wlan -- timeout 30 iperf3 -u -b 10m -c "$2" -t 1
	stop "$pid"
}

iperf_server() { # VERSION PHONE
	background on wlan -- iperf3 -s -p 5201
	local pid=$LAST
	sleep 0.5
	for way in "" -R; do
		if wait_for 10 server timeout 30 iperf3 -c "$2" -n 1k &&
			server timeout 30 iperf3 $way -c "$2" -t 4 -J >"$TMP/iperf.json" 2>&1; then
			at_least "iperf3 server, IPv$1, host's client ${way:-sends}, Mbit/s" "$(bits sum_received)" 70
		else
			not_ok "iperf3 server, IPv$1, host's client ${way:-sends}"
		fi
	done
	stop "$pid"
}

web_client() { # VERSION SERVER
	local url out=$TMP/out
	url=http://$(bracket "$2")
	rm -f "$out"
	check "curl, IPv$1" on wlan -- timeout 20 curl -q -sS --fail -o "$out" "$url/blob"
	is "curl's file" "$(sum "$out")" "$BLOB"
	rm -f "$out"
	check "curl over cellular, IPv$1" on rmnet -- timeout 20 curl -q -sS --fail -o "$out" \
		"http://$(bracket "$3")/blob"
	is "its file" "$(sum "$out")" "$BLOB"
	is "curl uploads, IPv$1" "$(on wlan -- timeout 20 curl -q -sS -T "$FILES/blob" "$url/up")" "$BLOB"
	rm -f "$out"
	check "curl: 20 requests, 10 at once, IPv$1" on wlan -- timeout 30 curl -q -sS --fail \
		--parallel --parallel-max 10 -o "$TMP/p#1" "$url/blob?[1-20]"
	is "their files" "$(sha256sum "$TMP"/p[0-9]* | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" " 20 $BLOB"
	rm -f "$TMP"/p[0-9]*
	check "wget, IPv$1" on wlan -- timeout 20 wget -q -O "$out" "$url/blob"
	is "wget's file" "$(sum "$out")" "$BLOB"
	is "python3 urllib, IPv$1" "$(on wlan -- timeout 20 "$PYTHON" -c "
import hashlib, urllib.request
with urllib.request.urlopen('$url/blob') as f: print(hashlib.sha256(f.read()).hexdigest())" 2>&1)" "$BLOB"
}

web_server() { # VERSION PHONE
	local out=$TMP/out
	rm -f "$out"
	background on wlan -- "$PYTHON" -m http.server --bind "$2" --directory "$FILES" 8080
	local pid=$LAST
	answers 8080 "$2"
	check "python3 http.server, IPv$1, host's curl" \
		server timeout 20 curl -q -sS --fail -o "$out" "http://$(bracket "$2"):8080/blob"
	is "its file" "$(sum "$out")" "$BLOB"
	stop "$pid"
}

nuttcp_both() { # VERSION SERVER PHONE
	local way pid
	for way in -t -r; do
		background server nuttcp "-$1" -1
		pid=$LAST
		wait_for 10 listens 5000
		check "nuttcp client $way, IPv$1" on wlan -- timeout 20 nuttcp "-$1" $way -T1 "$2"
		stop "$pid"
		# Inline mode's stack does not survive a fork, so: no daemon.
		background on wlan -- nuttcp "-$1" -S --nofork
		pid=$LAST
		sleep 1
		check "nuttcp server, IPv$1, host's client $way" server timeout 20 nuttcp "-$1" $way -T1 "$3"
		stop "$pid"
	done
}

nc_both() { # VERSION SERVER PHONE
	local got=$TMP/got
	server timeout 20 nc "-$1" -l -p 7000 >"$got" </dev/null &
	STARTED+=($!)
	wait_for 10 listens 7000
	on wlan -- timeout 20 nc "-$1" -N "$2" 7000 <"$FILES/blob" >"$TMP/nc.out" 2>&1
	wait $!
	is "nc client sends, IPv$1" "$(sum "$got")" "$BLOB"
	on wlan -- timeout 20 nc "-$1" -l -p 7000 >"$got" 2>"$TMP/nc.out" </dev/null &
	STARTED+=($!)
	sleep 1
	server timeout 20 nc "-$1" -N "$3" 7000 <"$FILES/blob" >/dev/null 2>&1
	wait $!
	is "nc server receives, IPv$1" "$(sum "$got")" "$BLOB"
	server timeout 20 nc "-$1" -l -N -p 7000 <"$FILES/blob" >/dev/null &
	STARTED+=($!)
	wait_for 10 listens 7000
	on wlan -- timeout 20 nc "-$1" -d "$2" 7000 >"$got" 2>"$TMP/nc.out"
	wait $!
	is "nc client receives, IPv$1" "$(sum "$got")" "$BLOB"
}

inside() {
	local out
	out=$(on both -- ip addr 2>&1)
	for a in "$WLAN4/24" "$WLAN6/64" "$RMNET4/24" "$RMNET6/64" "127.0.0.1/8"; do
		if grep -qF "$a" <<<"$out"; then ok "ip addr shows $a"; else not_ok "ip addr shows $a"; note "${out//$'\n'/$'\n'# }"; fi
	done
	out=$(on both -- ip -br link 2>&1)
	is "ip link: two interfaces beside lo" "$(grep -cE '^(wlan0|rmnet0)' <<<"$out")" 2
	out=$(on both -- ip rule 2>&1)
	check "ip rule: one per interface" grep -q "from $RMNET4" <<<"$out"
	out=$(on both -- ip route 2>&1)
	check "ip route: default by the gateway" grep -q '^default via 10.1.0.1 dev wlan0' <<<"$out"
	out=$(on both -- ip -6 route 2>&1)
	check "ip -6 route: the networks" grep -q '^fd01::/64 dev wlan0' <<<"$out"
	out=$(on both -- ip mptcp endpoint show 2>&1)
	check "ip mptcp endpoint: cellular is a subflow" grep -q "^$RMNET4 .*subflow" <<<"$out"
	out=$(on both -- ip mptcp limits show 2>&1)
	check "ip mptcp limits" grep -qE 'subflows [1-8]' <<<"$out"
	# A stack is one process's, so ss sees its own: none of the host's listeners.
	if [ -z "$NATIVE" ]; then
		background phone nc -l -p 7777
		wait_for 5 sh -c "ip netns exec persona-phone-$ID ss -ltn | grep -q :7777"
		out=$(on wlan -- ss -ltn 2>&1)
		is "ss works, and shows nothing of the host's" \
			"$(grep -c State <<<"$out") $(grep -c :7777 <<<"$out")" "1 0"
		out=$(on wlan -- ss -ltnM 2>&1)
		check "ss -M: MPTCP sockets" grep -q State <<<"$out"
	fi
}

iperf_client 4 10.1.0.1
iperf_client 6 fd01::1
iperf_server 4 "$WLAN4"
iperf_server 6 "$WLAN6"
web_client 4 10.1.0.1 10.2.0.1
web_client 6 fd01::1 fd02::1
web_server 4 "$WLAN4"
web_server 6 "$WLAN6"
nuttcp_both 4 10.1.0.1 "$WLAN4"
nuttcp_both 6 fd01::1 "$WLAN6"
nc_both 4 10.1.0.1 "$WLAN4"
nc_both 6 fd01::1 "$WLAN6"
inside
done_testing
