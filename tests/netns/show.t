#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# show.t - what `persona show` says when paths die: totals never fall, shares are of the totals, and a
# dead path is not shown as a living one.
#
#   phone: PROGRAM on the stack                      server: host kernel
#     wlan0  10.1.0.2 ====20mbit,10ms======== ap0    10.1.0.1
#     rmnet0 10.2.0.2 ====20mbit,20ms======== cell0  10.2.0.1
#       ^ persona show in the same namespace
#
# runs: waits
# shellcheck disable=SC2034 # MODE and EXEC are lib.sh's
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl jq nc mptcpize
persona_only
testbed_up --wlan 20mbit,10ms --rmnet 20mbit,20ms
httpd
random_file "$FILES/blob" 60000000

bed() { "$TOP/testbed/phone" --id $ID "$@"; }
p() { phone timeout 20 "$PERSONA" "$@"; }
running() { [ -n "$(p ps --json | jq '.[].id')" ]; }
nobody_runs() { ! running; }
# of_connection EXPRESSION: of the one to the server's port 80 or 9
of_connection() { p show --json 2>/dev/null | jq -r "[.connections[] | select(.remote | test(\":(80|9)\$\"))][0] | $1"; }
both_flow() { [ "$(of_connection '[.subflows[] | select(.received + .sent > 200000)] | length')" = 2 ]; }

# dies MODE DIRECTION COMMAND...: wlan0 dies silently in the middle of a transfer, which the stack
# notices since its router does not answer, and MPTCP leaves it.
dies() {
	local what="$1, ${PERSONALITY:-linux-6.12}, $2" key pid last=0 now falls=0 out
	MODE=$1
	[ "$2" = down ] && key=received || key=sent
	shift 2
	EXEC="exec"
	background on both -- "$@"
	EXEC=""
	pid=$LAST
	wait_for 10 running
	check "$what: both paths are used" wait_for 10 both_flow
	matches "$what: both are up" "$(p show --once --interval 0.1 | awk '/^(wlan|rmnet)0/ { print $2 }' | tr '\n' ' ')" '^up up $'
	p show --json >/dev/null # the last look at an older kernel's subflow
	bed state wlan drop >/dev/null
	check "$what: the dead path is silent" wait_for 8 shows '^wlan0 +silent '
	check "$what: the other is up" shows '^rmnet0 +up '
	bed state wlan up >/dev/null
	for _ in $(seq 50); do
		now=$(of_connection ".$key")
		[ "${now:-0}" -ge "$last" ] 2>/dev/null || falls=$((falls + 1))
		last=$now
		[ "$(of_connection ".ended.$key // 0")" -lt 100000 ] || break
		sleep 0.2
	done
	sleep 0.5
	[ "$(of_connection ".$key")" -ge "$last" ] || falls=$((falls + 1))
	is "$what: times that the connection's total fell" $falls 0
	check "$what: it is up again" wait_for 15 shows '^wlan0 +up '
	out=$(p show --once --interval 0.3)
	matches "$what: what has ended is shown" "$out" '^ +\(ended\) .*[0-9]%'
	is "$what: shares are of all bytes" "$(grep -E '^ +(wlan0|rmnet0|\(ended\)) ' <<<"$out" |
		grep -oE '[0-9]+%' | tr -d % | awk '{ n += $1 } END { print (n >= 97 && n <= 103) }')" 1
	at_least "$what: bytes of what has ended" "$(of_connection ".ended.$key")" 100000
	stop "$pid"
	wait_for 10 nobody_runs
}
shows() { p show --once --interval 0.1 | grep -qE -- "$1"; }

background server mptcpize run sh -c 'nc -lk 10.1.0.1 9 >/dev/null'
wait_for 5 listens 9
dies shadow down curl -q -sS -o /dev/null http://10.1.0.1/blob
dies shadow up sh -c 'exec nc 10.1.0.1 9 </dev/zero'
dies inline down curl -q -sS -o /dev/null http://10.1.0.1/blob
# A kernel that has no counters of a connection: what has ended is remembered.
if [ -z "${PERSONALITY:-}" ] && [ -e "$TOP/build/personalities/linux-6.1.so" ]; then
	PERSONALITY=linux-6.1
	dies shadow down curl -q -sS -o /dev/null http://10.1.0.1/blob
	unset PERSONALITY
fi

# ---- paths whose death only the connections can tell ----

# rmnet0 has no router that could be asked.
MODE=shadow
EXEC="exec"
background on both -- curl -q -sS -o /dev/null http://10.1.0.1/blob
EXEC=""
pid=$LAST
wait_for 10 running
check "no router: both paths are used" wait_for 10 both_flow
bed state rmnet drop >/dev/null
check "no router, down: quiet" wait_for 10 shows '^ +rmnet0 .*:80 +quiet '
bed state rmnet up >/dev/null
stop "$pid"
wait_for 10 nobody_runs

# The only path, and data under way
EXEC="exec"
background on wlan -- sh -c 'exec nc 10.1.0.1 9 </dev/zero'
EXEC=""
pid=$LAST
sent_some() { [ "$(of_connection .sent)" -gt 200000 ]; }
wait_for 10 running
wait_for 10 sent_some
check "the only path: established" shows ' wlan0 .*:9 +established '
bed state wlan drop >/dev/null
check "the only path: stalled after two timeouts" wait_for 10 shows ' wlan0 .*:9 +stalled '
bed state wlan up >/dev/null
check "the only path: established again" wait_for 20 shows ' wlan0 .*:9 +established '
stop "$pid"
done_testing
