#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# suites.t - CPython's own tests in both modes, compared with the host test by test.
#
# The same modules run side by side on the host's kernel and below `persona run
# --isolate`: plain sockets (arm "tcp"), and TCP sockets made MPTCP (arm "mptcp"), in shadow
# mode; arms "inline-tcp" and "inline-mptcp" are these in inline mode, by other addresses of the
# same interfaces, since an address is one run's. They mostly wait.
# That they really are on the stack is seen by its count of connections.
# Each test that ends otherwise than on the host is a failure, unless the file
# known names it with a reason. What differed runs once more, on both sides, alone: if
# it is then the same, it is named as unsteady, and no failure.
#
# Of test_asyncio those modules that have sockets; left out are tasks, futures,
# locks, queues and their like, which take half a minute and open none.
#
# CPYTHON_ARMS="tcp inline-mptcp" chooses; CPYTHON_KEEP=DIR keeps the results.
#
# runs: alone
# limit: 900 s; each module and each of its tests has its own
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/cpython/judge.sh
. "$(dirname "$0")/judge.sh"

HERE=$TOP/tests/cpython
# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
MODULES=(test_socket test_selectors test_socketserver test_httplib test_ftplib)
for m in base_events buffered_proto events proactor_events runners selector_events sendfile server \
	sock_lowlevel ssl sslproto streams subprocess transports unix_events; do
	MODULES+=("test_asyncio.test_$m")
done

persona_only
"$PYTHON" -c 'import test.test_socket, test.test_asyncio' 2>/dev/null ||
	skip_all "CPython's tests are not installed (libpython3.11-testsuite)"
# --host-ip: the host's kernel has addresses and routes as the stack has
testbed_up --unshaped --host-ip
# The arms look the machine's name up at one time: each is told at once that there is no name server.
server sysctl -qw net.ipv4.icmp_ratelimit=0

WLAN_INLINE=packet:wlan0,ip=10.1.0.12/24,gw=10.1.0.1,ip=fd01::12/64,gw=fd01::1
RMNET_INLINE=rawip:rmnet0,ip=10.2.0.12/24,ip=fd02::12/64

# collect_arm ARM OUT MODULE...
collect_arm() {
	local arm=$1 out=$2 command=()
	shift 2
	case $arm in
	tcp) command=(-- "$PERSONA" run --isolate --linger 2 --no-mptcp -i "$WLAN_IF" --) ;;
	mptcp) command=(-- "$PERSONA" run --isolate --linger 2 -i "$RMNET_IF" --) ;;
	inline-tcp) command=(-- "$PERSONA" run --inline --isolate --no-mptcp -i "$WLAN_INLINE" --) ;;
	inline-mptcp) command=(-- "$PERSONA" run --inline --isolate -i "$RMNET_INLINE" --) ;;
	esac
	phone "$PYTHON" "$HERE/collect" "$out" "$@" ${command:+"${command[@]}"} >"$out.log" 2>&1 </dev/null
}

start=$SECONDS
read -ra ARMS <<<"${CPYTHON_ARMS:-tcp mptcp inline-tcp inline-mptcp}"
pids=()
for arm in host "${ARMS[@]}"; do
	collect_arm "$arm" "$TMP/$arm" "${MODULES[@]}" &
	pids+=($!)
done
wait "${pids[@]}"
note "all arms: $((SECONDS - start)) s"
is "host: connections on a stack" "$(grep -c ' [1-9][0-9]* opens inside$' "$TMP/host.log")" 0
for arm in "${ARMS[@]}"; do
	sed "s/^#/# $arm/" "$TMP/$arm.log" | head -n 60
	# In shadow mode there is no file by which a program could tell.
	[[ $arm != inline-* ]] || at_least "$arm: connections on the stack" \
		"$(awk '/ opens inside$/ { n += $(NF - 2) } END { print n + 0 }' "$TMP/$arm.log")" 1000
	judge "$arm" "$HERE/known"
done
if [ -n "${CPYTHON_KEEP:-}" ]; then
	mkdir -p "$CPYTHON_KEEP"
	cp "$TMP"/host* "$TMP"/*tcp* "$CPYTHON_KEEP/"
fi
done_testing
