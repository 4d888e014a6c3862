#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-servers.t - programs as servers in shadow mode, clients on the host's kernel.
#
#   phone: SERVER and all its processes on the stack     server: CLIENTS on the host kernel
#     wlan0  10.1.0.2 fd01::2 ===200mbit,1ms============ ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===200mbit,1ms============ cell0  10.2.0.1 fd02::1
#
# The phone's kernel has no address there: whoever answers there is on the stack.
#
# runs: shaped
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl nc jq
testbed_up --wlan 200mbit,1ms --rmnet 200mbit,1ms
# shellcheck source=tests/netns/servers.sh
. "$TOP/tests/netns/servers.sh"

# ---- web servers ----

nginx_server() {
	have nginx nginx wrk || return
	local d=$TMP/nginx pid before
	nginx_conf "$d" 80 "worker_processes 4;"
	background on both -- nginx -e "$d/error.log" -c "$d/conf"
	pid=$LAST
	answers 80 "$WLAN4"
	is "nginx, IPv4" "$(fetch http://$WLAN4/blob)" "$BLOB"
	is "nginx, IPv6" "$(fetch "http://[$WLAN6]/blob")" "$BLOB"
	is "nginx over cellular" "$(fetch http://$RMNET4/blob)" "$BLOB"
	is "nginx, the client speaks MPTCP" \
		"$(server timeout 20 mptcpize run curl -q -sS --fail http://$WLAN4/blob | sha256sum | cut -d' ' -f1)" "$BLOB"
	before=$(children "$(cat "$d/pid")")
	server timeout 30 wrk -t 2 -c 40 -d 5 --timeout 5 http://$WLAN4/small >"$TMP/wrk" 2>&1 &
	local load=$!
	sleep 2
	kill -HUP "$(cat "$d/pid")"
	sleep 1
	kill -HUP "$(cat "$d/pid")"
	wait "$load"
	sed 's/^/# /' "$TMP/wrk"
	matches "wrk: requests" "$(cat "$TMP/wrk")" '^ *[0-9]{3,} requests in'
	# A replaced worker closes its idle connections, which wrk counts as read errors: one per
	# connection and reload, as natively.
	is "wrk: no error while the workers are replaced twice" \
		"$(sed -n 's/,//g; s/.*connect \([0-9]*\) read \([0-9]*\) /\1 \2 /p' "$TMP/wrk" |
			awk '{ print ($2 <= 80 ? 0 : $2) + $1 + $4 + $6 }'; grep Non-2xx "$TMP/wrk")" 0
	if [ "$(wc -w <<<"$before")" = 4 ] && [ -z "$(comm -12 <(tr ' ' '\n' <<<"$before" | sort) \
		<(children "$(cat "$d/pid")" | tr ' ' '\n' | sort) | grep .)" ]; then
		ok "nginx: four new workers"
	else
		not_ok "nginx: four new workers (first $before, then $(children "$(cat "$d/pid")"))"
	fi
	is "nginx after its reload" "$(fetch http://$WLAN4/blob)" "$BLOB"
	is "nginx's own complaints" "$(cat "$d/error.log")" ""
	gone "nginx ends by SIGTERM" "$pid"
}
children() { tr -s ' \n' ' ' <"/proc/$1/task/$1/children" | sed 's/ $//'; }

python_server() {
	background on both --no-mptcp -- "$PYTHON" -m http.server --bind :: --directory "$FILES" 8080
	local pid=$LAST
	answers 8080 "$WLAN4"
	is "python3 http.server" "$(fetch http://$WLAN4:8080/blob)" "$BLOB"
	is "python3 http.server, IPv6" "$(fetch "http://[$RMNET6]:8080/blob")" "$BLOB"
	gone "it ends by SIGTERM" "$pid"
}

go_server() {
	program goserver || return
	background on both -- "$PROGRAM" :8090 "$FILES"
	local pid=$LAST
	answers 8090 "$WLAN4"
	is "static Go server" "$(fetch http://$WLAN4:8090/blob)" "$BLOB"
	is "static Go server, IPv6" "$(fetch "http://[$WLAN6]:8090/blob")" "$BLOB"
	check "static Go server, 30 requests, 10 at once" server timeout 20 curl -q -sS --fail --parallel \
		--parallel-max 10 -o "$TMP/g#1" "http://$WLAN4:8090/blob?[1-30]"
	is "their files" "$(sha256sum "$TMP"/g[0-9]* | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" " 30 $BLOB"
	rm -f "$TMP"/g[0-9]*
	gone "it ends by SIGTERM" "$pid"
}

node_server() {
	have "Node.js server" node || return
	cat >"$TMP/server.js" <<-'END'
	// Four processes that share a listening socket by node's cluster module
	const cluster = require("cluster"), http = require("http"), fs = require("fs");
	if (cluster.isPrimary) {
		for (let i = 0; i < 4; i++)
			cluster.fork();
		process.on("SIGTERM", () => process.exit(0));
	} else {
		http.createServer((req, res) => fs.createReadStream(process.argv[2]).pipe(res))
			.listen(8070, "::");
	}
	END
	background on both -- node "$TMP/server.js" "$FILES/blob"
	local pid=$LAST
	answers 8070 "$WLAN4"
	check "Node.js, four processes, 20 requests, 10 at once" server timeout 20 curl -q -sS --fail --parallel \
		--parallel-max 10 -o "$TMP/g#1" "http://$WLAN4:8070/?[1-20]"
	is "their files" "$(sha256sum "$TMP"/g[0-9]* | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" " 20 $BLOB"
	rm -f "$TMP"/g[0-9]*
	gone "it ends by SIGTERM" "$pid"
}

# ---- redis ----

redis() {
	have redis redis-server redis-benchmark redis-cli || return
	background on both -- redis-server --port 6379 --bind "$WLAN4" "$WLAN6" --save '' --protected-mode no \
		--dir "$TMP" --daemonize no
	local pid=$LAST
	answers 6379 "$WLAN4"
	is "redis-server" "$(server timeout 10 redis-cli -h "$WLAN6" set key value 2>&1)" OK
	is "redis-server" "$(server timeout 10 redis-cli -h "$WLAN4" get key 2>&1)" value
	redis_load "redis-benchmark, 50 clients" server timeout 40 redis-benchmark -h "$WLAN4"
	gone "redis-server ends by SIGTERM" "$pid"
}

# ---- measuring programs ----

iperf_server() {
	have iperf3 iperf3 || return
	background on wlan -- iperf3 -s
	local pid=$LAST way
	answers 5201 "$WLAN4"
	sleep 0.5
	for way in "" -R; do
		server timeout 30 iperf3 -c "$WLAN4" -P 8 -t 2 $way -J >"$TMP/iperf.json" 2>&1
		at_least "iperf3 -s, 8 connections of a client ${way:-that sends}, Mbit/s" \
			"$(jq -r '.end.sum_received.bits_per_second / 1e6 | floor' "$TMP/iperf.json")" 120
	done
	check "iperf3 -s, UDP, IPv6" server timeout 30 iperf3 -u -b 20m -c "$WLAN6" -t 1
	gone "iperf3 ends by SIGTERM" "$pid"
}

nuttcp_server() { # it daemonises, and forks for each connection
	have nuttcp nuttcp || return
	background on both -- nuttcp -S
	local pid=$LAST
	answers 5000 "$WLAN4"
	check "nuttcp -S, a daemon that forks; client sends" server timeout 20 nuttcp -t -T1 "$WLAN4"
	check "nuttcp -S, client receives" server timeout 20 nuttcp -r -T1 "$WLAN4"
	gone "it ends by SIGTERM to persona" "$pid"
}

# ---- sockets that change hands ----

helpers() {
	program servers || return
	local mode a pid port=7100
	for mode in fork inetd vfork scm prefork; do
		for a in "$WLAN4" "$WLAN6"; do
			port=$((port + 1))
			: >"$TMP/background.out"
			background on both -- "$PROGRAM" "$mode" "$a" $port
			pid=$LAST
			wait_for 10 grep -q ready "$TMP/background.out"
			echoes "$mode, $a" "$a" $port
			if [ "$a" = "$WLAN4" ]; then
				echoes "$mode, 4 connections at a time" "$a" $port 4
			fi
			gone "$mode ends by SIGTERM" "$pid"
		done
	done
	# The program itself has gone, its child serves on
	: >"$TMP/background.out"
	background on both -- sh -c '"$0" daemon "$1" 7200; echo "the first process ended: $?"' "$PROGRAM" "$WLAN4"
	pid=$LAST
	wait_for 10 grep -q 'first process ended: 0' "$TMP/background.out"
	wait_for 10 grep -q ready "$TMP/background.out"
	echoes "a daemon goes on serving when its starter has ended" "$WLAN4" 7200 2
	gone "persona ends when the daemon is ended" "$pid"
}

nginx_server
python_server
go_server
node_server
redis
iperf_server
nuttcp_server
helpers
done_testing
