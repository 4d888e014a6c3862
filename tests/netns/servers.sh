# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# servers.sh - what the tests of servers share: files to serve, clients, configurations.
#
# Sourced after testbed_up. $FILES has blob (3 MB, its sum is $BLOB), part (its first MB, for a hundred at
# a time, $PART) and small (600 bytes).
# The functions that have a client run it at the server's end, on the host's kernel, unless
# they take a command.

FILES=$TMP/files
mkdir "$FILES"
random_file "$FILES/blob" 3000000
head -c 1000000 "$FILES/blob" >"$FILES/part"
head -c 600 "$FILES/blob" >"$FILES/small"
BLOB=$(sum "$FILES/blob")
# shellcheck disable=SC2034 # the tests'
PART=$(sum "$FILES/part")

answers() { wait_for 10 server nc -z -w 1 "$2" "$1"; } # PORT ADDRESS
fetch() { server timeout 20 curl -q -sS --fail "$@" | sha256sum | cut -d' ' -f1; }

# echoes NAME ADDRESS PORT [COUNT [FILE]]: COUNT connections at a time, the data come back
echoes() {
	local i pids=() want file=$FILES/${5:-blob}
	for ((i = 0; i < ${4:-1}; i++)); do
		server timeout 20 nc -N "$2" "$3" <"$file" >"$TMP/echo$i" 2>>"$TMP/err" &
		pids+=($!)
	done
	wait "${pids[@]}"
	want=" ${4:-1} $(sum "$file")"
	is "$1" "$(cd "$TMP" && sha256sum echo[0-9]* | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" "$want"
	rm -f "$TMP"/echo[0-9]*
}

# gone NAME PID: the server ends by SIGTERM, and with it persona
gone() {
	kill "$2" 2>/dev/null
	if wait_for 5 sh -c "! kill -0 $2"; then ok "$1"; else not_ok "$1"; fi
	stop "$2"
}

# nginx_conf DIR PORT DIRECTIVES: DIR/conf, which serves $FILES
nginx_conf() {
	local d=$1
	mkdir -p "$d"
	cat >"$d/conf" <<-END
	daemon off;
	$3
	user root;
	pid $d/pid;
	error_log $d/error.log warn;
	events { worker_connections 1000; }
	http {
		access_log off;
		client_body_temp_path $d/body;
		proxy_temp_path $d/proxy;
		fastcgi_temp_path $d/fastcgi;
		uwsgi_temp_path $d/uwsgi;
		scgi_temp_path $d/scgi;
		sendfile on;
		server {
			listen $2;
			listen [::]:$2;
			root $FILES;
		}
	}
	END
}

# redis_load NAME COMMAND...: redis-benchmark, its arguments follow
redis_load() {
	local name=$1
	shift
	"$@" -n 20000 -c 50 -P 8 -q --csv -t set,get,lrange_100 >"$TMP/redis" 2>&1
	is "$name: its status" $? 0
	sed 's/^/# /' "$TMP/redis"
	is "$name: tests done" "$(grep -cE '^"(SET|GET|LRANGE_100[^"]*)","[0-9.]+"' "$TMP/redis")" 3
}

# wrk_load NAME URL CONNECTIONS SECONDS: no error, and some hundred requests
wrk_load() {
	server timeout 30 wrk -t 2 -c "$3" -d "$4" --timeout 5 "$2" >"$TMP/wrk" 2>&1
	sed 's/^/# /' "$TMP/wrk"
	matches "$1, $3 connections: requests" "$(cat "$TMP/wrk")" '^ *[0-9]{3,} requests in'
	is "$1: no error" "$(grep -E 'Socket errors|Non-2xx|unable' "$TMP/wrk")" ""
}
