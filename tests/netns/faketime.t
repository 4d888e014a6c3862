#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# faketime.t - another clock by LD_PRELOAD (libfaketime) is the program's: the stack's time, and
# Persona's own waiting, stay the kernel's.
#
#   phone: PROGRAM below faketime, on the stack    server: host kernel
#     wlan0   10.1.0.2 ===4mbit,20ms===== ap0    10.1.0.1
#
# `inside` is `persona run -- faketime PROGRAM`, `outside` is `faketime persona run -- PROGRAM`.
#
# runs: waits, long
# limit: 400
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need faketime curl
persona_only
testbed_up --wlan 4mbit,20ms
httpd
random_file "$FILES/blob" 500000
BLOB=$(sum "$FILES/blob")

cat >"$TMP/sink.py" <<'END'
import socket, sys
s = socket.socket()
s.bind(("10.1.0.1", 7000))
s.listen()
while True:
    c = s.accept()[0]
    n, how = 0, "end"
    try:
        while data := c.recv(65536):
            n += len(data)
    except OSError as e:
        how = str(e)
    c.close()
    open(sys.argv[1], "w").write(f"{n} {how}\n")
END
cat >"$TMP/send.py" <<'END'
import socket
s = socket.create_connection(("10.1.0.1", 7000))
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4000000)
s.sendall(bytes(1000000))
END
cat >"$TMP/nobody.py" <<'END'
import errno, socket
try:
    socket.create_connection(("10.1.0.77", 7000))
except OSError as e:
    print(errno.errorcode[e.errno])
END
cat >"$TMP/alarm.py" <<'END'
import signal, socket
def tell(*_):
    raise TimeoutError("rang")
signal.signal(signal.SIGALRM, tell)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7001))
signal.setitimer(signal.ITIMER_REAL, 1)
try:
    s.recvfrom(10)
except TimeoutError as e:
    print(e)
END
background server "$PYTHON" "$TMP/sink.py" "$TMP/sunk"
wait_for 5 listens 7000

# faked PROGRAM...: in the mode and at the place of the loops below
faked() {
	if [ "$place" = inside ]; then
		on wlan -- timeout 100 faketime -f "$clock" "$@"
	else # timeout(1) itself would be fooled
		(
			PERSONA=$TMP/outside
			on wlan -- "$@"
		)
	fi
}
# took FROM: seconds from then on, by the machine's clock
took() { awk "BEGIN { print $(date +%s.%N) - $1 }"; }

for clock in "+1y x100" "-10d x0.1"; do
	printf '#!/bin/sh\nexec faketime -f "%s" "%s" "$@"\n' "$clock" "$PERSONA" >"$TMP/outside"
	chmod +x "$TMP/outside"
	for MODE in shadow inline; do
		for place in inside outside; do
			what="$clock, $MODE, $place"
			# It reaches the program: a day, which is another.
			is "$what: the program's clock is faked" \
				"$([ "$(faked date +%F 2>/dev/null)" != "$(date +%F)" ] && echo another)" another
			rm -f "$TMP/out"
			from=$(date +%s.%N)
			faked curl -q -sS -o "$TMP/out" http://10.1.0.1/blob 2>&1 | sed 's/^/# | /'
			is "$what: 500 KB in, same data" "$(sum "$TMP/out")" "$BLOB"
			at_most "$what: seconds of a transfer of one" "$(took "$from")" 4
			# The stack's own time: three questions for a neighbour, a second each
			from=$(date +%s.%N)
			is "$what: nobody there" "$(faked "$PYTHON" "$TMP/nobody.py" 2>/dev/null)" EHOSTUNREACH
			s=$(took "$from")
			at_least "$what: seconds until then" "$s" 2.5
			at_most "$what: seconds until then" "$s" 6
			# What was written last is waited for: two seconds.
			rm -f "$TMP/sunk"
			from=$(date +%s.%N)
			faked "$PYTHON" "$TMP/send.py" 2>&1 | grep -v 'waiting for the peers' | sed 's/^/# | /'
			wait_for 5 test -s "$TMP/sunk"
			is "$what: 1 MB out, and the end" "$(cat "$TMP/sunk")" "1000000 end"
			at_most "$what: seconds for that" "$(took "$from")" 8
		done
	done
done
# A signal in shadow mode: persona's thread that looks sleeps by the kernel's clock.
MODE=shadow place=outside clock="+1y x100"
printf '#!/bin/sh\nexec faketime -f "%s" "%s" "$@"\n' "$clock" "$PERSONA" >"$TMP/outside"
from=$(date +%s.%N)
is "a timer interrupts a blocked call" "$(faked "$PYTHON" "$TMP/alarm.py" 2>&1)" rang
at_most "seconds until then" "$(took "$from")" 4
done_testing
