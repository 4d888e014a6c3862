#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lockdep.t - the debug image finds faults that are planted, and none in an ordinary run.
#
#   phone: curl, MPTCP over both paths         server: httpd
#     wlan0  10.1.0.2 ======================= ap0    10.1.0.1 :80
#     rmnet0 10.2.0.2 ======================= cell0  10.2.0.1
#
# The faults are those of the extension planted/ beside this file.
#
# image: linux-6.12-debug mptcp ./tests/personalities/planted
# runs: waits
# shellcheck source=tests/personalities/debug.sh
. "$(dirname "$0")/debug.sh"

need curl
testbed_up --unshaped
httpd
random_file "$FILES/file" 8000000

on both -v -- timeout 60 curl -q -sS -o "$TMP/got" http://10.1.0.1/file 2>"$TMP/log"
is "a transfer over two paths: status" $? 0
is "a transfer over two paths: sum" "$(sum "$TMP/got")" "$(sum "$FILES/file")"
is "nothing to complain of" "$(complaints "$TMP/log" 30)" ""
matches "lockdep is there" "$(<"$TMP/log")" 'Lock dependency validator'

# planted FAULT WHAT SENTENCE LOCK FUNCTION
planted() {
	on wlan -v -- sh -c 'echo $1 >/proc/sys/net/planted/fault; sleep 0.3' sh "$1" >"$TMP/log" 2>&1
	matches "$2: reported" "$(complaints "$TMP/log" 99)" "$3"
	matches "$2: the lock's name" "$(complaints "$TMP/log" 99)" "$4"
	matches "$2: the function" "$(complaints "$TMP/log" 99)" "$5"
}
planted 1 "AB-BA" 'possible circular locking dependency' planted_a planted_ba
planted 2 "taken by softirqs, and open to them" 'inconsistent lock state' planted_soft planted_expired
planted 3 "held when the call returns" 'lock held when returning to user space' planted_kept planted_keep
planted 0 "control" '^$' '^$' '^$'
done_testing
