# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# carries.sh - does a back end carry everything? For the tests of back ends.
#
# Sourced after lib.sh. carries_up makes the files and programs, once the testbed
# is up; then each carries reports some ten tests. Needs curl, ping and nc.

carries_up() {
	FILES=$TMP/files
	mkdir "$FILES"
	random_file "$FILES/blob" 20000000
	BLOB=$(sum "$FILES/blob")

	# UDP: datagrams of all sizes up to beyond the MTU, echoed, compared.
	cat >"$TMP/echo.py" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
	s.bind((sys.argv[1], 7007))
	while True:
	    data, peer = s.recvfrom(65536)
	    s.sendto(data, peer)
	END
	cat >"$TMP/ask.py" <<-'END'
	import os, socket, sys
	s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(2)
	s.connect((sys.argv[1], 7007))
	sizes = list(range(1, 1500, 13)) + [1472, 1473, 4000, 9000, 30000]
	for n in sizes:
	    data = os.urandom(n)
	    for attempt in range(3):
	        s.send(data)
	        try:
	            assert s.recv(65536) == data, "datagram of %d bytes came back changed" % n
	            break
	        except socket.timeout:
	            continue
	    else:
	        sys.exit("datagram of %d bytes got no echo" % n)
	print("echoed", len(sizes))
	END
}

stack() { phone "$PERSONA" run --inline -i "$SPEC" "$@"; }

# carries NAME SPEC PEER VERSION PEER-ADDRESS OWN-ADDRESS: ping, UDP and TCP both ways; PEER is
# server or phone, whose kernel answers at PEER-ADDRESS.
carries() {
	local what="$1, IPv$4" out=$TMP/out url pid
	SPEC=$2
	url=http://$(bracket "$5")/
	check "$what: ping from the stack" stack -- ping -n -c 3 -i 0.2 -W 2 "$5"
	background "$3" "$PYTHON" "$TMP/echo.py" "$5"
	pid=$LAST
	sleep 0.3
	check "$what: UDP, 1 to 30000 bytes" stack --no-mptcp -- "$PYTHON" "$TMP/ask.py" "$5"
	stop "$pid"
	background "$3" "$PYTHON" "$TOP/testbed/httpd.py" "$FILES"
	pid=$LAST
	wait_for 10 "$3" nc -z "$5" 80
	rm -f "$out"
	check "$what: TCP, 20 MB in" stack -- timeout 30 curl -q -sS --fail -o "$out" "${url}blob"
	is "$what: same data" "$(sum "$out")" "$BLOB"
	is "$what: TCP, 20 MB out, same data" \
		"$(stack -- timeout 30 curl -q -sS -T "$FILES/blob" "${url}up" 2>&1)" "$BLOB"
	check "$what: TCP without MPTCP" stack --no-mptcp -- timeout 30 curl -q -sS --fail -o "$out" "${url}blob"
	is "$what: same data" "$(sum "$out")" "$BLOB"
	stop "$pid"
	# A program that just waits is a host that answers.
	EXEC="exec" stack -- nc "-$4" -l -p 7008 </dev/null >/dev/null 2>"$TMP/err" &
	pid=$!
	STARTED+=("$pid")
	check "$what: ping to the stack" wait_for 5 "$3" ping -n -c 1 -W 1 "$6"
	check "$what: ping to the stack, fragments" "$3" ping -n -c 3 -i 0.2 -s 6000 -W 2 "$6"
	stop $pid
}

# goodput SPEC PEER-ADDRESS: both ways by iperf3 for three seconds, as a comment and in $SENT
# and $RECEIVED, in Mbit/s
goodput() {
	local pid
	SPEC=$1
	background server iperf3 -s -B "$2"
	pid=$LAST
	wait_for 5 listens 5201
	SENT=$(one_way "$2")
	RECEIVED=$(one_way "$2" -R)
	stop "$pid"
	note "goodput of ${SPEC%%,*}: $SENT Mbit/s sent, $RECEIVED Mbit/s received"
}
one_way() {
	stack --no-mptcp -- timeout 20 iperf3 -J -t 3 -c "$@" 2>/dev/null |
		jq '.end.sum_received.bits_per_second / 1e6 | round'
}
