#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# steady.t - the tutorial's congestion control (docs/extensions.md) gives the rate it foretells.
#
#   phone: iperf3 on the stack                    server: iperf3, host kernel
#     wlan0 10.1.0.2 ===50mbit,10ms=== ap0 10.1.0.1
#
# 25 packets of 1448 bytes in each round trip, 289.6 kbit: the link's delay there and back, and up
# to 6 ms, which is how long the link takes to send 25 packets: 11.1 to 14.5, and 6.3 to 7.3 Mbit/s.
#
# image: steady mptcp steady
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"

persona_only
PERSONALITY=steady
[ -e "$TOP/build/personalities/$PERSONALITY.so" ] || skip_all "image $PERSONALITY is not built: make test-personalities"
need iperf3 jq
testbed_up --wlan 50mbit,10ms

listed=$("$PERSONA" list --json | jq -r '.personalities[] | select(.name == "steady") | .extensions + .congestion | join(" ")')
matches "persona list: the extension and its congestion control" "$listed" '^mptcp steady .* steady( |$)'

# The document's code is the extension's.
sed -n '/^```c$/,/^```$/{/^```/!p}' "$TOP/docs/extensions.md" >"$TMP/doc.c"
sed '1,/^ \*\/$/d' "$TOP/extensions/steady/steady.c" >"$TMP/source.c"
check "docs/extensions.md has the code of extensions/steady" diff "$TMP/doc.c" "$TMP/source.c"

background server iperf3 -s -p 5201
wait_for 10 listens 5201

# rate CONGESTION: Mbit/s, in $mbit
rate() {
	on wlan --no-mptcp --congestion "$1" -- timeout 40 iperf3 -c 10.1.0.1 -O 1 -t 4 -J >"$TMP/json"
	mbit=$(jq -r '.end.sum_received.bits_per_second / 1e6 * 100 | floor / 100' "$TMP/json")
}

rate steady
at_least "20 ms: Mbit/s" "$mbit" 11.1
at_most "20 ms: Mbit/s" "$mbit" 14.5
rate cubic
at_least "control, cubic fills the link: Mbit/s" "$mbit" 40
"$TOP/testbed/phone" --id $ID set wlan 50mbit,20ms
rate steady
at_least "40 ms: Mbit/s" "$mbit" 6.3
at_most "40 ms: Mbit/s" "$mbit" 7.3
done_testing
