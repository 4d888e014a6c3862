# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# judge.sh - the verdict on a suite's run here and on the host; sourced after netns/lib.sh.
#
# The results are $TMP/host and $TMP/ARM, as of a collect; the caller's collect_arm makes
# such for chosen tests.

# judge ARM KNOWN: TAP by compare; what differed runs once more, on both sides, alone
judge() {
	local arm=$1 known=$2 again line compare=$TOP/tests/cpython/compare
	again=$("$compare" --differing "$arm" "$known" "$TMP/host" "$TMP/$arm")
	if [ -n "$again" ]; then
		# shellcheck disable=SC2086 # words
		collect_arm host "$TMP/host.again" $again
		# shellcheck disable=SC2086 # words
		collect_arm "$arm" "$TMP/$arm.again" $again
	fi
	"$compare" "$arm" "$known" "$TMP/host" "$TMP/$arm" "$TMP/host.again" "$TMP/$arm.again" >"$TMP/tap" ||
		not_ok "$arm: the results are compared"
	while IFS= read -r line; do
		case $line in
		'ok - '*) ok "${line#ok - }" ;;
		*'# TODO '*)
			TESTS=$((TESTS + 1))
			printf 'not ok %d - %s\n' $TESTS "${line#not ok - }"
			;;
		'not ok - '*) not_ok "${line#not ok - }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$TMP/tap"
}
