#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.t - unit tests in the kernel, run in the library: of net/mptcp, and of extensions.
#
# The debug image runs them at its start and writes KTAP to its log. Each case is told as a test of
# this one.
#
# image: linux-6.12-debug mptcp ./tests/personalities/planted
# runs: waits
# shellcheck source=tests/personalities/debug.sh
. "$(dirname "$0")/debug.sh"

testbed_up --unshaped
on wlan -v -- true >"$TMP/log" 2>&1
is "status" $? 0

# KTAP by the image: "persona:     ok 3 mptcp_token_test_accept", and a suite's own line without spaces
cases=0 suites=
while read -r line; do
	case $line in
	"ok "*) ok "$suite: ${line#ok * }" ;;
	"not ok "*) not_ok "$suite: ${line#not ok * }" ;;
	"# Subtest: "*)
		suite=${line#\# Subtest: }
		suites="$suites $suite"
		continue
		;;
	*) continue ;;
	esac
	cases=$((cases + 1))
done < <(sed -nE 's/^persona: (\[[^]]*\] )?( +)((not )?ok |# Subtest: )/\3/p' "$TMP/log")
for suite in mptcp-crypto mptcp-token mptcp-coupled planted; do
	matches "suite $suite has run" "$suites" " $suite( |$)"
done
at_least "cases" $cases 14
is "nothing to complain of" "$(complaints "$TMP/log" 30)" ""
[ $FAILED = 0 ] || sed 's/^/# | /' "$TMP/log" | grep -vE 'persona: (\[|$)' | tail -n 60
done_testing
