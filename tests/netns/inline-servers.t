#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# inline-servers.t - servers and their clients with the stack inside (--inline), the host's kernel opposite.
#
#   phone: PROGRAM, one process on the stack             server: the other end, host kernel
#     wlan0  10.1.0.2 fd01::2 ===200mbit,1ms============ ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===200mbit,1ms============ cell0  10.2.0.1 fd02::1
#
# Event loops (nginx, redis), threads that each have one (memcached, haproxy), threads that
# block (pool), many connections of one client (iperf3, redis-benchmark), TLS (openssl).
# The phone's kernel has no address there: whoever answers there is on the stack.
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl nc jq
testbed_up --wlan 200mbit,1ms --rmnet 200mbit,1ms
# shellcheck source=tests/netns/servers.sh
. "$TOP/tests/netns/servers.sh"

# ---- event loops ----

nginx_server() {
	have nginx nginx wrk || return
	local d=$TMP/nginx pid
	nginx_conf "$d" 80 "master_process off;"
	background on both -- nginx -e "$d/error.log" -c "$d/conf"
	pid=$LAST
	answers 80 "$WLAN4"
	is "nginx, IPv4" "$(fetch http://$WLAN4/blob)" "$BLOB"
	is "nginx, IPv6" "$(fetch "http://[$WLAN6]/blob")" "$BLOB"
	is "nginx over cellular" "$(fetch http://$RMNET4/blob)" "$BLOB"
	is "nginx, the client speaks MPTCP" \
		"$(server timeout 20 mptcpize run curl -q -sS --fail http://$WLAN4/blob | sha256sum | cut -d' ' -f1)" "$BLOB"
	wrk_load nginx http://$WLAN4/small 200 4
	is "nginx after it" "$(fetch http://$WLAN4/blob)" "$BLOB"
	is "nginx's own complaints" "$(cat "$d/error.log")" ""
	gone "nginx ends by SIGTERM" "$pid"
}

REDIS=(--save '' --protected-mode no --dir "$TMP" --daemonize no)

redis() {
	have redis redis-server redis-benchmark redis-cli || return
	local pid
	background on both -- redis-server --port 6379 --bind "$WLAN4" "$WLAN6" "${REDIS[@]}"
	pid=$LAST
	answers 6379 "$WLAN4"
	is "redis-server, IPv6" "$(server timeout 10 redis-cli -h "$WLAN6" set key value 2>&1)" OK
	is "redis-server, IPv4" "$(server timeout 10 redis-cli -h "$WLAN4" get key 2>&1)" value
	redis_load "redis-server, 50 clients" server timeout 40 redis-benchmark -h "$WLAN4"
	gone "redis-server ends by SIGTERM" "$pid"
	background server redis-server --port 6379 --bind 10.1.0.1 "${REDIS[@]}"
	pid=$LAST
	wait_for 10 listens 6379
	redis_load "redis-benchmark" on wlan -- timeout 40 redis-benchmark -h 10.1.0.1
	redis_load "redis-benchmark, two threads" on both -- timeout 40 redis-benchmark -h 10.1.0.1 --threads 2
	stop "$pid"
}

# ---- threads with an event loop each ----

memcached_server() {
	have memcached memcached || return
	background on wlan -- memcached -u root -l "$WLAN4,$WLAN6" -p 11211 -U 0 -t 4
	local pid=$LAST
	answers 11211 "$WLAN4"
	cat >"$TMP/memcached.py" <<-'END'
	# Eight clients at a time, each sets its keys (some large) and gets them back, in tens
	import hashlib, socket, sys, threading

	COUNT, CLIENTS = 10000, 8

	def value(key):
	    seed = hashlib.sha256(key.encode()).digest()
	    return (seed * 1000)[:seed[0] * 4 + (20000 if seed[1] < 3 else 1)]

	def talk(me):
	    address = sys.argv[1 + me % 2]
	    good = 0
	    with socket.create_connection((address, 11211), 20) as s, s.makefile("rb") as f:
	        mine = ["key%d" % n for n in range(me, COUNT, CLIENTS)]
	        for at in range(0, len(mine), 10):
	            some = mine[at:at + 10]
	            s.sendall(b"".join(b"set %s 7 0 %d\r\n%s\r\n" % (k.encode(), len(value(k)), value(k)) for k in some))
	            for k in some:
	                assert f.readline() == b"STORED\r\n", k
	        for at in range(0, len(mine), 10):
	            some = mine[at:at + 10]
	            s.sendall(("get %s\r\n" % " ".join(some)).encode())
	            for k in some:
	                want = value(k)
	                assert f.readline() == b"VALUE %s 7 %d\r\n" % (k.encode(), len(want)), k
	                assert f.read(len(want) + 2) == want + b"\r\n", k
	                good += 1
	            assert f.readline() == b"END\r\n"
	    counts[me] = good

	counts = [0] * CLIENTS
	threads = [threading.Thread(target=talk, args=(n,)) for n in range(CLIENTS)]
	for t in threads: t.start()
	for t in threads: t.join()
	print(sum(counts))
	END
	is "memcached, 4 threads, 8 clients: values set and got back" \
		"$(server timeout 60 "$PYTHON" "$TMP/memcached.py" "$WLAN4" "$WLAN6" 2>&1)" 10000
	is "memcached counts them" "$(printf 'stats\r\nquit\r\n' | server timeout 10 nc -N "$WLAN4" 11211 |
		tr -d '\r' | awk '$2 == "cmd_set" || $2 == "get_hits" { print $2, $3 }' | sort | paste -sd' ')" \
		"cmd_set 10000 get_hits 10000"
	gone "memcached ends by SIGTERM" "$pid"
	background server memcached -u root -l 10.1.0.1 -p 11211 -U 0
	pid=$LAST
	wait_for 10 listens 11211
	is "a Python client of eight threads, the host's memcached" \
		"$(on wlan -- timeout 60 "$PYTHON" "$TMP/memcached.py" 10.1.0.1 10.1.0.1 2>&1)" 10000
	stop "$pid"
}

haproxy_server() {
	have haproxy haproxy nginx wrk || return
	local d=$TMP/origin pid origin
	nginx_conf "$d" 8000 "master_process off;"
	background server nginx -e "$d/error.log" -c "$d/conf"
	origin=$LAST
	wait_for 10 listens 8000
	cat >"$TMP/haproxy.cfg" <<-END
	global
		nbthread 4
		maxconn 2000
	defaults
		timeout connect 5s
		timeout client 20s
		timeout server 20s
		backlog 1000
	listen http
		mode http
		bind $WLAN4:8081
		bind [$WLAN6]:8081
		http-response set-header X-Via haproxy
		server a 10.1.0.1:8000 check inter 1s
		server b 10.2.0.1:8000 check inter 1s
	listen tcp
		mode tcp
		option splice-request
		option splice-response
		bind $WLAN4:8082
		server a 10.1.0.1:8000
		server b [fd01::1]:8000
	END
	background on both -- haproxy -db -f "$TMP/haproxy.cfg"
	pid=$LAST
	answers 8081 "$WLAN4"
	is "haproxy, HTTP, IPv4" "$(fetch http://$WLAN4:8081/blob)" "$BLOB"
	is "haproxy, HTTP, IPv6" "$(fetch "http://[$WLAN6]:8081/blob")" "$BLOB"
	is "haproxy's own header" "$(server timeout 10 curl -q -sSI http://$WLAN4:8081/small |
		tr -d '\r' | grep -ic '^x-via: haproxy')" 1
	is "haproxy, TCP, spliced" "$(fetch http://$WLAN4:8082/blob)" "$BLOB"
	check "haproxy, TCP, 20 downloads, 10 at once" server timeout 30 curl -q -sS --fail --parallel \
		--parallel-max 10 -o "$TMP/g#1" "http://$WLAN4:8082/blob?[1-20]"
	is "their files" "$(sha256sum "$TMP"/g[0-9]* | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" " 20 $BLOB"
	rm -f "$TMP"/g[0-9]*
	wrk_load "haproxy, HTTP, 4 threads" http://$WLAN4:8081/small 100 3
	wrk_load "haproxy, TCP, 4 threads" http://$WLAN4:8082/small 100 3
	gone "haproxy ends by SIGTERM" "$pid"
	stop "$origin"
}

# ---- threads that block ----

pool_server() {
	program pool || return
	: >"$TMP/background.out"
	background on both -- "$PROGRAM" :: 7300 24 "$FILES"
	local pid=$LAST
	wait_for 10 grep -q ready "$TMP/background.out"
	is "C++ server" "$(fetch http://$WLAN4:7300/blob)" "$BLOB"
	check "C++ server, 24 threads, 100 clients at a time over HTTP" server timeout 60 curl -q -sS --fail \
		--parallel --parallel-immediate --parallel-max 100 -o "$TMP/g#1" "http://[$WLAN6]:7300/part?[1-100]"
	is "their files" "$(sha256sum "$TMP"/g[0-9]* 2>/dev/null | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" " 100 $PART"
	rm -f "$TMP"/g[0-9]*
	echoes "C++ server, 100 connections at a time echo" "$RMNET4" 7300 100 part
	gone "it ends by SIGTERM" "$pid"
	matches "it served all of them" "$(cat "$TMP/background.out")" '^served 20[1-9], failed 0$'
}

# ---- measuring programs ----

iperf_many() {
	have iperf3 iperf3 || return
	local way pid
	background on both -- iperf3 -s
	pid=$LAST
	answers 5201 "$WLAN4"
	sleep 0.5
	for way in "" -R --bidir; do
		server timeout 30 iperf3 -c "$WLAN4" -P 16 -t 2 $way -J >"$TMP/iperf.json" 2>&1
		iperf_result "iperf3 -s, 16 connections of a client ${way:-that sends}"
	done
	gone "iperf3 ends by SIGTERM" "$pid"
	background server iperf3 -s
	pid=$LAST
	wait_for 10 listens 5201
	for way in "" -R --bidir; do
		on both -- timeout 30 iperf3 -c 10.1.0.1 -P 16 -t 2 $way -J >"$TMP/iperf.json" 2>"$TMP/err"
		iperf_result "iperf3 -c ${way:-sends}, 16 connections"
	done
	stop "$pid"
}

# Bytes of all connections, and none that had nothing. Of both directions at a time it is that of the sends, which
# one thread makes beside its reads: the bound is that they are not starved.
iperf_result() {
	local least=120
	[[ $1 != *--bidir* ]] || least=80
	at_least "$1, Mbit/s" "$(jq -r '.end.sum_received.bits_per_second / 1e6 | floor' "$TMP/iperf.json")" $least
	is "$1: idle ones" "$(jq -r '[.end.streams[] | select(.receiver.bytes == 0)] | length' "$TMP/iperf.json")" 0
}

# ---- TLS ----

# tls_page NAME WANTED COMMAND... : what s_client gets by HTTP from s_server -www
tls_page() {
	local name=$1 want=$2
	shift 2
	matches "$name" "$(printf 'GET / HTTP/1.0\r\n\r\n' | "$@" -ign_eof 2>&1)" "$want"
}

# tls_file NAME COMMAND...: big by s_server -WWW, its sum
tls_file() {
	local name=$1
	shift
	is "$name" "$(printf 'GET /big HTTP/1.0\r\n\r\n' | "$@" -quiet -ign_eof 2>/dev/null |
		sed '1,/^\r$/d' | sha256sum | cut -d' ' -f1)" "$BIG"
}

# tls_clients NAME ADDRESS:PORT COMMAND...: s_client below COMMAND, in all ways, to s_server -WWW
tls_clients() {
	local name=$1 to=$2 out
	shift 2
	tls_file "$name: 20 MB by TLS 1.3" "$@" timeout 40 openssl s_client -connect "$to"
	tls_file "$name: 20 MB by TLS 1.2" "$@" timeout 40 openssl s_client -tls1_2 -connect "$to"
	out=$(printf 'Q\n' | "$@" timeout 20 openssl s_client -tls1_2 -reconnect -connect "$to" 2>&1)
	is "$name: the session is resumed five times" "$(grep -c '^Reused, TLSv1.2' <<<"$out")" 5
	rm -f "$TMP/session"
	printf 'GET /none HTTP/1.0\r\n\r\n' | "$@" timeout 20 openssl s_client -tls1_3 -ign_eof \
		-sess_out "$TMP/session" -connect "$to" >/dev/null 2>&1
	tls_page "$name: a ticket of TLS 1.3 is taken" '^Reused, TLSv1.3' \
		"$@" timeout 20 openssl s_client -sess_in "$TMP/session" -connect "$to"
	# R renegotiates, Q ends; the pauses let each be the first letter of a read
	out=$({ sleep 0.5; echo R; sleep 0.5; echo R; sleep 0.5; echo Q; } |
		"$@" timeout 20 openssl s_client -tls1_2 -CAfile "$TMP/tls/cert" -connect "$to" 2>&1)
	is "$name: renegotiates twice" "$(grep -c '^RENEGOTIATING' <<<"$out") $(grep -c 'verify return:1' <<<"$out")" "2 3"
}

tls() {
	have openssl openssl || return
	local d=$TMP/tls pid key
	mkdir -p "$d/www"
	random_file "$d/www/big" 20000000
	BIG=$(sum "$d/www/big")
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
		-keyout "$d/key" -out "$d/cert" >/dev/null 2>&1
	key=(-cert "$d/cert" -key "$d/key" -client_renegotiation)
	cd "$d/www" || exit
	background on both -- openssl s_server "${key[@]}" -accept 4433 -WWW
	pid=$LAST
	answers 4433 "$WLAN4"
	tls_clients "s_server" "$WLAN4:4433" server
	tls_clients "s_server, IPv6" "[$WLAN6]:4433" server
	stop "$pid"
	background on both -- openssl s_server "${key[@]}" -accept 4434 -www
	pid=$LAST
	answers 4434 "$RMNET4"
	tls_page "s_server -www" 'Ciphers supported in s_server' server timeout 20 openssl s_client -connect "$RMNET4:4434"
	gone "s_server ends by SIGTERM" "$pid"
	background server openssl s_server "${key[@]}" -accept 4433 -WWW
	pid=$LAST
	wait_for 10 listens 4433
	tls_clients "s_client" 10.1.0.1:4433 on wlan --
	tls_clients "s_client, IPv6, MPTCP" "[fd02::1]:4433" on both --
	stop "$pid"
	background server openssl s_server "${key[@]}" -accept 4434 -www
	pid=$LAST
	wait_for 10 listens 4434
	tls_page "s_client, -www" 'Ciphers supported in s_server' on both -- timeout 20 openssl s_client -connect 10.2.0.1:4434
	stop "$pid"
	cd "$TOP" || exit
}

nginx_server
redis
memcached_server
haproxy_server
pool_server
iperf_many
tls
done_testing
