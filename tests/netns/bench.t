#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.t - the benchmark with netperf works: rows, figures, tables, and nothing left behind.
#
#   phone: netperf on the host kernel, inline, shadow     server: netserver, host kernel
#     wlan0 ================= veth ================= ap0  (bench/netperf makes its own testbed)
#
# One round of one second; no figure is judged. What netperf does is judged: signals,
# timers, a control connection and data connections, on every arm.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
[ "$(id -u)" = 0 ] || skip_all "must be root"
need jq gnuplot ethtool setpriv
grep -q ' cgroup2 ' /proc/self/mounts || skip_all "no cgroup2 hierarchy is mounted"
"$TOP/bench/get-netperf" "$TOP/build/bench/netperf" >"$TMP/get" 2>&1 || skip_all "no netperf: $(tail -n 1 "$TMP/get")"

rows() { jq -s "$@" "$TMP/rows"; }

bench() { # NAME ARG...
	local name=$1
	shift
	check "$name" timeout 55 "$TOP/bench/netperf" --rounds 1 --seconds 1 --json "$TMP/rows" --figures "$TMP/svg" "$@"
}

left() {
	ip netns list | grep -c '^persona-[a-z]*-bench'
	find "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)" -maxdepth 1 -name 'persona-bench-*' | wc -l
}

before=$(left)
mkdir "$TMP/docs"
printf '%s\n' before '<!-- conditions -->' '<!-- end conditions -->' '<!-- goals -->' '<!-- end goals -->' \
	'<!-- veth -->' old '<!-- end veth -->' '<!-- rr -->' '<!-- end rr -->' after >"$TMP/docs/README.md"

bench "streams run on all arms" --only veth --payloads 65507
check "every line is JSON" jq -e . "$TMP/rows"
is "a run for each arm and way" "$(rows -r '[.[] | select(.row == "run") | .arm + " " + .direction] | sort | join(",")')" \
	"host rx,host tx,inline rx,inline tx,shadow rx,shadow tx"
is "all had goodput, CPU seconds and cubic" "$(rows '[.[] | select(.row == "run") | .value > 0 and .cpu > 0 and
	.cpu_seconds.client > 0 and .cpu_seconds.server > 0 and .netperf.LOCAL_CONG_CONTROL == "cubic" and
	.netperf.REMOTE_CONG_CONTROL == "cubic"] | all')" true
is "a repetition has what it needs" "$(rows '.[0].row == "conditions" and .[0].kernel != "" and
	any(.row == "settings" and (.persona | test("wlan0 mq")) and (.server | test("tcp_rmem")))')" true
at_least "goals were judged" "$(rows '[.[] | select(.row == "goal")] | length')" 4
check "the figure has both ways and all arms" sh -c "grep -q '<svg' '$TMP/svg/veth.svg' &&
	grep -q 'tx: the program sends' '$TMP/svg/veth.svg' && grep -q 'rx: the program receives' '$TMP/svg/veth.svg' &&
	grep -q 'persona, shadow' '$TMP/svg/veth.svg'"
check "tables go between the markers" "$TOP/bench/figures.py" --docs "$TMP/rows" "$TMP/docs"
check "and what is around them stays" sh -c "cd '$TMP/docs' && head -n 1 README.md | grep -qx before &&
	tail -n 1 README.md | grep -qx after && grep -q '^| tx 65507 ' README.md && ! grep -q '^old$' README.md &&
	[ -s veth.svg ] && [ -s netperf.jsonl ]"

bench "transactions run inline" --only rr --arms inline
is "all three kinds" "$(rows -r '[.[] | select(.row == "run") | .test] | sort | join(" ")')" "TCP_CRR TCP_RR UDP_RR"
check "a part that was measured later" "$TOP/bench/figures.py" --docs "$TMP/rows" "$TMP/docs"
is "joins what was there, goals too" "$(jq -rs '[([.[] | select(.row == "median").experiment] | unique[]),
	([.[] | select(.row == "goal").name | split(",")[0]] | unique[])] | join(", ")' "$TMP/docs/netperf.jsonl")" \
	"rr, veth, veth"
is "and the page says which it is" "$(sed -n 's/^Measured anew (\([a-z]*\)): commit .*/\1/p' "$TMP/docs/README.md")" rr

bench "an epoll server runs on the host and inline" --only epoll --tests NULL_CALL,EPOLL_100x4
is "both, and the null call" "$(rows -r '[.[] | select(.row == "run") | select(.value > 1000 and .cpu > 0) |
	.arm + " " + .test] | sort | join(",")')" "host EPOLL_100x4,host NULL_CALL,inline EPOLL_100x4,inline NULL_CALL"
is "nothing is left behind: namespaces, groups" "$(left)" "$before"
done_testing
