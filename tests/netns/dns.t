#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dns.t - names resolve through the stack; loopback and UNIX sockets stay on the host.
#
#   phone: programs on the stack                   server: dnsmasq and httpd
#     wlan0  10.1.0.2 fd01::2 ===100mbit,2ms====== ap0   10.1.0.1 fd01::1 :53 :80
#     /etc/resolv.conf names 10.1.0.1 (in the tests' own mount namespace)
#     lo: an HTTP server of the phone's host kernel on 127.0.0.1 and ::1
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl wget nc dnsmasq getent
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
httpd
echo "over the network" >"$FILES/page"

start_dnsmasq() {
	background server dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
		--pid-file= --user=root --bind-interfaces --listen-address=10.1.0.1,fd01::1 \
		--address=/web.test/10.1.0.1 --address=/web.test/fd01::1 \
		--address=/four.test/10.1.0.1 --address=/six.test/fd01::1 \
		--txt-record=big.test,"$(printf 'x%.0s' {1..250})","$(printf 'y%.0s' {1..250})"
	DNSMASQ=$LAST
	wait_for 5 sh -c "ip netns exec persona-server-$ID ss -Hlun 'sport = :53' | grep -q ."
}
start_dnsmasq

resolves() { # SUFFIX
	is "curl, A record$1" "$(on wlan -- timeout 20 curl -q -sS http://four.test/page 2>&1)" "over the network"
	is "curl, AAAA record$1" "$(on wlan -- timeout 20 curl -q -sS http://six.test/page 2>&1)" "over the network"
	is "wget$1" "$(on wlan -- timeout 20 wget -q -O - http://web.test/page 2>&1)" "over the network"
	is "getent$1" "$(on wlan -- timeout 20 getent ahostsv4 four.test 2>&1 | head -n 1 | cut -d' ' -f1)" 10.1.0.1
	is "python3 getaddrinfo$1" "$(on wlan -- timeout 20 "$PYTHON" -c '
import socket
print(sorted({a[4][0] for a in socket.getaddrinfo("web.test", 80)}))' 2>&1)" "['10.1.0.1', 'fd01::1']"
}

resolves ""
echo "nameserver fd01::1" >"$TMP/resolv.conf"
resolves ", name server by IPv6"
echo "nameserver 10.1.0.1" >"$TMP/resolv.conf"

check "a name of /etc/hosts" on wlan -- getent hosts phone4.test
is "getaddrinfo_a(), four names at a time" \
	"$(on wlan -- timeout 20 build/tests/programs/lookups four.test six.test phone4.test nosuch.test 2>&1)" \
	"$(printf '%s\n' 'four.test 10.1.0.1' 'six.test fd01::1' 'phone4.test 10.1.0.2' 'nosuch.test again')"
on wlan -- timeout 20 curl -q -sS http://nosuch.test/page >"$TMP/out" 2>&1
is "a name that does not exist: curl's status" $? 6

# As the manual has it; glibc's own, which shadow mode leaves in place, says EAI_SYSTEM for a time-out.
if [ "$MODE" = inline ]; then
	kill -STOP "$DNSMASQ"
	is "getaddrinfo_a() of a silent name server: waits, is interrupted and cancelled" \
		"$(on wlan -- timeout 20 build/tests/programs/lookups --silent four.test 2>&1)" \
		"$(printf '%s\n' ok again interrupted 'thread cancelled' 'first not cancelled, in progress' 'last cancelled, cancelled' ok)"
	kill -CONT "$DNSMASQ"
fi
stop "$DNSMASQ"
start=$SECONDS
on wlan -- timeout 40 curl -q -sS http://four.test/page >"$TMP/out" 2>&1
is "no name server: curl's status" $? 6
at_least "no name server: seconds to spare of 30" $((30 - SECONDS + start)) 0

# Loopback of the host
mkdir "$TMP/local"
echo "on the host" >"$TMP/local/page"
for a in 127.0.0.1 ::1; do
	background phone "$PYTHON" -m http.server --bind "$a" --directory "$TMP/local" 8081
	wait_for 10 phone nc -z "$a" 8081
	is "http://$(bracket $a) is the host's" \
		"$(on wlan -- timeout 20 curl -q -sS "http://$(bracket $a):8081/page" 2>&1)" "on the host"
done
is "http://localhost is the host's" \
	"$(on wlan -- timeout 20 curl -q -sS "http://localhost:8081/page" 2>&1)" "on the host"

# UNIX sockets of the host
cat >"$TMP/unix.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
while True:
    c, _ = s.accept()
    c.recv(4096)
    c.sendall(b"HTTP/1.0 200 OK\r\n\r\nby UNIX socket\n")
    c.close()
END
background phone "$PYTHON" "$TMP/unix.py" "$TMP/socket"
wait_for 5 test -S "$TMP/socket"
is "a UNIX socket of the host" \
	"$(on wlan -- timeout 20 curl -q -sS --unix-socket "$TMP/socket" http://x/ 2>&1)" "by UNIX socket"
done_testing
