#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# beside-kill.t - persona is killed (SIGKILL) at 50 random moments: nothing is left on the host.
#
#   phone: curl on the stack, killed      server: host kernel
#     wlan0   10.1.0.3 fd01::3  ==== Ethernet (veth) ====  ap0    10.1.0.1 fd01::1
#     rmnet0  10.2.0.3 fd02::3  ==== raw IP (TUN)    ====  cell0  10.2.0.1 fd02::1
#
# Addresses are shared with the phone's own kernel, so there are rules, reserved ports and
# a persona-opener to leave behind. The moments: from before the opener starts to the
# middle of a download. KILL_SEED repeats a sequence.
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl nft setsid
persona_only
testbed_up --unshaped --host-ip
httpd
random_file "$FILES/blob" 300000000
SEED=${KILL_SEED:-$RANDOM}
RANDOM=$SEED
note "KILL_SEED=$SEED"
phone_ns=/run/netns/persona-phone-$ID

# Processes of this test's phone namespace, but those that are ending.
processes() {
	local want inode p
	want=$(stat -Lc %i "$phone_ns")
	stat -Lc '%i %n' /proc/[0-9]*/ns/net 2>/dev/null | while read -r inode p; do
		[ "$inode" != "$want" ] || cat "${p%/ns/net}/comm" 2>/dev/null
	done
}
left() {
	phone nft list tables
	phone cat /proc/sys/net/ipv4/ip_local_reserved_ports
	phone ip -o link show | grep -E 'pmt[0-9]'
	processes
	find /run/persona -name "$(stat -Lc %i "$phone_ns")-*" 2>/dev/null
}
nothing_left() { [ -z "$(left)" ]; }

# kill_after MICROSECONDS OPTION...: start a download, kill persona, look around.
kill_after() {
	local us=$1 pid
	shift
	EXEC="exec" phone "$PERSONA" run "$@" -i wlan0 -i rmnet0 -- \
		curl -q -sS -o /dev/null http://10.1.0.1/blob </dev/null >/dev/null 2>&1 &
	pid=$!
	STARTED+=("$pid")
	sleep "$(awk "BEGIN { print $us / 1000000 }")"
	[ -z "$(phone nft list tables)" ] || with_rules=$((with_rules + 1))
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	wait_for 5 nothing_left && return
	note "after $us us with ${*:-no option}: $(left | tr '\n' ' ')"
	return 1
}

check "nothing is there before" nothing_left
bad=0
with_rules=0
for mode in "" --inline; do
	for i in $(seq 25); do
		# Half of them within the start, half in the download.
		[ $((i % 2)) = 0 ] && range=30000 || range=400000
		kill_after $((RANDOM * 32768 % range + RANDOM % 1000)) $mode || bad=$((bad + 1))
	done
	is "${mode:-shadow}: of 25 kills, those that left something" $bad 0
	bad=0
done

at_least "kills with rules in place" $with_rules 10
check "and the next run works" phone "$PERSONA" run -i wlan0 -- \
	curl -q -sS --fail -r 0-999999 -o /dev/null http://10.1.0.1/blob
check "nothing is left" wait_for 5 nothing_left
done_testing
