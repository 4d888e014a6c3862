#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nft.t - a netlink batch of some 700 KB: nft with a set of 20,000 elements, on the stack.
#
#   phone: nft on the stack, no traffic
#     wlan0  10.1.0.2 ====100mbit,2ms========== ap0  10.1.0.1
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
need nft
testbed_up --wlan 100mbit,2ms
"$PYTHON" - >"$TMP/set.nft" <<'END'
print("table ip t {\nset s { type ipv4_addr; elements = {")
print(",".join("10.1.%d.%d" % (i >> 8, i & 255) for i in range(20000)))
print("}\n}\n}")
END
MODE=shadow
on wlan -- timeout 30 sh -c "nft -f '$TMP/set.nft' && nft list set ip t s" >"$TMP/out" 2>"$TMP/err"
is "shadow: status" $? 0
sed 's/^/# | /' "$TMP/err" | head -n 5
is "shadow: elements" "$(grep -oE '10\.1\.[0-9]+\.[0-9]+' "$TMP/out" | sort -u | wc -l)" 20000
# shellcheck disable=SC2034 # lib.sh's
MODE=inline
check "inline: it is taken" on wlan -- timeout 30 nft -f "$TMP/set.nft"
done_testing
