#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# udp-self.t - a thread waits for datagrams, and another one sends to it by the same socket.
#
#   phone: python on the stack, whose loopback is inside (--isolate)
#     wlan0  10.1.0.2 ======================== ap0  10.1.0.1
#
# As many programs end their receiving thread. What arrives may be taken out of the stack by the
# thread that sends; the one that waits must be told all the same.
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
testbed_up --unshaped

cat >"$TMP/self.py" <<'END'
import faulthandler, socket, threading
def echo(sock):
    while (got := sock.recvfrom(4096))[0] != b"STOP":
        sock.sendto(*got)
    sock.close()
for i in range(100):
    faulthandler.dump_traceback_later(8, exit=True)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    name = sock.getsockname()
    t = threading.Thread(target=echo, args=(sock,))
    t.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
        c.sendto(b"x" * 4096, name)
        assert c.recvfrom(5000)[0] == b"x" * 4096
    sock.sendto(b"STOP", name)
    t.join()
print("good")
END
for MODE in shadow inline; do
	for _ in 1 2 3; do
		is "$MODE: 100 threads are ended by a datagram" \
			"$(on wlan --isolate -- timeout 60 "$PYTHON" "$TMP/self.py" 2>&1 | tail -n 3)" good
	done
done
done_testing
