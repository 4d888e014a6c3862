#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How a process ends: what ends.c says and its status, on the host's stack and on Persona.
#
#	va (host 10.9.0.1, Persona 10.9.0.77) ==== vb
#
# In a network namespace without a name, which ends with this test; no traffic is on the wire.
cd "$(dirname "$0")/../.." || exit
program=build/tests/parity/ends
persona=${BUILD:-build}/persona # with PRELOAD: see compare
[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
if [ "$1" != inside ]; then
	make -s --no-print-directory test-parity-programs >&2 || exit
	exec unshare -n "$0" inside
fi
ip link set lo up
ip link add va type veth peer name vb
ip addr add 10.9.0.1/24 dev va
ip link set va up
ip link set vb up

# words OUTPUT STATUS: workers speak in any order
words()
{
	tr ' ' '\n' <<<"$1" | sort | tr '\n' ' '
	echo "status $2"
}

run()
{
	local said
	said=$(timeout -s KILL 15 "$@" 2>/dev/null)
	words "$said" $?
}

mapfile -t names < <($program --list)
echo "1..$((2 * ${#names[@]}))"
n=0 bad=0
for name in "${names[@]}"; do
	expected=$(run $program 10.9.0.1 "$name")
	for mode in --inline --isolate; do
		preload=
		[ $mode = --isolate ] || preload=${PRELOAD:-}
		got=$(run ${preload:+env "LD_PRELOAD=$preload"} "$persona" run $mode --no-mptcp -i packet:va,ip=10.9.0.77/24 -- $program 10.9.0.77 "$name")
		n=$((n + 1))
		if [ "$got" = "$expected" ]; then
			echo "ok $n - $mode: $name:$got"
		else
			echo "not ok $n - $mode: $name"
			printf '# host   %s\n# persona%s\n' "$expected" "$got"
			bad=1
		fi
	done
done
exit $bad
