#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# doctor.t - `persona doctor` finds a healthy phone healthy, and each obstacle.
#
#   phone: doctor, host kernel .3            server: httpd on the host kernel
#     wlan0  10.1.0.3 fd01::3 ===20mbit,5ms== ap0    10.1.0.1:80  (strips MPTCP, at the end)
#     rmnet0 10.2.0.3 fd02::3 ===20mbit,5ms== cell0
#
# What doctor says is no obstacle is in place while MPTCP is tried: strict reverse path
# filtering, forwarding, and a host that drops invalid packets, and all it does not know.
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl jq nft setpriv nc
persona_only
testbed_up --wlan 20mbit,5ms --rmnet 20mbit,5ms --host-ip
httpd
OWN=(-i "$WLAN_IF" -i "$RMNET_IF")

doctor() { # ARG...: its text in $OUT, its status in $STATUS
	OUT=$(timeout 60 ip netns exec "persona-phone-$ID" "$PERSONA" doctor "$@" 2>&1)
	STATUS=$?
}
says() { matches "$1" "$OUT" "$2"; }
silent() { if grep -qE -- "$2" <<<"$OUT"; then not_ok "$1: $(grep -E -- "$2" <<<"$OUT")"; else ok "$1"; fi; }
rules() { phone nft list tables; }
reserved() { phone cat /proc/sys/net/ipv4/ip_local_reserved_ports; }

# ---- a healthy phone ----
doctor
is "healthy: status" $STATUS 0
silent "healthy: nothing is wrong" '^(warn|fail)'
says "interface" '^ok +wlan0 +-i wlan0 uses back end packet, MTU 1500$'
says "addresses and gateways" '^ok +wlan0 address +10.1.0.3/24, fd01::3/64, gateway 10.1.0.1 and fd01::1, taken over'
says "a gateway's namespace" '^ok +gateway +COMMAND gets a namespace with a TUN in it$'
says "without link header" '^ok +rmnet0 +-i rmnet0 uses back end rawip'
says "rules" '^ok +drop rules '
says "ports" '^ok +shared ports +[0-9]+ to [0-9]+ were free'
is "no rule is left" "$(rules)" ""
is "no port is left reserved" "$(reserved)" ""

doctor --json "${OWN[@]}"
is "--json: each line is an object" \
	"$(jq -r 'select((keys | join(",")) != "remedy,thing,verdict,words") | .thing' <<<"$OUT" 2>&1)" ""
is "--json: verdicts" "$(jq -r .verdict <<<"$OUT" | sort -u)" ok
is "own addresses" "$(jq -r 'select(.thing == "rmnet0 address") | .words' <<<"$OUT")" "10.2.0.2/24, fd02::2/64"

# ---- the command line ----
for words in "--nonsense" "--mptcp" "--mptcp 10.1.0.1:0" "--mptcp 10.1.0.1:x" "--mptcp [10.1.0.1" "-i packt:wlan0"; do
	# shellcheck disable=SC2086 # words
	doctor $words
	is "doctor $words: status" $STATUS 125
	is "doctor $words: one line" "$(grep -c '^persona: ' <<<"$OUT") $(wc -l <<<"$OUT")" "1 1"
done
doctor nosuch0
is "no such interface: status" $STATUS 1
says "no such interface" "^fail +nosuch0 +no interface 'nosuch0'"

# ---- a missing privilege ----
if phone setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$PERSONA"; then
	OUT=$(phone setpriv --reuid 65534 --regid 65534 --clear-groups "$PERSONA" doctor 2>&1)
	is "user nobody: status" $? 0
	says "packet sockets" '^warn +packet, rawip .*not permitted'
	says "opener" '^warn +opener .*no file capabilities: root can: setcap'
	says "priority" '^warn +priority .*: run as root, or with RLIMIT_RTPRIO of 1$'
	says "interface" '^warn +wlan0 opened '
	says "host's rules" "^warn +host's rules .*run as root"
	# The opener with its two capabilities, in a build tree of its own.
	chmod 755 "$TMP"
	mkdir -p "$TMP/bin" "$TMP/etc/persona"
	cp "$TOP/build/persona" "$TOP/build/persona-opener" "$TMP/bin"
	ln -s "$TOP/build/personalities" "$TMP/bin/personalities"
	nobody() { # [LINE of opener.conf]: as if $TMP/etc were in /etc
		rm -f "$TMP/etc/persona/opener.conf"
		[ $# = 0 ] || echo "$1" >"$TMP/etc/persona/opener.conf"
		OUT=$(phone sh -ec '
			mount -t overlay overlay -o lowerdir="$1:/etc" /etc
			shift
			exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' sh "$TMP/etc" \
			"$TMP/bin/persona" doctor 2>&1)
	}
	if have "an opener with capabilities" setcap &&
		check "setcap" setcap cap_net_raw,cap_net_admin+ep "$TMP/bin/persona-opener"; then
		nobody
		says "it is installed" '^ok +opener +.*, with file capabilities$'
		says "no opener.conf" '^warn +opener.conf +.*No such file.*: only root may'
		says "so nothing is allowed" "^warn +wlan0 opened +interface 'wlan0' is not yours"
		nobody "user 65534 wlan0"
		says "what opener.conf allows" '^ok +wlan0 opened '
		says "and what not" "^warn +rmnet0 opened +interface 'rmnet0' is not yours"
		says "rules, without root" '^ok +drop rules '
	fi
else
	skip "a missing privilege" "user nobody cannot execute $PERSONA"
fi

# ---- each obstacle ----
phone ip link set rmnet0 mtu 1200
doctor
says "MTU" '^warn +rmnet0 MTU +1200: below .*: ip link set rmnet0 mtu 1280$'
phone ip link set rmnet0 mtu 1500
phone ip route replace default via 10.1.0.1 dev wlan0 metric 100 mtu 1400
doctor
says "MTU of the route" '^warn +wlan0 MTU +1500, but .* has 1400.*: mtu=1400$'
phone ip route replace default via 10.1.0.1 dev wlan0 metric 100
phone ip link set wlan0 down
doctor wlan0
says "link down" '^warn +wlan0 +is down: ip link set wlan0 up$'
doctor packet:wlan0,ip=10.1.0.2/24
says "no gateway" '^warn +wlan0 address +10.1.0.2/24, no gateway'
phone ip link set wlan0 up
phone ip link add bare0 type veth peer bare1
phone ip link set bare0 up
doctor bare0
says "no address" '^warn +bare0 address .*: give one'
phone ip link del bare0
phone ip route replace default via 10.1.0.1 dev wlan0 metric 100
phone ip route replace default via 10.1.0.1 dev wlan0 table 101

phone ip tuntap add tap9 mode tap
phone ip link set tap9 up
phone sysctl -qw net.ipv4.conf.all.rp_filter=1
doctor tap:tap9,ip=10.9.0.2/24
says "rp_filter, tap" '^warn +tap9 rp_filter +strict: .*rp_filter=2$'
says "no forwarding, tap" '^warn +forwarding +off'
phone ip link del tap9

nft_in() { phone nft -f - <<<"$1"; }
guard() { nft_in "table netdev guard {
	chain c { type filter hook $1 device \"wlan0\" priority 0; $2; }
}"; }
unguard() { phone nft delete table netdev guard; }
if guard egress "tcp dport 9 drop" 2>"$TMP/nft.err"; then
	doctor
	says "egress chain" '^warn +wlan0 rules .*chain c of table netdev guard .*: nft list chain netdev guard c$'
	unguard
else
	skip "egress chain" "$(head -n 1 "$TMP/nft.err")"
fi
guard ingress "drop"
doctor
says "ingress chain: not in the way of a packet socket" "^ok +host's rules +1 chains can drop, none"
doctor macvtap:wlan0,ip=10.1.0.9/24,gw=10.1.0.1
says "ingress chain: in the way of macvtap" '^warn +wlan0 rules .*ingress'

# ---- MPTCP passes, though the host drops all it sees (guard stands), and more ----
nft_in 'table inet filter {
	chain pre { type filter hook prerouting priority raw; ct state invalid drop; ip daddr 10.1.0.2 drop; }
	chain in { type filter hook input priority 0; policy drop; ct state established accept; }
}'
phone sysctl -qw net.ipv4.ip_forward=1
doctor --mptcp 10.1.0.1:80 "${OWN[@]}"
is "MPTCP: status" $STATUS 0
says "by wlan0" '^ok +wlan0 MPTCP +MPTCP reaches 10.1.0.1:80 by wlan0$'
says "by rmnet0" '^ok +rmnet0 MPTCP +MPTCP reaches 10.1.0.1:80 by rmnet0$'
says "rp_filter" '^ok +wlan0 rp_filter +strict, which does not matter to packet'
says "host's rules" "^ok +host's rules +3 chains can drop, none in the stack's way"
phone nft flush ruleset
doctor --mptcp 10.1.0.1:80
is "MPTCP, addresses shared with the host: status" $STATUS 0
says "by wlan0" '^ok +wlan0 MPTCP +MPTCP reaches'
doctor --mptcp '[fd01::1]:80' "$WLAN_IF"
says "IPv6" '^ok +wlan0 MPTCP +MPTCP reaches fd01::1:80 by wlan0$'
doctor --mptcp 10.1.0.1:81 wlan0
is "nobody serves: status" $STATUS 1
says "nobody serves" '^fail +wlan0 MPTCP +refused: 10.1.0.1:81 by wlan0: Connection refused'
doctor --mptcp nowhere.invalid wlan0
says "no such name" '^fail +MPTCP +nowhere.invalid: '

# ---- a middlebox strips the option ----
strip() { server nft -f - 2>"$TMP/nft.err" <<-END
	table inet strip {
		chain c {
			type filter hook prerouting priority raw
			iifname $1 reset tcp option mptcp
		}
	}
END
}
if strip ap0; then
	doctor --mptcp 10.1.0.1:80 "${OWN[@]}"
	is "stripped on one path: status" $STATUS 0
	says "it is the path" '^warn +wlan0 MPTCP +falls back to TCP: the option is stripped on the way by wlan0$'
	says "the other is fine" '^ok +rmnet0 MPTCP +MPTCP reaches'
	strip cell0
	doctor --mptcp 10.1.0.1:80 "${OWN[@]}"
	says "stripped on both: either" '^warn +wlan0 MPTCP +falls back to TCP: the server has no MPTCP, or'
else
	skip "a middlebox strips the option" "$(head -n 1 "$TMP/nft.err")"
fi
is "no rule is left" "$(rules)" ""
is "no port is left reserved" "$(reserved)" ""
done_testing
