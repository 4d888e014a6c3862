#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# valgrind.t - memcheck finds nothing in a program with the stack inside.
#
#   phone: valgrind curl, inline                   server: httpd on the host kernel
#     wlan0 (packet)  10.1.0.2 fd01::2 ===100mbit,2ms=== ap0    10.1.0.1 fd01::1
#     rmnet0 (rawip)  10.2.0.2 fd02::2 ===100mbit,2ms=== cell0  10.2.0.1 fd02::1
#
# The library, the back ends, the engine and the image are all looked at. memcheck knows one
# stack per thread and takes a leap of the stack pointer for another one if it is longer than
# --max-stackframe; those of the image are 32 KiB apart, so less than that tells it of each switch.
# tests/valgrind/image.supp has what is not so, and why.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
need valgrind curl
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
httpd
random_file "$FILES/blob" 1000000
BLOB=$(sum "$FILES/blob")

# memcheck NAME INTERFACE CURL-ARGUMENT...: curl works, and memcheck has no complaint
memcheck() {
	local name=$1 where=$2 log=$TMP/valgrind.log
	shift 2
	rm -f "$TMP/got"
	if on "$where" -- timeout 60 valgrind --quiet --error-exitcode=99 --error-limit=no --max-stackframe=12288 \
		--suppressions="$TOP/tests/valgrind/image.supp" --log-file="$log" \
		curl -q -sS --fail -o "$TMP/got" "$@" >"$TMP/out" 2>&1; then
		ok "$name: no error"
	else
		not_ok "$name (status $?)"
		cat "$TMP/out" "$log" | head -n 60 | sed 's/^/# | /'
	fi
}

memcheck "download over WiFi" wlan http://10.1.0.1/blob
is "its bytes" "$(sum "$TMP/got")" "$BLOB"
memcheck "download over cellular, IPv6" rmnet "http://[fd02::1]/blob"
is "its bytes" "$(sum "$TMP/got")" "$BLOB"
memcheck "upload" wlan -T "$FILES/blob" http://10.1.0.1/up
is "its bytes" "$(cat "$TMP/got")" "$BLOB"
memcheck "four at a time" wlan -Z http://10.1.0.1/blob -o /dev/null http://10.1.0.1/blob \
	-o /dev/null http://10.1.0.1/blob -o /dev/null http://10.1.0.1/blob
done_testing
