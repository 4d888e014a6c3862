#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# passt.t - an ordinary user, no option at all: `persona run -- COMMAND` goes out by passt.
#
#   phone namespace, user nobody                        server
#     program - stack 10.0.2.15 fd00::15
#                 | socket pair, frames
#               passt, sockets of the phone's kernel
#                 wlan0  10.1.0.9 fd01::9 ==== veth ==== ap0  10.1.0.1 fd01::1 :53 :80
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl dnsmasq setpriv pgrep passt
persona_only
testbed_up --unshaped
chmod 755 "$TMP"
phone ip addr add 10.1.0.9/24 dev wlan0
phone ip addr add fd01::9/64 dev wlan0 nodad
phone ip addr add fe80::9/64 dev wlan0 nodad # without one, passt has no IPv6
phone ip route add default via 10.1.0.1
phone ip route add default via fd01::1
httpd
random_file "$FILES/blob" 50000000
echo hello >"$FILES/page"
chmod -R a+rX "$FILES"
BLOB=$(sum "$FILES/blob")
background server dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--pid-file= --user=root --bind-interfaces --listen-address=10.1.0.1,fd01::1 \
	--address=/web.test/10.1.0.1 --address=/six.test/fd01::1
wait_for 5 sh -c "ip netns exec persona-server-$ID ss -Hlun 'sport = :53' | grep -q ."

user() { phone setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$@"; }
# A machine's checkout may lie where its owner alone may go.
user test -x "$PERSONA" || skip_all "user nobody cannot execute $PERSONA"
ARGS=()
run() { user "$PERSONA" run "${ARGS[@]}" "$@"; }

# Process ids of the passts in the phone's namespace.
passts() {
	local p ns
	ns=$(phone readlink /proc/self/ns/net)
	for p in $(pgrep '^passt'); do
		[ "$(readlink "/proc/$p/ns/net")" != "$ns" ] || echo "$p"
	done
}
no_passt() { [ -z "$(passts)" ]; }
# One that stays: it begins as a child of ours, which goes on as a daemon and ends. Sets P.
one_passt() {
	P=$(passts)
	[ "$(wc -w <<<"$P")" = 1 ] && sleep 0.2 && [ "$(passts)" = "$P" ]
}

carries() { # MODE
	local url
	for url in http://10.1.0.1 'http://[fd01::1]'; do
		is "$1: GET $url/page" "$(run -- timeout 20 curl -q -sS "$url/page" 2>&1)" hello
		is "$1: 50 MB from $url" \
			"$(run -- timeout 60 curl -q -sS --fail "$url/blob" | sha256sum | cut -d' ' -f1)" "$BLOB"
		is "$1: 50 MB to $url" "$(run -- timeout 60 curl -q -sS -T "$FILES/blob" "$url/up" 2>&1)" "$BLOB"
	done
	is "$1: a name, by UDP" "$(run -- timeout 20 curl -q -sS http://web.test/page 2>&1)" hello
	is "$1: a name with an IPv6 address" "$(run -- timeout 20 curl -q -sS http://six.test/page 2>&1)" hello
	# At once: no second SYN for an option that passt does not speak.
	at_least "$1: connections per second of time to connect" \
		"$(run -- timeout 20 curl -q -sS -o /dev/null -w '%{time_connect}' http://10.1.0.1/page |
			awk '{ print 1 / $1 }')" 2
	for url in http://10.1.0.1:81/ 'http://[fd01::1]:81/'; do
		run -- timeout 5 curl -q -sS "$url" >"$TMP/out" 2>&1
		is "$1: a port where nobody listens refuses, $url" $? 7
	done
	check "$1: its passt is gone" wait_for 5 no_passt
}

carries shadow
ARGS=(--inline)
carries inline
ARGS=()
is "as root, too" "$(phone "$PERSONA" run -- timeout 20 curl -q -sS http://10.1.0.1/page 2>&1)" hello

matches "addresses inside" "$(run -- ip -br addr 2>&1 | tr -s ' ')" 'passt0 .* 10\.0\.2\.15/24 fd00::15/64'
matches "MTU inside" "$(run -- ip link show passt0 2>&1)" 'mtu 65520'
is "passt:wlan0" "$(run -i passt:wlan0 -- timeout 20 curl -q -sS http://10.1.0.1/page 2>&1)" hello
matches "its interface is called so, too" "$(run -i passt:wlan0 -- ip -br addr 2>&1)" '^wlan0'
is "own addresses" "$(run -i passt:,ip=10.99.0.7/24 -- timeout 20 curl -q -sS http://10.1.0.1/page 2>&1)" hello
is "with a capture" "$(run --pcap /dev/null -- timeout 20 curl -q -sS http://10.1.0.1/page 2>&1)" hello

# ---- its end ----
background user "$PERSONA" run -- sleep 4
PID=$LAST
if wait_for 5 one_passt; then ok "one passt serves"; else not_ok "one passt serves"; fi
check "it is not our child" [ "$(ps -o ppid= -p "$P" | tr -d ' ')" != "$PID" ]
is "it is not root's" "$(ps -o uid= -p "$P" | tr -d ' ')" 65534
check "it has a session of its own" [ "$(ps -o sid= -p "$P")" != "$(ps -o sid= -p $$)" ]
wait "$PID"
check "it ends with the program" wait_for 5 no_passt

for mode in shadow inline; do
	ARGS=()
	[ $mode = shadow ] || ARGS=(--inline)
	EXEC="exec" user "$PERSONA" run "${ARGS[@]}" -- sleep 5 </dev/null >/dev/null 2>&1 &
	PID=$!
	STARTED+=("$PID")
	wait_for 5 one_passt
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	check "$mode: killed outright, no passt stays" wait_for 5 no_passt
done
ARGS=()

EXEC="exec" user "$PERSONA" run -- sh -c 'sleep 3
	curl -q -sS -m 2 http://10.1.0.1/page; echo "status $?"; sleep 3' </dev/null >"$TMP/out" 2>&1 &
PID=$!
STARTED+=("$PID")
wait_for 5 one_passt
sleep 0.5 # it forks while it starts
for p in $(passts); do kill -9 "$p"; done
sleep 5
TICKS=$(awk '{ print $14 + $15 }' "/proc/$PID/stat")
wait "$PID"
is "a passt that dies: the program ends as it likes" $? 0
matches "its connections time out" "$(cat "$TMP/out")" 'status 28'
at_least "nothing spins: processor ticks left of 50" $((50 - TICKS)) 1

is "inline, a second program of the run: one line" \
	"$(run --inline -- sh -c 'curl -q -sS http://10.1.0.1/page; curl -q -sS http://10.1.0.1/page' 2>&1 |
		grep -c 'hello\|^persona: passt serves another process of this run already')" 2

# ---- what is wrong is said in one line ----
says() { # NAME STATUS LINE COMMAND...
	local name=$1 status=$2 line=$3 out
	shift 3
	out=$("$@" 2>&1)
	is "$name: status" $? "$status"
	is "$name: line" "$out" "$line"
}
says "passt is not installed" 125 \
	"persona: passt is not installed: apt-get install passt, or name an interface by -i IFNAME" \
	user env PATH=/nonexistent "$PERSONA" run -- /bin/true
user "$PERSONA" run -i passt:nosuch0 -- true >"$TMP/out" 2>&1
is "no such interface: status" $? 125
matches "no such interface: passt's own words" "$(cat "$TMP/out")" \
	"^persona: passt does not start on interface 'nosuch0': .*nosuch0"
phone ip route del default
phone ip -6 route del default
is "no default route: passt says so, or newer ones go on" \
	"$(run -- true 2>&1 | grep -cv '^persona: passt does not start: .* (it needs a default route, or -i passt:IFNAME)$')" 0
is "no default route, but an interface" \
	"$(run -i passt:wlan0 -- timeout 20 curl -q -sS http://10.1.0.1/page 2>&1)" hello
phone ip route add default via 10.1.0.1
matches "a host with IPv4 alone: IPv4 alone inside" "$(run -- ip -6 -br addr show passt0 2>&1)" '^passt0 .*fe80'
check "no passt is left at last" wait_for 5 no_passt

# ---- figures ----
if have "goodput" iperf3; then
	phone ip -6 route add default via fd01::1
	background server iperf3 -s
	wait_for 5 listens 5201
	goodput() { # NAME COMMAND...
		local name=$1 way
		shift
		for way in "" -R; do
			note "goodput, $name${way:+, receiving}: $("$@" timeout 20 iperf3 -c 10.1.0.1 -t 3 $way -f m 2>&1 |
				awk '/receiver/ { print $(NF - 2), $(NF - 1) }')"
		done
	}
	goodput "host kernel" phone
	goodput "shadow, passt" run --
	goodput "inline, passt" run --inline --
	ok "goodput"
fi
done_testing
