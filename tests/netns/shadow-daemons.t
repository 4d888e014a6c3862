#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-daemons.t - system daemons in shadow mode: sshd, PostgreSQL, dnsmasq, rsync, git, TLS.
#
#   phone: DAEMON and all its processes on the stack  server: clients on the host kernel
#     wlan0  10.1.0.2 fd01::2 ===100mbit,2ms========= ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===100mbit,2ms========= cell0  10.2.0.1 fd02::1
#
# All daemons have their own configuration, keys and data in $TMP.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl nc
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
chmod 711 "$TMP"
FILES=$TMP/files
mkdir "$FILES"
random_file "$FILES/blob" 2000000
BLOB=$(sum "$FILES/blob")

answers() { wait_for 10 server nc -z -w 1 "$2" "$1"; } # PORT ADDRESS

gone() { # NAME PID
	kill "$2" 2>/dev/null
	if wait_for 10 sh -c "! kill -0 $2"; then ok "$1 ends by SIGTERM"; else not_ok "$1 ends by SIGTERM"; fi
	stop "$2"
}

# ---- sshd: forks, executes itself, gives the socket away as 0 and 1, makes terminals ----

secure_shell() {
	have sshd sshd ssh scp ssh-keygen || return
	local d=$TMP/ssh pid a ssh
	mkdir -p "$d"
	ssh-keygen -q -t ed25519 -N '' -f "$d/hostkey"
	ssh-keygen -q -t ed25519 -N '' -f "$d/key"
	cp "$d/key.pub" "$d/authorized"
	cat >"$d/sshd_config" <<-END
	Port 22
	HostKey $d/hostkey
	PidFile none
	AuthorizedKeysFile $d/authorized
	StrictModes no
	UsePAM no
	PermitRootLogin prohibit-password
	PasswordAuthentication no
	Subsystem sftp internal-sftp
	END
	ssh=(timeout 20 ssh -i "$d/key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR
		-o UserKnownHostsFile="$d/known" -o BatchMode=yes -o ConnectTimeout=10 -l root -F none)
	background on both -- sh -c '
		mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd
		exec "$1" -D -e -f "$2"' sh "$(command -v sshd)" "$d/sshd_config"
	pid=$LAST
	answers 22 "$WLAN4"
	for a in "$WLAN4" "$WLAN6"; do
		is "ssh into the stack, $a" "$(server "${ssh[@]}" "$a" 'echo $SSH_CONNECTION | cut -d" " -f3' 2>&1)" "$a"
		is "ssh: 2 MB out" "$(server "${ssh[@]}" "$a" "cat $FILES/blob" 2>&1 | sha256sum | cut -d' ' -f1)" "$BLOB"
		is "ssh: 2 MB in" "$(server "${ssh[@]}" "$a" sha256sum <"$FILES/blob" 2>&1 | cut -d' ' -f1)" "$BLOB"
	done
	# -P: it inherits the test's status of the terminal, which is none.
	is "ssh -tt: a terminal" "$(server "${ssh[@]}" -tt "$WLAN4" 'tty | grep -c /dev/pts; exit 3' 2>&1 | tr -d '\r'
		echo "${PIPESTATUS[0]}")" $'1\n3'
	if [ -z "$NATIVE" ]; then
		is "whoever is in is on the stack" "$(server "${ssh[@]}" "$WLAN4" 'ip -br -4 addr show wlan0' 2>&1 |
			awk '{ print $3 }')" 10.1.0.2/24
	fi
	is "ssh -R: a port of the stack's, forwarded" "$(server timeout 20 sh -c '
		a=$1 blob=$2; shift 2
		nc -N -l 127.0.0.1 9000 <"$blob" >/dev/null & 
		"$@" -N -R 9001:127.0.0.1:9000 "$a" & pid=$!
		sleep 2
		"$@" "$a" "nc -d 127.0.0.1 9001 | sha256sum"
		kill $pid' sh "$WLAN4" "$FILES/blob" "${ssh[@]}" 2>&1 | cut -d' ' -f1)" "$BLOB"
	gone sshd "$pid"
}

# ---- PostgreSQL: a process per connection, and background ones ----

database() {
	local d=$TMP/pg bin as=(runuser -u postgres --) pid
	bin=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
	if [ -z "$bin" ] || ! id -u postgres >/dev/null 2>&1; then
		skip postgres "postgresql is not installed"
		return
	fi
	bin=$(dirname "$bin")
	install -d -m 700 -o postgres "$d"
	(cd / && "${as[@]}" "$bin/initdb" -D "$d/data" -A trust --no-sync) >"$TMP/out" 2>&1
	echo 'host all all all trust' >>"$d/data/pg_hba.conf"
	background on both -- "${as[@]}" "$bin/postgres" -D "$d/data" -k "$d" -h "$WLAN4,$WLAN6" -F -c max_connections=40
	pid=$LAST
	wait_for 15 server psql -X -h "$WLAN4" -U postgres -c 'select 1'
	is "postgres" "$(server timeout 20 psql -X -A -t -h "$WLAN6" -U postgres -c 'select inet_server_addr()' 2>&1)" "$WLAN6"
	if [ -x "$bin/pgbench" ]; then
		check "pgbench -i" server timeout 30 "$bin/pgbench" -q -i -h "$WLAN4" -U postgres postgres
		server timeout 30 "$bin/pgbench" -n -S -c 16 -j 2 -T 3 -h "$WLAN4" -U postgres postgres >"$TMP/out" 2>&1
		is "pgbench, 16 connections: status" $? 0
		matches "its failures" "$(cat "$TMP/out")" 'number of failed transactions: 0 '
		grep tps "$TMP/out" | sed 's/^/# /'
		check "pgbench, a connection per transaction" server timeout 30 "$bin/pgbench" -n -S -C -c 4 -t 50 \
			-h "$WLAN4" -U postgres postgres
	else
		skip pgbench "$bin/pgbench is missing"
	fi
	# Smart shutdown: it ends when the clients have gone.
	gone postgres "$pid"
}

# ---- dnsmasq: UDP with packet information, TCP, netlink ----

cat >"$TMP/dns.py" <<'END'
"""Queries for a.test: by UDP and TCP; is the answer from the address that was asked?"""
import socket, struct, sys
query = struct.pack(">HHHHHH", 77, 0x100, 1, 0, 0, 0) + b"\1a\4test\0\0\1\0\1"
for a in sys.argv[1:]:
    family = socket.AF_INET6 if ":" in a else socket.AF_INET
    u = socket.socket(family, socket.SOCK_DGRAM)
    u.settimeout(3)
    u.sendto(query, (a, 53))
    got, peer = u.recvfrom(1000)
    assert got.endswith(bytes((10, 9, 8, 7))) and peer[0] == a, (got, peer)
    print(a, end=" ", flush=True)
    t = socket.create_connection((a, 53), 3)
    t.sendall(struct.pack(">H", len(query)) + query)
    got = t.recv(1000)
    assert got.endswith(bytes((10, 9, 8, 7))), got
print("good")
END

names() {
	have dnsmasq dnsmasq || return
	local pid
	background on both -- dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
		--pid-file= --user=root --address=/a.test/10.9.8.7
	pid=$LAST
	answers 53 "$WLAN4"
	is "dnsmasq, all four addresses" "$(server timeout 20 "$PYTHON" "$TMP/dns.py" "$WLAN4" "$RMNET4" "$WLAN6" "$RMNET6" 2>&1)" \
		"$WLAN4 $RMNET4 $WLAN6 $RMNET6 good"
	gone dnsmasq "$pid"
	background on both -- dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
		--pid-file= --user=root --address=/a.test/10.9.8.7 --bind-dynamic --interface=wlan0 --except-interface=lo
	pid=$LAST
	answers 53 "$WLAN4"
	is "dnsmasq --bind-dynamic, by interface" "$(server timeout 20 "$PYTHON" "$TMP/dns.py" "$WLAN4" "$WLAN6" 2>&1)" \
		"$WLAN4 $WLAN6 good"
	gone dnsmasq "$pid"
}

# ---- daemons that fork for each connection ----

forking() {
	local pid
	if have "rsync --daemon" rsync; then
		printf 'port = 873\nuse chroot = no\nuid = root\ngid = root\n[files]\npath = %s\n' "$FILES" >"$TMP/rsyncd.conf"
		background on both -- rsync --daemon --no-detach --config="$TMP/rsyncd.conf"
		pid=$LAST
		answers 873 "$WLAN4"
		server timeout 20 rsync -a "rsync://[$WLAN6]/files/blob" "$TMP/rsynced" >"$TMP/out" 2>&1
		is "rsync --daemon" "$(sum "$TMP/rsynced")" "$BLOB"
		gone rsync "$pid"
	fi
	if have socat socat; then
		# shellcheck disable=SC2016 # socat's
		background on both -- socat TCP-LISTEN:7000,fork,reuseaddr 'SYSTEM:echo $SOCAT_PEERADDR; cat'
		pid=$LAST
		answers 7000 "$WLAN4"
		is "socat fork, its child knows the peer" "$(echo hello | server timeout 10 nc -N "$WLAN4" 7000 2>&1)" $'10.1.0.1\nhello'
		gone socat "$pid"
		background on both -- socat -T 2 UDP-LISTEN:7001,fork,reuseaddr PIPE
		pid=$LAST
		sleep 1
		is "socat, UDP with fork" "$(echo hello | server timeout 10 nc -u -W 1 "$WLAN4" 7001 2>&1)" hello
		gone socat "$pid"
	fi
	if have busybox busybox && busybox --list | grep -qx httpd; then
		background on both -- busybox httpd -f -p "$WLAN4:8080" -h "$FILES"
		pid=$LAST
		answers 8080 "$WLAN4"
		is "busybox httpd" "$(server timeout 10 curl -q -sS "http://$WLAN4:8080/blob" 2>&1 | sha256sum | cut -d' ' -f1)" "$BLOB"
		gone busybox "$pid"
	fi
	if have "git daemon" git; then
		git init -q --bare "$FILES/repo.git"
		background on both -- env HOME="$TMP" git -c safe.directory='*' daemon --export-all --base-path="$FILES" --reuseaddr
		pid=$LAST
		answers 9418 "$WLAN4"
		check "git daemon" server env HOME="$TMP" timeout 10 git ls-remote "git://$WLAN4/repo.git"
		gone git "$pid"
	fi
}

# ---- TLS ----

tls() {
	have TLS openssl || return
	local pid
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$TMP/key.pem" -out "$TMP/cert.pem" -days 2 -subj /CN=phone \
		-addext "subjectAltName=IP:$WLAN4" >"$TMP/out" 2>&1
	background on both -- sh -c 'cd "$1" && exec openssl s_server -quiet -accept 8443 -key ../key.pem -cert ../cert.pem -WWW' \
		sh "$FILES"
	pid=$LAST
	answers 8443 "$WLAN4"
	is "openssl s_server" "$(server timeout 20 curl -q -sS --cacert "$TMP/cert.pem" "https://$WLAN4:8443/blob" 2>&1 |
		sha256sum | cut -d' ' -f1)" "$BLOB"
	gone openssl "$pid"
	background server sh -c 'cd "$1" && exec openssl s_server -quiet -accept 8443 -key ../key.pem -cert ../cert.pem -WWW' \
		sh "$FILES"
	pid=$LAST
	wait_for 10 listens 8443
	is "curl, https" "$(on both -- timeout 20 curl -q -sS -k https://10.1.0.1:8443/blob 2>&1 | sha256sum | cut -d' ' -f1)" "$BLOB"
	stop "$pid"
}

secure_shell
database
names
forking
tls
done_testing
