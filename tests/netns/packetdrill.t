#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# packetdrill.t - the scripts of tests/packetdrill, packet by packet, on each image, as nobody.
#
#   script: calls ---------> image in the tool's process (tests/packetdrill/plugin.c)
#           packets <------> its one interface, no network around it
#
# Run by packetdrill where there is one (PACKETDRILL names it, or it is in PATH; Debian has none), and
# always by tests/packetdrill/drill. A line "// needs: SYMBOL" of a script names a function of an
# extension; linux-6.12 must have all of them, another image is spared the script. Broken copies of a
# script must fail: a packet that does not come, one that is not the one that comes, a call that
# gives something else, a time that is not kept.
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

persona_only
SCRIPTS=$TOP/tests/packetdrill
PLUGIN=$TOP/build/tests/packetdrill/persona.so
[ -e "$PLUGIN" ] || skip_all "$PLUGIN is not built: make test-programs"
TOOL=${PACKETDRILL:-$(command -v packetdrill)}
[ -n "$TOOL" ] || note "no packetdrill here: the scripts run by tests/packetdrill/drill alone"
as_nobody() { if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi; }

# with_tool IMAGE: names of scripts that packetdrill itself does not pass
with_tool() {
	local s
	for s in "${scripts[@]}"; do
		# Options of a script's head are the tool's own, but for its flags
		PERSONA_IMAGE=$1 timeout 60 "$TOOL" --so_filename="$PLUGIN" \
			--so_flags="$(sed -n 's/^--so_flags=//p' "$s")" <(grep -v '^--so_flags' "$s") >&2 || basename "$s"
	done
}

for name in linux-6.12 linux-6.1; do
	built $name || continue
	scripts=()
	for s in "$SCRIPTS"/*.pkt; do
		need=$(sed -n 's,^// needs: ,,p' "$s")
		[ -z "$need" ] || grep -qa -- "$need" "$IMAGE" || {
			note "$name has no $need: not $(basename "$s")"
			[ "$name" != linux-6.12 ] || not_ok "$name has $need"
			continue
		}
		scripts+=("$s")
	done
	PERSONA_IMAGE=$IMAGE retell $name as_nobody "$SCRIPTS/drill" --so_filename="$PLUGIN" "${scripts[@]}"
	[ -z "$TOOL" ] || is "$name: by $TOOL" "$(with_tool "$IMAGE")" ""
done

# broken WHAT SED: does drill see it?
broken() {
	sed "$2" "$SCRIPTS/connect.pkt" >"$TMP/broken.pkt"
	if cmp -s "$SCRIPTS/connect.pkt" "$TMP/broken.pkt"; then not_ok "$1: the script is as it was"; return; fi
	chmod 755 "$TMP"
	as_nobody "$SCRIPTS/drill" --so_filename="$PLUGIN" "$TMP/broken.pkt" >"$TMP/out" 2>&1
	is "drill sees $1" $? 1
}
broken "a packet that does not come" '$a+0 > . 1002:1002(0) ack 502'
broken "another length" 's/> P. 1:1001(1000)/> P. 1:901(900)/'
broken "another option" 's/sackOK,nop,wscale/nop,nop,nop,wscale/'
broken "another result" 's/= 500$/= 499/'
broken "another time" 's/^+0 > F/+0.7 > F/'
done_testing
