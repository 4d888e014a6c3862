#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# suites.t - libuv's and libevent's own tests with the stack inside, compared with the host test by test.
#
#   host arm: the test on the host's kernel        inline arm: the test by persona run --inline
#     wlan0 10.1.0.2 fd01::2 === nobody              wlan0 (no address) === nobody
#                                                    (packet) 10.1.0.2 fd01::2
#
# Each suite and arm has a network namespace of its own, so all run at a time. A test talks to
# itself: by 127.0.0.1, which is the host's in inline mode (libuv), or by the machine's own
# address, which is the stack's (-own; libevent's poll and select loops, too). A test that ends otherwise than on the host is a failure,
# unless the file known names it with a reason; what differed runs once more, alone: if it is
# then the same, it is named as unsteady.
#
# EVENTS_SUITES="libuv libuv-own libevent-own" chooses (see collect).
#
# runs: waits, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/cpython/judge.sh
. "$TOP/tests/cpython/judge.sh"

HERE=$TOP/tests/events
PROGRAMS=${EVENTS_PROGRAMS:-$TOP/build/tests/events}
read -ra SUITES <<<"${EVENTS_SUITES:-libuv libuv-own libevent-own libevent-poll libevent-select}"

persona_only
need unshare jq ip
[ "$(id -u)" = 0 ] || skip_all "must be root"
[ -x "$PERSONA" ] || skip_all "$PERSONA is not built"
for p in uv uv-own event-own; do
	[ -x "$PROGRAMS/$p" ] || skip_all "$PROGRAMS/$p is not there: tests/events/get-suites $PROGRAMS"
done
# Nobody answers there; look-ups fail soon.
printf 'nameserver 10.1.0.1\noptions timeout:1 attempts:1\n' >"$TMP/resolv.conf"

# collect_one ARM OUT SUITE[:TEST,...]: in namespaces that end with it
collect_one() {
	local command=() address="$TMP/none"
	case $1 in
	inline) command=(-- "$PERSONA" run --inline --no-mptcp -i "$WLAN" --) ;;
	host) address=$TMP/address ;;
	esac
	mkdir -p "$2.dir"
	unshare -n -m sh -eu -c '
		resolv=$1 address=$2 dir=$3
		shift 3
		mount --bind "$resolv" "$(readlink -f /etc/resolv.conf)"
		ip link set lo up
		ip link add wlan0 type veth peer name far
		ip link set far up
		ip link set wlan0 up
		[ ! -e "$address" ] || ip -batch "$address"
		cd "$dir"
		exec "$@"' sh "$TMP/resolv.conf" "$address" "$2.dir" \
		"$HERE/collect" "$PROGRAMS" "$2" "$3" "${command[@]}" >>"$2.log" 2>&1 </dev/null
}
WLAN=packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1,ip=fd01::2/64,gw=fd01::1
cat >"$TMP/address" <<-'END'
	addr add 10.1.0.2/24 dev wlan0
	addr add fd01::2/64 dev wlan0 nodad
	route add default via 10.1.0.1
	route add default via fd01::1
END

# collect_arm ARM OUT SUITE[:TEST,...]...: all at a time, one result
collect_arm() {
	local arm=$1 out=$2 suite parts=() pids=()
	shift 2
	for suite; do
		parts+=("$out.${suite%%:*}")
		collect_one "$arm" "$out.${suite%%:*}" "$suite" &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "${parts[@]/%/.log}" >"$out.log"
	jq -s add "${parts[@]}" >"$out"
}

start=$SECONDS
collect_arm host "$TMP/host" "${SUITES[@]}" &
host=$!
collect_arm inline "$TMP/inline" "${SUITES[@]}" &
wait "$host" $!
note "both arms: $((SECONDS - start)) s"
sed 's/^#/# host/' "$TMP/host.log" | head -n 20
sed 's/^#/# inline/' "$TMP/inline.log" | head -n 20
# A run in which hardly anything passes proves nothing.
for suite in "${SUITES[@]}"; do
	at_least "$suite: tests that pass on the host" \
		"$(jq --arg s "$suite." '[to_entries[] | select((.key | startswith($s)) and .value[0] == "ok")] | length' "$TMP/host")" 80
done
judge inline "$HERE/known"
done_testing
