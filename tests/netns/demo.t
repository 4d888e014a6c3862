#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# demo.t - the demo (testbed/demo), shorter: 12 MB instead of 40, so 1.2x instead of 1.3x.
#
#   phone: curl on the stack                  server: httpd.py on the host kernel
#     wlan0  10.1.0.2 ===50mbit,10ms========= ap0    10.1.0.1
#     rmnet0 10.2.0.2 ===30mbit,25ms========= cell0  10.2.0.1
#
# runs: alone
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl
[ "$(id -u)" = 0 ] || skip_all "must be root"

# The testbeds of a demo that was started by us: its process id is in their names.
left_behind() { ip netns list | grep -c -- "-demo$1\b"; }

check "download over both" "$TOP/testbed/demo" ${NATIVE:+--native} --inline --size 12m --min-gain 1.2
grep -E 'Mbit/s|wlan0|rmnet0|both' "$TMP/check.out" | sed 's/^/# /'

"$TOP/testbed/demo" ${NATIVE:+--native} --inline --size 40m >"$TMP/demo.out" 2>&1 &
pid=$!
sleep 3
kill -INT $pid
wait $pid
is "interrupted: its exit status" $? 130
is "interrupted: namespaces left" "$(left_behind $pid)" 0

"$TOP/testbed/demo" ${NATIVE:+--native} --inline --size 2m --rmnet 2mbit,10ms --json "$TMP/rows" \
	>"$TMP/demo.out" 2>&1
is "a path that gives nothing: exit status" $? 1
done_testing
